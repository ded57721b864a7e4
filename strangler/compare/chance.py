"""Decides what is no chance about a list whose elements come and go by chance.

Which elements are in such a list means nothing, and an element of one answer is hardly met in the
next. But that the candidate's elements always lack a member, or have one of another type, where
none of the primary's do, is no more chance than in a list that stays; nor is a list that is always
empty.

All answers but the primary's first are held against that one. Suppose that both sides draw theirs
from one urn, then it is chance which of them show a difference: that it is all of the candidate's
and none of the primary's, or the other way round, has a probability of one over the ways to choose
them, which is what `surprise` says too. Of several differences, each that parts the answers into
two such halves could have parted the sides.
"""

from strangler.compare.looks import PRESENCE, Likeness, Look
from strangler.compare.verdict import Kind

_ELEMENT = "[*]"


def ways_to_part(look: Look, like: Likeness) -> int:
    """Count among how many differences that part the answers in halves this one parts the sides.

    0 if it does not, or may by other means than chance.
    """
    if look.is_full or not (_inside_elements(look, like) or _of_elements(look, like)):
        return 0
    halves = set()
    for path, kind in look.met():
        ours, theirs = look.shown(path, kind)
        shown = (*ours, *theirs)
        if sum(shown) in {look.asks - 1, look.asks}:
            halves.add(min(shown, tuple(not each for each in shown)))
    return len(halves)


def _inside_elements(look: Look, like: Likeness) -> bool:
    """Decide whether something inside the elements differs in all of the candidate's answers only.

    The primary's may leave that open, but by elements that come and go alone: where they are of
    another status or have no list at all, as under a limit of rate, their clocks are not seen.
    """
    path, way = like
    if not look.left_open(like) <= {(at, PRESENCE) for at in _elements_around(path)}:
        return False
    kinds = (Kind.MISSING, Kind.EXTRA) if way == PRESENCE else (Kind(way),)
    sides = [look.shown(path, kind) for kind in kinds]
    return not any(any(ours) for ours, _ in sides) and any(all(theirs) for _, theirs in sides)


def _of_elements(look: Look, like: Likeness) -> bool:
    """Decide whether elements only go, or only come, where the primary's always do both."""
    path, way = like
    if way != PRESENCE or not path.endswith(_ELEMENT):
        return False
    gone, come = look.shown(path, Kind.MISSING), look.shown(path, Kind.EXTRA)
    if not (all(gone[0]) and all(come[0])):
        return False
    one_way = (gone, come) if any(gone[1]) else (come, gone)
    return all(one_way[0][1]) and not any(one_way[1][1])


def _elements_around(path: str) -> list[str]:
    return [path[: at + len(_ELEMENT)] for at in range(len(path)) if path.startswith(_ELEMENT, at)]
