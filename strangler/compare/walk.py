"""Walks two JSON values side by side and notes where they differ in meaning.

The order of members means nothing, the order of elements does unless a rule says otherwise.
Numbers are compared by value (1 is 1.0, exactly: 2**53 + 1 is not 2**53), `NaN` equals `NaN`;
nothing equals a value of another type, and null is not the same as nothing.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from enum import Enum
from typing import TypeAlias

from strangler.compare import pairing, paths
from strangler.compare.alike import alike
from strangler.compare.automaton import DEAD, PathRule, State, root_of
from strangler.compare.bounds import Bounds
from strangler.compare.budget import Budget
from strangler.compare.found import EXCERPT_ITEMS, Found
from strangler.compare.freeze import Freezer, is_nan
from strangler.compare.pairing import NOTHING_TO_COMPARE, Pairing
from strangler.compare.paths import Step
from strangler.compare.query import Overrides, bare, chosen
from strangler.compare.rules import Rules
from strangler.compare.verdict import JSON, Kind

_CONTAINERS = frozenset({dict, list})
_NUMBERS = frozenset({int, float, Decimal})
_PRUNED_LEVELS = 8
"""Where equal values are passed over at once: not so deep that looking again and again adds up to
more than eight times their size."""


class _Absent(Enum):
    """Stands for what one side has and the other has not."""

    ABSENT = "absent"


_ABSENT = _Absent.ABSENT
Side: TypeAlias = "JSON | _Absent"
"""At run time also a `Chosen`, which takes the place of a value where a route has queries."""


class JsonWalk:
    """One walk over two values; what it notes goes to `found`."""

    __slots__ = (
        "_budget",
        "_found",
        "_freeze",
        "_met",
        "_overrides",
        "_places",
        "_states",
        "_steps",
    )

    def __init__(self, rules: Rules, bounds: Bounds, found: Found, budget: Budget) -> None:
        self._overrides = Overrides(rules.states) if rules.queries else None
        self._states: Sequence[State] = (
            rules.states if self._overrides is None else self._overrides.states
        )
        self._found = found
        self._budget = budget
        self._freeze = Freezer(self._states, self._budget, self._overrides)
        self._places = bounds.places
        self._met: Counter[tuple[object, ...]] = Counter()
        self._steps: list[Step] = []

    def __repr__(self) -> str:
        return f"<JsonWalk at {paths.write(self._steps)}, {self._budget}>"

    def compare(self, primary: JSON, candidate: JSON) -> None:
        """Compare two bodies, in which the queries of the rules are marked (see `query`).

        Raises `Inconclusive` past a bound, `Enough` when it has enough.
        """
        if not self._passes(primary, candidate):
            self._pair(primary, candidate, root_of(self._states))

    def _passes(self, ours: Side, theirs: Side) -> bool:
        """Decide whether two values are certainly equal, where that is not looked at too often."""
        if len(self._steps) >= _PRUNED_LEVELS and isinstance(ours, (dict, list)):
            return False
        return alike(ours, theirs)

    def _pair(self, ours: Side, theirs: Side, state: int) -> None:
        """Compare what the sides have at the present place."""
        if state != DEAD and (rule := self._states[state].ignore) is not None:
            self._ignored(rule, ours, theirs)
        elif isinstance(ours, dict) and isinstance(theirs, dict):
            self._objects(ours, theirs, state)
        elif isinstance(ours, list) and isinstance(theirs, list):
            self._lists(ours, theirs, state)
        else:
            self._others(ours, theirs, state)

    def _objects(self, ours: dict[str, JSON], theirs: dict[str, JSON], state: int) -> None:
        self._budget.spend(max(len(ours), len(theirs)), len(self._steps))
        after = self._states[state].after
        for name, left in ours.items():
            right = theirs.get(name, _ABSENT)
            if not self._passes(left, right):
                self._inside(name, left, right, after(name) if state else DEAD)
        if theirs.keys() != ours.keys():
            for name, right in theirs.items():
                if name not in ours:
                    self._inside(name, _ABSENT, right, after(name) if state else DEAD)

    def _lists(self, ours: list[JSON], theirs: list[JSON], state: int) -> None:
        self._budget.spend(max(len(ours), len(theirs)), len(self._steps))
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
            if not self._passes(left, right):
                self._inside(i, left, right, self._after_element(state, i, j))
        for i in paired.missing:
            self._inside(i, ours[i], _ABSENT, self._after_element(state, i, i))
        for j in paired.extra:
            self._inside(j, _ABSENT, theirs[j], self._after_element(state, j, j))
        return None

    def _after_element(self, state: int, i: int, j: int) -> int:
        """Give the state inside a pair of elements: an index means nothing where order does not."""
        here = self._states[state]
        return here.after(i) if i == j and here.unordered is None else here.other_index

    def _others(self, ours: Side, theirs: Side, state: int) -> None:
        """Compare a pair of which at least one side is neither object nor list, or not there."""
        if self._overrides is not None and (mark := (*_rules(ours), *_rules(theirs))):
            self._pair(_bare(ours), _bare(theirs), self._overrides.of(state, mark))
        elif theirs is _ABSENT:
            self._differ(Kind.MISSING, ours, None)
        elif ours is _ABSENT:
            self._differ(Kind.EXTRA, None, theirs)
        elif type(ours) in _NUMBERS and type(theirs) in _NUMBERS:
            if ours != theirs and not (is_nan(ours) and is_nan(theirs)):
                self._unequal(ours, theirs, state)
        elif type(ours) is not type(theirs):
            self._differ(Kind.TYPE, ours, theirs)
        elif ours != theirs:
            self._unequal(ours, theirs, state)

    def _unequal(self, ours: JSON, theirs: JSON, state: int) -> None:
        """Note two scalars of one type, unless a rule has them near enough."""
        near = self._states[state].tolerance
        if near is not None and near[0].allows(ours, theirs):
            self._found.fire(near[1])
        else:
            self._differ(Kind.VALUE, ours, theirs)

    def _inside(self, step: Step, ours: Side, theirs: Side, state: int) -> None:
        self._steps.append(step)
        self._pair(ours, theirs, state)
        self._steps.pop()

    def _ignored(self, rule: str, ours: Side, theirs: Side) -> None:
        if rule not in self._found.fired and not self._same(ours, theirs):
            self._found.fire(rule)

    def _same(self, ours: Side, theirs: Side) -> bool:
        """Decide whether two values are equal without any rule."""
        if ours is _ABSENT or theirs is _ABSENT:
            return False
        level = len(self._steps)
        return self._freeze.value(ours, DEAD, level) == self._freeze.value(theirs, DEAD, level)

    def _paired(self, ours: list[JSON], theirs: list[JSON], state: int) -> Pairing:
        """Decide which elements are compared with each other.

        A list that a rule speaks of by index is compared by index, unless it is unordered: then
        an index means nothing in it.
        """
        here = self._states[state]
        if (here.indices and here.unordered is None) or len(ours) == len(theirs) == 1:
            return pairing.by_place(len(ours), len(theirs))
        after, level = here.other_index, len(self._steps) + 1
        if here.key and pairing.have_keys(here.key, ours, theirs):
            return pairing.by_equality(
                self._freeze.keys(ours, here.key, after, level),
                self._freeze.keys(theirs, here.key, after, level),
            )
        identified = pairing.by_identity(
            self._bare(ours), self._bare(theirs), self._identifying(after)
        )
        if identified is not None:
            return identified
        if here.unordered is not None and self._states[after].tolerance is not None:
            by_size = pairing.by_size(ours, theirs)
            if by_size is not None:
                return by_size
        left = self._freeze.elements(ours, after, level)
        right = self._freeze.elements(theirs, after, level)
        if left == right and after == DEAD and self._overrides is None:
            return NOTHING_TO_COMPARE
        paired = pairing.by_equality(left, right)
        if not paired.missing and not paired.extra:
            return paired
        if here.unordered is not None or _mostly_moved(paired, ours, theirs):
            return pairing.with_leftovers(
                paired, lambda i, j: {type(ours[i]), type(theirs[j])} <= _CONTAINERS
            )
        if len(ours) == len(theirs):
            return pairing.by_place(len(ours), len(theirs))
        return pairing.in_order(paired, len(ours), len(theirs))

    def _bare(self, elements: list[JSON]) -> list[JSON]:
        return elements if self._overrides is None else [bare(each) for each in elements]

    def _identifying(self, state: int) -> Callable[[str], bool]:
        """Give which members of elements may identify them: none that may differ."""
        inside = self._states[state]

        def usable(name: str) -> bool:
            here = self._states[inside.after(name)]
            return here.ignore is None and here.tolerance is None

        return usable

    def _differ(self, kind: Kind, ours: Side, theirs: Side) -> None:
        shape = (kind, *(None if isinstance(step, int) else step for step in self._steps))
        self._met[shape] += 1
        self._budget.spend(1, 0)
        if self._met[shape] > self._places:
            return
        path, place = paths.collapse(self._steps), paths.write(self._steps)
        self._found.add(path, place, kind, _value(ours), _value(theirs))


def _rules(side: Side) -> tuple[PathRule, ...]:
    mark = chosen(side)
    return () if mark is None else mark.rules


def _bare(side: Side) -> Side:
    return side if isinstance(side, _Absent) else bare(side)


def _mostly_moved(paired: Pairing, ours: list[JSON], theirs: list[JSON]) -> bool:
    """Decide whether rows were reordered and a few of them changed, rather than all changed.

    Only of objects and lists: that a number is found elsewhere again is often an accident.
    """
    return (
        paired.crossed
        and 2 * len(paired.pairs) >= max(len(ours), len(theirs))
        and {type(each) for elements in (ours, theirs) for each in elements} <= _CONTAINERS
    )


def _value(side: Side) -> JSON:
    return None if isinstance(side, _Absent) else side
