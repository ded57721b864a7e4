"""Callers share runs, and each gets one that began after its call."""

import asyncio

import pytest

from extracted.datasets.rounds import Rounds


class Action:
    """An action whose runs end when they are told to."""

    def __init__(self) -> None:
        self.begun = 0
        self.go = asyncio.Event()
        self.started = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self) -> None:
        self.begun += 1
        self.started.set()
        await self.go.wait()
        if self.error:
            raise self.error


async def test_those_who_come_during_a_run_share_the_next_one() -> None:
    action = Action()
    rounds = Rounds(action)
    first = asyncio.create_task(rounds.join())
    await action.started.wait()
    others = [asyncio.create_task(rounds.join()) for _ in range(10)]
    action.go.set()
    await asyncio.gather(first, *others)
    assert action.begun == 2


async def test_those_who_come_together_share_one_run() -> None:
    action = Action()
    action.go.set()
    rounds = Rounds(action)
    await asyncio.gather(*(rounds.join() for _ in range(10)))
    assert action.begun == 1
    await rounds.join()
    assert action.begun == 2


async def test_a_gap_lets_more_callers_come_together() -> None:
    action = Action()
    action.go.set()
    rounds = Rounds(action, gap=0.05)
    await rounds.join()
    one = asyncio.create_task(rounds.join())
    await asyncio.sleep(0)
    other = asyncio.create_task(rounds.join())
    await asyncio.gather(one, other)
    assert action.begun == 2


async def test_a_caller_that_gives_up_does_not_end_the_run_for_the_others() -> None:
    action = Action()
    rounds = Rounds(action)
    impatient, patient = (asyncio.create_task(rounds.join()) for _ in range(2))
    await action.started.wait()
    impatient.cancel()
    action.go.set()
    await patient
    assert impatient.cancelled()
    assert action.begun == 1


async def test_all_who_share_a_run_hear_of_its_failure_and_the_next_one_starts_afresh() -> None:
    action = Action()
    action.error = OSError("away")
    action.go.set()
    rounds = Rounds(action)
    outcomes = await asyncio.gather(*(rounds.join() for _ in range(3)), return_exceptions=True)
    assert outcomes == [action.error] * 3
    action.error = None
    await rounds.join()
    assert action.begun == 2


async def test_closing_ends_what_is_under_way() -> None:
    action = Action()
    rounds = Rounds(action)
    callers = [asyncio.create_task(rounds.join())]
    await action.started.wait()
    callers.append(asyncio.create_task(rounds.join()))
    await asyncio.sleep(0)
    assert repr(rounds) == "<Rounds: 2 under way>"
    await rounds.close()
    for caller in callers:
        with pytest.raises(asyncio.CancelledError):
            await caller
    assert repr(rounds) == "<Rounds: 0 under way>"
