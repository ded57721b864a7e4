"""Finds what a path with filters, slices or negative indices selects: the whole of RFC 9535.

Which nodes such a path names depends on the answer. So it is evaluated once on each side before
the walk, by a library, and each node that it names is put into a `Chosen` with its rules.
"""

import re
from collections.abc import Sequence
from typing import cast

from strangler.compare.automaton import PathRule, Purpose, State
from strangler.compare.bounds import Inconclusive
from strangler.compare.budget import Budget
from strangler.compare.paths import Step
from strangler.compare.verdict import JSON

_OCTETS_PER_VALUE = 2
"""What a query costs, in JSON values walked: some 20 µs for each node that a filter looks at."""

_PATTERN_COST = 10_000
"""What patterns cost besides: more than is compared in the loop, for they may take their time."""

# In a filter, for each node that it looks at, the whole answer is gone through again.
_ALL_FOR_EACH = re.compile(r"\?.*\$[^?]*\.\.")
_SELECTION = re.compile(r"\[[^'\"\]]*[?:,-]|\[\s*(?:'[^']*'|\"[^\"]*\")\s*,|\[\?.")
_PATTERN = re.compile(r"\b(?:match|search)\s*\(")


class Chosen:
    """A value that the rules of queries speak of."""

    __slots__ = ("rules", "value")

    def __init__(self, value: JSON, rules: tuple[PathRule, ...]) -> None:
        self.value = value
        self.rules = rules

    def __repr__(self) -> str:
        return f"<Chosen by {[rule.text for rule in self.rules]}>"


class Overrides:
    """The states of a walk, and those that chosen values add to them."""

    __slots__ = ("_known", "states")

    def __init__(self, states: Sequence[State]) -> None:
        self.states = list(states)
        self._known: dict[tuple[int, tuple[PathRule, ...]], int] = {}

    def __repr__(self) -> str:
        return f"<Overrides {len(self._known)} of {len(self.states)} states>"

    def of(self, state: int, rules: tuple[PathRule, ...]) -> int:
        """Give the state of a chosen value that stands at a place in `state`."""
        known = self._known.get((state, rules))
        if known is None:
            known = self._known[state, rules] = len(self.states)
            self.states.append(_overridden(self.states[state], rules))
        return known


def is_meant(text: str) -> bool:
    """Decide whether a path asks for what only this module can follow, rightly written or not."""
    return _SELECTION.search(text) is not None


def complaint(text: str) -> str | None:
    """Say what is wrong with a path as RFC 9535 has it; None for nothing."""
    from strangler.compare import rfc9535  # noqa: PLC0415 - of the routes, few have queries

    return rfc9535.complaint(text)


def marked(value: JSON, size: int, queries: Sequence[PathRule], side: str, budget: Budget) -> JSON:
    """Put each node that a query selects into a `Chosen`, in place; gives the new root.

    `size` is the body's, in bytes. Raises `Inconclusive`.
    """
    if not isinstance(value, dict | list):
        return value
    from strangler.compare import rfc9535  # noqa: PLC0415 - of the routes, few have queries

    nodes: dict[tuple[Step, ...], list[PathRule]] = {}
    for rule in queries:
        budget.spend(_cost(rule.text, size), 0)
        try:
            for parts in rfc9535.select(rule.text, value):
                nodes.setdefault(parts, []).append(rule)
        except rfc9535.TooLong as error:
            raise Inconclusive(f"{side}: the pattern of {rule.text} takes too long") from error
        except ValueError as error:
            raise Inconclusive(f"{side}: {rule.text} cannot be evaluated") from error
    # What lies deepest comes first, so that the way to the others is still bare.
    for parts in sorted(nodes, key=len, reverse=True):
        value = _put(value, parts, tuple(nodes[parts]))
    return value


def chosen(value: object) -> Chosen | None:
    """Give a value as what a query has chosen, if one has: among JSON, which it stands in for."""
    return value if isinstance(value, Chosen) else None


def bare(value: JSON) -> JSON:
    """Give a value without the mark that it may have."""
    mark = chosen(value)
    return value if mark is None else mark.value


def _cost(text: str, size: int) -> int:
    cost = size // _OCTETS_PER_VALUE
    if _ALL_FOR_EACH.search(text):
        cost *= max(1, cost)
    return cost + (_PATTERN_COST if _PATTERN.search(text) else 0)


def _put(root: JSON, parts: tuple[Step, ...], rules: tuple[PathRule, ...]) -> JSON:
    if not parts:
        return cast("JSON", Chosen(root, rules))
    holder = root
    for step in parts[:-1]:
        holder = _inside(holder, step)
    chosen = cast("JSON", Chosen(_inside(holder, parts[-1]), rules))
    if isinstance(holder, dict):
        holder[str(parts[-1])] = chosen
    elif isinstance(holder, list):
        holder[int(parts[-1])] = chosen
    return root


def _inside(holder: JSON, step: Step) -> JSON:
    if isinstance(holder, dict):
        return holder[str(step)]
    return holder[int(step)] if isinstance(holder, list) else None


def _overridden(state: State, rules: tuple[PathRule, ...]) -> State:
    """Add rules to what holds at a place; what held there before counts first."""
    for rule in rules:
        match rule.purpose:
            case Purpose.IGNORE:
                state = state._replace(ignore=state.ignore or rule.text)
            case Purpose.UNORDERED:
                state = state._replace(unordered=state.unordered or rule.text)
            case Purpose.KEYED:
                state = state._replace(unordered=rule.text, key=rule.key)
            case Purpose.TOLERANCE if rule.tolerance is not None:
                state = state._replace(tolerance=(rule.tolerance, rule.text))
    return state
