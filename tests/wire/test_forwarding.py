"""What crosses and what does not: RFC 9110 section 7.6, and the fields that are ours to say."""

import re
from pathlib import Path

import pytest

from tests.wire.cases import get
from tests.wire.conftest import Wire
from tests.wire.ends import OK, Listener
from tests.wire.proxy import Proxy


def test_a_request_crosses_as_it_came_with_what_is_ours_added(wire: Wire) -> None:
    """RFC 9110 section 7.6."""
    client = wire.client(
        b"GET /a?b=%41&c HTTP/1.1\r\nHost: Shop.example\r\nX-Odd-CASE: \t x y \r\n\r\n"
    )
    upstream = wire.monolith.accept()
    head = upstream.head()
    upstream.send(OK)

    assert re.fullmatch(
        rb"GET /a\?b=%41&c HTTP/1\.1\r\n"
        rb"Host: Shop\.example\r\n"
        rb"X-Odd-CASE: x y\r\n"
        rb"X-Request-Id: [!-~]+\r\n"
        rb"X-Forwarded-For: 127\.0\.0\.1\r\n"
        rb"X-Forwarded-Proto: http\r\n"
        rb"X-Forwarded-Host: Shop\.example\r\n"
        rb"Via: 1\.1 strangler\r\n"
        rb"\r\n",
        head.raw,
    )
    assert client.response().body == b"ok"


def test_a_response_crosses_as_it_came_with_what_is_ours_added(wire: Wire) -> None:
    """RFC 9110 section 7.6."""
    client = wire.client(b"GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: r-1\r\n\r\n")
    upstream = wire.monolith.accept()
    upstream.head()
    upstream.send(
        b"HTTP/1.1 299 Quite \xe9 Good\r\nSet-Cookie: a=1\r\nSET-cookie: b=2\r\n"
        b"Date: yesterday\r\nContent-Length: 2\r\n\r\nok"
    )

    client.expect(
        b"HTTP/1.1 299 Quite \xe9 Good\r\nSet-Cookie: a=1\r\nSET-cookie: b=2\r\n"
        b"Date: yesterday\r\nContent-Length: 2\r\nVia: 1.1 strangler\r\nX-Request-Id: r-1\r\n\r\nok"
    )


def test_hop_by_hop_fields_end_at_us_in_both_directions(wire: Wire) -> None:
    """RFC 9110 section 7.6.1."""
    client = wire.client(
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, X-Mine\r\nKeep-Alive: timeout=5\r\n"
        b"Proxy-Connection: keep-alive\r\nTE: gzip\r\nX-Mine: 1\r\nX-Yours: 2\r\n\r\n"
    )
    upstream = wire.monolith.accept()
    head = upstream.head()
    upstream.send(
        b"HTTP/1.1 200 OK\r\nConnection: X-Hop\r\nKeep-Alive: timeout=5\r\nX-Hop: 1\r\n"
        b"Proxy-Connection: keep-alive\r\nX-End: 2\r\nContent-Length: 0\r\n\r\n"
    )
    answer = client.response()

    assert head["X-Yours"] == "2"
    assert answer["X-End"] == "2"
    for name in ("Connection", "Keep-Alive", "Proxy-Connection", "TE", "X-Mine", "X-Hop"):
        assert name not in head
        assert name not in answer


@pytest.mark.parametrize("name", ["Host", "Content-Length", "X-Forwarded-For", "Authorization"])
def test_connection_cannot_nominate_what_the_upstream_must_see(wire: Wire, name: str) -> None:
    """Precedent: hop-by-hop abuse: a client has a proxy strip what guards an upstream."""
    client = wire.client(
        b"POST / HTTP/1.1\r\nHost: a\r\nAuthorization: b\r\nContent-Length: 2\r\n"
        b"Connection: %b\r\n\r\nhi" % name.encode()
    )
    upstream = wire.monolith.accept()
    request = upstream.request()
    upstream.send(OK)

    assert name in request
    assert request.body == b"hi"
    assert client.response().status == 200


def test_a_forwarding_claim_of_a_stranger_is_replaced(wire: Wire) -> None:
    """RFC 7239 section 8.1."""
    wire.client(
        b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\n"
        b"X-Forwarded-Host: evil\r\nForwarded: for=6.6.6.6\r\nx-forwarded-for: 7.7.7.7\r\n\r\n"
    )
    head = wire.monolith.accept().head()

    assert head["X-Forwarded-For"] == "127.0.0.1"
    assert head["X-Forwarded-Proto"] == "http"
    assert head["X-Forwarded-Host"] == "a"
    assert "Forwarded" not in head


def test_a_claim_spelled_with_underscores_does_not_cross(wire: Wire) -> None:
    """Precedent: CGI and WSGI read `X_Forwarded_For` as `X-Forwarded-For`; nginx drops it too."""
    wire.client(
        b"GET / HTTP/1.1\r\nHost: a\r\nX_Forwarded_For: 6.6.6.6\r\nX_Strangler_Shadow: 1\r\n"
        b"X_Own: kept\r\n\r\n"
    )
    head = wire.monolith.accept().head()

    assert "X_Forwarded_For" not in head
    assert "X_Strangler_Shadow" not in head
    assert head["X_Own"] == "kept"


def test_a_request_id_is_kept_or_made(wire: Wire) -> None:
    client = wire.client(b"GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: from-the-client\r\n\r\n")
    upstream = wire.monolith.accept()
    assert upstream.head()["X-Request-Id"] == "from-the-client"
    upstream.send(OK)
    assert client.response()["X-Request-Id"] == "from-the-client"

    made = []
    for _ in range(2):
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: not valid\r\n\r\n")
        made.append(upstream.head()["X-Request-Id"])
        upstream.send(OK)
        assert client.response()["X-Request-Id"] == made[-1]
    assert made[0] != made[1]


def test_trace_context_passes_untouched(wire: Wire) -> None:
    """W3C Trace Context section 3: one who does not take part passes the fields on."""
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    wire.client(
        b"GET / HTTP/1.1\r\nHost: a\r\ntraceparent: %b\r\ntracestate: a=1,b=2\r\n\r\n"
        % trace.encode()
    )
    head = wire.monolith.accept().head()

    assert (head["traceparent"], head["tracestate"]) == (trace, "a=1,b=2")


def test_our_own_word_to_an_upstream_cannot_be_forged(wire: Wire) -> None:
    """CVE-2024-45806 in Envoy: its internal fields were believed of anyone."""
    wire.client(b"GET / HTTP/1.1\r\nHost: a\r\nX-Strangler-Shadow: candidate\r\n\r\n")

    assert "X-Strangler-Shadow" not in wire.monolith.accept().head()


def test_via_of_others_is_added_to(wire: Wire) -> None:
    """RFC 9110 section 7.6.3."""
    wire.client(b"GET / HTTP/1.1\r\nHost: a\r\nVia: 1.0 fred\r\n\r\n")

    assert wire.monolith.accept().head().all("Via") == ["1.0 fred", "1.1 strangler"]


def test_via_tells_the_version_that_a_message_came_in(wire: Wire) -> None:
    """RFC 9110 section 7.6.3: the received protocol, in both directions."""
    client = wire.client(b"GET / HTTP/1.0\r\n\r\n")
    upstream = wire.monolith.accept()
    assert upstream.head()["Via"] == "1.0 strangler"
    upstream.send(OK.replace(b"1.1", b"1.0"))

    assert client.response()["Via"] == "1.0 strangler"


def test_what_is_for_a_proxy_of_the_client_s_ends_at_us(wire: Wire) -> None:
    """RFC 9110 section 11.7.2: it was for the first proxy that asks, and to clients we are none."""
    client = wire.client(get(b"Host: a", b"Proxy-Authorization: Basic eA==", b"Authorization: b"))
    upstream = wire.monolith.accept()
    head = upstream.head()
    assert ("Proxy-Authorization" in head, head["Authorization"]) == (False, "b")
    upstream.send(b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n")

    response = client.response()
    assert (response.status, "Proxy-Authenticate" in response) == (407, False)


@pytest.mark.parametrize("name", [b"Proxy", b"PROXY", b"proxy"])
def test_no_request_names_a_proxy_for_what_cgi_asks_of_others(wire: Wire, name: bytes) -> None:
    """CVE-2016-5385 in PHP: httpoxy."""
    wire.client(get(b"Host: a", name + b": http://evil.example/"))

    assert "Proxy" not in wire.monolith.accept().head()


def test_te_trailers_is_said_anew_for_our_own_connection(wire: Wire) -> None:
    """RFC 9110 section 10.1.4."""
    wire.client(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: TE\r\nTE: deflate, trailers\r\n\r\n")
    head = wire.monolith.accept().head()

    assert (head["TE"], head["Connection"]) == ("trailers", "TE")


@pytest.mark.parametrize(
    ("sent", "forwarded"),
    [
        ("/a/./b/../c", "/a/c"),
        ("/a/%2e%2E/b", "/b"),
        ("//a//b", "//a//b"),
        ("/a%2Fb?x=/../y", "/a%2Fb?x=/../y"),
        ("http://a/x?y", "/x?y"),
        ("http://a", "/"),
    ],
)
def test_a_target_is_forwarded_as_received_with_dot_segments_resolved(
    wire: Wire, sent: str, forwarded: str
) -> None:
    """RFC 3986 section 5.2.4."""
    wire.client(b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % sent.encode())

    assert wire.monolith.accept().head().target == forwarded


def test_options_may_ask_for_the_server_itself(wire: Wire) -> None:
    """RFC 9112 section 3.2.4."""
    wire.client(b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")

    assert wire.monolith.accept().head().line == "OPTIONS * HTTP/1.1"


def test_a_rewritten_route_reaches_the_service_under_its_own_path(wire: Wire) -> None:
    wire.client(b"GET /rewritten/x%20y?z HTTP/1.1\r\nHost: a\r\n\r\n")

    assert wire.service.accept().head().target == "/x%20y?z"


def test_a_trusted_proxy_is_believed(tmp_path: Path) -> None:
    """RFC 7239 section 4: each proxy adds its client to what the ones before have said."""
    monolith = Listener()
    routes = f"version: 1\nupstreams: {{m: {{targets: [{monolith.url}]}}}}\nmonolith: m\n"
    with (
        Proxy(tmp_path, routes, "--trusted-proxy", "127.0.0.0/8") as proxy,
        proxy.client() as client,
    ):
        client.send(
            b"GET / HTTP/1.1\r\nHost: inner\r\nX-Forwarded-For: 6.6.6.6, 198.51.100.7\r\n"
            b"X-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.example\r\n"
            b"Forwarded: for=198.51.100.7;proto=https\r\nX-Real-IP: 198.51.100.7\r\n\r\n"
        )
        upstream = monolith.accept()
        head = upstream.head()
        upstream.send(OK)
        client.response()
    monolith.close()

    assert head["X-Forwarded-For"] == "6.6.6.6, 198.51.100.7, 127.0.0.1"
    assert (head["X-Forwarded-Proto"], head["X-Forwarded-Host"]) == ("https", "shop.example")
    assert head["Forwarded"] == "for=198.51.100.7;proto=https, for=127.0.0.1"
    assert head["X-Real-IP"] == "198.51.100.7"
