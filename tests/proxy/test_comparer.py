"""Where a comparison happens, and what becomes of it when its process does not live."""

import gzip
import os
import signal
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool

import pytest

from strangler.compare.response import Response
from strangler.compare.rules import Rules
from strangler.compare.verdict import Verdict
from strangler.proxy.comparer import Comparer
from tests.compare.answers import json_answer

NO_RULES = Rules.compile([], [])
ZIPPED = ((b"Content-Type", b"application/json"), (b"Content-Encoding", b"gzip"))
IN_LOOP = "<Comparer process=False>"
ELSEWHERE = "<Comparer process=True>"


@pytest.fixture
def comparer() -> Iterator[Comparer]:
    made = Comparer(32 * 1024)
    yield made
    made.close()


def zipped(body: bytes, level: int = 9) -> Response:
    """An answer that is small until its content-encoding is undone."""
    return Response(200, ZIPPED, gzip.compress(body, level))


def process_of(comparer: Comparer) -> int:
    assert comparer._executor is not None
    (pid,) = comparer._executor._processes
    return pid


async def test_a_small_pair_is_compared_in_the_loop(comparer: Comparer) -> None:
    found = await comparer.compare(json_answer({"a": 1}), json_answer({"a": 2}), NO_RULES)
    assert found.verdict is Verdict.MISMATCH
    assert repr(comparer) == IN_LOOP


async def test_a_large_pair_is_compared_in_another_process(comparer: Comparer) -> None:
    one, other = json_answer({"a": "x" * 40_000}), json_answer({"a": "y" * 40_000})
    assert (await comparer.compare(one, other, NO_RULES)).verdict is Verdict.MISMATCH
    assert repr(comparer) == ELSEWHERE


async def test_a_small_gzip_bomb_goes_off_in_another_process(comparer: Comparer) -> None:
    """A kilobyte that holds a megabyte."""
    bomb = zipped(b'{"a": 1, "zeros": "%b"}' % (b"0" * 1024 * 1024))
    other = zipped(b'{"a": 2, "zeros": "%b"}' % (b"0" * 1024 * 1024))
    assert len(bomb.body) < 2048
    found = await comparer.compare(bomb, other, NO_RULES)
    assert [each.path for each in found.differences] == ["$.a"]
    assert repr(comparer) == ELSEWHERE


async def test_many_values_in_few_octets_are_compared_in_another_process(
    comparer: Comparer,
) -> None:
    found = await comparer.compare(
        zipped(b"[" + b"0," * 10_000 + b"1]"), zipped(b"[" + b"0," * 10_000 + b"2]"), NO_RULES
    )
    assert found.verdict is Verdict.MISMATCH
    assert repr(comparer) == ELSEWHERE


async def test_a_bomb_too_large_for_any_process_is_evidence_of_nothing(
    comparer: Comparer,
) -> None:
    bomb = zipped(b"0" * 16 * 1024 * 1024)
    assert len(bomb.body) < 17_000
    found = await comparer.compare(bomb, zipped(b"[1]"), NO_RULES)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert repr(comparer) == ELSEWHERE


async def test_a_process_that_was_killed_costs_one_comparison_and_is_replaced(
    comparer: Comparer,
) -> None:
    one, other = json_answer({"a": "x" * 40_000}), json_answer({"a": "y" * 40_000})
    await comparer.compare(one, other, NO_RULES)
    killed = process_of(comparer)
    os.kill(killed, signal.SIGKILL)
    with pytest.raises(BrokenProcessPool):
        await comparer.compare(one, other, NO_RULES)
    assert (await comparer.compare(one, other, NO_RULES)).verdict is Verdict.MISMATCH
    assert process_of(comparer) != killed
