"""Decides with which fields a write is asked about: those that say who asks, and how to answer."""

from typing import Final

ABOUT_THE_WRITE: Final = frozenset(
    {
        b"digest",
        b"expect",
        b"idempotency-key",
        b"prefer",
        b"range",
        b"repr-digest",
        b"trailer",
        # Frameworks take these for the method: a read with one of them would be the write again.
        b"x-http-method",
        b"x-http-method-override",
        b"x-method-override",
    }
)
"""Fields that mean something for the write alone, beside the conditional ones (RFC 9110 section 13)
and those of its content (section 8)."""


def without_the_write(lines: bytes) -> bytes:
    """Leave out of the field lines of a write what has no place in a read of what it changed."""
    return b"".join(line for line in lines.splitlines(keepends=True) if _stays(line))


def _stays(line: bytes) -> bool:
    # CGI and its heirs read an underscore as a hyphen.
    name = line.partition(b":")[0].lower().replace(b"_", b"-")
    return name not in ABOUT_THE_WRITE and not name.startswith((b"content-", b"if-"))
