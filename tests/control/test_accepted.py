"""What somebody accepted counts as equal for gates, for as long as it is accepted."""

from datetime import timedelta

from strangler.compare.state import FindingState
from strangler.control.gates import read_evidence
from strangler.migration.evidence import Compared, together
from strangler.routing.compile import load
from strangler.routing.phase import Phase
from strangler.store.records import StateChange
from strangler.store.store import Store
from tests.store.sample import NOON, SIGNATURE, batch, mismatch, observation, sighting

TABLE = load("""\
version: 1
upstreams:
  monolith: {targets: [http://127.0.0.1:9000]}
  datasets: {targets: [http://127.0.0.1:9101]}
monolith: monolith
domains:
  datasets:
    service: datasets
    phase: shadow
    routes: [{path: /api/v1/datasets, methods: [GET]}]
""")
HOUR = timedelta(hours=1)
OTHER = "aaaa"


async def compared(store: Store, hours: float = 0) -> Compared:
    now = NOON + hours * HOUR
    domain = TABLE.domains["datasets"]
    evidence = await read_evidence(store, domain, Phase.SHADOW, None, now)
    return together(evidence.compared.values())


async def say(store: Store, id_: str, state: FindingState, until: float | None = None) -> None:
    ends = None if until is None else NOON + until * HOUR
    await store.say(id_, StateChange(NOON, "ada", "because", state, ends))


async def test_a_mismatch_of_accepted_findings_alone_is_excused_also_afterwards(
    store: Store,
) -> None:
    both = (sighting(), sighting(signature=OTHER, kind="missing", paths=("$.of_aaaa",)))
    mixed = observation(2, verdict="mismatch", sightings=both)
    await store.record(batch(observation(), mismatch(1), mixed))
    assert await compared(store) == Compared(agreed=1, mismatched=2)

    await say(store, SIGNATURE, FindingState.ACCEPTED)
    assert await compared(store) == Compared(agreed=1, mismatched=1, accepted=1)
    await say(store, OTHER, FindingState.ACCEPTED, until=1)
    assert await compared(store) == Compared(agreed=1, accepted=2)
    assert await compared(store, hours=2) == Compared(agreed=1, mismatched=1, accepted=1)
    await say(store, SIGNATURE, FindingState.OPEN)
    assert await compared(store, hours=2) == Compared(agreed=1, mismatched=2)


async def test_noise_beside_an_accepted_finding_does_not_matter(store: Store) -> None:
    seen = (sighting(), sighting(noise=True, paths=("$.at",)))
    await store.record(batch(observation(verdict="mismatch", sightings=seen)))
    await say(store, SIGNATURE, FindingState.ACCEPTED)

    assert await compared(store) == Compared(accepted=1)


async def test_a_mismatch_of_more_findings_than_are_told_is_never_excused(store: Store) -> None:
    five = tuple(sighting(signature=f"{n:04x}", paths=(f"$.p{n}",), kind=f"k{n}") for n in range(5))
    await store.record(batch(observation(verdict="mismatch", sightings=five)))
    for one in five:
        await say(store, one.signature, FindingState.ACCEPTED)

    assert await compared(store) == Compared(mismatched=1)
