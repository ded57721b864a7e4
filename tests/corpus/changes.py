"""Changes of an answer, as data: how the service's answer differs from the monolith's.

A place in JSON is written `items.0.price`, with `*` for every element or member and nothing at all
(an empty text) for the whole body. Where a name has a dot, it is written `/items/0/@odata.id`.
"""

import copy
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Any

from tests.corpus.values import Value

Answer = dict[str, Any]
"""`status`, `type`, `headers`, one of `json`, `text`, `base64`; how it is written: `style`,
`charset`, `encoding` (by another name, where `labelled`), `chunked`."""


def changed(answer: Answer, change: Mapping[str, Value], random: Random) -> Answer:
    """Give the answer with a change made to it; the one given stays as it is."""
    answer = copy.deepcopy(answer)
    for name, argument in change.items():
        _CHANGES[name](answer, argument, random)
    return answer


def _replace_member(name: str) -> Callable[[Answer, Value, Random], None]:
    def replace(answer: Answer, argument: Value, _: Random) -> None:
        if name in _BODIES:
            for other in _BODIES:
                answer.pop(other, None)
        answer[name] = argument

    return replace


_WRITING = ("charset", "encoding", "labelled", "chunked")
_BODIES = ("json", "text", "base64")


def _headers(answer: Answer, argument: Mapping[str, Value], _: Random) -> None:
    headers = answer.setdefault("headers", {})
    headers.update(argument)


def _set(answer: Answer, argument: Mapping[str, Value], _: Random) -> None:
    for place, value in argument.items():
        if not place:
            answer["json"] = value
            continue
        for holder, key in places(answer["json"], place):
            holder[key] = copy.deepcopy(value)


def _drop(answer: Answer, argument: list[str], _: Random) -> None:
    for place in argument:
        for holder, key in reversed(list(places(answer["json"], place))):
            if isinstance(holder, list) or key in holder:
                del holder[key]


def _rename(answer: Answer, argument: Mapping[str, str], _: Random) -> None:
    for place, name in argument.items():
        for holder, key in list(places(answer["json"], place)):
            holder[name] = holder.pop(key)


def _map(answer: Answer, argument: Mapping[str, str], _: Random) -> None:
    for place, function in argument.items():
        for holder, key in list(places(answer["json"], place)):
            holder[key] = _FUNCTIONS[function](holder[key])


def _lists(answer: Answer, place: str) -> Iterator[list[Value]]:
    if not place:
        yield answer["json"]
        return
    for holder, key in places(answer["json"], place):
        yield holder[key]


def _reverse(answer: Answer, argument: list[str], _: Random) -> None:
    for place in argument:
        for found in _lists(answer, place):
            found.reverse()


def _shuffle(answer: Answer, argument: list[str], random: Random) -> None:
    for place in argument:
        for found in _lists(answer, place):
            random.shuffle(found)


def _append(answer: Answer, argument: Mapping[str, Value], _: Random) -> None:
    for place, value in argument.items():
        for found in _lists(answer, place):
            found.append(copy.deepcopy(value))


def _keep(answer: Answer, argument: Mapping[str, int], _: Random) -> None:
    for place, count in argument.items():
        for found in _lists(answer, place):
            del found[count:]


def _again(answer: Answer, argument: Mapping[str, int], _: Random) -> None:
    """Have one element of a list come twice."""
    for place, index in argument.items():
        for found in _lists(answer, place):
            found.insert(index, copy.deepcopy(found[index]))


def _replace(answer: Answer, argument: Mapping[str, str], _: Random) -> None:
    for old, new in argument.items():
        assert str(old) in answer["text"], f"{old!r} is not in the text"
        answer["text"] = answer["text"].replace(str(old), str(new))


_CHANGES: dict[str, Callable[[Answer, Value, Random], None]] = {
    **{name: _replace_member(name) for name in (*_BODIES, "status", "type", "style", *_WRITING)},
    "headers": _headers,
    "set": _set,
    "drop": _drop,
    "rename": _rename,
    "map": _map,
    "reverse": _reverse,
    "shuffle": _shuffle,
    "append": _append,
    "keep": _keep,
    "again": _again,
    "replace": _replace,
}

_FUNCTIONS: dict[str, Callable[[Any], Value]] = {
    "string": lambda value: str(value).lower() if isinstance(value, bool) else str(value),
    "integer": int,
    "number": float,
    "whole": round,
    "cents": lambda value: round(value * 100),
    "one-decimal": lambda value: round(value, 1),
    "two-decimals": lambda value: round(value, 2),
    "float32": lambda value: round(value, 6) + 1e-6,
    "add-1": lambda value: value + 1,
    "minus": lambda value: -value,
    "upper": str.upper,
    "lower": str.lower,
    "stripped": str.strip,
    "cut": lambda value: value[:20],
    "in-list": lambda value: [value],
    "first": lambda value: value[0],
    "joined": ",".join,
    "keyed": lambda value: {str(each["id"]): each for each in value},
    "decomposed": lambda value: unicodedata.normalize("NFD", value),
    "escaped": lambda value: value.replace("&", "&amp;").replace("'", "&#39;"),
    "through-double": lambda value: int(float(value)),
}


def places(root: Value, place: str) -> Iterator[tuple[Any, Any]]:
    """Give each holder and key that a place names."""
    *way, last = place.removeprefix("/").split("/" if "/" in place else ".")
    holders = [root]
    for step in way:
        holders = [holder[key] for holder in holders for key in _keys(holder, step)]
    for holder in holders:
        for key in _keys(holder, last):
            yield holder, key


def _keys(holder: Value, step: str) -> list[Any]:
    if step == "*":
        return list(range(len(holder))) if isinstance(holder, list) else list(holder)
    return [int(step) if isinstance(holder, list) else step]
