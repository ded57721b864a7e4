"""What stands within a text is judged though the text never rests."""

import base64
import json
from collections.abc import Callable

import pytest

from strangler.compare.manner import oddity
from strangler.compare.within import MOST_LEVELS, places_within

NOW = 1_790_000_000.0  # 2026-09-21T14:13:20Z


def encoded(value: object) -> str:
    text = json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def token(number: int, algorithm: str = "RS256", **claims: object) -> str:
    """A token that is issued a second later each time, and signed anew."""
    told = {"sub": "u-77", "iat": int(NOW) + number, **claims}
    return ".".join((encoded({"alg": algorithm}), encoded(told), encoded([number])))


def told(candidate: list[str], primary: list[str] | None = None) -> bool:
    ours = [token(n, exp=int(NOW) + n + 900) for n in range(5)] if primary is None else primary
    return oddity(ours, candidate, now=NOW, span=5.0) is not None


@pytest.mark.parametrize(
    "candidate",
    [
        [token(n, sub="u-78", exp=int(NOW) + n + 900) for n in range(5)],
        [token(n, exp=int(NOW) + n + 86_400) for n in range(5)],
        [token(n, exp=(int(NOW) + n + 900) * 1000) for n in range(5)],
        [token(n, algorithm="none", exp=int(NOW) + n + 900) for n in range(5)],
        [token(n) for n in range(5)],
    ],
    ids=["for another", "for a day", "in milliseconds", "not signed", "for ever"],
)
def test_a_token_that_says_something_else_is_odd(candidate: list[str]) -> None:
    assert told(candidate)


def test_a_token_of_another_moment_is_not_odd() -> None:
    assert not told([token(n + 1, exp=int(NOW) + n + 901) for n in range(5)])


def cursors(after: int, write: Callable[[object], str]) -> list[str]:
    return [write({"after": after, "at": (NOW + n) * 1000.0}) for n in range(5)]


@pytest.mark.parametrize("write", [json.dumps, encoded], ids=["JSON", "base64"])
def test_a_cursor_that_goes_on_elsewhere_is_odd_whatever_time_is_in_it(
    write: Callable[[object], str],
) -> None:
    assert told(cursors(3, write), cursors(2, write))
    assert not told(cursors(2, write), cursors(2, write))


@pytest.mark.parametrize(
    "text", ["", "{", "e30", "[]", "eyJ.eyJ.x", "no base64 at all", "aGVsbG8gd29ybGQ", '["\ud800"]']
)
def test_a_text_that_holds_no_json_is_not_looked_into(text: str) -> None:
    assert places_within([text], [text]) is None


def test_what_is_nested_deep_is_compared_as_a_whole() -> None:
    text = "[" * 900 + "]" * 900
    held = json.loads(text[MOST_LEVELS:-MOST_LEVELS])
    assert places_within([text], [text]) == [([held], [held])]
