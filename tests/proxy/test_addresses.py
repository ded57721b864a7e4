"""Where a host name leads, and what is tried first."""

import asyncio
from collections.abc import Collection, Sequence

import pytest

from strangler.proxy.addresses import Addresses, in_order
from tests.proxy.surrounded import Surrounded

V4 = ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
V6 = ["2001:db8::1", "2001:db8::2"]


def test_families_take_turns_beginning_with_the_one_that_the_resolver_put_first() -> None:
    """RFC 8305 section 4."""
    assert in_order([*V6, *V4], (), 0) == [V6[0], V4[0], V6[1], V4[1], V4[2]]
    assert in_order([*V4, *V6], (), 0) == [V4[0], V6[0], V4[1], V6[1], V4[2]]


def test_within_a_family_each_address_has_its_turn_to_be_the_first() -> None:
    assert [in_order(V4, (), turn)[0] for turn in range(4)] == [V4[0], V4[1], V4[2], V4[0]]
    assert in_order(V4, (), 1) == [V4[1], V4[2], V4[0]]


def test_what_was_slow_the_last_time_comes_last() -> None:
    assert in_order([*V6, *V4], V6, 0) == [*V4, *V6]
    assert in_order(V4, {V4[0]}, 0) == [V4[1], V4[2], V4[0]]
    assert in_order(V4, V4, 0) == V4


class Names:
    """A resolver that answers as it is told, and one name that is asked of it."""

    def __init__(self, *answer: str) -> None:
        self.answer: Sequence[str] | OSError = answer
        self.asked = 0
        self.changes: list[list[str]] = []
        around = Surrounded(self.resolve)
        self.tasks = around.tasks
        self.addresses = Addresses("db.test", 80, around.surroundings, self.changed)

    def changed(self, known: Collection[str]) -> None:
        self.changes.append(list(known))

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        assert (host, port) == ("db.test", 80)
        self.asked += 1
        await asyncio.sleep(0)
        if isinstance(self.answer, OSError):
            raise self.answer
        return self.answer

    async def after(self, now: float) -> None:
        self.addresses.keep_fresh(now, 30.0)
        await self.tasks.done()


async def test_a_name_is_resolved_once_for_all_who_wait() -> None:
    names = Names(*V4)
    found = await asyncio.gather(*(names.addresses.to_try() for _ in range(3)))
    assert [one[0] for one in found] == V4
    assert names.asked == 1


async def test_who_gives_up_waiting_takes_nothing_from_the_others() -> None:
    names = Names(*V4)
    first, second = (asyncio.create_task(names.addresses.to_try()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == V4
    assert names.asked == 1


async def test_it_is_asked_again_in_the_background_and_nobody_waits_for_that() -> None:
    names = Names(V4[0])
    await names.after(1000.0)
    await names.after(1029.0)
    assert names.asked == 1
    names.answer = [V4[1]]
    names.addresses.keep_fresh(1030.0, 30.0)
    names.addresses.keep_fresh(1030.0, 30.0)
    assert await names.addresses.to_try() == [V4[0]]
    await names.tasks.done()
    assert await names.addresses.to_try() == [V4[1]]
    assert names.asked == 2
    assert names.changes == [[V4[0]], [V4[1]]]


async def test_the_same_answer_in_another_order_is_no_change() -> None:
    names = Names(*V4)
    await names.after(1000.0)
    names.answer = V4[::-1]
    await names.after(1030.0)
    assert names.changes == [V4]


@pytest.mark.parametrize("answer", [OSError("no answer"), ()], ids=["fails", "is empty"])
async def test_an_answer_that_does_not_come_takes_nothing_away(
    answer: OSError | tuple[str, ...],
) -> None:
    names = Names(*V4)
    await names.after(1000.0)
    names.answer = answer
    await names.after(1030.0)
    assert sorted(await names.addresses.to_try()) == V4
    assert names.changes == [V4]


async def test_a_name_that_leads_nowhere_is_an_error_until_it_leads_somewhere() -> None:
    names = Names()
    names.answer = OSError("no such name")
    for _ in range(2):
        with pytest.raises(OSError, match=r"db\.test: no such name"):
            await names.addresses.to_try()
    names.answer = V4
    assert await names.addresses.to_try() == V4
    assert names.asked == 3


async def test_who_was_passed_by_another_comes_last_until_the_next_answer() -> None:
    names = Names(*V4)
    await names.after(1000.0)
    names.addresses.answered(V4[1], V4[:1])
    assert await names.addresses.to_try() == [V4[1], V4[2], V4[0]]
    names.addresses.answered(V4[0], V4[1:])
    assert (await names.addresses.to_try())[0] == V4[0]
    await names.after(1030.0)
    names.addresses.answered(V4[0], ())
    assert sorted(await names.addresses.to_try()) == V4


def test_it_shows_where_it_leads() -> None:
    addresses = Addresses("a.test", 1, Surrounded().surroundings, print)
    assert repr(addresses) == "<Addresses a.test []>"
