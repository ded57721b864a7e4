"""Decides the path that a service sees, where a route gives it another prefix."""

import re
from dataclasses import dataclass

_SEGMENT = re.compile(rb"/+[^/?]+")


@dataclass(frozen=True, slots=True)
class PrefixRewrite:
    """Puts `replacement` in the place of the first `segments` segments of a forwarded path.

    It counts segments and compares no bytes: the path has matched already, and what is forwarded
    is spelt as the client spelt it, with duplicate slashes and escapes of its own.
    """

    segments: int
    replacement: bytes

    def apply(self, forward: bytes) -> bytes:
        """Give the origin-form for the service; what follows the prefix stays byte for byte."""
        end = 0
        for _ in range(self.segments):
            found = _SEGMENT.match(forward, end)
            if found is None:  # a path shorter than its pattern cannot have matched
                return forward
            end = found.end()
        rest = forward[end:]
        if not rest.startswith(b"/"):
            return (self.replacement or b"/") + rest
        return self.replacement + rest
