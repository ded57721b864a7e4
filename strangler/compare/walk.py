"""Walks two JSON values side by side and notes where they differ in meaning.

The order of members means nothing, the order of elements does unless a rule says otherwise.
Numbers are compared by value (1 is 1.0, exactly: 2**53 + 1 is not 2**53), `NaN` equals `NaN`;
nothing equals a value of another type, and null is not the same as nothing.
"""

from collections import Counter
from collections.abc import Hashable
from decimal import Decimal
from enum import Enum
from typing import Any, TypeAlias

import orjson

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
_PLAIN = frozenset({str, int, float, type(None)})
"""Scalars that Python tells apart as JSON does, so that they need no freezing."""
_SORTED = orjson.OPT_SORT_KEYS
_COST_OF_A_DIFFERENCE = 5
"""In values looked at: writing a path takes about as long."""

_PRUNED_LEVELS = range(1, 9)
"""Where equal subtrees are looked for first: not the whole body, nor so deep that the repeated
writing adds up to more than eight times its size."""


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

    __slots__ = ("_depth", "_found", "_left", "_met", "_places", "_states", "_steps")

    def __init__(self, rules: Rules, bounds: Bounds, found: Found) -> None:
        self._states = rules.states
        self._found = found
        self._left = bounds.values
        self._depth = bounds.depth
        self._places = bounds.places
        self._met: Counter[tuple[object, ...]] = Counter()
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
        elif type(ours) not in _CONTAINERS or type(ours) is not type(theirs):
            self._others(ours, theirs)
        elif len(self._steps) in _PRUNED_LEVELS and _written_alike(ours, theirs):
            return
        elif isinstance(ours, dict) and isinstance(theirs, dict):
            self._objects(ours, theirs, state)
        elif isinstance(ours, list) and isinstance(theirs, list):
            self._lists(ours, theirs, state)

    def _objects(self, ours: dict[str, JSON], theirs: dict[str, JSON], state: int) -> None:
        self._spend(max(len(ours), len(theirs)), len(self._steps))
        after = self._states[state].after
        for name, left in ours.items():
            right = theirs.get(name, _Mark.ABSENT)
            kind = type(left)
            if kind is not type(right) or kind in _CONTAINERS or left != right:
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
            left, right = ours[i], theirs[j]
            kind = type(left)
            if kind is not type(right) or kind in _CONTAINERS or left != right:
                self._inside(i, left, right, self._after_element(state, i, j))
        for i in paired.missing:
            self._inside(i, ours[i], _Mark.ABSENT, self._after_element(state, i, i))
        for j in paired.extra:
            self._inside(j, _Mark.ABSENT, theirs[j], self._after_element(state, j, j))
        return None

    def _after_element(self, state: int, i: int, j: int) -> int:
        """Give the state inside a pair of elements: an index means nothing where order does not."""
        here = self._states[state]
        return here.after(i) if i == j and here.unordered is None else here.other_index

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
        if rule in self._found.fired:
            return
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
        left = self._frozen_elements(ours, after, level)
        right = self._frozen_elements(theirs, after, level)
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
            (name, x if type(x) in _PLAIN else self._frozen(x, after, level + 1))
            for name, x, after in members
            if states[after].ignore is None
        )

    def _frozen_list(self, value: list[JSON], state: int, level: int) -> Hashable:
        self._spend(len(value), level)
        here = self._states[state]
        if self._states[here.other_index].ignore is not None:
            return ()
        elements = self._frozen_elements(value, here.other_index, level + 1)
        if here.unordered is None:
            return tuple(elements)
        return (_Mark.UNORDERED, frozenset(Counter(elements).items()))

    def _frozen_elements(self, elements: list[JSON], state: int, level: int) -> list[Hashable]:
        frozen: list[Any] = [
            x if type(x) in _PLAIN else self._frozen(x, state, level) for x in elements
        ]
        return frozen

    def _differ(self, kind: Kind, ours: _Side, theirs: _Side) -> None:
        self._spend(_COST_OF_A_DIFFERENCE, 0)
        shape = (kind, *(None if isinstance(step, int) else step for step in self._steps))
        self._met[shape] += 1
        if self._met[shape] > self._places:
            return
        path, place = paths.collapse(self._steps), paths.write(self._steps)
        self._found.add(path, place, kind, _value(ours), _value(theirs))

    def _spend(self, values: int, level: int) -> None:
        """Account for looking at some values, at some level. Raises `Inconclusive`."""
        self._left -= values
        if self._left < 0:
            raise Inconclusive("more values than are compared")
        if level > self._depth:
            raise Inconclusive(f"JSON nested more than {self._depth} levels deep")


def _written_alike(ours: _Side, theirs: _Side) -> bool:
    """Decide at the speed of C that two values are certainly equal; False means "walk them".

    What is written alike is alike: 1 and true, which Python takes for equal, are not. Values that
    orjson cannot write (a `Decimal`, a lone surrogate, above 254 levels) are walked.
    """
    try:
        return orjson.dumps(ours, option=_SORTED) == orjson.dumps(theirs, option=_SORTED)
    except orjson.JSONEncodeError:
        return False


def _is_nan(value: _Side) -> bool:
    return isinstance(value, Decimal) and value.is_nan()


def _value(side: _Side) -> JSON:
    return None if isinstance(side, _Mark) else side
