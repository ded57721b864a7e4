"""Short ways to say a response, and to compare two bodies, in these tests."""

import json
from collections.abc import Iterable
from typing import Any

from strangler.compare.bounds import DEFAULT_BOUNDS, Bounds
from strangler.compare.compare import compare
from strangler.compare.response import Response
from strangler.compare.rules import Rules
from strangler.compare.verdict import Comparison

JSON_TYPE = ("Content-Type", "application/json")


def answer(body: bytes = b"", *headers: tuple[str, str], status: int = 200) -> Response:
    """A response with these bytes."""
    encoded = tuple((n.encode("latin-1"), v.encode("latin-1")) for n, v in headers)
    return Response(status, encoded, body)


def json_answer(value: Any, *headers: tuple[str, str], status: int = 200) -> Response:
    """A response with this value as JSON; lone surrogates and NaN are written as Python does."""
    return answer(json.dumps(value).encode(), JSON_TYPE, *headers, status=status)


def rules(
    ignore: Iterable[str] = (), unordered: Iterable[str] = (), plaintext: Iterable[str] = ()
) -> Rules:
    """Compiled rules."""
    return Rules.compile(ignore, unordered, plaintext)


def compare_json(
    primary: Any,
    candidate: Any,
    ignore: Iterable[str] = (),
    unordered: Iterable[str] = (),
    bounds: Bounds = DEFAULT_BOUNDS,
) -> Comparison:
    """Compare two values as JSON bodies."""
    compiled = rules(ignore, unordered)
    return compare(json_answer(primary), json_answer(candidate), compiled, bounds)


def compare_texts(primary: str, candidate: str) -> Comparison:
    """Compare two JSON texts as written."""
    left, right = answer(primary.encode(), JSON_TYPE), answer(candidate.encode(), JSON_TYPE)
    return compare(left, right, rules())


def compare_as(
    kind: str, primary: str | bytes, candidate: str | bytes, ignore: Iterable[str] = ()
) -> Comparison:
    """Compare two bodies of one content-type."""
    left, right = (
        answer(body.encode() if isinstance(body, str) else body, ("Content-Type", kind))
        for body in (primary, candidate)
    )
    return compare(left, right, rules(ignore))


def told(comparison: Comparison) -> list[tuple[str, str]]:
    """Each difference as (kind, place)."""
    return [(each.kind.value, each.place) for each in comparison.differences]
