"""Makes hashable stand-ins for JSON values: equal exactly where the values are, under the rules.

With them, elements of lists are found in each other's list without comparing each with each.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from decimal import Decimal
from enum import Enum
from typing import Any

from strangler.compare.automaton import DEAD, State
from strangler.compare.budget import Budget
from strangler.compare.query import Overrides, chosen
from strangler.compare.tolerance import is_numeric
from strangler.compare.verdict import JSON

_PLAIN = frozenset({str, int, float, type(None)})
"""Scalars that Python tells apart as JSON does, so that they stand for themselves."""


class _Mark(Enum):
    """Stands for what Python would take for something else (true for 1), or for no list.

    `NUMBER` stands for any number that may differ a little: how much is the walk's to tell.
    `IGNORED` stands for what a query leaves out.
    """

    TRUE = "true"
    FALSE = "false"
    NAN = "nan"
    NUMBER = "number"
    IGNORED = "ignored"
    UNORDERED = "unordered"


class Freezer:
    """Freezes values as the states of one set of rules say, on the budget of one comparison.

    What is frozen once stays so: lists inside lists are matched level by level, and would freeze
    their innermost values once for each. The values must outlive the freezer: it goes by identity.
    """

    __slots__ = ("_budget", "_frozen", "_near", "_overrides", "_states")

    def __init__(
        self, states: Sequence[State], budget: Budget, overrides: Overrides | None = None
    ) -> None:
        self._overrides = overrides
        self._states = states
        self._near = overrides is not None or any(each.tolerance for each in states)
        self._budget = budget
        self._frozen: dict[tuple[int, int], Hashable] = {}

    def __repr__(self) -> str:
        return f"<Freezer {len(self._states)} states, {self._budget}>"

    def value(self, value: JSON, state: int, level: int) -> Hashable:
        """Freeze a value that stands at a place in `state`, `level` steps below `$`."""
        if isinstance(value, dict | list):
            known = self._frozen.get((id(value), state))
            if known is None:
                known = self._container(value, state, level)
                self._frozen[id(value), state] = known
            return known
        if self._overrides is not None and (mark := chosen(value)) is not None:
            state = self._overrides.of(state, mark.rules)
            ignored = self._states[state].ignore is not None
            return _Mark.IGNORED if ignored else self.value(mark.value, state, level)
        if self._near and self._states[state].tolerance is not None and is_numeric(value):
            return _Mark.NUMBER
        if isinstance(value, bool):
            return _Mark.TRUE if value else _Mark.FALSE
        return _Mark.NAN if is_nan(value) else value

    def _container(self, value: dict[str, JSON] | list[JSON], state: int, level: int) -> Hashable:
        if isinstance(value, dict):
            return self._object(value, state, level)
        return self._list(value, state, level)

    def _object(self, value: dict[str, JSON], state: int, level: int) -> Hashable:
        self._budget.spend(len(value), level)
        if state == DEAD:
            return frozenset(
                [
                    (name, x if type(x) in _PLAIN else self.value(x, DEAD, level + 1))
                    for name, x in value.items()
                ]
            )
        states, names, other = (
            self._states,
            self._states[state].names,
            self._states[state].other_name,
        )
        plain = frozenset() if self._near else _PLAIN
        return frozenset(
            [
                (name, x if type(x) in plain else self.value(x, after, level + 1))
                for name, x in value.items()
                if states[after := names.get(name, other)].ignore is None
            ]
        )

    def _list(self, value: list[JSON], state: int, level: int) -> Hashable:
        self._budget.spend(len(value), level)
        here = self._states[state]
        if self._states[here.other_index].ignore is not None:
            return ()
        if here.indices and here.unordered is None:
            states = [(x, here.after(i)) for i, x in enumerate(value)]
            return tuple(
                (i, self.value(x, after, level + 1))
                for i, (x, after) in enumerate(states)
                if self._states[after].ignore is None
            )
        elements = self.elements(value, here.other_index, level + 1)
        if here.unordered is None:
            return tuple(elements)
        return (_Mark.UNORDERED, frozenset(Counter(elements).items()))

    def keys(
        self, elements: list[JSON], names: tuple[str, ...], state: int, level: int
    ) -> list[Hashable]:
        """Give what each element is recognised by: those members, else all that it is."""
        return [
            tuple(self.value(x[name], DEAD, level + 1) for name in names)
            if isinstance(x, dict) and all(name in x for name in names)
            else self.value(x, state, level)
            for x in elements
        ]

    def elements(self, elements: list[JSON], state: int, level: int) -> list[Hashable]:
        """Freeze each element of a list; `state` and `level` are the elements'."""
        if self._near:
            return [self.value(x, state, level) for x in elements]
        frozen: list[Any] = [
            x if type(x) in _PLAIN else self.value(x, state, level) for x in elements
        ]
        return frozen


def is_nan(value: object) -> bool:
    """Decide whether a parsed JSON value is NaN, which is no JSON but is sent for it."""
    return isinstance(value, Decimal) and value.is_nan()
