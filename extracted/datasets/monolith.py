"""The monolith's partner feed, as its HTTP client sees it."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import BinaryIO

import httpx2
import orjson

from extracted.datasets.contents import pieces_of
from extracted.datasets.model import CHANGES, Event

BATCH = 200  # events asked for at once

# A monolith that is there accepts at once; one that is not must not hold up a write for long.
TIMEOUT = httpx2.Timeout(10.0, connect=1.0)


class MonolithError(Exception):
    """The monolith cannot be reached, or does not answer as agreed; says which step failed."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some events in order; the number up to which that is all; the newest number there is."""

    events: tuple[Event, ...]
    reached: int
    last: int


class Monolith:
    """The four calls of the partner feed; each raises `MonolithError` and nothing else."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._client = httpx2.AsyncClient(
            base_url=url,
            headers={"X-Internal-Token": token},
            timeout=TIMEOUT,
            trust_env=False,  # a proxy of the environment is not meant for a neighbour
        )

    def __repr__(self) -> str:
        return f"<Monolith {self._url}>"

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def outbox(self, after: int, wait: float = 0.0) -> Page:
        """Ask for the events after a number, waiting up to `wait` seconds for the first one."""
        query = {"after": str(after), "limit": str(BATCH), "wait": f"{wait:g}"}
        with _mapped("reading the outbox"):
            response = await self._client.get("/internal/outbox", params=query)
            response.raise_for_status()
            page = orjson.loads(response.content)
            return Page(
                # A partner may publish other domains' topics; they are passed over.
                tuple(Event.from_wire(row) for row in page["events"] if row["topic"] in CHANGES),
                reached=max((int(row["number"]) for row in page["events"]), default=after),
                last=int(page["last"]),
            )

    @asynccontextmanager
    async def content(self, sha256: str) -> AsyncIterator[AsyncIterator[bytes] | None]:
        """Stream the content of a file; None if the monolith does not have it any more."""
        with _mapped(f"fetching the content {sha256}"):
            async with self._client.stream("GET", f"/internal/files/{sha256}") as response:
                if response.status_code == 404:
                    yield None
                else:
                    response.raise_for_status()
                    yield response.aiter_raw()

    async def take(self, events: Sequence[Event]) -> list[str]:
        """Hand over changes that were made here; give the hashes of contents to send first."""
        body = orjson.dumps({"events": [event.to_wire() for event in events]})
        with _mapped("importing changes"):
            response = await self._client.post(
                "/internal/datasets/import",
                content=body,
                headers={"Content-Type": "application/json"},
            )
            response.raise_for_status()
            missing: list[str] = orjson.loads(response.content).get("missing", [])
            return missing

    async def take_content(self, sha256: str, file: BinaryIO) -> None:
        """Hand over the content of a file."""
        with _mapped(f"sending the content {sha256}"):
            response = await self._client.put(f"/internal/files/{sha256}", content=pieces_of(file))
            response.raise_for_status()


@contextmanager
def _mapped(step: str) -> Iterator[None]:
    try:
        yield
    except (httpx2.HTTPError, KeyError, TypeError, ValueError) as error:
        raise MonolithError(f"{step}: {error!r}") from error
