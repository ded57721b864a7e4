"""Every path of a route belongs to exactly one finding, whatever the order and the mixture."""

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from strangler.compare.finding import signature, spot
from strangler.store.grouping import Grouped, group, without
from strangler.store.observed import Observation
from strangler.store.tally import tally
from tests.store.sample import batch, example, observation, sighting

PATHS = st.sets(st.sampled_from(["$.a", "$.b", "$.c", "$.d"]), min_size=1).map(sorted).map(tuple)
KINDS = st.sampled_from([("value", ""), ("type", "number became string"), ("missing", "")])

SHOWN = st.dictionaries(KINDS, PATHS, min_size=1).map(lambda shown: list(shown.items()))


def showing(seconds: float, *seen: tuple[str, str, tuple[str, ...]]) -> Observation:
    route = observation().route
    sightings = tuple(
        sighting(
            seconds,
            signature=signature(route, kind, change, paths),
            kind=kind,
            change=change,
            paths=paths,
            examples=(example(seconds, differences=[{"path": path} for path in paths]),),
        )
        for kind, change, paths in seen
    )
    return observation(seconds, verdict="mismatch", sightings=sightings)


def values(seconds: float, *paths: str) -> Observation:
    return showing(seconds, ("value", "", paths))


def found(grouped: Grouped) -> dict[tuple[str, ...], int]:
    """The findings of a batch by their paths, with their counts."""
    return {one.paths: one.count for one in tally(batch(), Grouped(grouped.seen)).findings.values()}


def test_a_field_that_is_not_in_every_answer_does_not_scatter_one_cause() -> None:
    grouped = group(
        batch(values(0, "$.a", "$.b", "$.c"), values(1, "$.b"), values(2, "$.a", "$.c")), {}
    )
    assert found(grouped) == {("$.a", "$.b", "$.c"): 3}


def test_a_cause_that_comes_later_is_told_from_the_one_that_was_always_there() -> None:
    grouped = group(batch(values(0, "$.a"), values(1, "$.a", "$.b"), values(2, "$.b")), {})
    assert found(grouped) == {("$.a",): 2, ("$.b",): 2}


def test_an_example_holds_what_differs_in_its_own_finding() -> None:
    grouped = group(batch(values(0, "$.a"), values(1, "$.a", "$.b")), {})
    examples = [
        [each["path"] for example in one.sighting.examples for each in example.differences]
        for seen in grouped.seen.values()
        for one in seen
    ]
    assert examples == [["$.a"], ["$.a"], ["$.b"]]


@given(
    st.lists(st.lists(st.tuples(KINDS, PATHS), min_size=1, max_size=3, unique_by=lambda s: s[0]))
)
def test_each_path_has_one_finding_and_nothing_that_was_seen_is_lost(seen: list) -> None:
    observations = [
        showing(at, *((*kind, paths) for kind, paths in shown)) for at, shown in enumerate(seen)
    ]
    grouped = group(batch(*observations), {})

    places = [
        (one.sighting.kind, one.sighting.change, path, id_)
        for id_, each in grouped.seen.items()
        for one in each
        for path in one.sighting.paths
    ]
    owners = {place[:3] for place in places}
    assert len(set(places)) == len(owners), "one finding for each path"
    assert Counter(place[:3] for place in places) == Counter(
        (*kind, path) for shown in seen for kind, paths in shown for path in paths
    )
    assert len(grouped.seen) <= len(owners)


@given(st.lists(PATHS, min_size=1), st.data())
def test_it_does_not_matter_how_observations_are_cut_into_batches(seen: list, data) -> None:
    observations = [values(at, *paths) for at, paths in enumerate(seen)]
    cut = data.draw(st.integers(0, len(observations)))
    first = group(batch(*observations[:cut]), {})
    second = group(batch(*observations[cut:]), first.claims)
    whole = group(batch(*observations), {})

    assert first.claims | second.claims == whole.claims
    assert first.told + second.told == whole.told


def test_a_mismatch_names_all_its_findings_unless_some_are_not_known() -> None:
    one, two = values(0, "$.a"), showing(1, ("value", "", ("$.a",)), ("missing", "", ("$.b",)))
    cut = replace(one, whole=False)
    grouped = group(batch(one, two, cut), {})

    assert [told and len(told) for told in grouped.told] == [1, 2, None]
    refused = next(iter(grouped.told[1] - grouped.told[0]))
    left = without(grouped, [refused])
    assert [told and len(told) for told in left.told] == [1, None, None]
    assert refused not in {*left.seen, *left.claims.values()}


def test_noise_and_what_is_real_are_told_apart() -> None:
    noise = sighting(noise=True)
    grouped = group(batch(observation(sightings=(noise, sighting()))), {})
    assert sorted(id_[0] == "n" for id_ in grouped.seen) == [False, True]
    assert grouped.told == [frozenset({noise.signature})]


def test_a_spot_is_of_one_route_one_kind_one_change() -> None:
    spots = {
        spot("/a", "value", "", "$.a", noise=False),
        spot("/b", "value", "", "$.a", noise=False),
        spot("/a", "missing", "", "$.a", noise=False),
        spot("/a", "value", "new", "$.a", noise=False),
        spot("/a", "value", "", "$.b", noise=False),
        spot("/a", "value", "", "$.a", noise=True),
    }
    assert len(spots) == 6
