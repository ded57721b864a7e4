"""Asks upstreams for changes that are still on their way between the two sides of a domain.

Whatever is not a plain zero is something in the way, and is said in words: an endpoint that lies,
hangs or is gone must not let a writer move.
"""

import asyncio
import math
from dataclasses import dataclass
from typing import Any

import httpx2
import orjson

from strangler.proxy.pem import TlsError
from strangler.proxy.upstream_context import client_context, files_of, read_contents
from strangler.routing.table import LagProbe, RouteTable, Target

LARGEST = 64 * 1024
"""Octets of an answer that are read: a number needs twenty."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one target said: the changes that are on their way, or why that is not known."""

    asked: str
    changes: float | None
    trouble: str = ""

    @property
    def settled(self) -> bool:
        """Whether nothing is on its way."""
        return self.changes == 0

    def __str__(self) -> str:
        """Say it for people."""
        if self.changes is None:
            return f"the lag probe {self.asked} {self.trouble}"
        return f"the lag probe {self.asked} reports {self.changes:g} unconsumed changes"


async def ask_lag(probe: LagProbe, table: RouteTable) -> list[Reading]:
    """Ask every target of the probe's upstream, all at once."""
    targets = table.upstreams[probe.upstream].targets
    return await asyncio.gather(*(_ask(probe, target) for target in targets))


async def _ask(probe: LagProbe, target: Target) -> Reading:
    url = f"{target}{probe.path}"
    try:
        async with asyncio.timeout(probe.timeout):
            status, content = await _get(url, target)
    except TimeoutError:
        return Reading(url, None, f"did not answer within {probe.timeout:g} s")
    except (httpx2.HTTPError, OSError, TlsError) as error:
        return Reading(url, None, f"failed: {error or type(error).__name__}")
    if status != 200:
        return Reading(url, None, f"answered {status}")
    return read_lag(url, content, probe.member)


async def _get(url: str, target: Target) -> tuple[int, bytes]:
    verify: Any = True
    extensions = {}
    if target.tls is not None:
        files = files_of(target.tls)
        verify = client_context(files, await asyncio.to_thread(read_contents, files))
        extensions = {"sni_hostname": target.tls.server_name}
    content = bytearray()
    async with (
        httpx2.AsyncClient(verify=verify, trust_env=False, timeout=None) as client,
        client.stream("GET", url, extensions=extensions) as answer,
    ):
        async for piece in answer.aiter_raw(LARGEST):
            content += piece
            if len(content) > LARGEST:
                break
    return answer.status_code, bytes(content)


def read_lag(asked: str, content: bytes, member: str | None) -> Reading:
    """Read an answer: a number from 0 on, alone or in `member` of a JSON object."""
    if len(content) > LARGEST:
        return Reading(asked, None, f"answered more than {LARGEST} octets")
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError:
        return Reading(asked, None, f"answered {_shown(content)}, which is no number")
    if member is not None:
        if not isinstance(value, dict) or member not in value:
            return Reading(asked, None, f"answered {_shown(content)}, which has no {member!r}")
        value = value[member]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return Reading(asked, None, f"answered {_shown(content)}, which is no number")
    if value < 0:
        return Reading(asked, None, f"answered {value:g}, which is less than nothing")
    return Reading(asked, float(value))


def _shown(content: bytes) -> str:
    text = content[:40].decode("utf-8", "replace")
    return repr(text) if len(content) <= 40 else f"{text!r}…"
