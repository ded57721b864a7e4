"""Connections that persist, and when they must not: RFC 9112 section 9."""

import pytest

from tests.wire.conftest import Wire
from tests.wire.ends import OK, End

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"


def get(path: bytes) -> bytes:
    return b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % path


def answer(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def test_one_connection_serves_request_after_request_on_both_sides(wire: Wire) -> None:
    """RFC 9112 section 9.3."""
    client = wire.client()
    client.send(get(b"/0"))
    upstream = wire.monolith.accept()
    for number in range(5):
        assert upstream.request().target == f"/{number}"
        upstream.send(answer(b"%d" % number))
        response = client.response()
        assert (response.body, "Connection" in response) == (b"%d" % number, False)
        client.send(get(b"/%d" % (number + 1)))


def test_two_clients_share_one_idle_connection_one_after_the_other(wire: Wire) -> None:
    """RFC 9112 section 9.3."""
    first = wire.client(GET)
    upstream = wire.monolith.accept()
    upstream.request()
    upstream.send(OK)
    first.response()
    second = wire.client(GET)
    upstream.request()
    upstream.send(OK)

    assert second.response().body == b"ok"


def test_pipelined_requests_are_answered_in_order(wire: Wire) -> None:
    """RFC 9112 section 9.3.2."""
    count = 30
    client = wire.client(b"".join(get(b"/%d" % number) for number in range(count)))
    upstream = wire.monolith.accept()
    for number in range(count):
        assert upstream.request().target == f"/{number}"
        upstream.send(answer(b"%d" % number))

    assert [client.response().body for _ in range(count)] == [b"%d" % n for n in range(count)]


def test_a_pipelined_request_waits_until_the_one_before_is_answered(wire: Wire) -> None:
    """RFC 9112 section 9.3.2."""
    client = wire.client(get(b"/first") + get(b"/served/second"))
    upstream = wire.monolith.accept()
    assert upstream.request().target == "/first"
    assert wire.service.nobody_is_waiting()
    upstream.send(answer(b"1"))
    service = wire.service.accept()
    service.request()
    service.send(answer(b"2"))

    assert [client.response().body, client.response().body] == [b"1", b"2"]


def test_a_pipelined_body_arrives_whole(wire: Wire) -> None:
    """RFC 9112 section 9.3.2."""
    client = wire.client(
        GET + b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n" + b"x" * 300_000
    )
    upstream = wire.monolith.accept()
    upstream.request()
    upstream.send(OK)
    upstream.head()
    upstream.expect(b"x" * 300_000)
    client.send(b"y" * 200_000 + GET)
    upstream.expect(b"y" * 200_000)
    upstream.send(OK)
    upstream.request()
    upstream.send(OK)

    assert [client.response().status for _ in range(3)] == [200] * 3


def test_a_request_split_at_every_octet_is_read_all_the_same(wire: Wire) -> None:
    """RFC 9112 section 2.2: a message is a sequence of octets, whatever their packets."""
    sent = b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
    client = wire.client()
    for octet in sent:
        client.send(bytes([octet]))
    upstream = wire.monolith.accept()
    assert upstream.request().body == b"hi"
    for octet in OK:
        upstream.send(bytes([octet]))

    assert client.response().body == b"ok"


@pytest.mark.parametrize(
    "request_head",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: x, CLOSE\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
    ],
)
def test_a_client_that_wants_no_more_is_left_alone_after_its_answer(
    wire: Wire, request_head: bytes
) -> None:
    """RFC 9112 section 9.6."""
    client = wire.client(request_head + GET)
    upstream = wire.monolith.accept()
    upstream.request()
    upstream.send(OK)
    response = client.response()

    assert (response.body, response["Connection"]) == (b"ok", "close")
    assert client.is_closed()


def test_an_old_client_may_keep_its_connection(wire: Wire) -> None:
    """RFC 9112 appendix C.2.2."""
    client = wire.client()
    client.send(b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
    upstream = wire.monolith.accept()
    for _ in range(2):
        request = upstream.request()
        assert (request.line, request["Host"]) == ("GET / HTTP/1.1", "")
        upstream.send(OK)
        assert client.response()["Connection"] == "keep-alive"
        client.send(b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ],
)
def test_an_upstream_that_closes_closes_no_client(wire: Wire, response: bytes) -> None:
    """RFC 9112 section 9.6: close is about one connection."""
    client = wire.client(GET)
    upstream = wire.monolith.accept()
    upstream.request()
    upstream.send(response)
    assert client.response().body == b"ok"
    assert upstream.is_closed()
    client.send(GET)
    upstream = wire.monolith.accept()
    upstream.request()
    upstream.send(OK)

    assert client.response().body == b"ok"


def test_a_client_that_has_closed_its_sending_side_gets_all_its_answers(wire: Wire) -> None:
    """As `printf … | nc` does."""
    client = wire.client(get(b"/1") + get(b"/2"))
    client.send_end()
    upstream = wire.monolith.accept()
    for body in (b"1", b"2"):
        upstream.request()
        upstream.send(answer(body))

    assert client.response().body == b"1"
    assert client.response().body == b"2"
    assert client.is_closed()


def test_a_request_cut_off_by_its_client_never_becomes_whole(wire: Wire) -> None:
    """RFC 9112 section 8."""
    client = wire.client(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab")
    upstream = wire.monolith.accept()
    upstream.head()
    upstream.expect(b"ab")
    client.send_end()

    assert upstream.is_closed()
    assert client.is_closed()


def test_a_client_that_has_gone_releases_its_upstream(wire: Wire) -> None:
    """RFC 9112 section 9.5."""
    before = wire.proxy.metric("strangler_cancelled_total")
    client = wire.client(GET)
    upstream = wire.monolith.accept()
    upstream.request()
    client.reset()

    assert upstream.is_closed()
    assert wire.proxy.metric("strangler_cancelled_total") == before + 1


def test_a_client_that_closes_before_its_answer_releases_its_upstream_within_a_second(
    wire: Wire,
) -> None:
    """RFC 9112 section 9.5: what it sends is no other than what a half-closed client sends."""
    before = wire.proxy.metric("strangler_cancelled_total")
    client = wire.client(GET)
    upstream = wire.monolith.accept()
    upstream.request()
    client.close()

    assert upstream.is_closed()
    assert wire.proxy.metric("strangler_cancelled_total") == before + 1


def test_a_client_that_closes_in_a_stream_of_events_releases_its_upstream(wire: Wire) -> None:
    """Nothing has to come before we find that nobody listens."""
    client = wire.client(GET)
    upstream = wire.monolith.accept()
    upstream.request()
    upstream.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
    client.until(b"data: 1\n\n")
    client.close()

    assert upstream.is_closed()


def test_a_half_closed_client_never_takes_a_part_of_an_answer_for_the_whole(wire: Wire) -> None:
    """RFC 9112 section 8: a body that ends by closing, and of which nothing more comes."""
    client = wire.client(b"GET / HTTP/1.0\r\nHost: a\r\n\r\n")
    client.send_end()
    upstream = wire.monolith.accept()
    upstream.request()
    upstream.send(b"HTTP/1.1 200 OK\r\n\r\na part")
    client.until(b"a part")

    assert client.rest_until_broken() == b""
    assert upstream.is_closed()


def test_a_read_on_a_connection_that_was_closed_meanwhile_is_asked_again(wire: Wire) -> None:
    """RFC 9112 section 9.3.1: only what was closed while idle, and only what may be repeated."""
    client = wire.client(GET)
    stale = wire.monolith.accept()
    stale.request()
    stale.send(OK)
    client.response()
    client.send(get(b"/again"))
    stale.request()
    stale.close()
    fresh = wire.monolith.accept()
    assert fresh.request().target == "/again"
    fresh.send(OK)

    assert client.response().body == b"ok"


def test_a_read_is_asked_again_once_and_no_more(wire: Wire) -> None:
    """RFC 9112 section 9.3.1."""
    client = wire.client(GET)
    stale = wire.monolith.accept()
    stale.request()
    stale.send(OK)
    client.response()
    client.send(GET)
    stale.request()
    stale.close()
    fresh = wire.monolith.accept()
    fresh.request()
    fresh.close()

    assert client.response().status == 502
    assert wire.monolith.nobody_is_waiting()


def test_a_write_on_a_connection_that_was_closed_meanwhile_is_not_repeated(wire: Wire) -> None:
    """RFC 9110 section 9.2.2."""
    client = wire.client(GET)
    stale = wire.monolith.accept()
    stale.request()
    stale.send(OK)
    client.response()
    client.send(POST)
    stale.request()
    stale.close()

    assert client.response().status == 502
    assert wire.monolith.nobody_is_waiting()


def test_an_idle_connection_that_an_upstream_closed_is_not_used(wire: Wire) -> None:
    """RFC 9112 section 9.5."""
    client = wire.client(GET)
    idle = wire.monolith.accept()
    idle.request()
    idle.send(OK)
    client.response()
    idle.send_end()
    assert idle.is_closed()
    client.send(POST)
    upstream = wire.monolith.accept()
    assert upstream.request().body == b"hi"
    upstream.send(OK)

    assert client.response().status == 200


@pytest.mark.parametrize("how", ["reset", "close"])
def test_a_client_that_leaves_a_download_stops_it(wire: Wire, how: str) -> None:
    """RFC 9112 section 9.5: the upstream is told while it still has much to say."""
    client = wire.client(GET)
    upstream = wire.monolith.accept()
    upstream.request()
    upstream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
    client.head()
    client.reset() if how == "reset" else client.close()

    with pytest.raises(ConnectionError):
        send_for_ever(upstream)


def send_for_ever(end: End) -> None:
    while True:
        end.send(b"x" * 65_536)


def test_a_client_that_leaves_takes_what_it_has_pipelined_along(wire: Wire) -> None:
    """RFC 9112 section 9.3.2: what waits for its turn has not been asked yet."""
    client = wire.client(GET + POST * 3)
    upstream = wire.monolith.accept()
    upstream.request()
    client.reset()
    assert upstream.is_closed()
    other = wire.client(get(b"/other"))
    upstream = wire.monolith.accept()
    assert upstream.request().target == "/other"
    upstream.send(OK)

    assert other.response().body == b"ok"


def test_requests_of_all_framings_are_pipelined_without_a_gap(wire: Wire) -> None:
    """RFC 9112 section 9.3.2: each ends where its framing says, and the next begins there."""
    chunked = b"POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    sent = [
        (get(b"/a"), b""),
        (POST, b"hi"),
        (chunked + b"2\r\nhi\r\n1;x=y\r\n!\r\n0\r\nX-Sum: 1\r\n\r\n", b"hi!"),
        (chunked + b"0\r\n\r\n", b""),
        (POST.replace(b"Content-Length: 2\r\n\r\nhi", b"Content-Length: 0\r\n\r\n"), b""),
        (b"\r\n" + get(b"/b"), b""),
    ]
    client = wire.client(b"".join(request for request, _ in sent))
    upstream = wire.monolith.accept()
    for _, body in sent:
        assert upstream.request().body == body
        upstream.send(OK)

    assert [client.response().body for _ in sent] == [b"ok"] * len(sent)
