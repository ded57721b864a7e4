"""Measures `strangler plan` as operators meet it: a thousand routes, ten thousand recorded heads.

`.venv/bin/python -m tests.bench.plan` makes a store, runs the verb a few times as a process of its
own, and prints how long each took, the start of Python included. To reach: two seconds.
"""

import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from strangler.http.message import RequestHead
from strangler.http.target import parse_target
from strangler.migration.recording import Hashing, HeadRecorder
from strangler.routing.compile import load
from strangler.store.records import HeadSample, TrafficReport
from strangler.store.store import Store

DOMAINS, ROUTES, HEADS, RUNS = 20, 50, 10_000, 5
KEY = "a key of the bench's own"
SCRIPT = Path(sys.executable).with_name("strangler")


def routes_text(weight: str, added: int = 0) -> str:
    """Write a table of a thousand routes of every kind, half of the domains in the canary."""
    shapes = ["/api/d{d}/r{i}", "/api/d{d}/r{i}/{{id:int}}", "/api/d{d}/r{i}/{{id}}/files/**"]
    shapes.append("/api/d{d}/r{i}/**")
    domains: dict[str, Any] = {}
    for d in range(DOMAINS):
        routes = [{"path": shapes[i % 4].format(d=d, i=i)} for i in range(ROUTES)]
        routes += [{"path": f"/api/d{d}/new{i}"} for i in range(added)]
        domains[f"d{d}"] = {
            "service": "new",
            "phase": "canary" if d % 2 else "shadow",
            "canary": {"weight": weight, "key": "header:x-user"},
            "routes": routes,
        }
    upstreams = {
        name: {"targets": [f"http://127.0.0.1:{port}"]} for name, port in (("old", 1), ("new", 2))
    }
    whole = {"version": 1, "upstreams": upstreams, "monolith": "old", "domains": domains}
    return yaml.safe_dump(whole, sort_keys=False)


def heads(draw: random.Random, number: int) -> RequestHead:
    """Make up one request: nearly all are claimed, a few are not."""
    d, i = draw.randrange(DOMAINS), draw.randrange(ROUTES)
    path = draw.choice(
        [f"/api/d{d}/r{i}", f"/api/d{d}/r{i}/{number}", f"/api/d{d}/r{i}/x{number}/files/a", "/old"]
    )
    fields = [(b"Host", b"shop.example"), (b"X-User", str(number).encode())]
    method = draw.choice(["GET", "GET", "POST"])
    return RequestHead(method, parse_target(f"{path}?page=2".encode()), "shop.example", fields)


async def make_store(url: str) -> None:
    """Make the table live and record the heads, an hour of them."""
    draw, now = random.Random(1), datetime.now(UTC)
    text = routes_text("10%")
    table, hashing = load(text), Hashing(KEY.encode())
    recorder = HeadRecorder(table, hashing)
    samples = [
        HeadSample(now - timedelta(hours=number / HEADS), "bench", 7.5, hashing.fingerprint, head)
        for number in range(HEADS)
        if (head := recorder.record(heads(draw, number), "192.0.2.1")) is not None
    ]
    store = await Store.open(url, migrate=True)
    try:
        await store.add_revision(
            text=text,
            digest=table.digest,
            actor="bench",
            reason="begin",
            at=now,
            transitions=[],
            previous=None,
        )
        await store.add_traffic(TrafficReport(tuple(samples)), now)
    finally:
        await store.close()


def measure(directory: Path) -> list[float]:
    """Give the seconds that each run of `strangler plan` took."""
    url = f"sqlite:///{directory}/bench.db"
    asyncio.run(make_store(url))
    file = directory / "new.yaml"
    file.write_text(routes_text("25%", added=2))
    environment = {**os.environ, "STRANGLER_REDACTION_KEY": KEY, "STRANGLER_STORE": url}
    took = []
    for _ in range(RUNS):
        began = time.perf_counter()
        done = subprocess.run(
            [SCRIPT, "plan", str(file)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        took.append(time.perf_counter() - began)
        if done.returncode != 2 or f"by {HEADS:,} recorded heads" not in done.stdout:
            raise SystemExit(f"the plan is not what it should be:\n{done.stdout}{done.stderr}")
    return took


def main() -> None:
    """Measure in a directory of its own, and print."""
    with tempfile.TemporaryDirectory(prefix="plan-") as directory:
        took = measure(Path(directory))
    listed = ", ".join(f"{seconds:.2f}" for seconds in sorted(took))
    sys.stdout.write(f"strangler plan, {DOMAINS * ROUTES:,} routes, {HEADS:,} heads: {listed} s\n")


if __name__ == "__main__":
    main()
