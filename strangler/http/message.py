"""What one HTTP message head says, once its bytes are parsed: plain values, no I/O."""

from collections.abc import Sequence
from typing import TypeAlias

Field: TypeAlias = tuple[bytes, bytes]
"""The name of a field in the case received, and its value without the spaces around it."""

Headers: TypeAlias = Sequence[Field]
"""Header fields in the order and case received, duplicates kept."""


# The classes of the hot path write out what `dataclass` and `NamedTuple` would generate: compiled,
# these are made and read in a tenth of the time.


class RequestTarget:
    """A request target in its two readings: the one that is matched, the one that is forwarded.

    `path` is normalised (ASCII; dot segments resolved, duplicate slashes merged, what may stand
    as it is decoded, other escapes upper-cased, `%2F` kept as data inside its segment).
    `query` has no `?` and is empty where there is none. `forward` is the origin-form that goes
    upstream: the bytes as received, with dot segments resolved. `authority` is set for the
    absolute-form (RFC 9112 section 3.2.2), where it overrides `Host`.
    """

    __slots__ = ("authority", "forward", "path", "query")

    def __init__(self, path: str, query: str, forward: bytes, authority: str | None = None) -> None:
        """Hold both readings."""
        self.path = path
        self.query = query
        self.forward = forward
        self.authority = authority

    def __repr__(self) -> str:
        """Show both readings."""
        return f"<RequestTarget {self.path} {self.forward!r}>"


class RequestHead:
    """The head of one request, as the exchange reads it.

    `host` is lower-case and without a port; `headers` are as received.
    """

    __slots__ = ("headers", "host", "method", "target")

    def __init__(self, method: str, target: RequestTarget, host: str, headers: Headers) -> None:
        """Hold what was read."""
        self.method = method
        self.target = target
        self.host = host
        self.headers = headers

    def __repr__(self) -> str:
        """Show what is asked."""
        return f"<RequestHead {self.method} {self.host} {self.target.path}>"

    def first(self, name: bytes) -> bytes | None:
        """Give the first value of the field `name` (lower-case), or None."""
        for field, value in self.headers:
            if field.lower() == name:
                return value
        return None
