"""A pair that is lent to another process arrives there as it was, and leaves nothing behind."""

from dataclasses import replace
from pathlib import Path

import pytest

from strangler.compare.bounds import DEFAULT_BOUNDS
from strangler.compare.compare import compare
from strangler.compare.response import Response
from strangler.compare.rules import Rules
from strangler.proxy.lending import Loan, compare_lent
from tests.compare.answers import json_answer

NO_RULES = Rules.compile([], [])


@pytest.mark.parametrize(
    ("primary", "candidate"),
    [
        (json_answer({"a": "x" * 3_000_000}), json_answer({"a": "y" * 2_000_000})),
        (json_answer({"a": 1}), Response(500, ((b"X-Other", b"1"),), b"")),
        (Response(204, (), b""), json_answer([1])),
    ],
)
def test_what_is_lent_is_compared_as_what_is_here(primary: Response, candidate: Response) -> None:
    loan = Loan(primary, candidate)
    try:
        assert compare_lent(loan.lent, NO_RULES, DEFAULT_BOUNDS) == compare(
            primary, candidate, NO_RULES
        )
    finally:
        loan.close()


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_loan_that_is_over_is_gone() -> None:
    before = open_files()
    loan = Loan(json_answer({"a": 1}), json_answer({"a": 2}))
    assert Path(loan.lent.path).exists()
    assert "memfd:" in str(Path(loan.lent.path).readlink()), "in memory alone"
    loan.close()
    assert open_files() == before
    with pytest.raises(OSError, match=r"/proc/"):
        compare_lent(loan.lent, NO_RULES, DEFAULT_BOUNDS)


def test_a_file_that_is_too_short_is_a_fault_and_no_verdict() -> None:
    loan = Loan(json_answer({"a": 1}), json_answer({"a": 2}))
    try:
        first, second = loan.lent.sizes
        longer = replace(loan.lent, sizes=(first, second + 1))
        with pytest.raises(EOFError):
            compare_lent(longer, NO_RULES, DEFAULT_BOUNDS)
    finally:
        loan.close()
