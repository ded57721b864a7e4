"""Groups many differences of one cause: the same route, kind, change and set of paths."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import blake2b

from strangler.compare.verdict import JSON, Difference, Kind

ABSENT = "absent"
NEW = "new"
"""The changes of a header field, or a whole body, that only one side has."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """One class of differences. `signature` names it, alike in every process and for ever.

    `change` says what became what, as far as that tells causes apart; it holds no data.
    `differences` are what was met of it, which does.
    """

    signature: str
    route: str
    kind: Kind
    paths: tuple[str, ...]
    change: str = ""
    differences: tuple[Difference, ...] = field(default=(), compare=False)


def cluster(route: str, differences: Sequence[Difference]) -> list[Cluster]:
    """Group the differences of one comparison on a route by kind and change, kinds in order."""
    met: dict[tuple[Kind, str], list[Difference]] = {}
    for each in differences:
        met.setdefault((each.kind, change_of(each)), []).append(each)
    order = list(Kind)
    clusters = []
    for kind, change in sorted(met, key=lambda pair: (order.index(pair[0]), pair[1])):
        alike = tuple(met[kind, change])
        paths = tuple(sorted({each.path for each in alike}))
        named = signature(route, kind.value, change, paths)
        clusters.append(Cluster(named, route, kind, paths, change, alike))
    return clusters


def change_of(difference: Difference) -> str:
    """Say what became what where another cause would make another change; else nothing.

    A string for a number is one bug and null for a number another; two other numbers may well be
    one. Statuses and the names of types are nobody's data.
    """
    primary, candidate = difference.primary, difference.candidate
    if difference.kind is Kind.STATUS:
        return f"{primary} became {candidate}"
    if difference.kind is Kind.TYPE:
        return f"{type_of(primary)} became {type_of(candidate)}"
    # A part of a field, or a line of a text, has its place in the path of the whole.
    whole = difference.kind in {Kind.HEADER, Kind.BODY} and difference.place == difference.path
    if whole and (primary is None or candidate is None):
        return ABSENT if candidate is None else NEW
    return ""


def type_of(value: JSON) -> str:
    """Name the JSON type of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float | Decimal):
        return "number"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, dict) else "list"


def signature(route: str, kind: str, change: str, paths: Sequence[str]) -> str:
    """Hash what makes a class: 64 bits tell a million classes apart with room to spare."""
    told_apart = "\0".join((route, kind, *paths, *(("", change) if change else ())))
    return blake2b(told_apart.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def spot(route: str, kind: str, change: str, path: str, *, noise: bool) -> str:
    """Name one path of a route that differs in one way: it belongs to exactly one finding."""
    told_apart = "\0".join((route, kind, change, "noise" if noise else "", path))
    return blake2b(told_apart.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
