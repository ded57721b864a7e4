"""What is left behind by a message that ended early or badly must never be read as another.

Mistakes that well-known servers were published for: requests served behind an error, tunnels opened
too soon, bodies that nobody asked for, octets behind a response.
"""

import pytest

from tests.wire.cases import cases, chunked, get, post
from tests.wire.conftest import Wire
from tests.wire.ends import OK, End
from tests.wire.readings import requests_in

GET = get(b"Host: a", path=b"/")
HIDDEN = get(b"Host: a", path=b"/hidden")
UPGRADE = (b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13")
EXPECT = b"Expect: 100-continue"
LENGTH = b"Content-Length: %d" % len(HIDDEN)


@cases(
    ("CVE-2024-49768 in Waitress", "a head too large", get(b"Host: a", b"X: " + b"x" * 40_000)),
    ("CVE-2024-49768 in Waitress", "a field without a name", get(b"Host: a", b": x")),
    ("CVE-2014-0227 in Tomcat", "a chunk that is none", chunked(b"zz\r\nhi\r\n0\r\n\r\n")),
    ("RFC 9110 section 9.1", "a method of another world", b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("RFC 9112 section 3.2", "no Host", get()),
    ("RFC 9112 section 2.3", "another version", b"GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
    ("RFC 9112 section 3", "a line too long", get(b"Host: a", path=b"/" + b"x" * 9000)),
    ("RFC 9110 section 9.3.6", "CONNECT", b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n"),
)  # fmt: skip
@pytest.mark.parametrize("before", [0, 1, 3])
def test_nothing_is_served_behind_an_error(wire: Wire, sent: bytes, before: int) -> None:
    client = wire.client(GET * before + sent + HIDDEN * 3)
    for _ in range(before):
        upstream = wire.monolith.newest_or_accept()
        assert upstream.request().target == "/"
        upstream.send(OK)
        assert client.response().status == 200
    answer = client.response()

    assert answer.status >= 400
    assert answer["Connection"] == "close"
    assert client.is_closed()
    assert not crossed(wire)


def test_nothing_is_served_behind_a_body_that_breaks(wire: Wire) -> None:
    """CVE-2022-22720 in Apache: an error in a body must end the connection."""
    client = wire.client(chunked(b"2\r\nhi\r\n"))
    upstream = wire.monolith.accept()
    upstream.until(b"hi\r\n")
    client.send(b"nonsense\r\n" + HIDDEN * 3)

    assert client.response().status == 400
    assert client.is_closed()
    assert HIDDEN not in upstream.rest_in_any_case()
    assert not crossed(wire)


@pytest.mark.parametrize("status", [b"200 OK", b"400 Bad Request", b"426 Upgrade Required"])
def test_no_tunnel_is_opened_before_the_upstream_agrees(wire: Wire, status: bytes) -> None:
    """CVE-2026-2833 in Pingora: what follows a refused Upgrade is HTTP, and is read as such."""
    client = wire.client(get(b"Host: a", *UPGRADE, path=b"/ws") + HIDDEN + GET)
    upstream = wire.monolith.accept()
    assert upstream.head().target == "/ws"
    upstream.send(b"HTTP/1.1 %b\r\nContent-Length: 2\r\n\r\nno" % status)
    assert client.response().body == b"no"
    for path in ("/hidden", "/"):
        request = upstream.request()
        assert (request.target, request["Via"]) == (path, "1.1 strangler")
        upstream.send(OK)
        assert client.response().body == b"ok"


def test_what_is_no_http_behind_a_refused_upgrade_is_refused(wire: Wire) -> None:
    """CVE-2026-2833 in Pingora."""
    client = wire.client(get(b"Host: a", *UPGRADE, path=b"/ws") + b"\x81\x05hello" + HIDDEN)
    upstream = wire.monolith.accept()
    upstream.head()
    upstream.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")

    assert client.response().status == 403
    assert client.response().status in {400, 501}
    assert client.is_closed()
    assert not crossed(wire)


@cases(
    ("CVE-2026-58055 in nghttpx", "a length", post(*UPGRADE, LENGTH, body=HIDDEN)),
    ("CVE-2026-58055 in nghttpx", "a length for GET", get(b"Host: a", *UPGRADE, LENGTH) + HIDDEN),
    (
        "CVE-2026-58055 in nghttpx",
        "chunks",
        get(b"Host: a", *UPGRADE, b"Transfer-Encoding: chunked") + b"0\r\n\r\n" + HIDDEN,
    ),
    (
        "RFC 9113 section 3.1",
        "h2c with a length",
        post(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", LENGTH, body=HIDDEN),
    ),
)
def test_an_upgrade_with_a_body_is_refused(wire: Wire, sent: bytes) -> None:
    client = wire.client(sent + GET)

    assert client.response().status == 400
    assert client.is_closed()
    assert not crossed(wire)


@pytest.mark.parametrize("status", [b"200 OK", b"401 Unauthorized", b"417 Expectation Failed"])
@pytest.mark.parametrize(
    "then", [HIDDEN, GET, b"x" * len(HIDDEN) + GET], ids=["body", "next", "both"]
)
def test_a_refused_expectation_ends_the_connection(wire: Wire, status: bytes, then: bytes) -> None:
    """CVE-2024-24791 in Go, CVE-2025-32094 at Akamai: nobody knows whether a body still comes."""
    client = wire.client(post(EXPECT, LENGTH))
    upstream = wire.monolith.accept()
    upstream.head()
    upstream.send(b"HTTP/1.1 %b\r\nContent-Length: 2\r\n\r\nno" % status)
    answer = client.response()
    client.send_as_much_as_is_taken(then)

    assert (answer.body, answer["Connection"]) == (b"no", "close")
    assert client.is_closed()
    assert not crossed(wire)


def test_a_body_that_did_not_wait_for_its_expectation_stays_a_body(wire: Wire) -> None:
    """RFC 9110 section 10.1.1: a client may send it without waiting."""
    client = wire.client(post(EXPECT, LENGTH, body=HIDDEN) + GET)
    upstream = wire.monolith.accept()
    assert upstream.request().body == HIDDEN
    upstream.send(b"HTTP/1.1 100 Continue\r\n\r\n" + OK)
    assert client.response().body == b"ok"
    assert upstream.request().target == "/"
    upstream.send(OK)

    assert client.response().body == b"ok"


def test_an_expectation_in_a_folded_field_is_refused(wire: Wire) -> None:
    """CVE-2025-32094 at Akamai: OPTIONS with an obs-fold hid the expectation from one side."""
    sent = post(b"X: y", b" Expect: 100-continue", LENGTH, body=HIDDEN)
    client = wire.client(sent.replace(b"POST", b"OPTIONS", 1))

    assert client.response().status == 400
    assert client.is_closed()
    assert not crossed(wire)


@cases(
    ("CVE-2026-6733 in undici", "a second response", OK + OK.replace(b"ok", b"no")),
    ("CVE-2026-6733 in undici", "behind the last chunk", (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" + OK
    )),
    ("CVE-2026-6733 in undici", "behind a length of nought", (
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" + OK
    )),
    ("RFC 9112 section 6.3", "behind a 204", b"HTTP/1.1 204 No Content\r\n\r\n" + OK),
    ("RFC 9112 section 6.3", "behind a 304", b"HTTP/1.1 304 Not Modified\r\n\r\n" + OK),
    ("RFC 9110 section 15.2", "an interim response", OK + b"HTTP/1.1 100 Continue\r\n\r\n"),
    ("RFC 9112 section 6.3", "an empty line", OK + b"\r\n"),
    ("RFC 9112 section 6.3", "one octet more than the length", OK + b"!"),
)  # fmt: skip
@pytest.mark.parametrize("late", [False, True], ids=["glued", "late"])
def test_octets_behind_a_response_are_nobodys(wire: Wire, sent: bytes, late: bool) -> None:
    first = wire.client(GET)
    poisoned = wire.monolith.accept()
    poisoned.request()
    size = end_of_first(sent)
    poisoned.send(sent[:size] if late else sent)
    first.response()
    if late:
        poisoned.send(sent[size:])
    assert poisoned.is_closed()
    for client in (first, wire.client()):
        client.send(GET)
        upstream = wire.monolith.newest if client is not first else wire.monolith.accept()
        upstream.request()
        upstream.send(OK.replace(b"ok", b"me"))
        assert client.response().body == b"me"


def end_of_first(sent: bytes) -> int:
    head = sent.index(b"\r\n\r\n") + 4
    if b"chunked" in sent[:head]:
        return sent.index(b"0\r\n\r\n", head) + 5
    return head + 2 if b"Content-Length: 2" in sent[:head] else head


def crossed(wire: Wire) -> bool:
    """Tell whether a hidden request has come to an upstream on a connection of its own."""
    ends: list[End] = wire.monolith.arrivals()
    raw = b"".join(end.rest_in_any_case() for end in ends)
    return requests_in(raw).whole != []
