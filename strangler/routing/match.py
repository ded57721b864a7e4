"""Finds the most specific claim on a request: a trie on path segments.

The cost of a match grows with the depth of the path, not with the number of routes. Conditions
are looked at only where a claim has them.
"""

from collections.abc import Callable, Iterator
from sys import intern
from typing import Any, Final, Generic, TypeVar

from strangler.http.message import RequestHead
from strangler.routing.conditions import Conditions
from strangler.routing.pattern import TYPES, Pattern, Segment

T = TypeVar("T")

_NONE: Final[dict[str, Any]] = {}
"""What all nodes without children of a kind share."""


class Claim(Generic[T]):
    """One claim on requests: path and conditions, and what it is made for.

    `always`: a request on the path meets it, whatever else it has.
    """

    __slots__ = ("always", "conditions", "owner", "pattern")

    def __init__(self, pattern: Pattern, conditions: Conditions, owner: T) -> None:
        self.pattern = pattern
        self.conditions = conditions
        self.owner = owner
        self.always = conditions == Conditions()

    def __repr__(self) -> str:
        return f"<Claim {self.pattern.text} {self.conditions}>"

    def __reduce__(self) -> tuple[type["Claim[T]"], tuple[Pattern, Conditions, T]]:
        # A table crosses to its workers; what is compiled is only made through its constructor.
        return Claim, (self.pattern, self.conditions, self.owner)


class Branch(Generic[T]):
    """A way on for every segment that it `accepts`."""

    __slots__ = ("accepts", "child")

    def __init__(self, accepts: Callable[[str], object], child: "Node[T]") -> None:
        self.accepts = accepts
        self.child = child

    def __repr__(self) -> str:
        return f"<Branch {self.accepts} {self.child}>"

    def __reduce__(self) -> tuple[type["Branch[T]"], tuple[Callable[[str], object], "Node[T]"]]:
        # As for a claim.
        return Branch, (self.accepts, self.child)


class Node(Generic[T]):
    """The place in the trie that some first segments of a path lead to.

    `branches` are the parameters, typed ones before the plain one, each with its test. `here` holds
    the claims of patterns that end at this node, `below` those that go on with `**`, the most
    specific first. `sole` is the owner of the first of `here` if it claims whatever comes.

    What a node does not have takes no memory, and what most need lies in the node itself: with ten
    thousand routes a match waits for memory more than for anything else.
    """

    __slots__ = ("below", "branches", "here", "literals", "plain", "sole", "typed")

    def __init__(self) -> None:
        self.literals: dict[str, Node[T]] = _NONE
        self.branches: tuple[Branch[T], ...] = ()
        self.sole: T | None = None
        self.here: tuple[Claim[T], ...] = ()
        self.below: tuple[Claim[T], ...] = ()
        self.typed: dict[str, Node[T]] = _NONE
        self.plain: Node[T] | None = None

    def __repr__(self) -> str:
        return f"<Node {len(self.literals)} literals, {len(self.branches)} branches>"

    def add(self, claim: Claim[T]) -> None:
        """Put a claim where its pattern leads. Claims of one pattern stay sorted."""
        node = self
        for segment in claim.pattern.segments:
            node = node._child(segment)
        if claim.pattern.rest:
            node.below = _sorted((*node.below, claim))
        else:
            node.here = _sorted((*node.here, claim))
            node.sole = node.here[0].owner if node.here[0].always else None

    def _child(self, segment: Segment) -> "Node[T]":
        if segment.literal is not None:
            if self.literals is _NONE:
                self.literals = {}
            # Many routes say `search`: one string of it is in the cache, a thousand are not.
            return self.literals.setdefault(intern(segment.literal), Node())
        if segment.type:
            if self.typed is _NONE:
                self.typed = {}
            child = self.typed.setdefault(segment.type, Node())
        else:
            child = self.plain = self.plain or Node()
        # `len` accepts every segment but the empty one, which is no value for a parameter.
        tests = [Branch(TYPES[type_], node) for type_, node in self.typed.items()]
        self.branches = (*tests, *([Branch(len, self.plain)] if self.plain else []))
        return child

    def nodes(self) -> Iterator["Node[T]"]:
        """Give all nodes, each behind those that it leads to."""
        for child in (*self.literals.values(), *[branch.child for branch in self.branches]):
            yield from child.nodes()
        yield self

    def find(self, head: RequestHead) -> T | None:
        """Give the owner of the most specific claim whose conditions the request meets."""
        return self.find_at(head.target.path.split("/"), head)

    def find_at(self, segments: list[str], head: RequestHead) -> T | None:
        """Find the same for another reading of the path, split at its slashes."""
        if segments[0]:
            return None  # `OPTIONS *` and authority-forms name no path
        return _search(self, segments, 1, head)

    def ranked(self, path: str) -> Iterator[Claim[T]]:
        """Give all claims on a path, the most specific first, whatever their conditions."""
        return self.ranked_at(path.split("/"))

    def ranked_at(self, segments: list[str]) -> Iterator[Claim[T]]:
        """Give the same for a path, or another reading of one, that is split at its slashes."""
        return iter(()) if segments[0] else _walk(self, segments, 1)


def _sorted(claims: tuple[Claim[T], ...]) -> tuple[Claim[T], ...]:
    return tuple(sorted(claims, key=lambda claim: claim.conditions.order))


def _search(node: Node[T], segments: list[str], depth: int, head: RequestHead) -> T | None:
    # The hot path: `_walk` with the conditions looked at on the way, and no generators. As long as
    # a node has no parameters there is one way on, and no need to come back for another.
    passed: list[tuple[Claim[T], ...]] = []
    end = len(segments)
    while depth < end:
        if node.below:
            passed.append(node.below)
        child = node.literals.get(segments[depth])
        if node.branches:
            found = _search_branches(node, child, segments, depth, head)
            break
        if child is None:
            found = None
            break
        node = child
        depth += 1
    else:
        found = node.sole
        if found is None and node.here:
            found = _first(node.here, head)
        if found is None and node.below:
            passed.append(node.below)
    while found is None and passed:
        found = _first(passed.pop(), head)
    return found


def _search_branches(
    node: Node[T], literal: Node[T] | None, segments: list[str], depth: int, head: RequestHead
) -> T | None:
    if literal is not None and (found := _search(literal, segments, depth + 1, head)) is not None:
        return found
    segment = segments[depth]
    for branch in node.branches:
        if branch.accepts(segment):
            found = _search(branch.child, segments, depth + 1, head)
            if found is not None:
                return found
    return None


def _first(claims: tuple[Claim[T], ...], head: RequestHead) -> T | None:
    for claim in claims:
        if claim.always or claim.conditions.met(head):
            return claim.owner
    return None


def _walk(node: Node[T], segments: list[str], depth: int) -> Iterator[Claim[T]]:
    if depth == len(segments):
        yield from node.here
    else:
        segment = segments[depth]
        if segment in node.literals:
            yield from _walk(node.literals[segment], segments, depth + 1)
        for branch in node.branches:
            if branch.accepts(segment):
                yield from _walk(branch.child, segments, depth + 1)
    yield from node.below
