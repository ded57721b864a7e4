"""Performs the keeping of TLS contexts for upstreams, and their renewal when files change.

A file that is missing or bad stops the connections it is for, and nothing else. Files are looked at
every few seconds; new connections use what is new, the others go on.
"""

import asyncio
import ssl
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeAlias

import structlog

from strangler.proxy.pem import TlsError
from strangler.proxy.upstream_context import (
    Contents,
    Files,
    client_context,
    files_of,
    read_contents,
)
from strangler.routing.table import RouteTable, Target

log = structlog.get_logger()

LOOK = 2.0
"""Seconds between two looks at the files: a certificate is renewed weeks before it expires, but one
that was put in place to mend something is waited for."""

Spawn: TypeAlias = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


class _Kept:
    """One context, or why there is none; `ready` is done once it was tried for the first time."""

    __slots__ = ("_files", "contents", "context", "problem", "ready")

    def __init__(self, files: Files, spawn: Spawn) -> None:
        self._files = files
        self.contents: Contents | None = None
        self.context: ssl.SSLContext | None = None
        self.problem: OSError | None = None
        self.ready = spawn(self.renew())

    def __repr__(self) -> str:
        return f"<_Kept {self._files} {self.problem or 'fine'}>"

    async def renew(self) -> None:
        """Look at the files, and make a context of what is new in them."""
        # Beside the loop: disks may be slow, and a system's CAs take OpenSSL some 30 ms.
        try:
            made = await asyncio.to_thread(self._made)
        except OSError as error:  # of the files, or because no descriptor is left to read them
            self._complain(error)
            return
        if made is not None:
            renewed = self.context is not None
            self.contents, self.context = made
            log.info(
                "upstream_tls_reloaded" if renewed else "upstream_tls_loaded", files=self._named()
            )
        self.problem = None

    def _made(self) -> tuple[Contents, ssl.SSLContext] | None:
        contents = read_contents(self._files)
        if contents == self.contents:
            return None
        return contents, client_context(self._files, contents)

    def _complain(self, problem: OSError) -> None:
        """Say once what is wrong; a context that there was stays in use."""
        if str(problem) != str(self.problem):
            in_use = self.context is not None
            log.error("upstream_tls_refused", said=str(problem), another_in_use=in_use)
        self.problem = problem

    def _named(self) -> list[str]:
        return [path for path in self._files[:3] if path is not None]


class UpstreamTls:
    """The contexts of all upstreams of the live table."""

    __slots__ = ("_kept", "_looking", "_spawn")

    def __init__(self, spawn: Spawn) -> None:
        """Keep nothing yet; `spawn` runs something beside the exchanges."""
        self._spawn = spawn
        self._kept: dict[Files, _Kept] = {}
        self._looking: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        """Show what is kept."""
        return f"<UpstreamTls {list(self._kept.values())}>"

    def follow(self, table: RouteTable) -> None:
        """Get ready for the https targets of a table, and forget what only others had."""
        wanted = set(_files_in(table))
        for files in self._kept.keys() - wanted:
            del self._kept[files]
        for files in wanted:
            self._keep(files)
        if wanted and self._looking is None:
            self._looking = self._spawn(self._look())

    async def arguments(self, target: Target) -> dict[str, Any]:
        """Give what `create_connection` needs for a target besides its address.

        Raises `TlsError` where its files cannot be used.
        """
        if target.tls is None:
            return {}
        kept = self._keep(files_of(target.tls))
        if kept.context is None:
            await asyncio.shield(kept.ready)
        if kept.context is None:
            raise TlsError("TLS", str(kept.problem)) from kept.problem
        # Python sends no SNI for an address (RFC 6066 section 3), and verifies it as one.
        return {"ssl": kept.context, "server_hostname": target.tls.server_name}

    def _keep(self, files: Files) -> _Kept:
        kept = self._kept.get(files)
        if kept is None:
            kept = self._kept[files] = _Kept(files, self._spawn)
        return kept

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK)
            for kept in list(self._kept.values()):
                await kept.renew()


def _files_in(table: RouteTable) -> Iterator[Files]:
    for upstream in table.upstreams.values():
        for target in upstream.targets:
            if target.tls is not None:
                yield files_of(target.tls)
