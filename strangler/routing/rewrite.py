"""Decides the path that a service sees, where a route gives it another one.

A rewrite is worked out once, when the table is, to one regular expression that takes a path apart
and one format that puts it together again. Values are whole segments and are never decoded: no
spelling of one, be it `%2F`, `..` or a row of slashes, can add, end or remove another segment.
"""

import re
from dataclasses import dataclass

from strangler.routing.pattern import Pattern, Segment, pattern_of

# A path that is forwarded has its dot segments resolved, but duplicate slashes and escapes as the
# client spelt them. Possessive, so that no path makes matching slow.
_SEGMENT = rb"/++[^/?]++"
_VALUE = rb"/++([^/?]++)"
_SLASHES = rb"/*+"
_ALL_THAT_FOLLOWS = rb"(.*)"
_QUERY = rb"[^?]*+(.*)"


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Gives a path that has matched one pattern the shape of another.

    It counts segments and compares no bytes: that the path fits was decided before. `to` is the
    pattern of what comes out, with the types of what went in.
    """

    to: Pattern
    _taken_apart: re.Pattern[bytes]
    _values: tuple[int, ...]
    _format: bytes

    def apply(self, forward: bytes) -> bytes:
        """Give the origin-form for the other side; what is carried over stays byte for byte."""
        found = self._taken_apart.match(forward)
        if found is None:  # a path shorter than its pattern cannot have matched
            return forward
        return self._format % found.group(*self._values)


def prefix_rewrite(path: Pattern, prefix: tuple[str, ...]) -> Rewrite:
    """Put `prefix` in the place of what stands before the first parameter or `**` of `path`."""
    replaced = len(path.literal_prefix)
    put = tuple(Segment(piece) for piece in prefix)
    to = pattern_of(put + path.segments[replaced:], rest=path.rest)
    taken_apart = _SEGMENT * replaced
    if prefix:
        return _rewrite(to, taken_apart + _ALL_THAT_FOLLOWS, (1,), b"%b%%b" % _literals(prefix))
    # A path that begins with two slashes would be read as a host by some (RFC 3986 section 4.2).
    return _rewrite(to, taken_apart + _SLASHES + _ALL_THAT_FOLLOWS, (1,), b"/%b")


def template_rewrite(path: Pattern, template: Pattern) -> Rewrite:
    """Write the parameters of `path`, and what its `**` claims, where `template` names them.

    What the template leaves out is dropped. It names nothing that the path has not.
    """
    typed = {segment.name: segment for segment in path.segments if segment.name}
    to = pattern_of(
        tuple(typed.get(segment.name, segment) for segment in template.segments),
        rest=template.rest,
    )
    taken = [name for name in path.names if name in template.names]
    values = [taken.index(name) + 1 for name in template.names]
    taken_apart = b"".join(
        _VALUE if segment.name in taken else _SEGMENT
        for segment in path.segments
        if segment.literal != ""
    )
    written = b"".join(
        b"/%b" if segment.name else _literals((segment.literal or "",))
        for segment in template.segments
    )
    tail = _ALL_THAT_FOLLOWS if template.rest else _QUERY
    if not template.segments:
        tail, written = _SLASHES + tail, b"/"
    return _rewrite(to, taken_apart + tail, (*values, len(values) + 1), written + b"%b")


def _literals(pieces: tuple[str, ...]) -> bytes:
    """Write segments into a format."""
    return "".join(f"/{piece}" for piece in pieces).replace("%", "%%").encode("ascii")


def _rewrite(to: Pattern, taken_apart: bytes, values: tuple[int, ...], written: bytes) -> Rewrite:
    return Rewrite(to, re.compile(taken_apart, re.DOTALL), values, written)
