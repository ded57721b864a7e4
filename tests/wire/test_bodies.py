"""Bodies in both directions: every framing, trailers, interim and early responses."""

import pytest

from tests.wire.conftest import Wire
from tests.wire.ends import OK, End

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def asked(wire: Wire, request: bytes = GET) -> tuple[End, End]:
    """Send a request and take it at the monolith; give both ends."""
    client = wire.client(request)
    upstream = wire.monolith.accept()
    upstream.request()
    return client, upstream


def test_a_body_with_a_length_crosses_with_its_length(wire: Wire) -> None:
    """RFC 9112 section 6.2."""
    client = wire.client(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello")
    upstream = wire.monolith.accept()
    head = upstream.head()
    assert (head["Content-Length"], "Transfer-Encoding" in head) == ("10", False)
    upstream.expect(b"hello")  # without waiting for the rest
    client.send(b"world")
    upstream.expect(b"world")
    upstream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nHELLO")
    client.until(b"HELLO")
    upstream.send(b"WORLD")
    client.expect(b"WORLD")


def test_a_chunked_body_crosses_in_chunks_as_it_comes(wire: Wire) -> None:
    """RFC 9112 section 7.1. Extensions are dropped (section 7.1.1)."""
    client = wire.client(
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n5;x=y\r\nhello\r\n"
    )
    upstream = wire.monolith.accept()
    head = upstream.head()
    assert (head["Transfer-Encoding"], "Content-Length" in head) == ("chunked", False)
    assert upstream.chunk() == b"hello"
    client.send(b"0\r\n\r\n")
    upstream.expect(b"0\r\n\r\n")
    upstream.send(CHUNKED + b"00005\r\nHELLO\r\n")
    assert client.head()["Transfer-Encoding"] == "chunked"
    assert client.chunk() == b"HELLO"
    upstream.send(b"0;last\r\n\r\n")
    client.expect(b"0\r\n\r\n")


def test_trailers_cross_in_both_directions_without_what_must_not_stand_there(wire: Wire) -> None:
    """RFC 9110 section 6.5.1."""
    client = wire.client(
        b"POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"2\r\nhi\r\n0\r\nX-Sum: 1\r\nHost: evil\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n"
    )
    upstream = wire.monolith.accept()
    request = upstream.request()
    upstream.send(CHUNKED + b"2\r\nok\r\n0\r\nX-Sum: 2\r\nSet-Cookie: a=b\r\n\r\n")
    answer = client.response()

    assert (request.body, request.trailers) == (b"hi", (("X-Sum", "1"),))
    assert (answer.body, answer.trailers) == (b"ok", (("X-Sum", "2"),))


def test_a_body_until_close_is_chunked_for_a_client_that_knows_chunks(wire: Wire) -> None:
    """RFC 9112 section 6.3 rule 8: so that an end too soon shows."""
    client, upstream = asked(wire)
    upstream.send(b"HTTP/1.1 200 OK\r\n\r\nto the ")
    assert client.head()["Transfer-Encoding"] == "chunked"
    assert client.chunk() == b"to the "
    upstream.send(b"end")
    upstream.close()
    assert client.chunk() == b"end"
    client.expect(b"0\r\n\r\n")

    client.send(GET)  # the client's connection lives on
    assert wire.monolith.accept().request().target == "/"


def test_a_body_of_unknown_length_ends_with_the_connection_of_an_old_client(wire: Wire) -> None:
    """RFC 9112 section 6.1: no chunks for HTTP/1.0."""
    client, upstream = asked(wire, b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    upstream.send(CHUNKED + b"2\r\nok\r\n0\r\n\r\n")
    head = client.head()

    assert ("Transfer-Encoding" in head, head["Connection"]) == (False, "close")
    assert client.rest() == b"ok"


@pytest.mark.parametrize(
    ("request_line", "answer"),
    [
        (b"HEAD /", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
        (b"HEAD /", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        (b"HEAD /", b"HTTP/1.1 200 OK\r\n\r\n"),
        (b"GET /", b"HTTP/1.1 204 No Content\r\n\r\n"),
        (b"GET /", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\nETag: x\r\n\r\n"),
    ],
)
def test_responses_without_a_body_leave_both_connections_usable(
    wire: Wire, request_line: bytes, answer: bytes
) -> None:
    """RFC 9112 section 6.3, rule 1."""
    request = request_line + b" HTTP/1.1\r\nHost: a\r\n\r\n"
    client, upstream = asked(wire, request)
    for _ in range(2):
        upstream.send(answer)
        head = client.head()
        assert head.line == answer.partition(b"\r\n")[0].decode()
        assert "Transfer-Encoding" not in head
        assert ("Content-Length" in head) == (b"Content-Length" in answer)
        client.send(request)
        upstream.request()


def test_a_client_that_waits_for_100_gets_it_from_the_upstream(wire: Wire) -> None:
    """RFC 9110 section 10.1.1."""
    client = wire.client(
        b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    )
    upstream = wire.monolith.accept()
    assert upstream.head()["Expect"] == "100-continue"
    upstream.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    client.expect(b"HTTP/1.1 100 Continue\r\n\r\n")
    client.send(b"hi")
    upstream.expect(b"hi")
    upstream.send(OK)

    assert client.response().status == 200


def test_an_expectation_that_is_refused_gets_its_answer_and_no_body_crosses(wire: Wire) -> None:
    """RFC 9110 section 10.1.1."""
    client = wire.client(
        b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    )
    upstream = wire.monolith.accept()
    upstream.head()
    upstream.send(b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")
    answer = client.response()

    assert (answer.status, answer["Connection"]) == (417, "close")
    assert upstream.is_closed()
    assert client.is_closed()


def test_early_hints_cross_at_once_and_repeatedly(wire: Wire) -> None:
    """RFC 8297."""
    client, upstream = asked(wire)
    hint = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
    upstream.send(hint)
    client.expect(hint)
    upstream.send(hint + OK)
    answer = client.response()

    assert [interim.status for interim in answer.interim] == [103]
    assert answer.body == b"ok"


def test_an_interim_response_is_about_no_body_and_no_connection(wire: Wire) -> None:
    """RFC 9110 section 15.2."""
    client, upstream = asked(wire)
    upstream.send(
        b"HTTP/1.1 103 Early Hints\r\nConnection: close, X\r\nX: 1\r\nContent-Length: 0\r\n"
        b"Link: <b>\r\n\r\n"
    )

    client.expect(b"HTTP/1.1 103 Early Hints\r\nLink: <b>\r\n\r\n")


def test_an_old_client_gets_no_interim_responses(wire: Wire) -> None:
    """RFC 9110 section 15.2."""
    client, upstream = asked(wire, b"GET / HTTP/1.0\r\n\r\n")
    upstream.send(b"HTTP/1.1 100 Continue\r\n\r\n" + OK)

    assert client.head().status == 200


def test_an_early_response_is_the_last_on_its_connection(wire: Wire) -> None:
    """RFC 9112 section 9.6: the rest of the body is read and dropped: the answer must arrive."""
    client = wire.client(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc")
    upstream = wire.monolith.accept()
    upstream.head()
    upstream.expect(b"abc")
    upstream.send(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno")
    assert upstream.is_closed()
    client.send(b"x" * 900_000)  # a client that looks at no answer before it has sent it all
    answer = client.response()

    assert (answer.status, answer.body, answer["Connection"]) == (413, b"no", "close")
    assert client.is_closed()


def test_an_early_response_may_go_on_while_the_request_does(wire: Wire) -> None:
    """RFC 9112 section 9.5."""
    client = wire.client(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    upstream = wire.monolith.accept()
    upstream.head()
    upstream.send(CHUNKED)
    client.head()
    for word in (b"one", b"two"):
        client.send(b"3\r\n%b\r\n" % word)
        assert upstream.chunk() == word
        upstream.send(b"3\r\n%b\r\n" % word.upper())
        assert client.chunk() == word.upper()
    client.send(b"0\r\n\r\n")
    upstream.expect(b"0\r\n\r\n")
    upstream.send(b"0\r\n\r\n")
    client.expect(b"0\r\n\r\n")


@pytest.mark.parametrize("size", [0, 1, 65_536, 3_000_000])
def test_bodies_of_any_size_arrive_as_they_were_sent(wire: Wire, size: int) -> None:
    """RFC 9112 section 6.2."""
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    client = wire.client(
        b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % size
    )
    upstream = wire.monolith.accept()
    upstream.head()
    for start in range(0, size, 500_000):
        piece = body[start : start + 500_000]
        client.send(piece)
        upstream.expect(piece)
    upstream.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
    client.head()
    for start in range(0, size, 500_000):
        piece = body[start : start + 500_000]
        upstream.send(piece)
        client.expect(piece)

    assert client.is_closed()


def test_what_an_upstream_says_of_events_arrives_while_it_goes_on(wire: Wire) -> None:
    """Precedent: proxies that held server-sent events back until a buffer was full."""
    client, upstream = asked(
        wire, b"GET / HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n"
    )
    upstream.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
    client.head()
    for number in range(5):
        upstream.send(b"data: %d\n\n" % number)
        assert client.chunk() == b"data: %d\n\n" % number


def test_a_body_in_very_many_very_small_chunks_crosses(wire: Wire) -> None:
    """RFC 9112 section 7.1: chunks of one octet are chunks."""
    count = 20_000
    client = wire.client(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    upstream = wire.monolith.accept()
    upstream.head()
    client.send(b"1\r\nx\r\n" * count + b"0\r\n\r\n")
    body = b""
    while chunk := upstream.chunk():
        body += chunk
    assert body == b"x" * count
    upstream.send(CHUNKED + b"1\r\ny\r\n" * count + b"0\r\n\r\n")

    assert client.response().body == b"y" * count
