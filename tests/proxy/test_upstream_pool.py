"""Which target is asked, which are spared, and who waits. Chance is real: a hundred throws."""

from collections import Counter
from dataclasses import replace

import pytest

from strangler.proxy.failure import Cause
from strangler.proxy.pool import TargetPool
from strangler.proxy.upstream_pool import UpstreamPool
from strangler.routing.table import EjectionPolicy, Limits, Target
from strangler.routing.table import Upstream as UpstreamPolicy
from tests.proxy.surrounded import Surrounded

A, B, C = (Target("127.0.0.1", port) for port in (1, 2, 3))


class Bench:
    """A pool of some targets, and what surrounds it."""

    def __init__(self, *targets: Target, **policy: object) -> None:
        self.around = Surrounded()
        self.policy = replace(UpstreamPolicy("new", targets), **policy)  # type: ignore[arg-type] - its own fields
        self.pool = UpstreamPool(self.policy, self.around.surroundings)

    def __repr__(self) -> str:
        return f"<Bench {self.pool!r}>"

    def later(self, seconds: float) -> None:
        self.around.clock.now += seconds
        self.pool.sweep()

    def chosen(self, *tried: TargetPool, insist: bool = True) -> set[Target]:
        """All that may be chosen."""
        return set(self.shares(*tried, insist=insist))

    def shares(self, *tried: TargetPool, insist: bool = True, draws: int = 100) -> Counter[Target]:
        found = (self.pool.choose(tried, insist=insist) for _ in range(draws))
        return Counter(one.target for one in found if one is not None)


def fail(target: TargetPool, times: int = 5) -> None:
    for _ in range(times):
        target.failed("it closed")


def test_load_is_spread_over_all_targets() -> None:
    assert Bench(A, B, C).chosen() == {A, B, C}


def test_of_two_the_less_loaded_is_chosen() -> None:
    bench = Bench(A, B)
    bench.pool.targets[0].in_flight = 2
    bench.pool.targets[1].in_flight = 1
    assert bench.chosen() == {B}


def test_the_most_loaded_of_many_is_never_chosen() -> None:
    bench = Bench(A, B, C)
    bench.pool.targets[2].in_flight = 1
    assert bench.chosen() == {A, B}


def test_an_unhealthy_target_is_never_chosen() -> None:
    bench = Bench(A, B)
    first, second = bench.pool.targets
    first.believe(False)
    assert bench.chosen() == {B}
    second.believe(False)
    assert bench.chosen() == set()
    first.believe(True)
    assert bench.chosen() == {A}


def test_a_target_that_was_tried_is_not_chosen_again() -> None:
    bench = Bench(A, B)
    assert bench.chosen(bench.pool.targets[0]) == {B}
    assert bench.chosen(*bench.pool.targets) == set()


def test_a_target_that_refused_is_passed_over() -> None:
    bench = Bench(A, B)
    bench.pool.targets[0].rest()
    assert bench.chosen() == {B}


def test_where_all_refused_the_one_that_is_tried_again_first_is_better_than_none() -> None:
    bench = Bench(A, B)
    bench.pool.targets[0].rest()
    bench.around.clock.now += 0.1
    bench.pool.targets[1].rest()
    assert bench.chosen() == {A}
    assert bench.chosen(insist=False) == set()


def test_a_single_target_that_refused_is_left_alone_by_who_has_a_better_place_to_go() -> None:
    bench = Bench(A)
    bench.pool.targets[0].rest()
    assert bench.chosen(insist=False) == set()
    assert bench.chosen() == {A}


# Passive health.


def test_a_target_that_fails_so_often_in_a_row_is_passed_over_for_a_while() -> None:
    bench = Bench(A, B)
    first, _ = bench.pool.targets
    fail(first, 4)
    assert bench.chosen() == {A, B}
    fail(first, 1)
    assert bench.chosen() == {B}
    bench.later(0.7)
    assert bench.chosen() == {B}
    bench.later(0.3)
    assert bench.chosen() == {A, B}
    assert bench.around.surroundings.counters.ejections == {"new": 1}


def test_failures_that_are_not_in_a_row_eject_nobody() -> None:
    bench = Bench(A, B)
    first, _ = bench.pool.targets
    fail(first, 4)
    first.failures = 0  # which is how a good exchange is told
    fail(first, 4)
    assert bench.chosen() == {A, B}


def test_who_comes_back_is_on_trial() -> None:
    bench = Bench(A, B)
    first, _ = bench.pool.targets
    fail(first)
    bench.later(1)
    fail(first, 1)
    assert bench.chosen() == {B}
    bench.later(1)
    assert bench.chosen() == {B}  # twice as long as the first time
    bench.later(1)
    first.failures = 0
    fail(first, 4)
    assert bench.chosen() == {A, B}


@pytest.mark.parametrize(
    ("targets", "share", "at_most"),
    [
        ((A, B, C), 0.5, 1),
        ((A, B, C), 0.7, 2),
        ((A, B), 0.5, 1),
        ((A, B), 0.0, 0),
        ((A, B, C), 1.0, 3),
        ((A,), 1.0, 0),
    ],
)
def test_no_more_than_a_share_of_the_targets_is_ejected(
    targets: tuple[Target, ...], share: float, at_most: int
) -> None:
    bench = Bench(*targets, ejection=EjectionPolicy(share=share))
    for target in bench.pool.targets:
        fail(target, 100)
    assert sum(target.ejection.lasts for target in bench.pool.targets) == at_most


def test_where_all_are_ejected_the_first_to_return_is_better_than_none() -> None:
    bench = Bench(A, B, ejection=EjectionPolicy(share=1.0))
    for target in bench.pool.targets:
        fail(target)
        bench.around.clock.now += 0.3
    assert bench.chosen() == {A}
    assert bench.chosen(insist=False) == set()


def test_an_ejected_target_is_better_than_one_that_cannot_be_reached() -> None:
    bench = Bench(A, B)
    bench.pool.targets[0].rest()
    fail(bench.pool.targets[1])
    assert bench.chosen() == {B}


# Slow start.


@pytest.mark.parametrize("seconds", [1, 3, 5, 8])
def test_a_target_that_returns_comes_to_its_share_linearly(seconds: int) -> None:
    bench = Bench(A, B, slow_start=10.0)
    first, _ = bench.pool.targets
    first.believe(False)
    first.believe(True)
    bench.later(seconds)
    # Nothing is under way, so the one of two that is drawn first is chosen: half of them, were
    # both warm. It is drawn beside the other in `seconds / 10` of all cases.
    share = bench.shares(draws=20_000)[A] / 20_000
    assert share == pytest.approx(0.5 * seconds / 10, abs=0.02)


def test_a_target_that_is_warm_has_its_full_share() -> None:
    bench = Bench(A, B, slow_start=10.0)
    first, _ = bench.pool.targets
    first.believe(False)
    first.believe(True)
    assert bench.chosen() == {B}
    bench.later(10)
    assert first.warm_since is None
    assert bench.shares(draws=10_000)[A] == pytest.approx(5_000, abs=300)


def test_cold_targets_are_better_than_none() -> None:
    bench = Bench(A, B, slow_start=10.0)
    for target in bench.pool.targets:
        target.believe(False)
    for target in bench.pool.targets:
        target.believe(True)
    assert bench.chosen() == {A, B}


def test_a_target_that_joins_others_starts_slowly_and_the_first_do_not() -> None:
    bench = Bench(A, slow_start=10.0)
    assert bench.pool.targets[0].warm_since is None
    bench.pool.update(replace(bench.policy, targets=(A, B)))
    assert bench.chosen() == {A}


def test_without_a_slow_start_a_target_returns_at_once() -> None:
    bench = Bench(A, B)
    bench.pool.targets[0].believe(False)
    bench.pool.targets[0].believe(True)
    assert bench.chosen() == {A, B}


# The circuit breaker, and the line before it.


class Request:
    """A request that waits: it takes the place it is given."""

    def __init__(self) -> None:
        self.target: TargetPool | None = None
        self.gave_up = False

    def place_free(self, target: TargetPool) -> None:
        target.in_flight += 1
        self.target = target

    def waited_too_long(self) -> None:
        self.gave_up = True


def limited(*targets: Target, pending: int = 2, wait: float = 1.0) -> Bench:
    return Bench(*targets, limits=Limits(1, pending, wait))


def fill(bench: Bench) -> None:
    for target in bench.pool.targets:
        target.in_flight = target.bound


def end(bench: Bench, target: TargetPool) -> None:
    """End a request as an exchange does."""
    target.in_flight -= 1
    if bench.pool.crowded:
        bench.pool.place_freed()


def queue(bench: Bench, count: int) -> list[Request]:
    requests = [Request() for _ in range(count)]
    assert [bench.pool.wait_for_place(one) for one in requests] == [None] * count
    return requests


def test_a_full_target_is_not_chosen() -> None:
    bench = limited(A, B)
    bench.pool.targets[0].in_flight = 1
    assert bench.chosen() == {B}
    bench.pool.targets[1].in_flight = 1
    assert bench.chosen() == set()


def test_without_limits_nothing_is_full() -> None:
    bench = Bench(A)
    bench.pool.targets[0].in_flight = 1_000_000
    assert bench.chosen() == {A}


def test_full_targets_are_no_reason_to_ask_one_that_is_ill() -> None:
    bench = limited(A, B)
    bench.pool.targets[0].in_flight = 1
    bench.pool.targets[1].rest()
    assert bench.chosen() == set()


def test_a_place_goes_to_the_one_that_has_waited_longest_once_the_callback_is_over() -> None:
    bench = limited(A)
    (target,) = bench.pool.targets
    fill(bench)
    first, second = queue(bench, 2)
    end(bench, target)
    assert first.target is None
    bench.around.soon.come()
    assert (first.target, second.target) == (target, None)
    end(bench, target)
    bench.around.soon.come()
    assert second.target is target
    end(bench, target)
    assert bench.chosen() == {A}


def test_who_comes_later_does_not_overtake() -> None:
    bench = limited(A)
    fill(bench)
    queue(bench, 1)
    end(bench, bench.pool.targets[0])
    assert bench.chosen() == set()


def test_beyond_the_bound_nobody_waits() -> None:
    bench = limited(A, pending=2)
    fill(bench)
    queue(bench, 2)
    assert bench.pool.wait_for_place(Request()) is Cause.OVERLOADED
    assert bench.around.surroundings.counters.shed == {("new", "too many wait"): 1}


def test_nobody_waits_for_longer_than_allowed() -> None:
    bench = limited(A, wait=1.0)
    fill(bench)
    (first,) = queue(bench, 1)
    bench.later(0.6)
    (second,) = queue(bench, 1)
    bench.later(0.6)
    assert (first.gave_up, second.gave_up) == (True, False)
    assert len(bench.pool.line) == 1
    assert bench.around.surroundings.counters.shed == {("new", "waited too long"): 1}


def test_who_leaves_the_line_gets_no_place() -> None:
    bench = limited(A)
    fill(bench)
    first, second = queue(bench, 2)
    bench.pool.leave(first)
    bench.pool.leave(first)
    end(bench, bench.pool.targets[0])
    bench.around.soon.come()
    assert (first.target, second.target) == (None, bench.pool.targets[0])


def test_when_the_last_leaves_the_line_requests_are_served_at_once_again() -> None:
    bench = limited(A)
    fill(bench)
    (only,) = queue(bench, 1)
    bench.pool.leave(only)
    bench.pool.targets[0].in_flight = 0
    assert bench.chosen() == {A}


def test_who_has_a_better_place_to_go_does_not_wait() -> None:
    bench = limited(A)
    fill(bench)
    assert bench.pool.wait_for_place(Request(), insist=False) is Cause.OVERLOADED
    assert len(bench.pool.line) == 0


def test_nobody_waits_for_targets_that_are_ill() -> None:
    bench = limited(A)
    bench.pool.targets[0].believe(False)
    assert bench.pool.wait_for_place(Request()) is Cause.UNAVAILABLE


def test_who_waits_for_a_target_that_can_no_longer_be_reached_is_told_by_it() -> None:
    """As without a line: what was wrong may be over, and the error comes soon."""
    bench = limited(A)
    (target,) = bench.pool.targets
    fill(bench)
    (waiting,) = queue(bench, 1)
    target.rest()
    end(bench, target)
    bench.around.soon.come()
    assert waiting.target is target


def test_a_target_that_comes_back_takes_from_the_line() -> None:
    bench = limited(A, B)
    first, second = bench.pool.targets
    second.believe(False)
    first.in_flight = 1
    (waiting,) = queue(bench, 1)
    second.believe(True)
    bench.around.soon.come()
    assert waiting.target is second


def test_a_higher_bound_takes_from_the_line() -> None:
    bench = limited(A)
    fill(bench)
    (waiting,) = queue(bench, 1)
    bench.pool.update(replace(bench.policy, limits=Limits(2)))
    bench.around.soon.come()
    assert waiting.target is bench.pool.targets[0]


# Retries.


def test_retries_are_paid_for_by_requests_and_counted() -> None:
    bench = Bench(A)
    bench.chosen()  # a hundred requests
    bench.later(1)
    paid = [bench.pool.spend_retry() for _ in range(100)]
    assert 25 <= paid.count(True) <= 30  # a fifth of them, and ten in hand
    assert bench.around.surroundings.counters.retries == {
        ("new", "spent"): paid.count(True),
        ("new", "refused"): paid.count(False),
    }


def test_looking_for_another_target_is_not_another_request() -> None:
    bench = Bench(A, B)
    bench.chosen(bench.pool.targets[0])
    assert bench.pool.requests == 0
    bench.chosen()
    assert bench.pool.requests == 100
