"""Reading what a request says, and checking it field by field."""

import json
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn, TypeAlias

from starlette.requests import Request

from legacy_monolith.errors import ApiError, invalid

LIMIT = 1024 * 1024  # bytes: forms and JSON are small; files go elsewhere
LARGEST_INTEGER = 2**63 - 1  # what SQLite can hold

Check: TypeAlias = Callable[[Any], Any]
"""Gives the value as it is to be kept; `ValueError` says what is wrong with it."""


async def read_body(request: Request, limit: int = LIMIT) -> bytes:
    """Read a body whole, up to a limit."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise ApiError(413, "TOO_LARGE", f"the body may have {limit} bytes")
    return bytes(body)


async def read_json(request: Request, limit: int = LIMIT) -> dict[str, Any]:
    """Read a body that must be a JSON object, with nothing in it that cannot be stored."""
    body = await read_body(request, limit)
    try:
        content = json.loads(body, parse_constant=_refuse_constant)
        if b"\\ud" in body.lower():
            # An escape can smuggle in half of a surrogate pair, which is no text.
            json.dumps(content, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "BAD_JSON", "the body is not JSON") from error
    if not isinstance(content, dict):
        raise ApiError(400, "BAD_JSON", "the body is not a JSON object")
    return content


def checked(
    body: Mapping[str, Any], checks: Mapping[str, Check], required: Iterable[str] = ()
) -> dict[str, Any]:
    """Check the known fields of a body and give those that are there; all mistakes at once."""
    values: dict[str, Any] = {}
    mistakes = {name: "is required" for name in required if body.get(name) is None}
    for name in checks.keys() & body.keys() - mistakes.keys():
        try:
            values[name] = checks[name](body[name])
        except ValueError as error:
            mistakes[name] = str(error)
    if mistakes:
        raise invalid(mistakes)
    return values


def text(longest: int, shortest: int = 1) -> Check:
    """Check a text by its length, without the blanks around it."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or not shortest <= len(value.strip()) <= longest:
            raise ValueError(f"must be a text of {shortest} to {longest} characters")
        return value.strip()

    return check


def one_of(*choices: str) -> Check:
    """Check a choice."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in choices:
            raise ValueError(f"must be one of: {', '.join(choices)}")
        return value

    return check


def list_of(item: Check, longest: int) -> Check:
    """Check a list and each of its items; what is there twice is kept once."""

    def check(value: Any) -> list[Any]:
        if not isinstance(value, list) or len(value) > longest:
            raise ValueError(f"must be a list of at most {longest}")
        return list(dict.fromkeys(map(item, value)))

    return check


def flag(value: Any) -> bool:
    """Check a truth value."""
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def count(value: Any) -> int:
    """Check a number of things, which may as well come as a string."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_INTEGER:
        raise ValueError("must be a whole number, 0 or more")
    return value


def megabytes(value: Any) -> float:
    """Check a size; four decimals are kept."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ValueError("must be a number, 0 or more")
    try:
        size = round(float(value), 4)
    except OverflowError:
        size = math.inf
    if not math.isfinite(size):
        raise ValueError("is too large")
    return size


def query_integer(request: Request, name: str, default: int, low: int, high: int) -> int | None:
    """Read a whole number from the query; None if it is none, or out of bounds."""
    given = request.query_params.get(name, str(default))
    if not (given.isascii() and given.isdigit() and len(given) < 20):
        return None
    number = int(given)
    return number if low <= number <= high else None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
