"""Finds the routes that share requests with a route, and which of two gets what they share."""

from collections.abc import Iterator

from strangler.routing.match import Claim, Node
from strangler.routing.pattern import TYPES, Pattern, Segment
from strangler.routing.table import Route

Found = Claim[Route]


def overlapping(root: Node[Route], claim: Found) -> Iterator[Found]:
    """List the claims of other routes that some request meets together with `claim`.

    The walk follows the pattern through the trie, so that its cost is that of what it finds.
    """
    for other in _meeting(root, claim.pattern, 0):
        if other.owner.label != claim.owner.label and _compatible(claim, other):
            yield other


def _meeting(node: Node[Route], pattern: Pattern, depth: int) -> Iterator[Found]:
    yield from node.below
    if depth == len(pattern.segments):
        if pattern.rest:
            yield from node.here
            for child in _children(node):
                yield from _all(child)
        else:
            yield from node.here
        return
    for child in _followed(node, pattern.segments[depth]):
        yield from _meeting(child, pattern, depth + 1)


def _followed(node: Node[Route], segment: Segment) -> Iterator[Node[Route]]:
    """Give the children that some text shares with a segment of the pattern."""
    for literal, child in node.literals.items():
        if segment.literal == literal or (segment.literal is None and _accepts(segment, literal)):
            yield child
    for type_, child in node.typed.items():
        if segment.literal is not None:
            if TYPES[type_](segment.literal):
                yield child
        elif segment.type in {"", type_}:
            yield child
    if node.plain is not None and segment.literal != "":
        yield node.plain


def _accepts(segment: Segment, literal: str) -> bool:
    return bool(TYPES[segment.type](literal) if segment.type else literal)


def _children(node: Node[Route]) -> Iterator[Node[Route]]:
    yield from node.literals.values()
    yield from node.typed.values()
    if node.plain is not None:
        yield node.plain


def _all(node: Node[Route]) -> Iterator[Found]:
    yield from node.here
    yield from node.below
    for child in _children(node):
        yield from _all(child)


def _compatible(ours: Found, theirs: Found) -> bool:
    """Whether one request can meet the conditions of both."""
    return ours.conditions.compatible(theirs.conditions)


def wins(ours: Found, theirs: Found) -> bool:
    """Whether a request that meets both goes to ours: by the path first, then by the conditions."""
    for mine, other in zip(ours.pattern.segments, theirs.pattern.segments, strict=False):
        if mine.shape != other.shape:
            return _breadth(mine) < _breadth(other)
    mine_, others = len(ours.pattern.segments), len(theirs.pattern.segments)
    if mine_ != others:
        return mine_ > others
    if ours.pattern.rest != theirs.pattern.rest:
        return theirs.pattern.rest
    return ours.conditions.order < theirs.conditions.order


def _breadth(segment: Segment) -> int:
    """Order what stands at one place as the trie tries it: literal, typed parameter, parameter."""
    if segment.literal is not None:
        return 0
    return 1 if segment.type else 2
