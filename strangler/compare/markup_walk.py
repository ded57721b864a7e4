"""Walks two documents of XML or HTML: as JSON, and besides by the order of unlike elements."""

from collections import Counter
from collections.abc import Iterator, Sequence

from strangler.compare.content import Order
from strangler.compare.found import EXCERPT_ITEMS
from strangler.compare.verdict import JSON, Kind
from strangler.compare.walk import JsonWalk, Side


class MarkupWalk(JsonWalk):
    """A walk over two documents. Elements that only one side has are told of as such, not here."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<Markup{super().__repr__()[5:]}"

    def _others(self, ours: Side, theirs: Side, state: int) -> None:
        if isinstance(ours, Order) and isinstance(theirs, Order):
            self._orders(ours, theirs)
        elif not isinstance(ours, Order) and not isinstance(theirs, Order):
            super()._others(ours, theirs, state)

    def _orders(self, ours: Order, theirs: Order) -> None:
        left, right = _comparable(ours, theirs)
        if left == right:
            return
        place = {label: n for n, label in enumerate(left)}
        here: list[JSON] = [*range(min(len(left), EXCERPT_ITEMS))]
        there: list[JSON] = [place[label] for label in right[:EXCERPT_ITEMS]]
        name = self._steps.pop()  # the order is the element's
        self._differ(Kind.ORDER, here, there)
        self._steps.append(name)


def _comparable(
    ours: Order, theirs: Order
) -> tuple[Sequence[tuple[str, int]], Sequence[tuple[str, int]]]:
    """Label the children that both have: where some are missing, the first of each name."""
    left, right = list(_labelled(ours)), list(_labelled(theirs))
    if set(left) == set(right):
        return left, right
    both = {label for label in left if label[1] == 0} & set(right)
    return [each for each in left if each in both], [each for each in right if each in both]


def _labelled(order: Order) -> Iterator[tuple[str, int]]:
    seen: Counter[str] = Counter()
    for name in order.split():
        yield name, seen[name]
        seen[name] += 1
