"""Tables whose upstreams speak TLS, and what a proxy before them has counted."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import yaml

from strangler.proxy.failure import Cause, Stage
from strangler.routing.compile import load
from strangler.routing.table import RouteTable
from tests.proxy.living import Proxy, Upstream, proxy, upstream

CONNECTING = Stage.CONNECTING.value
UNTRUSTED = {(CONNECTING, Cause.UNTRUSTED.value): 1}
HANDSHAKE = {(CONNECTING, Cause.HANDSHAKE.value): 1}


def table(*targets: str, tls: dict[str, Any] | None = None, **more: Any) -> RouteTable:
    return load(
        yaml.safe_dump(
            {
                "version": 1,
                "upstreams": {
                    "old": {"targets": list(targets), **({"tls": tls} if tls else {}), **more}
                },
                "monolith": "old",
            }
        )
    )


def two_upstreams(old: Upstream, new: Upstream, tls: dict[str, Any], **domain: Any) -> RouteTable:
    """Compile a table whose service speaks TLS."""
    service = {"targets": [f"https://localhost:{new.port}"], "tls": tls}
    return load(
        yaml.safe_dump(
            {
                "version": 1,
                "upstreams": {"old": {"targets": [str(old.target)]}, "new": service},
                "monolith": "old",
                "domains": {"d": {"service": "new", "routes": [{"path": "/d/**"}], **domain}},
            }
        )
    )


@asynccontextmanager
async def before(
    server: ssl.SSLContext | None, host: str = "localhost", **tls: Any
) -> AsyncIterator[tuple[Proxy, Upstream]]:
    """Run a proxy before one upstream that speaks TLS."""
    async with (
        upstream(tls=server) as old,
        proxy(table(f"https://{host}:{old.port}", tls=tls)) as running,
    ):
        yield running, old


def failures(running: Proxy) -> dict[tuple[str, str], int]:
    counted = running.plane.counters.failures
    return {(stage, cause): count for (_, stage, cause), count in counted.items()}
