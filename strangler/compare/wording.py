"""Decides whether two sides say the same in a text of which a part never rests.

What a text *has* are its tokens, of what shape each is, and which shape follows which. However the
primary writes it from ask to ask, what all of its texts have is no noise of its own, and the
candidate's must have it too.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from itertools import pairwise
from typing import TypeAlias

from strangler.compare.oddity import Oddity
from strangler.compare.shape import Sort
from strangler.compare.tokens import Token, tokens_of
from strangler.compare.verdict import JSON

_Feature: TypeAlias = tuple[Hashable, ...]

_EDGE = "edge"  # what the first and the last token of a text stand beside
_FORM, _FAMILY, _TEXT, _BESIDE, _AFTER = range(5)  # what comes after what, but for white space
_MOVING = (Sort.TIME, Sort.IDENTIFIER, Sort.NUMBER)
"""Tokens that can be held against the other side's though they never rest."""


def lost(primary: Sequence[str], candidate: Sequence[str], now: float) -> Oddity | None:
    """Find what all texts of the primary have, and none of as many of the candidate's.

    It is one among as many things as part the texts into two halves, one that has it and one that
    has not: of many, one is by accident that which parts the sides.
    """
    having: defaultdict[_Feature, int] = defaultdict(int)
    for number, text in enumerate((*primary, *candidate)):
        for feature in _features(tokens_of(text, now)):
            having[feature] |= 1 << number
    everybody, ours = (1 << 2 * len(primary)) - 1, (1 << len(primary)) - 1
    gone = [feature for feature, who in having.items() if who == ours]
    if not gone:
        return None
    halves = {min(w, everybody ^ w) for w in having.values() if w.bit_count() == len(primary)}
    shapes = sorted(str(form) for of, form, *_ in gone if of == _FORM)
    if shapes:
        return Oddity(f"text with {shapes[0]}", "text without it", len(halves))
    return Oddity("text with words that stay", "text without them", len(halves))


def moving(
    primary: Sequence[str], candidate: Sequence[str], now: float
) -> Iterator[tuple[list[JSON], list[JSON]]]:
    """Give what moves in the primary's texts: the n-th time, the n-th identifier, the n-th number.

    Only of what all texts have equally many.
    """
    read = [tokens_of(text, now) for text in (*primary, *candidate)]
    for sort in _MOVING:
        values = [[_value(each) for each in tokens if each.shape.sort is sort] for tokens in read]
        if len(set(map(len, values))) > 1:
            continue
        for met in zip(*values, strict=True):
            ours, theirs = list(met[: len(primary)]), list(met[len(primary) :])
            if len(set(map(repr, ours))) > 1:
                yield ours, theirs


def wording(text: str, now: float) -> tuple[str, ...]:
    """Give the words of a text, and in the place of what may move, of what shape that is."""
    return tuple(_in_words(token) for token in tokens_of(text, now))


def _features(tokens: Sequence[Token]) -> Iterator[_Feature]:
    """Give what a text has; of what it has several times, that it has it so often."""
    met: defaultdict[_Feature, int] = defaultdict(int)
    forms = [_EDGE, *[token.shape.form for token in tokens], _EDGE]
    words = [_EDGE, *[_in_words(token) for token in tokens], _EDGE]
    for feature in (
        *((_FORM, token.shape.form) for token in tokens if token.shape.sort in _MOVING),
        *((_FAMILY, token.shape.family) for token in tokens),
        *((_TEXT, token.text) for token in tokens if token.shape.sort is not Sort.OTHER),
        *((_BESIDE, *pair) for pair in pairwise(forms)),
        *((_BESIDE, *pair) for pair in pairwise(words)),
        *((_AFTER, *pair) for pair in pairwise(filter(str.strip, words))),
    ):
        met[feature] += 1
        yield (*feature, met[feature])


def _in_words(token: Token) -> str:
    return token.text if token.shape.sort is Sort.TEXT else token.shape.family


def _value(token: Token) -> JSON:
    number = token.number if token.shape.sort is Sort.NUMBER else None
    return token.text if number is None else number
