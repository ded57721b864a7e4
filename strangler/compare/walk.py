"""Walks two JSON values side by side and notes where they differ in meaning.

The order of members means nothing, the order of elements does unless a rule says otherwise.
Numbers are compared by value (1 is 1.0, exactly: 2**53 + 1 is not 2**53), `NaN` equals `NaN`;
nothing equals a value of another type, and null is not the same as nothing.
"""

from collections import Counter
from collections.abc import Hashable
from decimal import Decimal
from enum import Enum
from math import isnan
from typing import TypeAlias

from strangler.compare import pairing, paths
from strangler.compare.automaton import DEAD, root_of
from strangler.compare.bounds import Bounds, Inconclusive
from strangler.compare.found import EXCERPT_ITEMS, Found
from strangler.compare.pairing import NOTHING_TO_COMPARE, Pairing
from strangler.compare.paths import Step
from strangler.compare.rules import Rules
from strangler.compare.verdict import JSON, Kind

_CONTAINERS = frozenset({dict, list})
_NUMBERS = frozenset({int, float, Decimal})
_COST_OF_A_DIFFERENCE = 5
"""In values looked at: writing a path takes about as long."""


class _Mark(Enum):
    """Stands where no JSON value does, or for one that Python would take for another."""

    ABSENT = "absent"
    TRUE = "true"
    FALSE = "false"
    NAN = "nan"
    UNORDERED = "unordered"


_Side: TypeAlias = "JSON | _Mark"


class JsonWalk:
    """One walk over two values; what it notes goes to `found`."""

    __slots__ = ("_depth", "_found", "_left", "_states", "_steps")

    def __init__(self, rules: Rules, bounds: Bounds, found: Found) -> None:
        self._states = rules.states
        self._found = found
        self._left = bounds.values
        self._depth = bounds.depth
        self._steps: list[Step] = []

    def __repr__(self) -> str:
        return f"<JsonWalk at {paths.write(self._steps)}, {self._left} values left>"

    def compare(self, primary: JSON, candidate: JSON) -> None:
        """Compare two bodies. Raises `Inconclusive` past a bound, `Enough` when it has enough."""
        self._pair(primary, candidate, root_of(self._states))

    def _pair(self, ours: _Side, theirs: _Side, state: int) -> None:
        """Compare what the sides have at the present place."""
        if (rule := self._states[state].ignore) is not None:
            self._ignored(rule, ours, theirs)
        elif isinstance(ours, dict) and isinstance(theirs, dict):
            self._objects(ours, theirs, state)
        elif isinstance(ours, list) and isinstance(theirs, list):
            self._lists(ours, theirs, state)
        else:
            self._others(ours, theirs)

    def _objects(self, ours: dict[str, JSON], theirs: dict[str, JSON], state: int) -> None:
        self._spend(max(len(ours), len(theirs)), len(self._steps))
        after = self._states[state].after
        for name, left in ours.items():
            right = theirs.get(name, _Mark.ABSENT)
            if not _plainly_equal(left, right):
                self._inside(name, left, right, after(name) if state else DEAD)
        if theirs.keys() != ours.keys():
            for name, right in theirs.items():
                if name not in ours:
                    self._inside(name, _Mark.ABSENT, right, after(name) if state else DEAD)

    def _lists(self, ours: list[JSON], theirs: list[JSON], state: int) -> None:
        self._spend(max(len(ours), len(theirs)), len(self._steps))
        here = self._states[state]
        if (rule := self._states[here.other_index].ignore) is not None:
            return self._ignored(rule, ours, theirs)
        paired = self._paired(ours, theirs, state)
        if paired.crossed and here.unordered is not None:
            self._found.fire(here.unordered)
        elif paired.crossed:
            kept = paired.pairs[:EXCERPT_ITEMS]
            self._differ(Kind.ORDER, [i for i, _ in kept], [j for _, j in kept])
        for i, j in paired.pairs:
            if not _plainly_equal(ours[i], theirs[j]):
                straight = i == j and here.unordered is None
                after = here.after(i) if straight else here.other_index
                self._inside(i, ours[i], theirs[j], after)
        for i in paired.missing:
            self._inside(i, ours[i], _Mark.ABSENT, here.after(i))
        for j in paired.extra:
            self._inside(j, _Mark.ABSENT, theirs[j], here.after(j))
        return None

    def _others(self, ours: _Side, theirs: _Side) -> None:
        """Compare a pair of which at least one side is neither object nor list, or not there."""
        if theirs is _Mark.ABSENT:
            self._differ(Kind.MISSING, ours, None)
        elif ours is _Mark.ABSENT:
            self._differ(Kind.EXTRA, None, theirs)
        elif type(ours) in _NUMBERS and type(theirs) in _NUMBERS:
            if ours != theirs and not (_is_nan(ours) and _is_nan(theirs)):
                self._differ(Kind.VALUE, ours, theirs)
        elif type(ours) is not type(theirs):
            self._differ(Kind.TYPE, ours, theirs)
        elif ours != theirs:
            self._differ(Kind.VALUE, ours, theirs)

    def _inside(self, step: Step, ours: _Side, theirs: _Side, state: int) -> None:
        self._steps.append(step)
        self._pair(ours, theirs, state)
        self._steps.pop()

    def _ignored(self, rule: str, ours: _Side, theirs: _Side) -> None:
        level = len(self._steps)
        if self._frozen(ours, DEAD, level) != self._frozen(theirs, DEAD, level):
            self._found.fire(rule)

    def _paired(self, ours: list[JSON], theirs: list[JSON], state: int) -> Pairing:
        """Decide which elements are compared with each other.

        A list that a rule speaks of by index is compared by index, unless it is unordered: then
        an index means nothing in it.
        """
        here = self._states[state]
        if (here.indices and here.unordered is None) or len(ours) == len(theirs) == 1:
            return pairing.by_place(len(ours), len(theirs))
        after = here.other_index
        inside = self._states[after]
        identified = pairing.by_identity(
            ours, theirs, lambda name: self._states[inside.after(name)].ignore is None
        )
        if identified is not None:
            return identified
        level = len(self._steps) + 1
        left = [self._frozen(each, after, level) for each in ours]
        right = [self._frozen(each, after, level) for each in theirs]
        if left == right and after == DEAD:
            return NOTHING_TO_COMPARE
        paired = pairing.by_equality(left, right)
        if not paired.missing and not paired.extra:
            return paired
        if here.unordered is not None:
            return pairing.with_leftovers(
                paired, lambda i, j: {type(ours[i]), type(theirs[j])} <= _CONTAINERS
            )
        if len(ours) == len(theirs):
            return pairing.by_place(len(ours), len(theirs))
        return pairing.in_order(paired, len(ours), len(theirs))

    def _frozen(self, value: _Side, state: int, level: int) -> Hashable:
        """Make a hashable value that is equal to another one's where the rules say equal."""
        if isinstance(value, dict):
            return self._frozen_object(value, state, level)
        if isinstance(value, list):
            return self._frozen_list(value, state, level)
        if isinstance(value, bool):
            return _Mark.TRUE if value else _Mark.FALSE
        return _Mark.NAN if _is_nan(value) else value

    def _frozen_object(self, value: dict[str, JSON], state: int, level: int) -> Hashable:
        self._spend(len(value), level)
        states, here = self._states, self._states[state]
        members = [(name, inner, here.after(name)) for name, inner in value.items()]
        return frozenset(
            (name, self._frozen(inner, after, level + 1))
            for name, inner, after in members
            if states[after].ignore is None
        )

    def _frozen_list(self, value: list[JSON], state: int, level: int) -> Hashable:
        self._spend(len(value), level)
        here = self._states[state]
        if self._states[here.other_index].ignore is not None:
            return ()
        items = [self._frozen(inner, here.other_index, level + 1) for inner in value]
        if here.unordered is None:
            return tuple(items)
        return (_Mark.UNORDERED, frozenset(Counter(items).items()))

    def _differ(self, kind: Kind, ours: _Side, theirs: _Side) -> None:
        self._spend(_COST_OF_A_DIFFERENCE, 0)
        path, place = paths.collapse(self._steps), paths.write(self._steps)
        self._found.add(path, place, kind, _value(ours), _value(theirs))

    def _spend(self, values: int, level: int) -> None:
        """Account for looking at some values, at some level. Raises `Inconclusive`."""
        self._left -= values
        if self._left < 0:
            raise Inconclusive("more values than are compared")
        if level > self._depth:
            raise Inconclusive(f"JSON nested more than {self._depth} levels deep")


def _plainly_equal(ours: _Side, theirs: _Side) -> bool:
    """Decide without a walk that two scalars of one type are equal; the usual case, so first."""
    kind = type(ours)
    return kind is type(theirs) and kind not in _CONTAINERS and ours == theirs


def _is_nan(value: _Side) -> bool:
    return type(value) is float and isnan(value)


def _value(side: _Side) -> JSON:
    return None if isinstance(side, _Mark) else side
