"""Evaluates paths of RFC 9535 with a library, which only what has such paths imports."""

import re
from functools import lru_cache

import jsonpath
from jsonpath.function_extensions import Match, Search

from strangler.compare.paths import Step
from strangler.compare.verdict import JSON

_PATTERN_TIME = 0.005
"""Seconds for one text. No sane pattern needs more; one that goes astray needs for ever."""

_LONGEST_TEXT = 10_000
"""Characters of a text that a pattern is tried on."""

_COLUMN = re.compile(r" 1:([0-9]+)$", re.MULTILINE)


class TooLong(Exception):  # noqa: N818 - reads as what it says
    """A pattern has taken too long."""


class _BoundedMatch(Match):
    """`match()`, given up in time."""

    def __call__(self, value: object, pattern: object) -> bool:
        """Decide whether the whole of a text is as the pattern says."""
        compiled = self.check_cache(pattern) if isinstance(pattern, str) else None
        if compiled is None or not isinstance(value, str) or len(value) > _LONGEST_TEXT:
            return False
        return bool(compiled.fullmatch(value, timeout=_PATTERN_TIME))


class _BoundedSearch(Search):
    """`search()`, given up in time."""

    def __call__(self, value: object, pattern: object) -> bool:
        """Decide whether some part of a text is as the pattern says."""
        compiled = self.check_cache(pattern) if isinstance(pattern, str) else None
        if compiled is None or not isinstance(value, str) or len(value) > _LONGEST_TEXT:
            return False
        return bool(compiled.search(value, timeout=_PATTERN_TIME))


def complaint(text: str) -> str | None:
    """Say what is wrong with a path, in one line with its column; None for nothing."""
    try:
        _compiled(text)
    except (jsonpath.JSONPathError, RecursionError) as error:
        said = str(error)
        column = _COLUMN.search(said)
        at = "" if column is None else f" at column {int(column[1]) + 1}"
        return f"{said.partition(chr(10))[0] or 'is nested too deeply'}{at} (RFC 9535)"
    return None


def select(text: str, value: dict[str, JSON] | list[JSON]) -> list[tuple[Step, ...]]:
    """Give the places that a path selects. Raises `TooLong`, or `ValueError` if it cannot be."""
    try:
        return [match.parts for match in _compiled(text).finditer(value)]
    except TimeoutError as error:
        raise TooLong from error
    except (jsonpath.JSONPathError, RecursionError) as error:
        raise ValueError(text) from error


@lru_cache(maxsize=1000)  # the rules of all routes of a table, and a few tables
def _compiled(text: str) -> jsonpath.JSONPath | jsonpath.CompoundJSONPath:
    return _environment().compile(text)


@lru_cache(maxsize=1)
def _environment() -> jsonpath.JSONPathEnvironment:
    environment = jsonpath.JSONPathEnvironment(strict=True)
    environment.function_extensions["match"] = _BoundedMatch()
    environment.function_extensions["search"] = _BoundedSearch()
    return environment
