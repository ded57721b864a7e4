"""The line at a fence: who waits, who is sent away, and when those from before have finished."""

from collections import Counter
from dataclasses import dataclass, field

import pytest

from strangler.proxy.fence import FULL, LATE, LEAVING, Fence
from strangler.routing.compile import load
from strangler.routing.hold import Hold
from strangler.routing.table import Route

ROUTES = """\
version: 1
upstreams:
  old: {targets: [http://127.0.0.1:9000]}
  new: {targets: [http://127.0.0.1:9001]}
monolith: old
domains:
  books: {service: new, routes: [{path: /books}]}
  films: {service: new, routes: [{path: /films}]}
"""
BOOKS, FILMS = load(ROUTES).routes


@dataclass(eq=False)
class Waiting:
    """A write, and what it was told."""

    told: list[str] = field(default_factory=list)

    def go_on(self) -> None:
        self.told.append("go on")

    def give_up(self, reason: str) -> None:
        self.told.append(reason)


@dataclass
class UnderWay:
    """A request from before."""

    route: Route | None = BOOKS
    method: str = "POST"


@pytest.fixture
def closed() -> list[int]:
    return []


@pytest.fixture
def fence(closed: list[int]) -> Fence:
    return Fence(Counter(), closed.append)


def hold(number: int = 1, requests: int = 2) -> Hold:
    return Hold(number, frozenset({"books"}), everything=False, seconds=5.0, requests=requests)


def joined(fence: Fence) -> Waiting:
    waiting = Waiting()
    assert fence.join(waiting) == ""
    return waiting


def test_whoever_waits_goes_on_when_the_fence_is_over(fence: Fence) -> None:
    fence.turn(hold(), now=0.0)
    one, other = joined(fence), joined(fence)
    fence.leave(other)
    fence.turn(None, now=1.0)

    assert (one.told, other.told) == (["go on"], [])
    assert not fence.raised


def test_no_more_wait_than_may(fence: Fence) -> None:
    fence.turn(hold(requests=1), now=0.0)
    joined(fence)

    assert fence.join(Waiting()) == FULL


def test_past_its_time_everybody_is_sent_away_and_nobody_goes_on(fence: Fence) -> None:
    fence.turn(hold(), now=0.0)
    waiting = joined(fence)
    fence.look(4.9, [])
    assert waiting.told == []
    fence.look(5.0, [])

    assert waiting.told == [LATE]
    assert fence.join(Waiting()) == LATE
    assert fence.covers(BOOKS, "POST"), "they are refused, and not let through"


def test_it_is_closed_once_no_write_from_before_is_under_way_and_says_so_once(
    fence: Fence, closed: list[int]
) -> None:
    fence.turn(hold(7), now=0.0)
    fence.look(0.1, [UnderWay()])
    assert closed == []
    fence.look(0.2, [UnderWay(FILMS), UnderWay(method="GET"), UnderWay(None)])
    fence.look(0.3, [])

    assert closed == [7]


def test_the_next_fence_is_told_of_anew(fence: Fence, closed: list[int]) -> None:
    for number in (1, 2):
        fence.turn(hold(number), now=0.0)
        fence.look(0.1, [])

    assert closed == [1, 2]


def test_a_worker_that_ends_sends_everybody_away(fence: Fence) -> None:
    fence.turn(hold(), now=0.0)
    waiting = joined(fence)
    fence.dismiss()

    assert waiting.told == [LEAVING]
    assert fence.join(Waiting()) == LEAVING
