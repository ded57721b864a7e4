"""Decides whether two sides say the same in a text of which a part never rests.

What a text *has* are its tokens, of what shape each is, and which shape follows which. However the
primary writes it from ask to ask, what all of its texts have is no noise of its own, and the
candidate's must have it too.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from itertools import repeat
from typing import TypeAlias

from strangler.compare.oddity import Oddity
from strangler.compare.parting import first_difference
from strangler.compare.shape import Sort
from strangler.compare.tokens import LONGEST, Token, tokens_of
from strangler.compare.verdict import JSON

_Feature: TypeAlias = tuple[tuple[Hashable, ...], int]

BESIDE = 48
"""Characters beside what is not the same in all texts that are read too: no token is longer whose
other parts may be."""

_EDGE = "edge"  # what the first and the last token of a text stand beside
_FORM, _FAMILY, _TEXT, _BESIDE, _AFTER = range(5)  # what comes after what, but for white space
_MOVING = (Sort.TIME, Sort.IDENTIFIER, Sort.NUMBER)
"""Tokens that can be held against the other side's though they never rest."""


def lost(primary: Sequence[str], candidate: Sequence[str], now: float) -> Oddity | None:
    """Find what all texts of the primary have, and none of as many of the candidate's.

    It is one among as many things as part the texts into two halves, one that has it and one that
    has not: of many, one is by accident that which parts the sides.
    """
    read = _read((*primary, *candidate), now)
    if not read:
        return None
    ours, theirs = read[: len(primary)], read[len(primary) :]
    gone = set(_features(ours[0]))
    for mine, its in zip(ours, theirs, strict=True):
        gone &= _features(mine)
        gone -= _features(its)
        if not gone:  # as it nearly always is where there is but noise
            return None
    among = _halves([_features(tokens) for tokens in read])
    shapes = sorted(str(form) for (of, form, *_), _ in gone if of == _FORM)
    if shapes:
        return Oddity(f"text with {shapes[0]}", "text without it", among)
    return Oddity("text with words that stay", "text without them", among)


def _halves(having: Sequence[AbstractSet[_Feature]]) -> int:
    """Count the ways in which texts fall into two halves by what they have."""
    who: defaultdict[_Feature, int] = defaultdict(int)
    for number, features in enumerate(having):
        for feature in features:
            who[feature] |= 1 << number
    everybody = (1 << len(having)) - 1
    half = len(having) // 2
    return len({min(w, everybody ^ w) for w in who.values() if w.bit_count() == half})


def varied(texts: Sequence[str]) -> list[str]:
    """Leave out how all texts begin and end, but for what stands beside the rest."""
    begin = _in_common(texts)
    left = [text[begin:] for text in texts]
    end = _in_common([text[::-1] for text in left])
    return [text[: len(text) - end] for text in left]


def _in_common(texts: Sequence[str]) -> int:
    """Count the characters with which all begin, up to a word that is not beside the rest."""
    first, last = min(texts), max(texts)  # between them are all others
    return first.rfind(" ", 0, max(first_difference(first, last) - BESIDE, 0)) + 1


def _read(texts: Sequence[str], now: float) -> list[tuple[Token, ...]]:
    """Read what is not the same in all texts; nothing where that is too much."""
    different = varied(texts)
    if max(map(len, different)) > LONGEST:
        return []
    return [tokens_of(text, now) for text in different]


def moving(
    primary: Sequence[str], candidate: Sequence[str], now: float
) -> Iterator[tuple[list[JSON], list[JSON]]]:
    """Give what moves in the primary's texts: the n-th time, the n-th identifier, the n-th number.

    Only of what all texts have equally many.
    """
    read = _read((*primary, *candidate), now)
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


@lru_cache(maxsize=64)  # the answers of one look are read again with each further ask
def _features(tokens: tuple[Token, ...]) -> AbstractSet[_Feature]:
    """Give what a text has, each with how often it has it."""
    forms = [_EDGE, *[token.shape.form for token in tokens], _EDGE]
    words = [_EDGE, *[_in_words(token) for token in tokens], _EDGE]
    written = [word for word in words if not word.isspace()]
    met: Counter[tuple[Hashable, ...]] = Counter(zip(repeat(_BESIDE), forms, forms[1:]))
    met.update(zip(repeat(_BESIDE), words, words[1:]))
    met.update(zip(repeat(_AFTER), written, written[1:]))
    for token in tokens:
        sort = token.shape.sort
        met[_FAMILY, token.shape.family] += 1
        if sort is not Sort.OTHER:
            met[_TEXT, token.text] += 1
        if sort in _MOVING:
            met[_FORM, token.shape.form] += 1
    return met.items()


def _in_words(token: Token) -> str:
    return token.text if token.shape.sort is Sort.TEXT else token.shape.family


def _value(token: Token) -> JSON:
    number = token.number if token.shape.sort is Sort.NUMBER else None
    return token.text if number is None else number
