"""Short ways to write a request and a `routes.yaml`."""

from typing import Any

import yaml

from strangler.http.message import RequestHead
from strangler.http.target import parse_target
from strangler.routing.compile import load
from strangler.routing.mistakes import RoutesError
from strangler.routing.table import RouteTable

SAMPLE = """\
# yaml-language-server: $schema=https://…/routes.schema.json   (written by `strangler schema`)
version: 1

upstreams:
  monolith:
    targets: [http://127.0.0.1:9000]
    health: {path: /healthz, interval: 5s}
    timeouts: {connect: 2s, response: 30s, idle: 60s}
  datasets:
    targets: [http://127.0.0.1:9101, http://127.0.0.1:9102]

monolith: monolith

domains:
  datasets:
    service: datasets
    phase: canary
    canary: {weight: 10%, key: "header:x-user-id"}
    shadow:
      sample: 25%
      ignore: ["$.items[*].updated_at", "header:date"]
      unordered: ["$.tags"]
      writes: skip                     # or read-back, or dry-run
    routes:
      - path: /api/v1/datasets         # exact
      - path: /api/v1/datasets/{id:int}
        methods: [GET]
      - path: /api/v1/datasets/{id}/files/**   # this segment boundary and below
        phase: shadow                  # its reads lag behind the domain's
      - path: /api/v1/datasets/search
        methods: [POST]
        effect: read                   # a POST that only asks
        rewrite: {prefix: /files}
"""
"""The sample of the design, word for word."""


def ask(method: str, target: str, host: str = "shop.example.org", **headers: str) -> RequestHead:
    """Write a request; `x_user_id="7"` is the header `X-User-Id: 7`."""
    fields = [(name.replace("_", "-").title(), value) for name, value in headers.items()]
    raw = [(name.encode(), value.encode("latin-1")) for name, value in fields]
    return RequestHead(method, parse_target(target.encode()), host, raw)


def document(routes: list[dict[str, Any]], **domain: Any) -> dict[str, Any]:
    """Write a file with one domain `d` of these routes as data."""
    return {
        "version": 1,
        "upstreams": {
            "old": {"targets": ["http://127.0.0.1:9000"]},
            "new": {"targets": ["http://127.0.0.1:9101"]},
        },
        "monolith": "old",
        "domains": {"d": {"service": "new", **domain, "routes": routes}},
    }


def table_of(routes: list[dict[str, Any]], **domain: Any) -> RouteTable:
    """Compile a file with one domain `d` of these routes."""
    return load(yaml.safe_dump(document(routes, **domain), sort_keys=False))


def mistakes_in(text: str | bytes) -> list[str]:
    """List the mistakes of a text, as people see them."""
    try:
        load(text)
    except RoutesError as error:
        return [str(mistake) for mistake in error.mistakes]
    return []
