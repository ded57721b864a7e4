"""A response is written in the client's framing, and held back while it could be replaced."""

import pytest

from strangler.http.fields import lines_of, response_fields
from strangler.http.framing import CHUNKED, NO_BODY, UNTIL_CLOSE, BodyKind, Framing
from strangler.http.returning import interim_response
from strangler.proxy.response_output import HELD_RESPONSE, ResponseOutput
from strangler.proxy.response_reader import ResponseHead


def head_with(framing: Framing, *fields: tuple[bytes, bytes], status: int = 200) -> ResponseHead:
    headers = list(fields)
    read = response_fields(lines_of(headers))
    return ResponseHead(status, b"OK", read, framing, keep_alive=True)


def started(framing: Framing, *, version: str = "1.1", may_hold: bool = False) -> ResponseOutput:
    fields = [(b"Content-Length", b"%d" % framing.length)] if framing.length else []
    return ResponseOutput(
        head_with(framing, *fields),
        via=b"Via: 1.1 us\r\n",
        date=b"Date: now\r\n",
        request_id=b"id",
        version=version,
        connection=b"",
        may_hold=may_hold,
    )


def test_a_body_of_known_length_passes_as_it_is() -> None:
    output = started(Framing(BodyKind.LENGTH, 5))
    assert output.progress(b"hel", None).endswith(
        b"\r\nContent-Length: 5\r\nVia: 1.1 us\r\nDate: now\r\nX-Request-Id: id\r\n\r\nhel"
    )
    assert output.progress(b"lo", []) == b"lo"


@pytest.mark.parametrize("framing", [CHUNKED, UNTIL_CLOSE])
def test_a_body_of_unknown_length_is_chunked_for_a_client_that_knows_chunks(
    framing: Framing,
) -> None:
    output = started(framing)
    octets = output.progress(b"hello", [(b"Checksum", b"1"), (b"Set-Cookie", b"a=b")])
    head, _, body = octets.partition(b"\r\n\r\n")
    assert b"Transfer-Encoding: chunked" in head
    assert body == b"5\r\nhello\r\n0\r\nChecksum: 1\r\n\r\n"


@pytest.mark.parametrize("framing", [CHUNKED, UNTIL_CLOSE])
def test_for_an_older_client_it_ends_with_the_connection(framing: Framing) -> None:
    """RFC 9112 section 6.1: no transfer coding for HTTP/1.0."""
    octets = started(framing, version="1.0").progress(b"hello", [(b"Checksum", b"1")])
    head, _, body = octets.partition(b"\r\n\r\n")
    assert b"Transfer-Encoding" not in head
    assert body == b"hello"


@pytest.mark.parametrize("framing", [NO_BODY, Framing(BodyKind.LENGTH, HELD_RESPONSE)])
def test_a_short_response_is_held_back_until_it_is_whole(framing: Framing) -> None:
    output = started(framing, may_hold=True)
    assert (output.progress(b"x" * framing.length, None), output.committed) == (b"", False)
    assert output.progress(b"", []).endswith(b"\r\n\r\n" + b"x" * framing.length)
    assert output.committed


@pytest.mark.parametrize(
    "framing", [CHUNKED, UNTIL_CLOSE, Framing(BodyKind.LENGTH, 1 + HELD_RESPONSE)]
)
def test_a_long_response_or_one_of_unknown_length_is_streamed_at_once(framing: Framing) -> None:
    output = started(framing, may_hold=True)
    assert not output.committed
    assert output.progress(b"", None).startswith(b"HTTP/1.1 200 OK\r\n")
    assert output.committed


def test_nothing_is_held_where_nothing_could_replace_it() -> None:
    assert started(NO_BODY).progress(b"", None).startswith(b"HTTP/1.1 200 OK\r\n")


def test_an_interim_response_crosses_without_what_is_about_the_connection() -> None:
    """RFC 9110 sections 7.6.1, 8.6 and 15.2."""
    head = head_with(
        NO_BODY,
        (b"Link", b"</a>"),
        (b"Connection", b"X-Hop"),
        (b"X-Hop", b"1"),
        (b"Content-Length", b"0"),
        status=103,
    )
    assert (
        interim_response(head.status, head.reason, head.headers)
        == b"HTTP/1.1 103 OK\r\nLink: </a>\r\n\r\n"
    )
