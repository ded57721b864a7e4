"""What follows from a path with two readings on the connection that it came in by.

`/SERVED` and `/served;x` may mean `/served/**`, which is the service's: they get 400. Where such a
request ends is known, so the connection goes on if its body has arrived, and ends if not.
"""

import pytest

from tests.wire.cases import chunked, get, post
from tests.wire.conftest import Wire
from tests.wire.ends import OK
from tests.wire.test_upgrades import HANDSHAKE

HIDDEN = get(b"Host: a", path=b"/hidden")
AFTER = get(b"Host: a", path=b"/after")


def goes_on(wire: Wire, sent: bytes, method: str = "GET") -> bool:
    """Send an ambiguous request with another behind it, and see that only the other arrives."""
    client = wire.client(sent + AFTER)
    assert client.response(method).status == 400
    upstream = wire.monolith.accept()
    target = upstream.request().target
    upstream.send(OK)
    return (target, client.response().body) == ("/after", b"ok")


@pytest.mark.parametrize(
    "sent",
    [
        get(b"Host: a", path=b"/SERVED"),
        post(b"Content-Length: 2", body=b"hi", path=b"/SERVED"),
        post(b"Content-Length: %d" % len(HIDDEN), body=HIDDEN, path=b"/served;x"),
        post(
            b"Transfer-Encoding: chunked",
            body=b"%x\r\n%b\r\n0\r\nX: y\r\n\r\n" % (len(HIDDEN), HIDDEN),
            path=b"/served%2Fx",
        ),
        get(b"Host: a", b"Connection: Upgrade", b"Upgrade: h2c", path=b"/SERVED"),
    ],
    ids=["no body", "a body", "a body like a request", "chunks and a trailer", "another protocol"],
)
def test_what_follows_a_refused_path_is_served(wire: Wire, sent: bytes) -> None:
    """RFC 9112 section 9.3: the message was framed well, only its path is in doubt."""
    assert goes_on(wire, sent)


def test_a_refused_path_has_no_body_in_answer_to_head(wire: Wire) -> None:
    """RFC 9110 section 9.3.2."""
    assert goes_on(wire, b"HEAD /SERVED HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD")


@pytest.mark.parametrize(
    "sent",
    [
        post(b"Content-Length: 1000", body=HIDDEN, path=b"/SERVED"),
        post(b"Transfer-Encoding: chunked", body=b"fff\r\n" + HIDDEN, path=b"/served;x"),
        post(b"Content-Length: 2", b"Expect: 100-continue", path=b"/SERVED"),
    ],
    ids=["a length", "chunks", "an expectation"],
)
def test_a_body_that_has_not_arrived_ends_the_connection(wire: Wire, sent: bytes) -> None:
    """RFC 9110 section 10.1.1, CVE-2022-22720 in Apache: it is never read as the next request."""
    client = wire.client(sent)
    response = client.response()

    assert (response.status, response["Connection"], response.interim) == (400, "close", ())
    client.send_as_much_as_is_taken(HIDDEN)
    assert client.rest_in_any_case() == b""
    assert wire.monolith.nobody_is_waiting()


def test_the_frames_behind_a_refused_handshake_are_no_request(wire: Wire) -> None:
    """RFC 9110 section 7.8, CVE-2026-2833 in Pingora: without a 101 all is HTTP."""
    client = wire.client(get(b"Host: a", *HANDSHAKE, path=b"/SERVED/live") + b"\x81\x02hi" + HIDDEN)

    assert client.response().status == 400
    assert client.response().status == 400
    assert client.is_closed()
    assert wire.monolith.nobody_is_waiting()
    assert wire.service.nobody_is_waiting()


def test_answers_keep_their_order_around_a_refused_path(wire: Wire) -> None:
    """RFC 9112 section 9.3.2."""
    client = wire.client(get(b"Host: a") + get(b"Host: a", path=b"/served;x") + AFTER)
    upstream = wire.monolith.accept()
    assert upstream.request().target == "/a"
    upstream.send(OK.replace(b"ok", b"no"))
    assert client.response().body == b"no"
    assert client.response().status == 400
    assert upstream.request().target == "/after"
    upstream.send(OK)
    assert client.response().body == b"ok"


@pytest.mark.parametrize("method", [b"TRACE", b"OPTIONS", b"DELETE", b"QUERY"])
def test_no_method_gets_around_a_route(wire: Wire, method: bytes) -> None:
    """RFC 9110 section 9.1: a route that names no methods claims all."""
    client = wire.client(method + b" /%53ERVED/x HTTP/1.1\r\nHost: a\r\n\r\n")

    assert client.response().status == 400
    assert wire.monolith.nobody_is_waiting()


def test_an_old_client_is_told_and_may_go_on(wire: Wire) -> None:
    """RFC 9112 section 9.3: HTTP/1.0 with keep-alive."""
    ask = b"GET %b HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
    client = wire.client(ask % b"/SERVED" + ask % b"/after")
    assert client.response().status == 400
    upstream = wire.monolith.accept()
    assert upstream.request().target == "/after"
    upstream.send(OK)
    assert client.response().body == b"ok"


def test_a_client_that_half_closes_gets_its_refusal(wire: Wire) -> None:
    """RFC 9112 section 9.6."""
    client = wire.client(get(b"Host: a", path=b"/SERVED"))
    client.send_end()
    assert client.response().status == 400
    assert client.is_closed()


def test_a_chunked_body_that_breaks_behind_a_refused_path_serves_nothing_more(wire: Wire) -> None:
    """CVE-2014-0227 in Tomcat."""
    sent = chunked(b"2\r\nhi\r\nzz\r\n" + HIDDEN).replace(b"/a ", b"/SERVED ")
    client = wire.client(sent)

    assert client.response().status == 400
    assert client.is_closed()
    assert wire.monolith.nobody_is_waiting()
