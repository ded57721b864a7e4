"""Many path rules as one automaton, so that a walk asks one table instead of every rule.

A state is the set of places in rules that the way so far has reached; the states are worked out
once, when the rules are compiled (the subset construction). State 0 is dead: no rule holds here
or below, and the walk needs not look any more.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import NamedTuple, TypeAlias

from strangler.compare.paths import Selector, Step
from strangler.compare.tolerance import Tolerance

DEAD = 0
MOST_STATES = 4096
"""`$..a.*.*.*` doubles the states with each star; a file that wants more than this is mistaken."""


class Purpose(Enum):
    """What a path rule is for."""

    IGNORE = "ignore"
    UNORDERED = "unordered"
    KEYED = "keyed"
    TOLERANCE = "tolerance"
    PLAINTEXT = "plaintext"


class PathRule(NamedTuple):
    """One rule: its text as written, its purpose and the path it speaks of.

    `key` and `tolerance` say more where the purpose is to recognise elements or to let numbers
    differ a little.
    """

    text: str
    purpose: Purpose
    path: tuple[Selector, ...]
    key: tuple[str, ...] = ()
    tolerance: Tolerance | None = None


class State(NamedTuple):
    """What holds at one place, and which state comes next for each step.

    `ignore`, `unordered` and `plaintext` are the texts of the first such rules that end here. A
    list with a `key` is unordered too. `tolerance` comes with its rule's text.
    """

    ignore: str | None
    unordered: str | None
    key: tuple[str, ...]
    tolerance: tuple[Tolerance, str] | None
    plaintext: str | None
    names: Mapping[str, int]
    indices: Mapping[int, int]
    other_name: int
    other_index: int

    def after(self, step: Step) -> int:
        """Give the number of the state that one step leads to."""
        if isinstance(step, str):
            return self.names.get(step, self.other_name)
        return self.indices.get(step, self.other_index)


class TooManyStates(ValueError):  # noqa: N818 - reads as what is wrong
    """The rules together need more states than is sane."""


class _Other(Enum):
    """Stands for every step that no rule names."""

    NAME = "name"
    INDEX = "index"


_Positions: TypeAlias = frozenset[tuple[int, int]]
"""Pairs of a rule's number and how many of its steps are behind us."""


def build(rules: Sequence[PathRule]) -> tuple[State, ...]:
    """Work out all states: number 0 is dead, number 1, where there is one, is the root."""
    root: _Positions = frozenset((number, 0) for number in range(len(rules)))
    numbers: dict[_Positions, int] = {frozenset(): DEAD}
    numbers.setdefault(root, 1)
    waiting = list(numbers)
    states: list[State] = []
    while len(states) < len(waiting):
        states.append(_state(rules, waiting[len(states)], numbers))
        waiting.extend(list(numbers)[len(waiting) :])
        if len(waiting) > MOST_STATES:
            raise TooManyStates(f"the paths together need more than {MOST_STATES} states")
    return tuple(states)


def root_of(states: Sequence[State]) -> int:
    """Give the number of the state at `$`."""
    return min(1, len(states) - 1)


def _state(
    rules: Sequence[PathRule], positions: _Positions, numbers: dict[_Positions, int]
) -> State:
    def after(step: Step | _Other) -> int:
        return numbers.setdefault(_advance(rules, positions, step), len(numbers))

    def text(purpose: Purpose) -> str | None:
        rule = _ending(rules, positions, purpose)
        return None if rule is None else rule.text

    keys = {selector.key for selector in _next_selectors(rules, positions)}
    keyed = _ending(rules, positions, Purpose.KEYED)
    near = _ending(rules, positions, Purpose.TOLERANCE)
    return State(
        ignore=text(Purpose.IGNORE),
        unordered=text(Purpose.UNORDERED) if keyed is None else keyed.text,
        key=() if keyed is None else keyed.key,
        tolerance=None if near is None or near.tolerance is None else (near.tolerance, near.text),
        plaintext=text(Purpose.PLAINTEXT),
        names={key: after(key) for key in keys if isinstance(key, str)},
        indices={key: after(key) for key in keys if isinstance(key, int)},
        other_name=after(_Other.NAME),
        other_index=after(_Other.INDEX),
    )


def _next_selectors(rules: Sequence[PathRule], positions: _Positions) -> Iterator[Selector]:
    return (rules[rule].path[at] for rule, at in positions if at < len(rules[rule].path))


def _advance(rules: Sequence[PathRule], positions: _Positions, step: Step | _Other) -> _Positions:
    reached = set()
    for rule, at in positions:
        path = rules[rule].path
        if at == len(path):
            continue
        if path[at].deep:
            reached.add((rule, at))
        if path[at].key is None or path[at].key == step:
            reached.add((rule, at + 1))
    return frozenset(reached)


def _ending(rules: Sequence[PathRule], positions: _Positions, purpose: Purpose) -> PathRule | None:
    """Find the first rule of one purpose that ends at this place."""
    ended = (rule for rule, at in positions if at == len(rules[rule].path))
    first = min((rule for rule in ended if rules[rule].purpose is purpose), default=None)
    return None if first is None else rules[first]
