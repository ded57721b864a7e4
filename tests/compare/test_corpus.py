"""How often is the diff right? Labelled pairs, as a person who knows the systems would judge them.

Each file in `corpus/` holds two responses, the route's rules, and the verdict and differences
(kind and path) that are wanted. A pair that is judged wrongly today says so in `known_wrong`: it
stays in the corpus, and fails here on the day that it is judged rightly and the mark is left.
"""

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from strangler.compare.compare import compare
from strangler.compare.response import Response
from strangler.compare.rules import Rules

PAIRS = sorted((Path(__file__).parent / "corpus").glob("*.json"))
PAGE = (Path(__file__).parents[2] / "docs" / "comparison.md").read_text()


def response(told: dict[str, Any]) -> Response:
    if "base64" in told:
        body = base64.b64decode(told["base64"])
    elif "text" in told:
        body = told["text"].encode(told.get("charset", "utf-8"))
    else:
        body = json.dumps(told["json"]).encode()
    headers = tuple((n.encode(), v.encode()) for n, v in told["headers"].items())
    return Response(told["status"], headers, body)


def judged(pair: dict[str, Any]) -> tuple[str, list[list[str]]]:
    """The verdict on a pair, and its differences."""
    rules = Rules.compile(pair.get("ignore", []), pair.get("unordered", []))
    comparison = compare(response(pair["primary"]), response(pair["candidate"]), rules)
    differences = {(each.kind.value, each.path) for each in comparison.differences}
    return comparison.verdict.value, sorted(map(list, differences))


@pytest.mark.parametrize("path", PAIRS, ids=lambda path: path.stem)
def test_a_labelled_pair_is_judged_as_a_person_would(path):
    pair = json.loads(path.read_text())
    wanted = (pair["verdict"], sorted(pair["differences"]))
    if "known_wrong" in pair:
        assert judged(pair) != wanted, "judged rightly now: remove `known_wrong` and rejoice"
    else:
        assert judged(pair) == wanted, pair["about"]


def test_the_published_count_is_the_counted_one():
    wrong = sum("known_wrong" in json.loads(path.read_text()) for path in PAIRS)
    published = re.search(r"(\d+) of (\d+) labelled pairs", PAGE)
    assert published is not None
    assert [int(each) for each in published.groups()] == [len(PAIRS) - wrong, len(PAIRS)]
