"""What a service with paths of its own is asked for, and what clients hear of its paths."""

import gzip
import json
from collections.abc import Iterator

import pytest

from tests.wire.ends import End, Listener, Message
from tests.wire.proxy import Proxy, eventually

ROUTES = """\
version: 1
monolith: monolith
upstreams:
  monolith: {{targets: [{monolith}], timeouts: {{response: 20s, keepalive: 20s}}}}
  service: {{targets: [{service}], timeouts: {{response: 20s, keepalive: 20s}}}}
  shadowed: {{targets: [{service}], timeouts: {{response: 20s, keepalive: 20s}}}}
domains:
  served:
    service: service
    phase: extracted
    routes:
      - path: /api/sets/{{id:int}}/parts/{{part}}/**
        rewrite: {{template: "/v2/{{part}}/of/{{id}}/**"}}
      - {{path: /api/sets/**, rewrite: {{prefix: /v2/sets}}}}
      - {{path: /api/json/**, rewrite: {{prefix: /v2/json, json_urls: true}}}}
      - {{path: /plain/**}}
  safe:
    service: service
    phase: canary
    canary: {{weight: 100%}}
    shadow: {{sample: 0%}}
    routes: [{{path: /safe/**, rewrite: {{prefix: /v3, json_urls: true}}}}]
  shadowed:
    service: shadowed
    phase: shadow
    shadow: {{confirm: false}}
    routes: [{{path: /shadowed/**, rewrite: {{prefix: /v4, json_urls: true}}}}]
"""


class Site:
    """A proxy with a monolith and a service behind it, and one client."""

    def __init__(self, proxy: Proxy, monolith: Listener, service: Listener) -> None:
        self.proxy = proxy
        self.monolith = monolith
        self.service = service
        self._client: End | None = None

    def __repr__(self) -> str:
        return f"<Site {self.proxy!r}>"

    @property
    def client(self) -> End:
        if self._client is None:
            self._client = self.proxy.client()
        return self._client

    def ask(self, request: str, *fields: str) -> None:
        """Send a request such as `GET /path`."""
        lines = [f"{request} HTTP/1.1", "Host: shop.example", *fields]
        self.client.send("".join(f"{line}\r\n" for line in [*lines, ""]).encode())

    def heard(self, upstream: Listener) -> Message:
        """Receive a request at one of the upstreams."""
        return upstream.newest_or_accept().request()

    def answer(
        self, upstream: Listener, *fields: str, status: str = "200 OK", body: bytes = b""
    ) -> None:
        """Answer the request that was heard last there; `ITSELF` stands for the authority there."""
        own = f"127.0.0.1:{upstream.port}"
        lines = [f"HTTP/1.1 {status}", *fields]
        if not any(field.startswith("Transfer-Encoding") for field in fields):
            body = body.replace(b"ITSELF", own.encode())
            lines.append(f"Content-Length: {len(body)}")
        head = "".join(f"{line}\r\n" for line in [*lines, ""]).replace("ITSELF", own)
        upstream.newest.send(head.encode() + body)

    def settle(self) -> None:
        if self._client is not None:
            self._client.reset()
            self._client = None
        eventually(self._all_done, "nothing is under way")

    def _all_done(self) -> bool:
        self.monolith.settle()
        self.service.settle()
        gauges = ("strangler_open_connections", "strangler_shadow_copies_in_flight")
        return all(self.proxy.metric(gauge) == 0 for gauge in gauges)


@pytest.fixture(scope="module")
def _site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    monolith, service = Listener(), Listener()
    routes = ROUTES.format(monolith=monolith.url, service=service.url)
    with Proxy(tmp_path_factory.mktemp("rewrites"), routes) as proxy:
        yield Site(proxy, monolith, service)
    monolith.close()
    service.close()


@pytest.fixture
def site(_site: Site) -> Iterator[Site]:
    yield _site
    _site.settle()


# --- there --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "heard"),
    [
        ("/api/sets/17/parts/a%2Fb?x=%41&y", "/v2/a%2Fb/of/17?x=%41&y"),
        ("/api/sets/17/parts/..%252Fx/y//z/", "/v2/..%252Fx/of/17/y//z/"),
        ("/api//sets/./17/x/../parts/%7E", "/v2/%7E/of/17"),
        ("/api/sets/17/parts/..", "/v2/sets/17/"),
        ("/api/sets/new/parts/x", "/v2/sets/new/parts/x"),
        ("/api/sets", "/v2/sets"),
        ("/plain/x", "/plain/x"),
    ],
)
def test_the_service_is_asked_for_its_own_path(site: Site, asked: str, heard: str) -> None:
    site.ask(f"GET {asked}")

    assert site.heard(site.service).target == heard


@pytest.mark.parametrize("value", ["..%2Fx", "x%2f%2E.", "%2e%5Cx", "x%2f..%2Fy"])
def test_no_value_is_a_step_upwards_for_a_service_that_decodes_first(
    site: Site, value: str
) -> None:
    site.ask(f"GET /api/sets/17/parts/{value}")

    assert site.client.response().status == 400
    assert site.service.nobody_is_waiting()


def test_the_monolith_is_asked_for_the_path_as_it_came(site: Site) -> None:
    site.ask("GET /shadowed/x?y")

    assert site.heard(site.monolith).target == "/shadowed/x?y"


# --- back: fields -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("/v2/sets/18?x#y", "/api/sets/18?x#y"),
        ("/v2/a%2Fb/of/17", "/api/sets/17/parts/a%2Fb"),
        ("http://ITSELF/v2/sets/18", "http://shop.example/api/sets/18"),
        ("http://shop.example/v2/sets/18", "http://shop.example/api/sets/18"),
        ("https://shop.example/v2/sets/18", "https://shop.example/api/sets/18"),
        ("18", "/api/sets/18"),
        # What leaves the service's paths, or belongs to somebody else.
        ("/login?next=/v2/sets", "/login?next=/v2/sets"),
        ("http://ITSELF/login", "http://shop.example/login"),
        ("http://other.example/v2/sets", "http://other.example/v2/sets"),
        ("http://[broken/v2/sets", "http://[broken/v2/sets"),
    ],
)
def test_a_location_is_one_that_the_client_can_follow(site: Site, said: str, told: str) -> None:
    site.ask("POST /api/sets/", "Content-Length: 0")
    site.heard(site.service)
    site.answer(
        site.service, f"Location: {said}", f"content-location: {said}", status="201 Created"
    )
    answer = site.client.response()

    assert answer["Location"] == told
    assert answer["content-location"] == told


def test_it_is_followed_to_what_was_meant(site: Site) -> None:
    site.ask("POST /api/sets/17/parts/a", "Content-Length: 0")
    site.heard(site.service)
    site.answer(site.service, "Location: /v2/a%2fb/of/17/new", status="303 See Other")
    location = site.client.response()["Location"]
    site.ask(f"GET {location}")

    assert site.heard(site.service).target == "/v2/a%2fb/of/17/new"


@pytest.mark.parametrize("path", ["/plain/x", "/elsewhere"])
def test_no_client_hears_of_an_internal_address(site: Site, path: str) -> None:
    upstream = site.service if path == "/plain/x" else site.monolith
    site.ask(f"GET {path}")
    site.heard(upstream)
    site.answer(
        upstream,
        "Location: http://ITSELF/v2/sets?x",
        "Set-Cookie: a=b; Domain=127.0.0.1; Path=/v2/sets",
        status="302 Found",
    )
    answer = site.client.response()

    assert answer["Location"] == "http://shop.example/v2/sets?x"
    assert answer["Set-Cookie"] == "a=b; Path=/v2/sets"


def test_cookies_reach_what_they_were_meant_for(site: Site) -> None:
    site.ask("GET /api/sets/17/parts/a")
    site.heard(site.service)
    site.answer(
        site.service,
        "Set-Cookie: a=1; Path=/v2/a/of/17; Secure",
        "Set-Cookie: b=2; path=/v2; domain=127.0.0.1",
        "SET-COOKIE: c=3; Path=/",
        "Set-Cookie: __Host-d=4; Path=/; Secure",
        "Set-Cookie: e=5; Domain=example",
    )

    assert site.client.response().all("Set-Cookie") == [
        "a=1; Path=/api/sets/17/parts/a; Secure",
        "b=2; path=/api/sets",
        "c=3; Path=/",
        "__Host-d=4; Path=/; Secure",
        "e=5; Domain=example",
    ]


# --- back: bodies -------------------------------------------------------------------------------

JSON = "Content-Type: application/json"
SAID = b'{"self": "http://ITSELF/v2/json/1", "n": 1.0, "other": "http://other.example/v2/json"}'
TOLD = (
    b'{"self": "http://shop.example/api/json/1", "n": 1.0, "other": "http://other.example/v2/json"}'
)


def test_urls_in_a_json_body_are_mapped_and_its_fields_stay_true(site: Site) -> None:
    site.ask("GET /api/json/1")
    site.heard(site.service)
    site.answer(
        site.service, JSON, 'ETag: "1"', "Repr-Digest: sha-256=:AA==:", "X-Own: 1", body=SAID
    )
    answer = site.client.response()

    assert answer.body == TOLD
    assert answer["Content-Length"] == str(len(TOLD))
    assert answer["ETag"] == 'W/"1"'
    assert answer["X-Own"] == "1"
    assert "Repr-Digest" not in answer


def test_a_chunked_body_is_mapped_too_and_keeps_its_trailers(site: Site) -> None:
    site.ask("GET /api/json/1")
    site.heard(site.service)
    service = site.service.newest
    service.send(f"HTTP/1.1 200 OK\r\n{JSON}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
    body = SAID.replace(b"ITSELF", f"127.0.0.1:{site.service.port}".encode())
    for piece in (body[:30], body[30:]):
        service.send(b"%x\r\n%b\r\n" % (len(piece), piece))
    service.send(b"0\r\nX-Took: 1\r\nDigest: sha-256=AA==\r\n\r\n")
    answer = site.client.response()

    assert answer.body == TOLD
    assert answer.trailers == (("X-Took", "1"),)


def test_a_compressed_body_is_mapped_too(site: Site) -> None:
    body = gzip.compress(SAID.replace(b"ITSELF", f"127.0.0.1:{site.service.port}".encode()))
    site.ask("GET /api/json/1", "Accept-Encoding: gzip")
    site.heard(site.service)
    site.answer(site.service, JSON, "Content-Encoding: gzip", "Vary: Accept-Encoding", body=body)
    answer = site.client.response()

    assert answer.body == TOLD
    assert "Content-Encoding" not in answer
    assert answer["Vary"] == "Accept-Encoding"


def test_what_is_not_plain_json_passes_as_it_is(site: Site) -> None:
    body = SAID.replace(b"ITSELF", f"127.0.0.1:{site.service.port}".encode())
    for field in ("Content-Type: text/plain", f"{JSON}\r\nCache-Control: no-transform"):
        site.ask("GET /api/json/1")
        site.heard(site.service)
        site.answer(site.service, field, 'ETag: "1"', "Digest: sha-256=AA==", body=SAID)
        answer = site.client.response()

        assert answer.body == body
        assert (answer["ETag"], answer["Digest"]) == ('"1"', "sha-256=AA==")


def test_without_the_option_bodies_pass_as_they_are(site: Site) -> None:
    site.ask("GET /api/sets/1")
    site.heard(site.service)
    site.answer(site.service, JSON, 'ETag: "1"', body=SAID)
    answer = site.client.response()

    assert answer.body == SAID.replace(b"ITSELF", f"127.0.0.1:{site.service.port}".encode())
    assert answer["ETag"] == '"1"'


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_body_beyond_the_bound_passes_as_it_is_and_is_counted(site: Site, framing: str) -> None:
    body = SAID.replace(b"ITSELF", f"127.0.0.1:{site.service.port}".encode()) + b" " * 300_000
    before = site.proxy.metric("strangler_unmapped_bodies_total", route="/api/json/**")
    site.ask("GET /api/json/1")
    site.heard(site.service)
    service = site.service.newest
    if framing == "length":
        site.answer(site.service, JSON, body=body)
    else:
        service.send(f"HTTP/1.1 200 OK\r\n{JSON}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        service.send(b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))

    assert site.client.response().body == body
    assert site.proxy.metric("strangler_unmapped_bodies_total", route="/api/json/**") == before + 1


def test_head_and_304_tell_what_get_tells(site: Site) -> None:
    site.ask("HEAD /api/json/1")
    site.heard(site.service)
    site.service.newest.send(
        f'HTTP/1.1 200 OK\r\n{JSON}\r\nETag: "1"\r\nContent-Length: 99\r\n\r\n'.encode()
    )
    answer = site.client.response("HEAD")
    site.ask("GET /api/json/1", 'If-None-Match: W/"1"')
    assert site.heard(site.service)["If-None-Match"] == 'W/"1"'
    site.service.newest.send(b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n')

    assert answer["ETag"] == 'W/"1"'
    assert "Content-Length" not in answer
    assert site.client.response()["ETag"] == 'W/"1"'


def test_a_service_that_dies_in_the_middle_of_a_held_body_is_stood_in_for(site: Site) -> None:
    site.ask("GET /safe/x")
    assert site.heard(site.service).target == "/v3/x"
    site.service.newest.send(f"HTTP/1.1 200 OK\r\n{JSON}\r\nContent-Length: 9\r\n\r\n[".encode())
    site.service.newest.close()
    assert site.heard(site.monolith).target == "/safe/x"
    site.answer(site.monolith, JSON, "Location: /v3/x", body=b'["http://ITSELF/v3/x"]')
    answer = site.client.response()

    own = f"http://127.0.0.1:{site.monolith.port}"
    assert answer["Location"] == "/v3/x"
    assert json.loads(answer.body) == [f"{own}/v3/x"]


# --- compared -----------------------------------------------------------------------------------


def test_answers_are_compared_as_the_client_sees_them(site: Site) -> None:
    site.ask("GET /shadowed/1")
    site.heard(site.monolith)
    site.answer(
        site.monolith,
        JSON,
        "Content-Location: http://shop.example/shadowed/1",
        "Set-Cookie: a=1; Path=/shadowed",
        body=b'{"self": "http://shop.example/shadowed/1"}',
    )
    assert site.client.response().status == 200
    assert site.heard(site.service).target == "/v4/1"
    site.answer(
        site.service,
        JSON,
        "Content-Location: http://ITSELF/v4/1",
        "Set-Cookie: a=1; Path=/v4",
        body=b'{"self": "http://ITSELF/v4/1"}',
    )
    verdicts = "strangler_shadow_verdicts_total"
    eventually(lambda: site.proxy.metric(verdicts, route="/shadowed/**"), "a verdict")

    assert site.proxy.metric(verdicts, route="/shadowed/**", verdict="match") == 1
