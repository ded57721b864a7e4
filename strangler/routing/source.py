"""Reads YAML into plain data that knows where it stood: every value has a line and a column.

The text comes from people and, through the control port, from anyone they trust too much: size,
nesting and the growth of aliases are bounded, tags construct nothing, and every key counts once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias, cast

import yaml
from yaml.constructor import SafeConstructor
from yaml.reader import Reader

from strangler.routing.mistakes import KeyPath, Mistake, RoutesError, dotted

Data: TypeAlias = Any
"""What YAML can say: mappings with text keys, lists, text, numbers, booleans, None."""

MAX_BYTES = 1 << 20
"""Some 10,000 routes, which is more than one team can review."""
MAX_DEPTH = 32
"""Version 1 nests nine deep; the recursion below must stay far from Python's limit."""
MAX_VALUES = 150_000
"""Values after aliases are followed: more than fit honestly into 1 MiB of routes."""

# The same parser in C, some eight times faster, where PyYAML was built with it.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
# `=` and timestamps are text here: nothing in a route table is a date.
_TEXT = {f"{_TAG}{name}" for name in ("str", "value", "timestamp")} | {"!"}
_CONSTRUCT = {
    f"{_TAG}null": SafeConstructor.construct_yaml_null,
    f"{_TAG}bool": SafeConstructor.construct_yaml_bool,
    f"{_TAG}int": SafeConstructor.construct_yaml_int,
    f"{_TAG}float": SafeConstructor.construct_yaml_float,
}


class Place(NamedTuple):
    """A line and a column, both from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Source:
    """One text, read. `keys` and `values` map a key path to where its key and its value stand."""

    name: str
    data: Data
    keys: dict[KeyPath, Place]
    values: dict[KeyPath, Place]
    mistakes: tuple[Mistake, ...]

    def at_value(self, path: KeyPath, message: str) -> Mistake:
        """Make a mistake about a value, placed where it or the nearest thing around it stands."""
        return self._mistake(path, message, self.values)

    def at_key(self, path: KeyPath, message: str) -> Mistake:
        """Make a mistake about a key: a wrong one, or (at what holds it) a missing one."""
        return self._mistake(path, message, self.keys)

    def line_of(self, path: KeyPath) -> int:
        """Give the line on which an item or a key begins."""
        return self.keys[path].line

    def _mistake(self, path: KeyPath, message: str, places: dict[KeyPath, Place]) -> Mistake:
        around = next(path[:end] for end in range(len(path), -1, -1) if path[:end] in self.keys)
        place = places[path] if around == path else self.keys[around]
        return Mistake(place.line, place.column, dotted(path), message, self.name)


def read_source(text: str | bytes, name: str) -> Source:
    """Read one document. Raises `RoutesError` if nothing can be read; keeps lesser mistakes."""
    root = compose(text, name)
    reader = _Reader(name)
    try:
        data = reader.read(root)
    except yaml.MarkedYAMLError as error:
        raise RoutesError([_from_yaml(error, name)]) from error
    return Source(name, data, reader.keys, reader.values, tuple(reader.mistakes))


def compose(text: str | bytes, name: str) -> yaml.Node:
    """Parse one document into nodes that know their places, within the bounds above."""
    text = decode(text, name)
    try:
        _bound_depth(text)
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        raise RoutesError([_from_yaml(error, name, text)]) from error
    if root is None:
        raise RoutesError([Mistake(1, 1, "", "is empty: begin with `version: 1`", name)])
    return root


def decode(text: str | bytes, name: str) -> str:
    """Check size and characters, and give the text without a byte order mark."""
    if len(text) > MAX_BYTES:
        raise RoutesError([Mistake(1, 1, "", f"is larger than {MAX_BYTES >> 10} KiB", name)])
    if isinstance(text, bytes):
        text = _decode_utf8(text, name)
    wrong = Reader.NON_PRINTABLE.search(text)
    if wrong is not None:
        message = f"has the character U+{ord(wrong[0]):04X}, which YAML forbids"
        raise RoutesError([_at_end(text[: wrong.start()], message, name)])
    return text.removeprefix("\ufeff")


def _decode_utf8(raw: bytes, name: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8")
        raise RoutesError([_at_end(before, "is not UTF-8 from here on", name)]) from error


def _at_end(before: str, message: str, name: str) -> Mistake:
    return Mistake(before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1, "", message, name)


def _bound_depth(text: str) -> None:
    # Composing recurses, in C without a limit; parsing to events does not.
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise _too_deep(event.start_mark)


def _too_deep(mark: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(None, None, f"nested more than {MAX_DEPTH} levels deep", mark)


def _from_yaml(error: yaml.MarkedYAMLError, name: str, text: str = "") -> Mistake:
    mark = error.problem_mark or error.context_mark
    line, column = (1, 1) if mark is None else (mark.line + 1, mark.column + 1)
    said = str(error.problem)
    written = "".join(text.splitlines()[line - 1 : line])
    if written[:column].lstrip(" ").startswith("\t"):
        said = "a tab; YAML indents with spaces only"
    elif "cannot start any token" in said:
        said += "; a value that begins with a special character needs quotes"
    elif error.context and error.context_mark:
        said = f"{error.context} that begins on line {error.context_mark.line + 1}: {said}"
    return Mistake(line, column, "", f"cannot be read: {said}", name)


class _Reader:
    """Walks nodes once, collecting data, places and the mistakes that do not end the walk."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.keys: dict[KeyPath, Place] = {}
        self.values: dict[KeyPath, Place] = {}
        self.mistakes: list[Mistake] = []
        self.seen = 0
        self.constructor = SafeConstructor()

    def __repr__(self) -> str:
        return f"<_Reader {self.name} {self.seen} values, {len(self.mistakes)} mistakes>"

    def read(self, root: yaml.Node) -> Data:
        """Give the plain data of a document."""
        self.keys[()] = _place(root)
        return self._value(root, ())

    def _value(self, node: yaml.Node, path: KeyPath) -> Data:
        self.seen += 1
        if self.seen > MAX_VALUES:
            message = f"more than {MAX_VALUES} values once aliases are followed"
            raise yaml.MarkedYAMLError(None, None, message, node.start_mark)
        if len(path) > MAX_DEPTH:  # an alias may hold itself
            raise _too_deep(node.start_mark)
        self.values[path] = _place(node)
        if isinstance(node, yaml.MappingNode) and node.tag == f"{_TAG}map":
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{_TAG}seq":
            return self._sequence(node, path)
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Data]:
        data: dict[str, Data] = {}
        for key, value in self._entries(node, path):
            inner = (*path, key.value)
            self.keys[inner] = _place(key)
            data[key.value] = self._value(value, inner)
        return data

    def _entries(
        self, node: yaml.MappingNode, path: KeyPath, depth: int = 0
    ) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
        """Give the entries of a mapping: its own, then what `<<` merges in beside them."""
        if depth > MAX_DEPTH:
            raise _too_deep(node.start_mark)
        first: dict[str, yaml.ScalarNode] = {}
        merged: list[yaml.Node] = []
        for key, value in node.value:
            if key.tag == f"{_TAG}merge":
                merged += value.value if isinstance(value, yaml.SequenceNode) else [value]
            elif not isinstance(key, yaml.ScalarNode):
                self._note(key, path, "a key must be text")
            elif key.value in first:
                line = first[key.value].start_mark.line + 1
                self._note(key, (*path, key.value), f"duplicate key: it stands on line {line} too")
            else:
                first[key.value] = key
                yield key, value
        for other in merged:
            if not isinstance(other, yaml.MappingNode):
                self._note(other, path, "<< merges mappings only")
                continue
            for key, value in self._entries(other, path, depth + 1):
                if key.value not in first:
                    first[key.value] = key
                    yield key, value

    def _sequence(self, node: yaml.SequenceNode, path: KeyPath) -> list[Data]:
        for index, item in enumerate(node.value):
            self.keys[(*path, index)] = _place(item)
        return [self._value(item, (*path, index)) for index, item in enumerate(node.value)]

    def _scalar(self, node: yaml.Node, path: KeyPath) -> Data:
        if node.tag in _TEXT:
            return node.value
        try:
            return _CONSTRUCT[node.tag](self.constructor, cast("yaml.ScalarNode", node))
        except (KeyError, ValueError):  # a tag that means nothing here, or not for this text
            tag = node.tag.replace(_TAG, "!!")
            self._note(node, path, f"cannot be read as {tag}; quote it if it is text")
            return None

    def _note(self, node: yaml.Node, path: KeyPath, message: str) -> None:
        place = _place(node)
        self.mistakes.append(Mistake(*place, dotted(path), message, self.name))


def _place(node: yaml.Node) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)
