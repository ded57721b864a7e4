"""Where a comparison happens, and what becomes of it when its process does not live."""

import contextlib
import gzip
import os
import signal
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import brotli
import pytest

from strangler.compare.bounds import DEFAULT_BOUNDS
from strangler.compare.compare import compare
from strangler.compare.looks import Look
from strangler.compare.noise import Asked, Course, trace
from strangler.compare.response import Response
from strangler.compare.rules import Rules
from strangler.compare.verdict import Verdict
from strangler.proxy.comparer import POLITENESS, Comparer
from tests.compare.answers import json_answer

NO_RULES = Rules.compile([], [])
ZIPPED = ((b"Content-Type", b"application/json"), (b"Content-Encoding", b"gzip"))
BROTLI = ((b"Content-Type", b"application/json"), (b"Content-Encoding", b"br"))
IN_LOOP = "<Comparer process=False>"
ELSEWHERE = "<Comparer process=True>"


@pytest.fixture
def comparer() -> Iterator[Comparer]:
    made = Comparer(32 * 1024, 1024 * 1024)
    yield made
    made.close()


def zipped(body: bytes, level: int = 9) -> Response:
    """An answer that is small until its content-encoding is undone."""
    return Response(200, ZIPPED, gzip.compress(body, level))


def open_files() -> Iterator[str]:
    for each in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # the one that lists them
            yield str(each.readlink())


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


async def test_the_other_process_stands_back(comparer: Comparer) -> None:
    one, other = json_answer({"a": "x" * 40_000}), json_answer({"a": "y" * 40_000})
    await comparer.compare(one, other, NO_RULES)
    ours, its = (os.getpriority(os.PRIO_PROCESS, pid) for pid in (0, process_of(comparer)))
    assert its == min(ours + POLITENESS, 19)


async def test_a_pair_of_ten_megabytes_is_lent_to_the_other_process_and_given_back(
    comparer: Comparer,
) -> None:
    rows = [{"id": number, "name": f"row {number}", "size": 1.5} for number in range(220_000)]
    one = json_answer(rows)
    rows[150_000]["size"] = 2.5
    other = json_answer(rows)
    assert len(one.body) > 10_000_000
    for _ in range(2):
        found = await comparer.compare(one, other, NO_RULES)
        assert [each.place for each in found.differences] == ["$[150000].size"]
        assert not [each for each in open_files() if "memfd:" in each]


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
    bomb = zipped(b"0" * (DEFAULT_BOUNDS.body + 1))
    assert len(bomb.body) < 17_000
    found = await comparer.compare(zipped(b"[1]"), bomb, NO_RULES)
    assert (found.verdict, found.exceeded_by_candidate) == (Verdict.INCONCLUSIVE, True)
    assert repr(comparer) == IN_LOOP, "it says at its end how large it is"


async def test_a_bomb_that_does_not_say_so_goes_off_in_another_process(comparer: Comparer) -> None:
    bomb = Response(200, BROTLI, brotli.compress(b"0" * (DEFAULT_BOUNDS.body + 1), quality=5))
    assert len(bomb.body) < 2048
    found = await comparer.compare(zipped(b"[1]"), bomb, NO_RULES)
    assert (found.verdict, found.exceeded_by_candidate) == (Verdict.INCONCLUSIVE, True)
    assert repr(comparer) == ELSEWHERE


async def test_much_text_that_never_rests_is_read_in_another_process(comparer: Comparer) -> None:
    asked = Asked(1_790_000_000.0, 0.3)
    for words, where in ((5, IN_LOOP), (200, ELSEWHERE)):
        answers = [json_answer({"a": " ".join([f"{n} times"] * words)}) for n in range(4)]
        ours, theirs, again, its = answers
        look = Look(compare(ours, theirs, NO_RULES))
        look.add(*[compare(*pair, NO_RULES) for pair in ((ours, again), (ours, its), (again, its))])
        traced = await comparer.trace(look, asked)
        assert traced == trace(look, asked)
        assert [each.course for each in traced] == [Course.MOVED]
        assert repr(comparer) == where


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
