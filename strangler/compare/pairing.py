"""Decides which element of one list stands against which of the other. All in O(n log n).

Objects are paired by identity where they have one: the member whose values are all different
within each list and that the lists have most in common, usually `id`. Else equal elements pair
off, and what is left is paired in order.
"""

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Sequence
from itertools import islice, zip_longest
from operator import gt
from typing import NamedTuple, cast

from strangler.compare.tolerance import number_of
from strangler.compare.verdict import JSON

_IDENTIFYING = {str, int}  # exactly: True is no identity, and no float is
_MOST_TRIED = 16
"""How many members of the first object are tried as identity: ids come early."""


class Pairing(NamedTuple):
    """Pairs of indices (primary, candidate), and the indices of what has no partner.

    `crossed` tells whether the partners come in another order.
    """

    pairs: Sequence[tuple[int, int]]
    missing: Sequence[int]
    extra: Sequence[int]
    crossed: bool


NOTHING_TO_COMPARE = Pairing([], [], [], crossed=False)
"""For lists that are known to be equal already."""


def by_place(ours: int, theirs: int) -> Pairing:
    """Pair two lists of these lengths index by index."""
    both = range(min(ours, theirs))
    pairs = list(zip(both, both, strict=True))
    return Pairing(pairs, range(len(both), ours), range(len(both), theirs), crossed=False)


def by_identity(
    ours: Sequence[JSON], theirs: Sequence[JSON], usable: Callable[[str], bool]
) -> Pairing | None:
    """Pair objects by their identity; None where they have none.

    `usable` says which members may serve: not those that are ignored. An identity that fewer than
    half of the shorter list share is none: unique values may agree by accident.
    """
    shorter = min(len(ours), len(theirs))
    best: tuple[list[Hashable], list[Hashable]] | None = None
    most = (shorter - 1) // 2
    left_objects, right_objects = _objects(ours), _objects(theirs)
    if not left_objects or not right_objects:
        return None
    for name in filter(usable, islice(left_objects[0], _MOST_TRIED)):
        left, right = _identities(left_objects, name), _identities(right_objects, name)
        if left is None or right is None:
            continue
        if left == right:
            return by_place(len(left), len(right))
        shared = len(set(left) & set(right))
        if shared > most:
            best, most = (left, right), shared
        if shared == shorter:
            break
    return None if best is None else _by_unique(*best)


def by_equality(ours: Sequence[Hashable], theirs: Sequence[Hashable]) -> Pairing:
    """Pair equal elements, each with the first equal one that has no partner yet."""
    if ours == theirs:
        return by_place(len(ours), len(theirs))
    waiting: defaultdict[Hashable, deque[int]] = defaultdict(deque)
    for index, key in enumerate(theirs):
        waiting[key].append(index)
    pairs, missing = [], []
    for index, key in enumerate(ours):
        if partners := waiting.get(key):
            pairs.append((index, partners.popleft()))
        else:
            missing.append(index)
    return _paired(pairs, missing, sorted(i for left in waiting.values() for i in left))


def have_keys(names: Sequence[str], ours: Sequence[JSON], theirs: Sequence[JSON]) -> bool:
    """Decide whether any element has the members that its list is keyed by."""
    return any(
        isinstance(each, dict) and all(name in each for name in names)
        for elements in (ours, theirs)
        for each in elements
    )


def by_size(ours: Sequence[JSON], theirs: Sequence[JSON]) -> Pairing | None:
    """Pair numbers of which each may differ a little: the n-th smallest with the n-th smallest.

    None for lists of two lengths, or of other than numbers.
    """
    left, right = _ranked(ours), _ranked(theirs)
    if left is None or right is None or len(left) != len(right):
        return None
    return _paired(sorted(zip(left, right, strict=True)), [], [])


def _ranked(elements: Sequence[JSON]) -> list[int] | None:
    """Give the indices of numbers by their size; None if not all are numbers."""
    sizes = [size for size in map(number_of, elements) if size is not None]
    return sorted(range(len(sizes)), key=sizes.__getitem__) if len(sizes) == len(elements) else None


def in_order(pairing: Pairing, ours: int, theirs: int) -> Pairing:
    """Keep as many pairs as come in the same order, and pair the gaps between them in order."""
    pairs: list[tuple[int, int]] = []
    missing: list[int] = []
    extra: list[int] = []
    before = (-1, -1)
    for here in [*_longest_rise(pairing.pairs), (ours, theirs)]:
        gap = zip_longest(range(before[0] + 1, here[0]), range(before[1] + 1, here[1]))
        for i, j in gap:
            if j is None:
                missing.append(i)
            elif i is None:
                extra.append(j)
            else:
                pairs.append((i, j))
        pairs.append(here)
        before = here
    return Pairing(pairs[:-1], missing, extra, crossed=False)


def with_leftovers(pairing: Pairing, pairable: Callable[[int, int], bool]) -> Pairing:
    """Pair in order what equality has left over, where `pairable` allows it."""
    pairs = [pair for pair in zip(pairing.missing, pairing.extra, strict=False) if pairable(*pair)]
    ours, theirs = {i for i, _ in pairs}, {j for _, j in pairs}
    return _paired(
        sorted([*pairing.pairs, *pairs]),
        [i for i in pairing.missing if i not in ours],
        [j for j in pairing.extra if j not in theirs],
    )


def _paired(
    pairs: Sequence[tuple[int, int]], missing: Sequence[int], extra: Sequence[int]
) -> Pairing:
    partners = [j for _, j in pairs]
    crossed = any(map(gt, partners, islice(partners, 1, None)))
    return Pairing(pairs, missing, extra, crossed)


def _objects(elements: Sequence[JSON]) -> Sequence[dict[str, JSON]] | None:
    """Give the elements if all are objects."""
    if set(map(type, elements)) != {dict}:
        return None
    return cast("Sequence[dict[str, JSON]]", elements)


def _identities(objects: Sequence[dict[str, JSON]], name: str) -> list[Hashable] | None:
    """Give each object's value of one member, if they can identify the objects in this list."""
    values = [each.get(name) for each in objects]
    if not set(map(type, values)) <= _IDENTIFYING:
        return None
    identities = cast("list[Hashable]", values)
    return identities if len(set(identities)) == len(identities) else None


def _by_unique(ours: list[Hashable], theirs: list[Hashable]) -> Pairing:
    where = {key: index for index, key in enumerate(theirs)}
    known = set(ours)
    return _paired(
        [(index, where[key]) for index, key in enumerate(ours) if key in where],
        [index for index, key in enumerate(ours) if key not in where],
        [index for index, key in enumerate(theirs) if key not in known],
    )


def _longest_rise(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Find the longest subsequence whose second indices rise (patience sorting)."""
    ends: list[int] = []  # the smallest last value of a rise of each length
    tails: list[int] = []  # which pair that is
    previous: list[int] = []
    for number, (_, value) in enumerate(pairs):
        length = bisect_left(ends, value)
        ends[length : length + 1] = [value]
        tails[length : length + 1] = [number]
        previous.append(tails[length - 1] if length else -1)
    rise = []
    at = tails[-1] if tails else -1
    while at >= 0:
        rise.append(pairs[at])
        at = previous[at]
    return rise[::-1]
