"""Decides what a request target names, once for matching and once for forwarding.

The two readings must never disagree: whatever spelling a client chooses, the path that is
forwarded normalises to the path that was matched. So dot segments are resolved in both, and
nothing else of the forwarded bytes changes (RFC 3986 sections 5.2.4 and 6.2.2, RFC 9112
section 3.2).
"""

import re
from typing import Final

from strangler.http.message import RequestTarget

# What nearly every request sends: no escapes, no empty segment but the last, none that begins with
# a dot. One match in C replaces the walk below.
_PLAIN: Final = re.compile(
    rb"((?:/[A-Za-z0-9_~!$&'()*+,;=:@-][A-Za-z0-9._~!$&'()*+,;=:@-]*)*/?)"
    rb"(?:\?([!\"$-~\x80-\xff]*))?"
)
_ABSOLUTE: Final = re.compile(rb"https?://([^/?#@]+)(/[^?]*)?(\?.*)?", re.IGNORECASE | re.DOTALL)
_FORBIDDEN_IN_PATH: Final = re.compile(rb"[\x00-\x20\x7f\\#]")
_FORBIDDEN_IN_QUERY: Final = re.compile(rb"[\x00-\x20\x7f#]")
# A rewrite or a log that decodes them would find new lines there (CVE-2023-25690 in Apache), and
# some servers end a path at the first of them.
_ESCAPED_CONTROL: Final = re.compile(rb"%(?:[01][0-9A-Fa-f]|7[Ff])")
_BROKEN_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
# `..` between slashes of which one is escaped: data to us, a step upwards to an upstream that
# decodes first.
_HIDDEN_DOTS: Final = re.compile(
    rb"(?:/|%2F|%5C)(?:\.|%2E){1,2}(?:%2F|%5C)|(?:%2F|%5C)(?:\.|%2E){1,2}(?:[/;]|%3B|$)",
    re.IGNORECASE,
)
_SEMICOLON: Final = re.compile(rb";|%3B", re.IGNORECASE)
_ESCAPE: Final = re.compile(rb"%([0-9A-Fa-f]{2})")
# What RFC 3986 lets a segment hold as it is (`pchar`). Upstreams read `%40` and `@` alike, and
# `"` and `%22`, so matching must: one spelling for each.
_PCHAR: Final = rb"A-Za-z0-9._~!$&'()*+,;=:@-"
_NOT_PCHAR: Final = re.compile(rb"[^%%%b]" % _PCHAR)
_ESCAPED_PCHAR: Final = re.compile(rb"[%b]" % _PCHAR)


class TargetError(ValueError):
    """The request target is not one that two parsers are sure to read alike."""


def parse_target(raw: bytes) -> RequestTarget:
    """Read an origin-form, absolute-form or asterisk-form target.

    Raises `TargetError` for control characters, encoded ones too, a backslash, a broken escape or a
    fragment in it, and for dot segments with parameters (`/..;x/`) or beside an escaped slash
    (`/..%2Fx`), which servers resolve differently.
    """
    plain = _PLAIN.fullmatch(raw)
    if plain is not None and raw[:1] == b"/":
        path, query = plain.groups()
        return RequestTarget(path.decode("ascii"), (query or b"").decode("latin-1"), raw)
    if raw == b"*":
        return RequestTarget("*", "", raw)
    if raw[:1] == b"/":
        return _origin_form(raw, None)
    absolute = _ABSOLUTE.fullmatch(raw)
    if absolute is None:
        raise TargetError("neither a path that begins with / nor an http URL")
    authority, path, query = absolute.groups()
    origin = (path or b"/") + (query or b"")
    return _origin_form(origin, authority.decode("latin-1").lower())


def plainly_spelt(path: str) -> bool:
    """Tell of most normalised paths at once that no server behind us reads them in another way.

    `readings` holds the others. Escapes of octets that are no ASCII have an upper-case letter.
    """
    lower = path.islower() or path == path.lower()
    return lower and ";" not in path and "%2F" not in path and "%5C" not in path


def normalise_literal(text: str) -> str:
    """Give a literal piece of a route's path in the spelling that matching sees."""
    return _normalise_segment(text.encode("utf-8")).decode("ascii")


def _origin_form(raw: bytes, authority: str | None) -> RequestTarget:
    path, mark, query = raw.partition(b"?")
    _refuse(path, query)
    forward = b"/" + b"/".join(_resolve_dots(path.split(b"/")[1:]))
    segments = [_normalise_segment(segment) for segment in forward[1:].split(b"/")]
    kept = [segment for segment in segments[:-1] if segment]
    normal = b"/" + b"/".join([*kept, segments[-1]])
    return RequestTarget(
        normal.decode("ascii"), query.decode("latin-1"), forward + mark + query, authority
    )


def _refuse(path: bytes, query: bytes) -> None:
    if _FORBIDDEN_IN_PATH.search(path):
        raise TargetError("a control character, space, backslash or # in the path")
    if _BROKEN_ESCAPE.search(path):
        raise TargetError("a % in the path without two hexadecimal digits behind it")
    if _ESCAPED_CONTROL.search(path):
        raise TargetError("an encoded control character in the path")
    if _HIDDEN_DOTS.search(path):
        raise TargetError("a dot segment beside an encoded slash or backslash")
    if _FORBIDDEN_IN_QUERY.search(query):
        raise TargetError("a control character, space or # in the query")


def _resolve_dots(segments: list[bytes]) -> list[bytes]:
    """Remove dot segments (RFC 3986 section 5.2.4), plain or percent-encoded."""
    resolved: list[bytes] = []
    for segment in segments:
        name, *parameters = _SEMICOLON.split(segment, 1)
        dots = _normalise_segment(name)
        if dots not in {b".", b".."}:
            resolved.append(segment)
            continue
        if parameters:
            raise TargetError("a dot segment with parameters")
        if dots == b".." and resolved:
            resolved.pop()
    if _normalise_segment(segments[-1]) in {b".", b".."}:
        resolved.append(b"")  # `/a/.` and `/a/b/..` name a directory: `/a/`
    return resolved


def _normalise_segment(segment: bytes) -> bytes:
    """Decode escapes of what may stand as it is, upper-case the others, escape what may not."""
    if b"%" in segment:
        segment = _ESCAPE.sub(_normalise_escape, segment)
    return _NOT_PCHAR.sub(lambda found: b"%%%02X" % found[0][0], segment)


def _normalise_escape(found: re.Match[bytes]) -> bytes:
    octet = bytes((int(found[1], 16),))
    return octet if _ESCAPED_PCHAR.fullmatch(octet) else found[0].upper()
