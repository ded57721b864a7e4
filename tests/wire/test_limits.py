"""What a client may take of us, and what it sees beyond that."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wire.ends import OK, End, Listener
from tests.wire.proxy import Proxy, eventually

ROUTES = """\
version: 1
upstreams:
  monolith: {{targets: [{monolith}], timeouts: {{response: 20s, idle: 20s, keepalive: 20s}}}}
monolith: monolith
"""
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\n"


@pytest.fixture
def monolith() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.close()


def serve(directory: Path, monolith: Listener, *args: str) -> Proxy:
    return Proxy(directory, ROUTES.format(monolith=monolith.url), *args)


def refused(client: End) -> str:
    """Receive the 503 of a connection that is not let in; give what it says."""
    answer = client.response()
    assert (answer.status, answer["Connection"], answer["Retry-After"]) == (503, "close", "1")
    assert client.is_closed()
    return answer.body.decode()


def served(client: End, monolith: Listener) -> End:
    client.send(GET)
    upstream = monolith.newest_or_accept()
    upstream.request()
    upstream.send(OK)
    assert client.response().status == 200
    return upstream


def test_a_connection_past_the_bound_gets_503_and_another_takes_a_place_that_is_left(
    tmp_path: Path, monolith: Listener
) -> None:
    """RFC 9110 section 15.6.4."""
    with serve(tmp_path, monolith, "--max-connections", "2") as proxy:
        with proxy.client() as first, proxy.client() as second:
            served(first, monolith)
            served(second, monolith)
            with proxy.client() as third:
                assert "too many" in refused(third)
            served(first, monolith)
        eventually(
            lambda: proxy.metric("strangler_open_connections") == 0, "the places are free again"
        )
        with proxy.client() as fourth:
            served(fourth, monolith)
        assert proxy.metric("strangler_connections_refused_total", reason="too many") == 1


def test_a_tunnel_keeps_its_place(tmp_path: Path, monolith: Listener) -> None:
    """RFC 6455: a WebSocket holds the descriptors of the connection it was."""
    with serve(tmp_path, monolith, "--max-connections", "1") as proxy:
        with proxy.client() as client:
            client.send(
                b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
            )
            upstream = monolith.accept()
            upstream.request()
            upstream.send(
                b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                b"Upgrade: websocket\r\n\r\n"
            )
            client.head()
            with proxy.client() as second:
                refused(second)
        assert upstream.is_closed()
        upstream.close()
        eventually(lambda: proxy.metric("strangler_tunnels") == 0, "the tunnel is gone")
        with proxy.client() as third:
            third.send(GET)
            upstream = monolith.accept()
            upstream.request()
            upstream.send(OK)
            assert third.response().status == 200


def test_an_address_has_a_bound_of_its_own(tmp_path: Path, monolith: Listener) -> None:
    """RFC 9110 section 15.6.4."""
    with (
        serve(tmp_path, monolith, "--max-connections-per-peer", "1") as proxy,
        proxy.client() as first,
        proxy.client() as second,
    ):
        assert "too many of one address" in refused(second)
        served(first, monolith)


def test_a_trusted_proxy_has_no_bound_of_its_own(tmp_path: Path, monolith: Listener) -> None:
    """It stands for many clients."""
    trusting = ("--max-connections-per-peer", "1", "--trusted-proxy", "127.0.0.0/8")
    with (
        serve(tmp_path, monolith, *trusting) as proxy,
        proxy.client() as first,
        proxy.client() as second,
    ):
        served(first, monolith)
        served(second, monolith)


def test_the_last_request_of_a_connection_is_told_so(tmp_path: Path, monolith: Listener) -> None:
    """RFC 9112 section 9.6."""
    with (
        serve(tmp_path, monolith, "--max-requests-per-connection", "2") as proxy,
        proxy.client() as client,
    ):
        served(client, monolith)
        client.send(GET)
        upstream = monolith.newest
        upstream.request()
        upstream.send(OK)
        assert client.response()["Connection"] == "close"
        assert client.is_closed()


@pytest.fixture
def small(tmp_path: Path, monolith: Listener) -> Iterator[Proxy]:
    with serve(tmp_path, monolith, "--max-body", "10") as proxy:
        yield proxy


def test_a_body_as_large_as_allowed_passes(small: Proxy, monolith: Listener) -> None:
    """RFC 9110 section 15.5.14."""
    with small.client() as client:
        for body in (
            b"Content-Length: 10\r\n\r\n0123456789",
            b"Transfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n",
        ):
            client.send(POST + body)
            upstream = monolith.newest_or_accept()
            assert upstream.request().body == b"0123456789"
            upstream.send(OK)
            assert client.response().status == 200


def test_a_body_that_says_it_is_too_large_goes_nowhere(small: Proxy, monolith: Listener) -> None:
    """RFC 9110 section 15.5.14; with an Expect, too, and no 100 is sent (section 10.1.1)."""
    for expect in (b"", b"Expect: 100-continue\r\n"):
        with small.client() as client:
            client.send(POST + b"Content-Length: 11\r\n" + expect + b"\r\n")
            answer = client.response()
            assert (answer.status, answer.interim, answer["Connection"]) == (413, (), "close")
    assert monolith.nobody_is_waiting()
    assert small.metric("strangler_refusals_total", status="413") == 2


def test_chunks_that_grow_too_large_break_the_request_upstream(
    small: Proxy, monolith: Listener
) -> None:
    """RFC 9112 section 8: what has no last chunk is no whole message."""
    with small.client() as client:
        client.send(POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n")
        upstream = monolith.accept()
        upstream.head()
        assert upstream.chunk() == b"01234"
        client.send(b"6\r\n567890\r\n0\r\n\r\n")
        answer = client.response()
        assert (answer.status, answer["Connection"]) == (413, "close")
        assert b"0\r\n\r\n" not in upstream.rest_in_any_case()
    assert small.metric("strangler_refusals_total", status="413") == 1


def test_past_the_bound_the_newest_requests_are_shed_and_their_connections_stay(
    tmp_path: Path, monolith: Listener
) -> None:
    """RFC 9110 section 15.6.4."""
    with (
        serve(tmp_path, monolith, "--max-in-flight", "1") as proxy,
        proxy.client() as first,
        proxy.client() as second,
    ):
        first.send(GET)
        upstream = monolith.accept()
        upstream.request()
        for _ in range(3):
            second.send(GET)
            answer = second.response()
            assert (answer.status, answer["Retry-After"]) == (503, "1")
            assert "Connection" not in answer
        upstream.send(OK)
        assert first.response().status == 200
        served(second, monolith)
        assert proxy.metric("strangler_refusals_total", status="503") == 3


def test_no_exchange_leaves_its_place_taken(tmp_path: Path, monolith: Listener) -> None:
    """Cancelled, cut off or turned into a tunnel: each gives its place back."""
    with serve(tmp_path, monolith, "--max-in-flight", "1") as proxy:
        with proxy.client() as client:
            client.send(GET)
            upstream = monolith.accept()
            upstream.request()
            client.reset()
            assert upstream.is_closed()
        with proxy.client() as client:
            client.send(GET)
            upstream = monolith.accept()
            upstream.request()
            upstream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello")
            client.until(b"hello")
            upstream.reset()
            client.rest_until_broken()
        with proxy.client() as client:
            client.send(GET)
            upstream = monolith.accept()
            upstream.request()
            upstream.send(OK)
            assert client.response().status == 200


def test_a_client_that_is_reset_while_its_upload_waits_is_noticed(
    tmp_path: Path, monolith: Listener
) -> None:
    """RFC 9112 section 9.5: the upstream reads nothing, so nobody reads the client either."""
    with serve(tmp_path, monolith) as proxy, proxy.client() as client:
        client.send(POST + b"Content-Length: 1000000000\r\n\r\n")
        upstream = monolith.accept()
        upstream.head()
        client.sock.settimeout(0.5)  # the proxy reads no more
        with contextlib.suppress(TimeoutError):
            while True:
                client.sock.send(bytes(65536))
        client.reset()
        eventually(
            lambda: proxy.metric("strangler_cancelled_total") == 1, "the client's end is noticed"
        )
        upstream.rest_in_any_case()


def test_a_request_that_goes_in_a_circle_gets_508(tmp_path: Path) -> None:
    """RFC 5842 section 7.2; RFC 9110 section 7.6.3: the upstream is the proxy itself."""
    placeholder = Listener()
    with serve(tmp_path, placeholder, "--watch") as proxy:
        port = proxy.address[1]
        text = ROUTES.format(monolith=f"http://127.0.0.1:{port}")
        saved = tmp_path / "routes.yaml.new"
        saved.write_text(text)
        saved.replace(proxy.routes)
        eventually(lambda: proxy.metric("strangler_live_revision") == 2, "the circle is closed")
        with proxy.client() as client:
            client.send(GET)
            answer = client.response()
        assert (answer.status, answer["Content-Type"]) == (508, "application/problem+json")
        assert proxy.metric("strangler_refusals_total", status="508") == 1
    placeholder.close()


def test_two_proxies_in_a_row_are_no_circle(tmp_path: Path, monolith: Listener) -> None:
    """Each names itself as no other does."""
    (tmp_path / "near").mkdir()
    (tmp_path / "far").mkdir()
    with serve(tmp_path / "far", monolith) as far:
        routes = ROUTES.format(monolith=f"http://127.0.0.1:{far.address[1]}")
        with Proxy(tmp_path / "near", routes) as near, near.client() as client:
            client.send(GET)
            upstream = monolith.accept()
            first, second = upstream.request().all("Via")
            upstream.send(OK)
            assert client.response().status == 200
    assert first != second


@pytest.mark.parametrize(
    ("method", "status"), [(b"OPTIONS", 204), (b"TRACE", 405)], ids=["OPTIONS", "TRACE"]
)
def test_max_forwards_0_is_answered_here_and_more_is_counted_down(
    tmp_path: Path, monolith: Listener, method: bytes, status: int
) -> None:
    """RFC 9110 section 7.6.2."""
    line = method + b" / HTTP/1.1\r\nHost: a\r\nMax-Forwards: %d\r\n\r\n"
    with serve(tmp_path, monolith) as proxy, proxy.client() as client:
        client.send(line % 0)
        assert client.response().status == status
        assert monolith.nobody_is_waiting()
        refused = 0 if status == 204 else 1
        assert proxy.metric("strangler_refusals_total", status=str(status)) == refused
        client.send(line % 10)
        upstream = monolith.accept()
        assert upstream.request()["Max-Forwards"] == "9"
        upstream.send(OK)
        assert client.response().status == 200


def test_max_forwards_of_other_methods_passes(tmp_path: Path, monolith: Listener) -> None:
    """RFC 9110 section 7.6.2."""
    with serve(tmp_path, monolith) as proxy, proxy.client() as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n")
        upstream = monolith.accept()
        assert upstream.request()["Max-Forwards"] == "0"
        upstream.send(OK)
        assert client.response().status == 200
