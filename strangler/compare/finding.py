"""Groups many differences of one cause: the same route, kind and set of paths."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from strangler.compare.verdict import Difference, Kind


@dataclass(frozen=True, slots=True)
class Cluster:
    """One class of differences. `signature` names it, alike in every process and for ever."""

    signature: str
    route: str
    kind: Kind
    paths: tuple[str, ...]


def cluster(route: str, differences: Sequence[Difference]) -> list[Cluster]:
    """Group the differences of one comparison on a route by kind, in the order of the kinds."""
    clusters = []
    for kind in Kind:
        paths = tuple(sorted({each.path for each in differences if each.kind is kind}))
        if paths:
            clusters.append(Cluster(_signature(route, kind, paths), route, kind, paths))
    return clusters


def _signature(route: str, kind: Kind, paths: tuple[str, ...]) -> str:
    """Hash what makes a class: 64 bits tell a million classes apart with room to spare."""
    told_apart = "\0".join((route, kind.value, *paths))
    return blake2b(told_apart.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
