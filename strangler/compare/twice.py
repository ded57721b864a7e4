"""Finds the members that an object names twice, which parsers read differently.

Python, JavaScript and most others keep the last, some the first, strict ones refuse the body. So a
body that says a name twice where the other does not is worth telling, though the two may look
equal to whoever parses them.
"""

import json
from collections import Counter
from collections.abc import Iterator

import orjson

from strangler.compare import automaton, paths
from strangler.compare.content import Media, text_of
from strangler.compare.found import Found
from strangler.compare.paths import Step
from strangler.compare.rules import Rules
from strangler.compare.structure import Shape, Structure
from strangler.compare.verdict import JSON, Kind


class _Twice(dict[str, JSON]):
    """An object that names these members more than once."""

    __slots__ = ("names",)

    def __init__(self, members: list[tuple[str, JSON]]) -> None:
        super().__init__(members)
        times = Counter(name for name, _ in members)
        self.names = [name for name in times if times[name] > 1]


def compare_names(
    left: tuple[bytes, Media, Structure],
    right: tuple[bytes, Media, Structure],
    rules: Rules,
    found: Found,
) -> None:
    """Note the members that one JSON body names twice and the other does not."""
    if not (_may_name_twice(left[0], left[2]) or _may_name_twice(right[0], right[2])):
        return
    ours, theirs = _named_twice(*left[:2]), _named_twice(*right[:2])
    for path in sorted(ours.keys() ^ theirs.keys()):
        steps = ours.get(path) or theirs[path]
        if (rule := _ignoring(rules, steps)) is not None:
            found.fire(rule)
        else:
            counts = (2, 1) if path in ours else (1, 2)
            found.add(path, paths.write(steps), Kind.TWICE, *counts)


def _may_name_twice(body: bytes, read: Structure) -> bool:
    """Decide at the speed of C whether a body may name a member twice.

    What was parsed is written again, and has fewer colons then: one for each member, and those
    that stand in texts, which nobody escapes.
    """
    if read.shape is not Shape.JSON:
        return False
    try:
        again = orjson.dumps(read.value)
    except orjson.JSONEncodeError:
        return True  # numbers beyond doubles: look and see
    return again != body and body.count(b":") > again.count(b":")


def _named_twice(body: bytes, media: Media) -> dict[str, tuple[Step, ...]]:
    """Find the members that are named more than once: of each path, the first place."""
    text = text_of(body, media)
    if text is None:
        return {}
    try:
        parsed = json.loads(text, object_pairs_hook=_object, parse_int=str, parse_float=str)
        places = list(_places(parsed, ()))
    except (ValueError, RecursionError):
        return {}
    return {paths.collapse(steps): steps for steps in reversed(places)}


def _object(members: list[tuple[str, JSON]]) -> dict[str, JSON]:
    plain = dict(members)
    return plain if len(plain) == len(members) else _Twice(members)


def _places(value: JSON, steps: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    if isinstance(value, _Twice):
        yield from ((*steps, name) for name in value.names)
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _places(inner, (*steps, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _places(inner, (*steps, index))


def _ignoring(rules: Rules, steps: tuple[Step, ...]) -> str | None:
    """Find the rule that ignores a place or what it is in."""
    state = automaton.root_of(rules.states)
    for step in steps:
        if rules.states[state].ignore is not None:
            break
        state = rules.states[state].after(step)
    return rules.states[state].ignore
