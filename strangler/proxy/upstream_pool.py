"""Performs the choice of a target for each request to one upstream, and the sparing of all of them.

Pools outlive route tables: a reload that leaves an upstream's targets alone touches none of its
connections. What may be chosen is worked out when something changes, not for each request.
"""

from collections.abc import Collection, Sequence
from sys import maxsize

import structlog

from strangler.proxy.ejection import may_eject
from strangler.proxy.failure import Cause
from strangler.proxy.pool import Standing, TargetPool
from strangler.proxy.retry_budget import RetryBudget
from strangler.proxy.surroundings import Surroundings
from strangler.proxy.waiting import Waiter, WaitingLine
from strangler.routing.table import Target, Upstream

log = structlog.get_logger()


class UpstreamPool:
    """The targets of one upstream, the line of requests that wait for one, and a retry budget.

    `crowded` tells that somebody waits: then whoever ends a request calls `place_freed`.
    `requests` counts those that came, without retries.
    """

    __slots__ = (
        "_admitting",
        "_budget",
        "_draw",
        "_equals",
        "_only",
        "_surroundings",
        "_warming",
        "_well",
        "crowded",
        "line",
        "requests",
        "targets",
        "upstream",
    )

    def __init__(self, upstream: Upstream, surroundings: Surroundings) -> None:
        """Make a pool for each target."""
        self._surroundings = surroundings
        self._draw = surroundings.draw
        self._budget = RetryBudget(surroundings.clock())
        self._admitting = False
        self._well: tuple[TargetPool, ...] = ()
        self._only: TargetPool | None = None
        self._equals: tuple[TargetPool, ...] = ()
        self._warming = False
        self.requests = 0
        self.line = WaitingLine()
        self.crowded = False
        self.targets: list[TargetPool] = []
        self.update(upstream)

    def __repr__(self) -> str:
        """Show the targets."""
        return f"<UpstreamPool {self.upstream.name} {self.targets}>"

    def update(self, upstream: Upstream) -> None:
        """Take a new description over; targets that stay keep their connections."""
        known = {pool.target: pool for pool in self.targets}
        self.targets = [
            known.pop(target) if target in known else self._target_pool(target)
            for target in upstream.targets
        ]
        self.upstream = upstream
        for pool in self.targets:
            pool.retire(False)  # it may have left the table and come back
            pool.bound = upstream.limits.in_flight or maxsize
        for gone in known.values():
            gone.retire()
        self._reassess()

    def _target_pool(self, target: Target) -> TargetPool:
        made = TargetPool(target, self, self._surroundings)
        if self.targets and self.upstream.slow_start:
            made.warm_since = self._surroundings.clock()  # it joins others, which are warm
        return made

    def retire(self) -> None:
        """Leave the table with all targets."""
        for pool in self.targets:
            pool.retire()

    def close_idle(self, seconds: float) -> None:
        """Close the connections that have been idle for so long."""
        for pool in self.targets:
            pool.close_idle(seconds)

    def abort(self) -> None:
        """Close every connection at once."""
        for pool in self.targets:
            pool.abort()

    # The choice.

    def choose(
        self, tried: Collection[TargetPool] = (), *, insist: bool = True
    ) -> TargetPool | None:
        """Choose a target for one request, none of those it has `tried`: one that is well, if any.

        With `insist`, one that is not well is better than none, unless it is unhealthy; without,
        the caller has a better place to go. None where nothing is left or all is full.
        """
        if tried:
            return self._choose(tried, insist=insist)
        self.requests += 1
        only = self._only
        if only is not None:
            if only.in_flight < only.bound:
                return only
        elif self._equals:
            chosen = self._less_loaded(self._equals)
            if chosen.in_flight < chosen.bound:
                return chosen
        return self._choose(tried, insist=insist)

    def _choose(self, tried: Collection[TargetPool], *, insist: bool) -> TargetPool | None:
        if self.crowded:
            return None  # who came before goes first
        return self._pick(tried) or (self._least_bad(tried) if insist else None)

    def _pick(self, tried: Collection[TargetPool] = ()) -> TargetPool | None:
        open_ = [pool for pool in self._well if pool.in_flight < pool.bound and pool not in tried]
        if self._warming:
            open_ = self._warm_enough(open_) or open_
        return self._less_loaded(open_) if open_ else None

    def _less_loaded(self, pools: Sequence[TargetPool]) -> TargetPool:
        """Take the less loaded of two at random: the power of two choices (Mitzenmacher 2001)."""
        draw, count = self._draw, len(pools)
        if count == 1:
            return pools[0]
        index = int(draw() * count)
        first = pools[index]
        # One of the others; in random order, because on a tie the first is taken.
        second = pools[index - 1 - int(draw() * (count - 1))]
        return first if first.in_flight <= second.in_flight else second

    def _warm_enough(self, pools: Sequence[TargetPool]) -> list[TargetPool]:
        """Pass over those that came back a moment ago, the less often the longer it was ago.

        Weighing their load instead would give them nothing at all where little is under way.
        """
        now, draw = self._surroundings.clock(), self._draw
        window = self.upstream.slow_start
        return [
            pool
            for pool in pools
            if pool.warm_since is None or draw() * window < now - pool.warm_since
        ]

    def _least_bad(self, tried: Collection[TargetPool]) -> TargetPool | None:
        """Choose where nothing is well: it may be over, and an error is certain otherwise."""
        if any(pool not in tried for pool in self._well):
            return None  # they are full, which is no reason to ask others that are ill
        left = [
            pool
            for pool in self.targets
            if pool.healthy and pool.in_flight < pool.bound and pool not in tried
        ]
        return min(left, key=lambda pool: pool.badness, default=None)

    # The line.

    def wait_for_place(self, waiter: Waiter, *, insist: bool = True) -> Cause | None:
        """Let a request wait to which `choose` gave nothing; else give the cause of its failure.

        Without `insist` it does not wait: it has a better place to go.
        """
        if not self.crowded and not any(
            pool.in_flight >= pool.bound for pool in self.targets if pool.healthy
        ):
            return Cause.UNAVAILABLE
        now = self._surroundings.clock()
        if insist and self.line.join(waiter, now, self.upstream.limits):
            self._simplify()
            return None
        self._count_shed("too many wait" if insist else "may go elsewhere")
        return Cause.OVERLOADED

    def _count_shed(self, why: str) -> None:
        self._surroundings.counters.shed[self.upstream.name, why] += 1

    def leave(self, waiter: Waiter) -> None:
        """Let a request leave the line, if it is in it: its client has gone."""
        if self.crowded:
            self.line.leave(waiter)
            self._simplify()

    def place_freed(self) -> None:
        """Let the first in line go on; to be called when a request ends while it is `crowded`."""
        if not self._admitting:
            self._admitting = True
            # Not at once: what ends a request is not to begin another in the middle of it.
            self._surroundings.soon(self._admit)

    def _admit(self) -> None:
        self._admitting = False
        while self.line:
            target = self._pick() or self._least_bad(())
            if target is None:
                return
            self.line.first().place_free(target)
        self._simplify()

    # What it learns.

    def target_fell(self, target: TargetPool, standing: Standing, detail: str) -> None:
        """Choose without it from now on."""
        self._log("target_unavailable", target, why=standing.value, detail=detail)
        self._reassess()

    def target_rose(self, target: TargetPool) -> None:
        """Choose it again, if nothing else speaks against it; slowly at first."""
        if target.well and not target.retired:
            target.warm_since = self._surroundings.clock() if self.upstream.slow_start else None
            self._log("target_available", target)
        self._reassess()

    def target_failing(self, target: TargetPool, detail: str) -> None:
        """Eject a target after too many failures in a row, unless too many are out already."""
        policy = self.upstream.ejection
        if target.failures < policy.after or target.ejection.lasts:
            return
        ejected = sum(pool.ejection.lasts for pool in self.targets)
        if not may_eject(policy, len(self.targets), ejected):
            return
        seconds = target.ejection.begin(self._surroundings.clock(), policy, self._draw())
        self._surroundings.counters.ejections[self.upstream.name] += 1
        self.target_fell(target, Standing.EJECTED, f"for {seconds:.1f} s: {detail}")

    def spend_retry(self) -> bool:
        """Pay for a request that goes to this upstream a second time, or refuse it."""
        now = self._surroundings.clock()
        paid = self._budget.spend(now, self.requests, self.upstream.retries)
        word = "spent" if paid else "refused"
        self._surroundings.counters.retries[self.upstream.name, word] += 1
        return paid

    # From time to time.

    def sweep(self) -> None:
        """Do what is due: end ejections and waits that are over, and what each target has to do."""
        now = self._surroundings.clock()
        for pool in self.targets:
            pool.sweep(now, self.upstream)
            if pool.ejection.lasts and pool.ejection.until <= now:
                self._try_again(pool)
        if self._warming:
            self._end_warming(now)
        if self.crowded:
            self._end_waiting(now)
        self._budget.settle(now, self.requests, self.upstream.retries)

    def _try_again(self, target: TargetPool) -> None:
        target.ejection.end()
        target.failures = self.upstream.ejection.after - 1  # on trial: one more, and it is out
        self.target_rose(target)

    def _end_warming(self, now: float) -> None:
        for pool in self.targets:
            if pool.warm_since is not None and now - pool.warm_since >= self.upstream.slow_start:
                pool.warm_since = None
        self._reassess()

    def _end_waiting(self, now: float) -> None:
        late = self.line.give_up(now)
        self._simplify()
        for waiter in late:
            self._count_shed("waited too long")
            waiter.waited_too_long()

    def _reassess(self) -> None:
        """Work out anew who is well."""
        self._well = tuple(pool for pool in self.targets if pool.well)
        self._warming = any(pool.warm_since is not None for pool in self._well)
        self._simplify()
        if self.crowded:
            self.place_freed()

    def _simplify(self) -> None:
        """Work out what `choose` may take with a look at nothing but the load.

        Either there is one target only, or there are several that are as good as each other.
        """
        self.crowded = bool(self.line)
        self._only = self._well[0] if len(self._well) == 1 and not self.crowded else None
        simple = len(self._well) > 1 and not self._warming and not self.crowded
        self._equals = self._well if simple else ()

    def _log(self, event: str, target: TargetPool, **more: str) -> None:
        log.warning(event, upstream=self.upstream.name, target=str(target.target), **more)
