"""Collects what one comparison finds: differences, up to a bound, and rules that fired."""

from strangler.compare.bounds import Bounds
from strangler.compare.query import bare
from strangler.compare.verdict import JSON, Difference, Kind

EXCERPT_LEVELS = 8
EXCERPT_ITEMS = 20
"""What is kept of an object or list that only one side has: enough to recognise it."""

CUT = "…"


class Enough(Exception):  # noqa: N818 - not an error: a way for a comparison to end
    """As many differences are kept as may be; more would not change the verdict."""


class Found:
    """The findings of one comparison while it runs."""

    __slots__ = ("_bounds", "_seen", "differences", "fired")

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._seen: dict[tuple[str, Kind], int] = {}
        self.differences: list[Difference] = []
        self.fired: dict[str, None] = {}

    def __repr__(self) -> str:
        return f"<Found {len(self.differences)} differences, fired {list(self.fired)}>"

    def fire(self, rule: str) -> None:
        """Note that `rule` made something equal."""
        self.fired[rule] = None

    def add(self, path: str, place: str, kind: Kind, primary: JSON, candidate: JSON) -> None:
        """Keep a difference, unless enough of its path and kind are kept already."""
        seen = self._seen.get((path, kind), 0)
        if seen >= self._bounds.places:
            return
        self._seen[path, kind] = seen + 1
        self.differences.append(Difference(path, place, kind, excerpt(primary), excerpt(candidate)))
        if len(self.differences) >= self._bounds.differences:
            raise Enough


def excerpt(value: JSON, levels: int = EXCERPT_LEVELS) -> JSON:
    """Keep a scalar as it is, and the beginning of an object or list.

    So no difference drags a whole body along, nor nests too deep to be pickled.
    """
    value = bare(value)
    if isinstance(value, dict):
        kept = list(value.items())[:EXCERPT_ITEMS] if levels else []
        shown: dict[str, JSON] = {name: excerpt(inner, levels - 1) for name, inner in kept}
        return shown if len(kept) == len(value) else shown | {CUT: CUT}
    if isinstance(value, list):
        first = value[:EXCERPT_ITEMS] if levels else []
        items = [excerpt(inner, levels - 1) for inner in first]
        return items if len(first) == len(value) else [*items, CUT]
    return value
