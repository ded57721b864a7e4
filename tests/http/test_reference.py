import pytest

from strangler.http.forwarding import Peer
from strangler.http.message import RequestHead
from strangler.http.reference import (
    Origin,
    Reference,
    client_origin,
    read_authority,
    read_reference,
)
from strangler.http.target import parse_target


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (b"/a?b=//c#d/e", Reference(b"", None, b"/a?b=//c", b"#d/e")),
        (b"HTTP://A.example:80/b", Reference(b"http", b"A.example:80", b"/b", b"")),
        (b"https://a.example?b", Reference(b"https", b"a.example", b"?b", b"")),
        (b"//a.example#b", Reference(b"", b"a.example", b"", b"#b")),
        (b"http://", Reference(b"http", b"", b"", b"")),
    ],
)
def test_a_url_or_a_path_from_the_root_is_parted(value: bytes, read: Reference) -> None:
    assert read_reference(value) == read


@pytest.mark.parametrize(
    "value", [b"", b"a", b"./a", b"?a", b"#a", b"mailto:a@b", b"ftp://a/b", b"http:/a", b"http:a"]
)
def test_what_is_neither_is_none(value: bytes) -> None:
    assert read_reference(value) is None


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        (b"A.example", ("a.example", None)),
        (b"a:8080", ("a", 8080)),
        (b"a:", ("a", None)),
        (b"[::1]:80", ("::1", 80)),
        (b"", None),
        (b"me@a", None),
        (b"a b", None),
        (b"a:b", None),
        (b"a/b", None),
        (b"::1", None),
    ],
)
def test_an_authority_is_a_host_and_a_port(raw: bytes, read: tuple[str, int | None] | None) -> None:
    assert read_authority(raw) == read


@pytest.mark.parametrize(
    ("value", "host", "port", "same"),
    [
        (b"http://A/", "a", 80, True),
        (b"http://a:80/", "A", None, True),
        (b"https://a/", "a", 443, True),
        (b"https://a/", "a", 80, False),
        (b"//a/", "a", 80, True),
        (b"//[::1]:9/", "::1", 9, True),
        (b"http://a:81/", "a", 80, False),
        (b"http://b/", "a", 80, False),
        (b"http://me@a/", "a", 80, False),
        (b"/a", "a", 80, False),
    ],
)
def test_the_default_port_may_be_left_out(
    value: bytes, host: str, port: int | None, same: bool
) -> None:
    reference = read_reference(value)
    assert reference is not None
    assert reference.names(host, port) is same


def origin(peer: Peer, *headers: tuple[bytes, bytes]) -> Origin:
    return client_origin(RequestHead("GET", parse_target(b"/"), "", headers), peer)


HOST = (b"Host", b"Inner.example:8080")
CLAIMS = [(b"X-Forwarded-Proto", b"https"), (b"x-forwarded-host", b"shop.example")]


def test_the_client_named_us_as_its_host_field_says() -> None:
    assert origin(Peer("192.0.2.1"), HOST, *CLAIMS) == (b"http", b"Inner.example:8080")
    assert origin(Peer("192.0.2.1")) == (b"http", b"")


def test_a_trusted_proxy_says_how_the_client_named_it() -> None:
    peer = Peer("192.0.2.1", trusted=True)
    assert origin(peer, HOST, *CLAIMS) == (b"https", b"shop.example")
    lists = [(name, value + b" , inner") for name, value in CLAIMS]
    assert origin(peer, HOST, *lists) == (b"https", b"shop.example")


@pytest.mark.parametrize("junk", [b"", b'shop"', b"a b", b"me@shop", b"javascript:x"])
def test_junk_from_a_trusted_proxy_is_passed_over(junk: bytes) -> None:
    peer = Peer("192.0.2.1", trusted=True)
    claims = [(b"X-Forwarded-Proto", junk), (b"X-Forwarded-Host", junk)]
    assert origin(peer, HOST, *claims) == (b"http", b"Inner.example:8080")
