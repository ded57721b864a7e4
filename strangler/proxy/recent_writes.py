"""Remembers which resources were written to lately, for those who compare what is read.

Only the writes of this worker: others, and those past the proxy, nobody here sees. A difference
that they make is told by asking again, like any that comes from a moment.
"""

from collections import deque
from math import inf

MOST = 1024
"""Writes of one domain that are remembered; looked through once for each difference."""

UNENDED = 30.0
"""Seconds after which a write that did not end well is over: what it does, it has done by then."""


class Write:
    """One write, from its beginning until `ended`."""

    __slots__ = ("began", "ended", "method", "path")

    def __init__(self, method: str, path: str, began: float) -> None:
        """Begin."""
        self.method = method
        self.path = path
        self.began = began
        self.ended = inf

    def __repr__(self) -> str:
        """Show what was written."""
        return f"<Write {self.method} {self.path} {self.began:.3f}-{self.ended:.3f}>"

    def passed_since(self, since: float) -> bool:
        """Decide whether it was under way at some moment after `since`."""
        ended = self.began + UNENDED if self.ended == inf else self.ended
        return ended > since


class RecentWrites:
    """The writes of the domains that are compared. Times are the loop's."""

    __slots__ = ("_domains",)

    def __init__(self) -> None:
        """Know of none."""
        self._domains: dict[str, deque[Write]] = {}

    def __repr__(self) -> str:
        """Show how many are remembered."""
        return f"<RecentWrites { ({name: len(held) for name, held in self._domains.items()}) }>"

    def begin(self, domain: str, method: str, path: str, now: float) -> Write:
        """Note a write that begins; whoever performs it sets when it has ended."""
        write = Write(method, path, now)
        held = self._domains.get(domain)
        if held is None:
            held = self._domains[domain] = deque(maxlen=MOST)
        held.append(write)
        return write

    def passed(self, domain: str, path: str, since: float) -> bool:
        """Decide whether a write from `since` on may have changed what a read of `path` gives."""
        return any(
            write.passed_since(since) and may_change(write.method, write.path, path)
            for write in self._domains.get(domain, ())
        )


def may_change(method: str, written: str, read: str) -> bool:
    """Decide whether a write concerns a resource that is read, by their paths.

    What is written lies in what is read (`/books/7` in the list `/books`), or what is read in what
    is written. The latter not for a POST, which makes a sibling: one who adds books all day changes
    no other.
    """
    return _within(written, read) or (method != "POST" and _within(read, written))


def _within(inner: str, outer: str) -> bool:
    outer = outer.rstrip("/")
    return inner.rstrip("/") == outer or inner.startswith(f"{outer}/")
