"""Whatever comes in whatever order: no target over its bound, nobody overtaken or forgotten."""

from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from strangler.proxy.failure import Cause
from strangler.proxy.pool import TargetPool
from strangler.proxy.upstream_pool import UpstreamPool
from strangler.routing.table import Limits, Target
from strangler.routing.table import Upstream as UpstreamPolicy
from tests.proxy.surrounded import Surrounded

TARGETS = tuple(Target("127.0.0.1", port) for port in (1, 2, 3))
LIMITS = Limits(in_flight=2, pending=4, wait=1.0)
INDEX = st.integers(0, len(TARGETS) - 1)


class Request:
    """One request; of those in `waiting` it must be the first when it gets a place."""

    def __init__(self, waiting: list["Request"], running: list["Request"]) -> None:
        self.waiting = waiting
        self.running = running
        self.target: TargetPool | None = None

    def place_free(self, target: TargetPool) -> None:
        assert self.waiting.pop(0) is self, "one that waited longer was overtaken"
        self.run_at(target)

    def run_at(self, target: TargetPool) -> None:
        target.in_flight += 1
        self.target = target
        self.running.append(self)

    def waited_too_long(self) -> None:
        self.waiting.remove(self)


class Line(RuleBasedStateMachine):
    """A pool with a bound, and requests that do as exchanges do."""

    def __init__(self) -> None:
        super().__init__()
        self.around = Surrounded()
        self.pool = UpstreamPool(
            UpstreamPolicy("new", TARGETS, limits=LIMITS), self.around.surroundings
        )
        self.waiting: list[Request] = []
        self.running: list[Request] = []

    @rule()
    def a_request_comes(self) -> None:
        request = Request(self.waiting, self.running)
        target = self.pool.choose()
        if target is not None:
            assert not self.waiting, "those that wait were overtaken"
            request.run_at(target)
            return
        cause = self.pool.wait_for_place(request)
        if cause is None:
            self.waiting.append(request)
        elif cause is Cause.OVERLOADED:
            assert len(self.waiting) == LIMITS.pending
        else:
            assert not any(target.healthy for target in self.pool.targets)

    @precondition(lambda self: self.running)
    @rule(index=st.integers(0, 100))
    def a_request_ends(self, index: int) -> None:
        request = self.running.pop(index % len(self.running))
        assert request.target is not None
        request.target.in_flight -= 1
        if self.pool.crowded:
            self.pool.place_freed()

    @precondition(lambda self: self.waiting)
    @rule(index=st.integers(0, 100))
    def a_client_goes(self, index: int) -> None:
        self.pool.leave(self.waiting.pop(index % len(self.waiting)))

    @rule()
    def the_callback_is_over(self) -> None:
        self.around.soon.come()

    @rule(seconds=st.sampled_from([0.1, 0.5, 2.0]))
    def time_passes(self, seconds: float) -> None:
        self.around.clock.now += seconds
        for target in self.pool.targets:
            target._probing = True  # no sockets here: whoever is unreachable stays so
        self.pool.sweep()

    @rule(index=INDEX, healthy=st.booleans())
    def a_check_speaks(self, index: int, healthy: bool) -> None:
        self.pool.targets[index].believe(healthy)

    @rule(index=INDEX)
    def exchanges_fail(self, index: int) -> None:
        for _ in range(5):
            self.pool.targets[index].failed("it closed")

    @rule(index=INDEX)
    def a_connect_fails(self, index: int) -> None:
        self.pool.targets[index].rest()

    @rule(slow_start=st.sampled_from([0.0, 10.0]))
    def a_reload_comes(self, slow_start: float) -> None:
        self.pool.update(replace(self.pool.upstream, slow_start=slow_start))

    @invariant()
    def the_line_is_who_waits(self) -> None:
        assert list(self.pool.line._waiters) == self.waiting

    @invariant()
    def no_target_is_over_its_bound(self) -> None:
        for target in self.pool.targets:
            assert 0 <= target.in_flight <= target.bound == LIMITS.in_flight
        assert len(self.waiting) <= LIMITS.pending

    @invariant()
    def nobody_waits_beside_a_free_place(self) -> None:
        free = any(target.well and target.in_flight < target.bound for target in self.pool.targets)
        assert not (self.waiting and free) or self.around.soon.calls

    @invariant()
    def an_unhealthy_target_is_never_chosen(self) -> None:
        chosen = self.pool.choose()
        assert chosen is None or chosen.healthy


TestLine = Line.TestCase
