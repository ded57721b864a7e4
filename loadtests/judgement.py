"""Decides whether an answer is the one that the API promises; the status alone never says so."""

import json
from typing import TypeVar

from pydantic import ValidationError

from loadtests.shapes import Refusal, Shape

ShapeT = TypeVar("ShapeT", bound=Shape)
LONGEST_EXCERPT = 200  # of a body in a message: enough for a problem's title and detail


class Unexpected(Exception):  # noqa: N818 - not an error of ours: a judgement on an answer
    """An answer that is not what was asked for; says in what, and what came instead."""


def judge_status(expected: int, status: int, body: bytes) -> None:
    """Decide whether an answer may be looked at at all; `Unexpected` if not.

    A 200 that carries an `error` is a failure that hides behind its status.
    """
    if status != expected:
        raise Unexpected(f"expected status {expected}, got {status}: {_excerpt(body)}")
    if status < 400 and b'"error"' in body and _carries_error(body):
        raise Unexpected(f"status {status} carries an error: {_excerpt(body)}")


def judge(expected: int, shape: type[ShapeT], status: int, body: bytes) -> ShapeT:
    """Give a JSON answer's content; `Unexpected` if its status or shape is another."""
    judge_status(expected, status, body)
    try:
        return shape.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(step) for step in first["loc"]) or "the body"
        raise Unexpected(
            f"not the shape of {shape.__name__}: {place}: {first['msg']}: {_excerpt(body)}"
        ) from None


def judge_refusal(expected: int, code: str, status: int, body: bytes) -> None:
    """Decide whether a request was refused as it should be; `Unexpected` if not."""
    refusal = judge(expected, Refusal, status, body)
    if refusal.error.code != code:
        raise Unexpected(f"expected the refusal {code}, got {refusal.error.code}")


def _carries_error(body: bytes) -> bool:
    try:
        content = json.loads(body)
    except ValueError:
        return False
    return isinstance(content, dict) and "error" in content


def _excerpt(body: bytes) -> str:
    text = body[:LONGEST_EXCERPT].decode(errors="replace")
    return text + ("…" if len(body) > LONGEST_EXCERPT else "") if text else "(no body)"
