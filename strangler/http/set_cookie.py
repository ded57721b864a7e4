"""Edits what a `Set-Cookie` field says of its cookie's reach: RFC 6265 section 5.2."""

import re
from collections.abc import Callable

_REACH = re.compile(rb";[ \t]*+(?:(path)|domain)[ \t]*+=([^;]*+)", re.IGNORECASE)

_HOST_PREFIX = b"__host-"
"""What a cookie's name begins with whose Path must be `/`, or browsers refuse the cookie."""


def edit_reach(
    field: bytes, path: Callable[[bytes], bytes], keeps_domain: Callable[[bytes], bool]
) -> bytes:
    """Give the field with each Path as `path` maps it, and without a Domain that is not kept.

    A cookie without a Domain belongs to the host that the client asked. All else stays as it is.
    """

    def edit(found: re.Match[bytes]) -> bytes:
        value = found[2].strip()
        if found[1] is None:
            return found[0] if keeps_domain(value) else b""
        mapped = path(value)
        if mapped == value or b";" in mapped:
            return found[0]
        return found[0][: found.start(2) - found.start()] + mapped

    if field[: len(_HOST_PREFIX)].lower() == _HOST_PREFIX:
        return field
    return _REACH.sub(edit, field)
