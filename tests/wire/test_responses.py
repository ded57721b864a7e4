"""Responses at and beyond the edges of their grammar: RFC 9112 sections 4 to 6.

The same strictness as towards clients: a response with two readings becomes a 502, and the client
behind it gets an answer of its own.
"""

import pytest

from tests.wire.cases import cases, get
from tests.wire.conftest import Wire
from tests.wire.ends import OK, End

GET = get(b"Host: a", path=b"/")
HIDDEN = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"


def answer(*lines: bytes, body: bytes = b"", status: bytes = b"200 OK") -> bytes:
    """Write a response with exactly these field lines."""
    return b"HTTP/1.1 %b\r\n%b\r\n%b" % (status, b"".join(b"%b\r\n" % line for line in lines), body)


def line(text: bytes) -> bytes:
    return text + b"\r\nContent-Length: 2\r\n\r\nok"


def field(*lines: bytes) -> bytes:
    return answer(*lines, b"Content-Length: 2", body=b"ok")


def coded(coding: bytes) -> bytes:
    return answer(b"Transfer-Encoding: " + coding, body=b"0\r\n\r\n")


@cases(
    # The status line
    ("RFC 9112 section 4", "another protocol", line(b"ICY 200 OK")),
    ("RFC 9112 section 4", "another protocol with a version", line(b"RTSP/1.0 200 OK")),
    ("RFC 9112 section 4", "lower case", line(b"http/1.1 200 OK")),
    ("RFC 9112 section 4", "four digits", line(b"HTTP/1.1 2000 OK")),
    ("RFC 9112 section 4", "a sign", line(b"HTTP/1.1 +20 OK")),
    ("RFC 9112 section 4", "letters", line(b"HTTP/1.1 2OO OK")),
    ("RFC 9112 section 4", "no status", line(b"HTTP/1.1 OK")),
    ("RFC 9112 section 4", "a tab before the status", line(b"HTTP/1.1\t200 OK")),
    ("RFC 9112 section 4", "no space behind the status", line(b"HTTP/1.1 200OK")),
    ("RFC 9112 section 2.3", "HTTP/2", line(b"HTTP/2 200 OK")),
    ("RFC 9112 section 2.3", "HTTP/1", line(b"HTTP/1 200 OK")),
    ("RFC 9112 section 2.3", "HTTP/1.10", line(b"HTTP/1.10 200 OK")),
    ("RFC 9112 section 2.3", "HTTP/3.0", line(b"HTTP/3.0 200 OK")),
    ("RFC 9112 section 2.3", "a body without a head", b"<html>HTTP/0.9</html>\r\n\r\n"),
    ("RFC 9112 section 2.2", "a space before it", b" " + OK),
    ("RFC 9112 section 2.2", "a CR in the reason", line(b"HTTP/1.1 200 O\rK")),
    ("RFC 9112 section 2.2", "a NUL in the reason", line(b"HTTP/1.1 200 O\0K")),
    ("RFC 9112 section 2.2", "an empty line before it", b"\r\n" + OK),
    ("RFC 9112 section 2.2", "an LF before it", b"\n" + OK),
    ("RFC 9112 section 2.2", "an empty line between two", b"HTTP/1.1 103 X\r\n\r\n\r\n" + OK),
    ("RFC 9112 section 2.2", "an LF behind the line", b"HTTP/1.1 200 OK\nX: 1\r\n\r\n"),
    ("RFC 9110 section 15", "a status of 000", line(b"HTTP/1.1 000 X")),
    # Fields
    ("RFC 9112 section 5.1", "a space before the colon", field(b"X : 1")),
    ("RFC 9112 section 5.1", "a tab before the colon", field(b"X\t: 1")),
    ("RFC 9112 section 5.2", "a folded field", field(b"X: 1", b"\t2")),
    ("RFC 9112 section 5.2", "a folded length", answer(b"Content-Length:", b" 2", body=b"ok")),
    ("RFC 9112 section 2.2", "whitespace before the first", field(b" X: 1")),
    ("RFC 9112 section 2.2", "an LF behind a field", field(b"X: 1\nY: 2")),
    ("RFC 9112 section 2.2", "a CR within a field", field(b"X: 1\rY: 2")),
    ("RFC 9112 section 2.2", "an LF at the end", b"HTTP/1.1 200 OK\r\nX: 1\r\n\nok\r\n\r\n"),
    ("RFC 9110 section 5.5", "a NUL in a value", field(b"X: \0")),
    ("RFC 9110 section 5.5", "a DEL in a value", field(b"X: \x7f")),
    ("RFC 9110 section 5.6.2", "no name", field(b": 1")),
    ("RFC 9110 section 5.6.2", "no colon", field(b"X")),
    ("RFC 9110 section 5.6.2", "a space in a name", field(b"X Y: 1")),
    ("RFC 9110 section 5.6.2", "a name beyond ASCII", field(b"\xc3\xa4: 1")),
    # Lengths
    ("RFC 9112 section 6.3", "a list of lengths", answer(b"Content-Length: 2, 2", body=b"ok")),
    ("RFC 9112 section 6.3", "one length twice", field(b"Content-Length: 2")),
    ("RFC 9110 section 8.6", "a plus", answer(b"Content-Length: +2", body=b"ok")),
    ("RFC 9110 section 8.6", "a minus", answer(b"Content-Length: -2", body=b"ok")),
    ("RFC 9110 section 8.6", "minus nought", answer(b"Content-Length: -0")),
    ("RFC 9110 section 8.6", "an underscore", answer(b"Content-Length: 0_2", body=b"ok")),
    ("RFC 9110 section 8.6", "hexadecimal", answer(b"Content-Length: 0x2", body=b"ok")),
    ("RFC 9110 section 8.6", "a letter behind it", answer(b"Content-Length: 2a", body=b"ok")),
    ("RFC 9110 section 8.6", "a nought before it", answer(b"Content-Length: 02", body=b"ok")),
    ("RFC 9110 section 8.6", "a space within", answer(b"Content-Length: 2 2", body=b"ok")),
    ("RFC 9110 section 8.6", "nothing", answer(b"Content-Length:", body=b"ok")),
    ("RFC 9110 section 8.6", "64 bits and 2", answer(b"Content-Length: 18446744073709551618")),
    # Codings
    ("RFC 9112 section 6.1", "an empty coding", coded(b"")),
    ("RFC 9112 section 6.1", "an empty coding first", coded(b",chunked")),
    ("RFC 9112 section 6.1", "chunked twice", coded(b"chunked, chunked")),
    ("RFC 9112 section 6.1", "chunked not last", coded(b"chunked, gzip")),
    ("RFC 9112 section 6.1", "identity", answer(b"Transfer-Encoding: identity", body=b"ok")),
    ("RFC 9112 section 6.1", "a quoted coding", coded(b'"chunked"')),
    ("RFC 9112 section 6.1", "a parameter", coded(b"chunked;q=1")),
    ("RFC 9112 section 6.1", "a vertical tab", coded(b"\x0bchunked")),
    ("RFC 9112 section 6.1", "two fields", coded(b"chunked\r\nTransfer-Encoding: x")),
    (
        "RFC 9112 section 6.1",
        "a length for a response in chunks",
        coded(b"chunked\r\nContent-Length: 5"),
    ),
    (
        "RFC 9112 section 6.1",
        "a length for the answer behind it",
        coded(b"chunked\r\nContent-Length: %d" % (5 + len(HIDDEN))) + HIDDEN,
    ),
    ("RFC 9112 section 6.1", "both for a 204", answer(
        b"Transfer-Encoding: chunked", b"Content-Length: 5", status=b"204 No Content"
    )),
    ("RFC 9110 section 15.2.2", "101 unasked", answer(
        b"Connection: Upgrade", b"Upgrade: h2c", status=b"101 Switching Protocols"
    )),
)  # fmt: skip
def test_a_response_beyond_the_grammar_is_a_bad_gateway(wire: Wire, sent: bytes) -> None:
    client, upstream = asked(wire)
    upstream.send_as_much_as_is_taken(sent)
    refusal = client.response()

    assert (refusal.status, refusal["Content-Type"]) == (502, "application/problem+json")
    assert upstream.is_closed()
    client.send(GET)
    fresh = wire.monolith.accept()
    fresh.request()
    fresh.send(OK)
    assert client.response().body == b"ok"


@cases(
    ("RFC 9112 section 4", "an empty reason", line(b"HTTP/1.1 200 ")),
    ("RFC 9112 section 4", "a reason of many words", line(b"HTTP/1.1 200 All is\twell \xff")),
    ("RFC 9110 section 15", "a status that nobody knows", line(b"HTTP/1.1 799 X")),
    ("RFC 9110 section 15", "a status beyond the classes", line(b"HTTP/1.1 999 X")),
    ("RFC 9112 section 2.3", "HTTP/1.0", line(b"HTTP/1.0 200 OK")),
    ("RFC 9112 section 5.1", "tabs around a value", answer(b"Content-Length:\t2\t", body=b"ok")),
    ("RFC 9112 section 7.1", "capitals", answer(
        b"TRANSFER-ENCODING: CHUNKED", body=b"2\r\nok\r\n0\r\n\r\n"
    )),
    ("RFC 9112 section 7.1", "leading noughts", answer(
        b"Transfer-Encoding: chunked", body=b"0002\r\nok\r\n00\r\n\r\n"
    )),
    ("RFC 9112 section 7.1.1", "a quoted value", answer(
        b"Transfer-Encoding: chunked", body=b'2;a="b;c\\"d"\r\nok\r\n0\r\n\r\n'
    )),
    ("RFC 9112 section 6.3", "neither length nor coding", answer(b"X: 1", body=b"ok")),
    ("RFC 9110 section 5.5", "an empty value", field(b"X:")),
)  # fmt: skip
def test_a_response_at_the_edge_of_the_grammar_crosses(wire: Wire, sent: bytes) -> None:
    client, upstream = asked(wire)
    upstream.send(sent)
    upstream.close()
    received = client.response()

    assert received.line.startswith("HTTP/1.1 " + sent.split(b" ")[1].decode())
    assert received.body == b"ok"


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
@pytest.mark.parametrize(
    "framing", [b"", b"Content-Length: 4\r\n", b"Transfer-Encoding: chunked\r\n"]
)
def test_a_response_without_a_body_ends_with_its_head(
    wire: Wire, status: bytes, framing: bytes
) -> None:
    """RFC 9112 section 6.3 rule 1; RFC 9110 section 8.6: a 204 has no length to tell."""
    client, upstream = asked(wire)
    upstream.send(b"HTTP/1.1 %b\r\n%b\r\n" % (status, framing))
    head = client.response()
    assert head.line == "HTTP/1.1 " + status.decode()
    assert "Transfer-Encoding" not in head

    client.send(GET)
    upstream.request()
    upstream.send(OK)
    assert client.response().body == b"ok"


def test_what_follows_the_head_of_a_head_response_is_nobodys(wire: Wire) -> None:
    """RFC 9110 section 9.3.2; precedent: queues poisoned by bodies of HEAD."""
    client, upstream = asked(wire, GET.replace(b"GET", b"HEAD"))
    upstream.send(answer(b"Content-Length: %d" % len(HIDDEN), body=HIDDEN))
    assert client.response("HEAD")["Content-Length"] == str(len(HIDDEN))
    assert upstream.is_closed()
    client.send(GET)
    fresh = wire.monolith.accept()
    fresh.request()
    fresh.send(OK)

    assert client.response().body == b"ok"


def asked(wire: Wire, request: bytes = GET) -> tuple[End, End]:
    client = wire.client(request)
    upstream = wire.monolith.accept()
    upstream.request()
    return client, upstream
