"""Which fields cross us, in either direction, and which are ours to say."""

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.http.fields import end_to_end, lines_of, request_fields, response_fields
from strangler.http.forwarding import (
    ForwardedHead,
    Peer,
    client_address,
    comes_by_tls,
    connection_fields,
    forward_request,
    trailer_section,
    via_line,
)
from strangler.http.framing import CHUNKED, NO_BODY, Framing
from strangler.http.message import Headers
from strangler.http.returning import forward_response

STRANGER = Peer("203.0.113.9")
PROXY = Peer("10.0.0.1", trusted=True)
HOST = (b"Host", b"shop.example.org")
VIA = via_line("strangler", "1.1")


@pytest.mark.parametrize(
    ("peer", "said", "secure"),
    [
        (Peer("203.0.113.9", "https"), [], True),
        (Peer("203.0.113.9", "https", trusted=True), [b"http"], True),
        (STRANGER, [b"https"], False),
        (PROXY, [], False),
        (PROXY, [b"http"], False),
        (PROXY, [b"HTTPS"], True),
        (PROXY, [b"https", b"http"], True),
    ],
)
def test_a_client_speaks_tls_to_us_or_to_a_proxy_of_ours(
    peer: Peer, said: list[bytes], secure: bool
) -> None:
    assert comes_by_tls(peer, [(b"X-Forwarded-Proto", word) for word in said]) is secure


def forwarded(headers: Headers, peer: Peer = STRANGER) -> ForwardedHead:
    """The head that leaves for an upstream."""
    return forward_request(
        request_fields(lines_of(headers), trusted=peer.trusted), peer, VIA, b"fresh"
    )


def sent(headers: Headers, peer: Peer = STRANGER) -> list[tuple[bytes, bytes]]:
    """The fields that reach the upstream, read by another parser (names in lower case)."""
    octets = forwarded(headers, peer).to_bytes("GET", b"/")
    reader = h11.Connection(h11.SERVER)
    reader.receive_data(octets)
    request = reader.next_event()
    assert isinstance(request, h11.Request)
    return list(request.headers)


def received(headers: Headers, *, chunked: bool = False) -> list[tuple[bytes, bytes]]:
    """The fields that reach the client, read by another parser (names in lower case)."""
    octets = b"".join(
        forward_response(
            200,
            b"OK",
            response_fields(lines_of(headers)),
            ours=VIA + b"Transfer-Encoding: chunked\r\n" * chunked,
            date=b"Date: now\r\n",
            request_id=b"id",
            connection=b"",
        )
    )
    reader = h11.Connection(h11.CLIENT)
    reader.send(h11.Request(method="GET", target="/", headers=[HOST]))
    reader.send(h11.EndOfMessage())
    reader.receive_data(octets)
    response = reader.next_event()
    assert isinstance(response, h11.Response)
    return list(response.headers)


def values(fields: Headers, name: bytes) -> list[bytes]:
    return [value for field, value in fields if field == name]


ABOUT_THE_CONNECTION = [
    (b"Connection", b"keep-alive"),
    (b"Proxy-Connection", b"keep-alive"),
    (b"Proxy-Authenticate", b"Basic"),
    (b"Proxy-Authorization", b"Basic eA=="),
    (b"Keep-Alive", b"timeout=5"),
    (b"TE", b"gzip"),
    (b"Transfer-Encoding", b"chunked"),
    (b"Upgrade", b"h2c"),
]


@pytest.mark.parametrize("field", ABOUT_THE_CONNECTION, ids=lambda field: field[0].decode())
def test_a_hop_by_hop_field_never_crosses(field: tuple[bytes, bytes]) -> None:
    """RFC 9110 section 7.6.1."""
    assert not values(sent([HOST, field]), field[0].lower())
    assert not values(received([field, (b"Content-Length", b"0")]), field[0].lower())
    assert end_to_end([field, (b"X", b"y")]) == ((b"X", b"y"),)


TOKENS = st.sampled_from(
    [b"x-a", b"X-B", b"close", b"keep-alive", b"host", b"authorization", b"te"]
)


@given(st.lists(TOKENS, max_size=4), st.lists(TOKENS, max_size=2))
def test_what_connection_nominates_does_not_cross_unless_the_upstream_needs_it(
    first: list[bytes], second: list[bytes]
) -> None:
    """RFC 9110 section 7.6.1, and what a client could have us strip otherwise."""
    nominations = [(b"Connection", b", ".join(first)), (b"connection", b" ,".join(second))]
    fields = [HOST, (b"X-A", b"1"), (b"x-b", b"2"), (b"X-C", b"3"), (b"Authorization", b"4")]
    nominated = {token.lower() for token in first + second}
    upstream = {name for name, _ in sent([*fields, *nominations])}
    assert {b"host", b"authorization", b"x-c"} <= upstream
    assert upstream & {b"x-a", b"x-b"} == {b"x-a", b"x-b"} - nominated
    assert b"connection" not in upstream


CLAIMS = [
    b"X-Forwarded-For",
    b"X-Forwarded-Proto",
    b"X-Forwarded-Host",
    b"X-Forwarded-Port",
    b"X-Forwarded-Prefix",
    b"X-Real-IP",
    b"Forwarded",
]


@given(st.lists(st.sampled_from(CLAIMS)), st.sampled_from([b"-", b"_"]), st.booleans())
def test_no_claim_of_a_stranger_crosses(names: list[bytes], hyphen: bytes, upper: bool) -> None:
    spelt = [name.replace(b"-", hyphen) for name in names]
    claims = [(name.upper() if upper else name, b"CLAIM") for name in spelt]
    fields = [HOST, *claims, (b"X-Strangler-Shadow".replace(b"-", hyphen), b"CLAIM")]
    assert b"CLAIM" not in forwarded(fields).fields


def test_a_stranger_is_named_to_the_upstream() -> None:
    fields = sent([HOST, (b"X-Forwarded-For", b"1.1.1.1")])
    assert values(fields, b"x-forwarded-for") == [b"203.0.113.9"]
    assert values(fields, b"x-forwarded-proto") == [b"http"]
    assert values(fields, b"x-forwarded-host") == [b"shop.example.org"]


def test_what_a_proxy_of_ours_says_is_continued() -> None:
    claims = [
        (b"X-Forwarded-For", b"203.0.113.9"),
        (b"x-forwarded-for", b"10.0.0.7"),
        (b"X-Forwarded-Proto", b"https"),
        (b"X-Forwarded-Host", b"www.example.org"),
        (b"X-Forwarded-Port", b"443"),
    ]
    fields = sent([HOST, *claims], PROXY)
    assert values(fields, b"x-forwarded-for") == [b"203.0.113.9, 10.0.0.7, 10.0.0.1"]
    assert values(fields, b"x-forwarded-proto") == [b"https"]
    assert values(fields, b"x-forwarded-host") == [b"www.example.org"]
    assert values(fields, b"x-forwarded-port") == [b"443"]


@pytest.mark.parametrize(
    ("forwarded_for", "address"),
    [
        ([], "10.0.0.1"),
        ([b"203.0.113.9"], "203.0.113.9"),
        ([b"203.0.113.9, 10.0.0.7"], "203.0.113.9"),
        ([b"203.0.113.9", b"10.0.0.7"], "203.0.113.9"),
        ([b"6.6.6.6, 203.0.113.9"], "203.0.113.9"),
        ([b"10.0.0.3,203.0.113.9 , 10.0.0.7"], "203.0.113.9"),
        ([b"10.0.0.9, 10.0.0.7"], "10.0.0.9"),
        ([b"203.0.113.9:5678"], "203.0.113.9"),
        ([b"[2001:db8::1]:5678, 10.0.0.7"], "2001:db8::1"),
        ([b"2001:db8::1"], "2001:db8::1"),
        ([b"unknown, 10.0.0.7"], "unknown"),
        ([b", ,"], "10.0.0.1"),
    ],
)
def test_the_client_is_the_last_hop_that_nobody_vouches_for(
    forwarded_for: list[bytes], address: str
) -> None:
    headers = [(b"X-Forwarded-For", value) for value in forwarded_for]
    fields = request_fields(lines_of(headers), trusted=True)
    assert client_address(fields, PROXY, lambda hop: hop.startswith("10.")) == address
    assert client_address(fields, STRANGER, lambda hop: hop.startswith("10.")) == "203.0.113.9"


def test_what_crosses_keeps_its_order_case_and_duplicates() -> None:
    fields = [HOST, (b"X-b", b"2"), (b"x-A", b"1"), (b"X-B", b"3"), (b"Cookie", b"a=\xff")]
    lines = forwarded(fields).fields
    assert lines.startswith(b"".join(b"%b: %b\r\n" % field for field in fields))


@pytest.mark.parametrize(
    ("brought", "kept"),
    [
        ([b"abc-1"], b"abc-1"),
        ([b"first", b"second"], b"first"),
        ([], b"fresh"),
        ([b""], b"fresh"),
        ([b"two words"], b"fresh"),
        ([b"\xff"], b"fresh"),
        ([b"x" * 129], b"fresh"),
        ([b"two words", b"good"], b"good"),
    ],
)
def test_a_request_has_exactly_one_valid_id(brought: list[bytes], kept: bytes) -> None:
    head = forwarded([HOST, *((b"X-Request-ID", value) for value in brought)])
    fields, request_id = head.fields, head.request_id
    assert request_id == kept
    assert fields.lower().count(b"x-request-id: ") == 1
    assert b": %b\r\n" % kept in fields


def test_both_ways_say_that_they_led_through_us() -> None:
    """RFC 9110 section 7.6.3."""
    before = (b"Via", b"1.0 fred")
    assert values(sent([HOST, before]), b"via") == [b"1.0 fred", b"1.1 strangler"]
    assert values(received([before]), b"via") == [b"1.0 fred", b"1.1 strangler"]


def test_a_response_tells_the_request_id_unless_the_upstream_did() -> None:
    assert values(received([]), b"x-request-id") == [b"id"]
    assert values(received([(b"X-Request-ID", b"own")]), b"x-request-id") == [b"own"]


def test_a_response_is_framed_anew() -> None:
    fields = received([(b"Transfer-Encoding", b"chunked")], chunked=True)
    assert values(fields, b"transfer-encoding") == [b"chunked"]


@pytest.mark.parametrize(
    ("headers", "framing", "upgrade", "lines"),
    [
        ([], NO_BODY, False, b""),
        ([], CHUNKED, False, b"Transfer-Encoding: chunked\r\n"),
        ([(b"TE", b"gzip, Trailers;q=1")], NO_BODY, False, b"Connection: TE\r\nTE: trailers\r\n"),
        ([(b"TE", b"gzip")], NO_BODY, False, b""),
        ([], NO_BODY, True, b"Connection: Upgrade\r\nUpgrade: websocket\r\n"),
    ],
)
def test_our_own_connection_is_described_in_our_own_words(
    headers: Headers, framing: Framing, upgrade: bool, lines: bytes
) -> None:
    assert connection_fields(request_fields(lines_of(headers)), framing, upgrade=upgrade) == lines


@pytest.mark.parametrize(
    ("version", "connection", "kept"),
    [
        ("1.1", None, True),
        ("1.1", b"close", False),
        ("1.1", b"keep-alive, CLOSE", False),
        ("1.1", b"closed", True),
        ("1.0", None, False),
        ("1.0", b"Keep-Alive", True),
        ("1.0", b"close", False),
    ],
)
def test_a_connection_persists_as_its_version_has_it(
    version: str, connection: bytes | None, kept: bool
) -> None:
    """RFC 9112 section 9.3."""
    headers = [] if connection is None else [(b"Connection", connection)]
    assert request_fields(lines_of(headers)).keeps_alive(version) is kept
    assert response_fields(lines_of(headers)).keeps_alive(version) is kept


def test_only_a_nominated_upgrade_to_websocket_asks_for_one() -> None:
    """RFC 6455 section 4.1."""
    upgrade, websocket = (b"connection", b"keep-alive, Upgrade"), (b"UPGRADE", b"WebSocket")
    assert request_fields(lines_of([upgrade, websocket])).asks_for_websocket
    assert not request_fields(lines_of([websocket])).asks_for_websocket
    assert not request_fields(lines_of([upgrade])).asks_for_websocket
    assert not request_fields(lines_of([upgrade, (b"Upgrade", b"h2c")])).asks_for_websocket


@pytest.mark.parametrize(
    "name",
    [
        b"Content-Length",
        b"Transfer-Encoding",
        b"Host",
        b"Authorization",
        b"Set-Cookie",
        b"X-Forwarded-For",
        b"X_Forwarded_For",
        b"X-Strangler-Shadow",
        b"Trailer",
    ],
)
def test_a_trailer_never_says_what_must_be_known_before_the_body(name: bytes) -> None:
    """RFC 9110 section 6.5.1."""
    assert trailer_section([(name, b"x"), (b"Checksum", b"y")]) == b"Checksum: y\r\n"
