"""The autopilot on a real store: it writes the ledger that a person would, once for the fleet."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from strangler.control.autopilot import ACTOR, Autopilot
from strangler.control.live import LiveTable
from strangler.control.saved_file import SavedFile
from strangler.store.observed import Observation
from strangler.store.records import LedgerEntry
from strangler.store.store import Store
from tests.control.test_live import a_replica, begin
from tests.store.sample import batch

ROUTES = """\
version: 1
upstreams:
  old: {targets: [http://127.0.0.1:9000]}
  new: {targets: [http://127.0.0.1:9101]}
monolith: old
domains:
  books:
    service: new
    phase: PHASE   # so far
    canary: {weight: 10%}
    autopilot: {steps: [1%, 50%], hold: 1s}
    routes: [{path: /books}]
  users: {service: new, phase: shadow, routes: [{path: /users}]}
"""
FAR = 1000


def later(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


class Flight:
    """A replica with an autopilot and a file."""

    def __init__(self, store: Store, file: Path) -> None:
        self.store = store
        self.file = file
        self.live: LiveTable
        self.saved: SavedFile
        self.autopilot: Autopilot

    def __repr__(self) -> str:
        return f"<Flight {self.file}>"

    async def begin(self, phase: str, weight: str = "10%") -> None:
        self.file.write_text(ROUTES.replace("PHASE", phase).replace("10%", weight))
        self.live = a_replica(self.store)
        self.saved = await begin(self.store, self.live, self.file)
        self.autopilot = Autopilot(self.store, self.live, self.saved)

    async def look(self, seconds: float) -> None:
        """Look, that much later than now, and follow what is live then."""
        await self.autopilot.look(later(seconds))
        await self.live.begin()

    async def answer(self, outcome: str, count: int, revision: int, bucket: int = 40) -> None:
        await self.store.add_answers(
            {
                ("books", "/books", revision, "service", "GET", outcome, bucket): count,
                ("books", "/books", revision, "monolith", "GET", "2xx", 40): count,
            },
            datetime.now(UTC),
        )

    async def agree(self, domain: str, revision: int) -> None:
        seen = Observation(
            later(0), domain, f"/{domain}", revision, "match", method="GET", status="2xx"
        )
        await self.store.record(batch(*[seen] * 600))

    async def newest(self) -> LedgerEntry:
        (entry,) = await self.store.history("books", 1)
        return entry


@pytest.fixture
def flight(store: Store, tmp_path: Path) -> Flight:
    return Flight(store, tmp_path / "routes.yaml")


async def test_it_goes_on_when_the_gate_opens_with_the_evidence_and_in_the_file(
    flight: Flight,
) -> None:
    await flight.begin("shadow")
    await flight.look(5)
    assert (await flight.newest()).revision == 1, "without evidence nothing moves"

    await flight.agree("books", 1)
    await flight.look(5)
    entry = await flight.newest()
    move = entry.transition
    assert (entry.actor, entry.forced, move.to_phase, move.detail) == (
        ACTOR,
        False,
        "canary",
        "weight 1%",
    )
    assert move.evidence is not None
    assert move.evidence["outcome"] == "open"
    text = flight.file.read_text()
    assert "phase: canary   # so far" in text
    assert text == flight.live.revision.text

    await flight.look(5)
    assert (await flight.newest()).revision == 2, "another step asks for other evidence"
    await flight.answer("2xx", 5000, revision=2)
    await flight.look(9)
    assert (await flight.newest()).transition.detail == "weight 1% → 50%"


async def test_a_domain_that_did_not_ask_for_it_is_left_alone(flight: Flight) -> None:
    await flight.begin("shadow")
    await flight.agree("users", 1)
    await flight.look(5)
    assert len(await flight.store.revisions()) == 1


async def test_a_breach_is_answered_by_a_step_back_and_then_by_rest(flight: Flight) -> None:
    await flight.begin("canary")
    await flight.answer("2xx", 100, revision=1)
    await flight.look(0)
    await flight.answer("failed", 10, revision=1)
    await flight.look(1)

    entry = await flight.newest()
    assert (entry.actor, entry.transition.to_phase) == (ACTOR, "shadow")
    assert "10 of 10 (100.00%) requests to the service failed within 60 s" in entry.reason

    await flight.agree("books", FAR)
    await flight.look(3600)
    assert (await flight.newest()).revision == 2, "it waits for a person"


async def test_a_service_that_becomes_slow_is_a_breach(flight: Flight) -> None:
    await flight.begin("canary")
    await flight.answer("2xx", 1000, revision=1)
    await flight.look(0)
    await flight.answer("2xx", 20, revision=1, bucket=120)
    await flight.look(1)

    entry = await flight.newest()
    assert (entry.actor, entry.transition.to_phase) == (ACTOR, "shadow")
    assert "the 0.95 quantile of the service's latency within 60 s is at least" in entry.reason


async def test_what_was_before_its_first_look_is_no_breach_of_now(flight: Flight) -> None:
    await flight.begin("canary")
    await flight.answer("failed", 1000, revision=1)
    await flight.look(0)
    await flight.look(1)
    assert (await flight.newest()).revision == 1


async def test_an_old_calm_does_not_hide_a_breach_of_now(flight: Flight) -> None:
    await flight.begin("canary", weight="50%")  # the last step
    await flight.look(0)
    await flight.answer("2xx", 1_000_000, revision=1)
    await flight.look(1)
    await flight.look(120)
    await flight.answer("fallback", 20, revision=1)
    await flight.look(121)
    assert (await flight.newest()).transition.to_phase == "shadow"


async def test_of_several_replicas_one_moves_the_domain(flight: Flight) -> None:
    await flight.begin("shadow")
    other = a_replica(flight.store)
    await other.begin()
    await flight.agree("books", 1)
    await asyncio.gather(
        flight.autopilot.look(later(5)), Autopilot(flight.store, other).look(later(5))
    )
    assert len(await flight.store.revisions()) == 2


async def test_a_file_with_changes_of_its_own_is_not_written(flight: Flight) -> None:
    await flight.begin("shadow")
    edited = flight.file.read_text() + "# a thought\n"
    flight.file.write_text(edited)
    await flight.agree("books", 1)
    await flight.look(5)
    assert (await flight.newest()).transition.to_phase == "canary"
    assert flight.file.read_text() == edited
