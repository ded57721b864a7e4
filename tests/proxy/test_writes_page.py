"""docs/writes.md names what becomes of writes as the code does."""

import re
from pathlib import Path

import orjson
import pytest

from strangler.compare.response import Response
from strangler.proxy import dry_run, mirror, read_back
from strangler.proxy.promise import HEADER, broken_promise
from strangler.routing.phase import WriteCopying
from strangler.routing.resource import Found, Unfound

PAGE = (Path(__file__).parent.parent.parent / "docs" / "writes.md").read_text("utf-8")

OUTCOMES = [f"not read back: {unfound.value}" for unfound in Unfound]
OUTCOMES += [read_back.LAGS, read_back.TOO_MANY, read_back.REFUSED]
OUTCOMES += [mirror.EARLY, dry_run.UNPROMISED, dry_run.MOVING, dry_run.MOVED]


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_outcome_is_told(outcome: str) -> None:
    assert f"`{outcome}`" in PAGE


def test_every_way_to_find_and_to_judge_is_told() -> None:
    assert f"`read back by {Found.PATH}`, `by {Found.LOCATION}`, `by {Found.TEMPLATE}`" in PAGE
    for way in WriteCopying:
        assert f"| `{way}` |" in PAGE


def test_the_promise_of_the_page_is_one() -> None:
    told = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert told is not None
    assert orjson.loads(told[1])["header"] == HEADER
    assert broken_promise(Response(200, (), told[1].encode())) == ""


def test_the_bounds_are_the_code_s() -> None:
    assert f"{read_back.WAITING:,} writes of one worker wait" in PAGE
    assert f"({read_back._ANSWER.body // 1024} KiB at most)" in PAGE
