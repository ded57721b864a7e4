"""Performs the keeping of a name's addresses, and decides in which order they are tried.

`getaddrinfo` says nothing of how long an answer holds, so it is asked again every so often, in the
background; a request waits for an answer only where none has come yet. A resolver that fails takes
nothing away: addresses are believed until another answer comes.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from itertools import chain, zip_longest

import structlog

from strangler.proxy.surroundings import Surroundings

log = structlog.get_logger()

ASK_AGAIN = 1.0
"""Seconds after which a resolver that failed is asked again."""


def in_order(known: Sequence[str], slow: Collection[str], turn: int) -> list[str]:
    """Decide in which order addresses are tried.

    The families take turns, beginning with the one that the resolver put first (RFC 8305 section
    4). Within a family each address is first in its `turn`, so that connections spread over the
    machines behind a name. Those that were slow to answer the last time come last.
    """
    quick = [address for address in known if address not in slow]
    return [*_interleaved(quick, turn), *(address for address in known if address in slow)]


def _interleaved(addresses: Sequence[str], turn: int) -> list[str]:
    families: dict[bool, list[str]] = {}
    for address in addresses:
        families.setdefault(":" in address, []).append(address)
    turned = [_turned(family, turn) for family in families.values()]
    return [address for address in chain(*zip_longest(*turned)) if address is not None]


def _turned(family: list[str], turn: int) -> list[str]:
    start = turn % len(family)
    return family[start:] + family[:start]


class Addresses:
    """Where one host name leads."""

    __slots__ = (
        "_asking",
        "_changed",
        "_error",
        "_failure",
        "_host",
        "_known",
        "_port",
        "_slow",
        "_stale_at",
        "_surroundings",
        "_turn",
    )

    def __init__(
        self,
        host: str,
        port: int,
        surroundings: Surroundings,
        changed: Callable[[Collection[str]], None],
    ) -> None:
        """Know nothing yet; `changed` is told every answer that differs from the one before."""
        self._host = host
        self._port = port
        self._surroundings = surroundings
        self._changed = changed
        self._known: tuple[str, ...] = ()
        self._slow: set[str] = set()
        self._turn = 0
        self._stale_at = 0.0
        self._failure = ""
        self._error: OSError | None = None
        self._asking: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        """Show the name and where it leads."""
        return f"<Addresses {self._host} {list(self._known)}>"

    async def to_try(self) -> list[str]:
        """Give the addresses in the order to try. Raises `OSError` where none was ever known."""
        if not self._known:
            # Others may wait for the same answer: whoever gives up leaves it to them.
            await asyncio.shield(self._ask())
            if not self._known:
                raise OSError(f"{self._host}: {self._failure}") from self._error
        self._turn += 1
        return in_order(self._known, self._slow, self._turn - 1)

    def answered(self, address: str, before: Collection[str]) -> None:
        """Take note which address stood first, and which had been tried `before` it."""
        self._slow.update(before)
        self._slow.discard(address)

    def keep_fresh(self, now: float, interval: float) -> None:
        """Ask in the background, if the last answer is `interval` seconds old."""
        if now >= self._stale_at and self._asking is None:
            self._stale_at = now + interval
            self._ask()

    def _ask(self) -> asyncio.Task[None]:
        if self._asking is None:
            self._asking = self._surroundings.spawn(self._learn())
        return self._asking

    async def _learn(self) -> None:
        try:
            answer = tuple(await self._surroundings.resolve(self._host, self._port))
        except OSError as error:
            self._failed(str(error), error)
        else:
            if answer:
                self._answered(answer)
            else:
                self._failed("it has no address")
        finally:
            self._asking = None

    def _failed(self, why: str, error: OSError | None = None) -> None:
        self._error = error
        self._stale_at = min(self._stale_at, self._surroundings.clock() + ASK_AGAIN)
        if not self._failure:  # said once, until an answer comes
            log.warning("resolving_failed", host=self._host, why=why, kept=self._known)
        self._failure = why

    def _answered(self, answer: tuple[str, ...]) -> None:
        self._failure = ""
        self._slow.clear()  # once in a while each may show that it is quick again
        before, self._known = self._known, answer
        if set(before) != set(answer):
            self._changed(answer)
