"""What workers count adds up to what all of them counted."""

import pickle
from collections import Counter
from dataclasses import fields

from hypothesis import given
from hypothesis import strategies as st

from strangler.proxy.counters import LATENCY_BOUNDS, Counters, Latency

ROUTES = st.sampled_from(["/a", "/b/**", "(unclaimed)"])
EVENTS = st.lists(
    st.tuples(
        ROUTES,
        st.sampled_from(["monolith", "service", "strangler"]),
        st.sampled_from([200, 404, 502]),
        st.integers(0, 16_000).map(lambda milliseconds: milliseconds / 1024),  # exact sums
    )
)


def counted(events: list[tuple[str, str, int, float]]) -> Counters:
    counters = Counters()
    for event in events:
        counters.exchange_done(*event)
    return counters


@given(EVENTS, EVENTS)
def test_two_workers_counts_add_up_to_what_one_would_have_counted(
    here: list[tuple[str, str, int, float]], there: list[tuple[str, str, int, float]]
) -> None:
    total = counted(here)
    total.add(counted(there))
    assert total == counted(here + there)


def test_every_count_is_added() -> None:
    """A field that is added to `Counters` and forgotten in `add` fails here."""
    one = Counters(
        **{each.name: 1 for each in fields(Counters) if each.default == 0},
        **{
            each.name: Counter(key=1)
            for each in fields(Counters)
            if each.default_factory is Counter
        },
    )
    one.latency["/a"] = Latency([1] * (len(LATENCY_BOUNDS) + 1), 1.5)
    total = Counters()
    total.add(one)
    assert total == one
    total.add(one)
    for each in fields(Counters):
        assert getattr(total, each.name) != getattr(one, each.name), each.name


def test_a_snapshot_does_not_follow_what_is_counted_later() -> None:
    """It crosses to another process as a pickle."""
    counters = counted([("/a", "service", 200, 0.1)])
    snapshot = pickle.loads(pickle.dumps(counters))
    counters.exchange_done("/a", "service", 200, 0.1)
    assert snapshot == counted([("/a", "service", 200, 0.1)])


def test_adding_leaves_the_other_worker_s_counts_alone() -> None:
    other = counted([("/a", "service", 200, 0.1)])
    total = Counters()
    total.add(other)
    total.exchange_done("/a", "service", 200, 0.1)
    assert other == counted([("/a", "service", 200, 0.1)])


@given(st.floats(0, 100))
def test_a_duration_is_counted_under_the_first_bound_that_it_does_not_exceed(
    seconds: float,
) -> None:
    latency = Latency()
    latency.observe(seconds)
    (index,) = [index for index, count in enumerate(latency.buckets) if count]
    below, above = (0.0, *LATENCY_BOUNDS)[index], (*LATENCY_BOUNDS, float("inf"))[index]
    assert below <= seconds <= above
    assert seconds != below or index == 0
    assert (sum(latency.buckets), latency.total) == (1, seconds)
