"""strangler as it runs at work, and the proxy that everyone writes first."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.bench.peers.running import Running
from tests.processes import Program
from tests.wire.proxy import Proxy

ROUTES = 500
HEAD = """\
version: 1
upstreams:
  monolith:
    targets: [{origin}]
    health: {{path: /healthz, interval: 1s}}
  service:
    targets: [{origin}]
    health: {{path: /healthz, interval: 1s}}
monolith: monolith
domains:
  datasets:
    service: service
    phase: {phase}
    shadow: {{sample: 100%}}
    routes:
      - path: /api/v1/datasets
      - path: /api/v1/datasets/{{id:int}}
      - path: /api/v1/datasets/{{id:int}}/files/**
      - path: /api/v1/datasets/search
  others:
    service: service
    phase: monolith
    routes:
"""
COMPARED = """\
version: 1
monolith: monolith
upstreams:
  monolith: {{targets: ["{monolith}"]}}
  service: {{targets: ["{service}"]}}
domains:
  datasets:
    service: service
    phase: shadow
    shadow: {{sample: 100%, confirm: false}}
    routes: [{{path: {path}}}]
"""
SHAPES = ("", "/{id:int}", "/{id}/files/**", "/search")


def routes(origin: str, phase: str, count: int = ROUTES) -> str:
    """Write a routes.yaml of `count` routes: collections, their members, and what is below."""
    more = (f"/api/v1/things{n // 4}{SHAPES[n % 4]}" for n in range(count - len(SHAPES)))
    lines = "".join(f"      - path: {path}\n" for path in more)
    return HEAD.format(origin=origin, phase=phase) + lines


def compared(monolith: str, service: str, path: str) -> str:
    """Write a routes.yaml by which each answer on one path is compared, and nobody asked anew."""
    return COMPARED.format(monolith=monolith, service=service, path=path)


@contextmanager
def strangler(directory: Path, origin: str, *, shadowed: bool) -> Iterator[Running]:
    """Start strangler with its 500 routes; its metrics are scraped while it is measured."""
    directory.mkdir()
    with Proxy(directory, routes(origin, "shadow" if shadowed else "monolith")) as proxy:

        def share() -> str:
            copies = "strangler_shadow_copies_total"
            answered = proxy.metric(copies, outcome="answered")
            return f"{answered / (proxy.metric(copies) or 1):.1%} of the copies were compared"

        yield Running(
            "strangler-shadowed" if shadowed else "strangler",
            proxy.program.port,
            tree(proxy.program),
            lambda: proxy.get("/metrics"),
            share if shadowed else str,
        )


@contextmanager
def naive(origin: str) -> Iterator[Running]:
    """Start the proxy of `naive.py`."""
    with Program(
        "uvicorn", "tests.bench.peers.naive:app", "--port", "0", "--no-access-log",
        ready=r"running on (?P<url>http://\S+:(?P<port>\d+))", environment={"ORIGIN": origin},
    ) as program:  # fmt: skip
        yield Running("naive", program.port, tree(program))


def tree(program: Program) -> psutil.Process:
    """The first process of a program that runs."""
    assert program.process is not None
    return psutil.Process(program.process.pid)
