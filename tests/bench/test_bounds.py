"""What was measured is held against its bound, round by round, and nothing is invented."""

import pytest

from tests.bench import bounds
from tests.bench.bounds import TO_REACH, Bound, Outcome, RatioBound, Verdict
from tests.bench.rounds import Run
from tests.bench.works import WORKS


def runs(*cpu: float) -> list[Run]:
    return [Run(per_second=1.0, p50=0.1, p99=0.2, cpu=one, rss=1) for one in cpu]


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(2.0, Verdict.AIM), (2.8, Verdict.HELD), (2.81, Verdict.MISSED)],
)
def test_a_value_reaches_the_aim_or_the_bound_or_neither(value: float, verdict: Verdict) -> None:
    assert Bound("figure", 2.8, 2.0).verdict(value) is verdict


def test_of_some_figures_more_is_better() -> None:
    bound = Bound("figure", 1.7, at_least=True)
    assert bound.verdict(1.8) is Verdict.HELD
    assert bound.verdict(1.6) is Verdict.MISSED


def test_a_ratio_is_the_median_over_rounds_each_divided_by_itself() -> None:
    """A round in which the machine was slow counts like any other."""
    bound = RatioBound(Bound("figure", 2.0), "get-32", "haproxy")
    outcome = bound.outcome({"strangler": runs(20, 60, 900), "haproxy": runs(10, 20, 900)})
    assert (outcome.value, outcome.spread) == (2.0, (1.0, 3.0))


def test_a_peer_that_is_not_there_has_no_value() -> None:
    (bound,) = (one for one in TO_REACH if one.peer == "envoy")
    outcome = bound.outcome({"strangler": runs(20)})
    assert (outcome.value, outcome.verdict) == (None, Verdict.ABSENT)


def test_only_works_that_were_done_are_held_against_bounds() -> None:
    found = bounds.outcomes({"get-256": {"strangler": runs(2), "haproxy": runs(1)}})
    assert [outcome.bound.figure for outcome in found] == [
        "CPU, 1 KB GET, 256 connections, against HAProxy"
    ]


def test_every_bound_names_a_work_that_there_is() -> None:
    assert {one.work for one in TO_REACH} <= {work.name for work in WORKS}


def test_other_proxies_stand_beside_the_value_of_strangler() -> None:
    outcome = Outcome.of(Bound("figure", 16), {"strangler": 4.0, "nginx": 0.5})
    assert (outcome.value, outcome.beside) == (4.0, {"nginx": 0.5})
