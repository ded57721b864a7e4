"""Tells whether descriptors are left, keeps a few back, decides for how many clients they suffice.

Every connection takes one, a client's and an upstream's. Where the last is gone an accept or a
connect fails for a reason that is ours: nothing is to be held against whoever is at the other end.
"""

import errno
import os
import resource
from collections.abc import Callable

FOR_CLIENTS = 0.75
"""The share of the descriptors that clients may take; the rest is for upstreams and files."""

OUR_OWN = 32
"""Descriptors that a worker needs for itself: half of them stand open, the rest comes and goes with
files, resolving and comparing, or is kept back."""

KEPT_BACK = 16
"""Descriptors for the upstreams of clients who are inside when the others run out; upstreams'
connections are used again and again, so that a few go a long way. Fewer under a low limit."""

MOST_CONNECTIONS = 100_000
"""Connections let in where nothing else says how many, however many descriptors there are: at
16 KiB each they take 1.6 GiB."""

_NO_ROOM = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


def lacks_room(error: BaseException | None) -> bool:
    """Tell whether something failed because this process or machine can hold no more."""
    if not isinstance(error, OSError):
        return False
    return error.errno in _NO_ROOM or lacks_room(error.__cause__)


def descriptor_limit() -> int:
    """Give how many descriptors this process may have; -1 stands for no limit."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def raise_descriptor_limit() -> None:
    """Take as many descriptors as the system grants: soft limits are for programs of `select`."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def connections_that_fit(wanted: int, limit: int) -> int:
    """Decide how many clients are let in with so many descriptors; 0 wants what suits them.

    More than `wanted` it never is. As many as descriptors are left it may be, on the operator's
    word: clients who are idle need no upstream.
    """
    if limit < 0:
        return wanted or MOST_CONNECTIONS
    left = max(1, limit - OUR_OWN)
    return min(wanted, left) if wanted else min(MOST_CONNECTIONS, max(1, int(left * FOR_CLIENTS)))


def _nobody_minds() -> None:
    """Do nothing: not everybody lets clients in."""


class Descriptors:
    """What is left of this process's descriptors, and the few that are kept back.

    `short` from when those had to be given up until they are there again: then nobody new is to be
    let in.
    """

    __slots__ = ("_kept", "ran_out", "short")

    def __init__(self) -> None:
        """Keep nothing back before `recover`; `ran_out` is told when that has to be given up."""
        self._kept: list[int] = []
        self.ran_out: Callable[[], None] = _nobody_minds
        self.short = False

    def __repr__(self) -> str:
        """Show how many are kept back."""
        return f"<Descriptors kept={len(self._kept)} short={self.short}>"

    def look(self) -> None:
        """Run out now if nothing is left, to be called by whoever has taken one.

        So the next accept is not made at all, instead of failing.
        """
        if self._kept:
            try:
                os.close(os.dup(self._kept[0]))
            except OSError:
                self.run_out()

    def run_out(self) -> bool:
        """Give up what is kept back, so that another try succeeds; False where nothing is."""
        if not self._kept:
            return False
        self.short = True
        self.close()
        self.ran_out()
        return True

    def recover(self) -> bool:
        """Keep some back; False where not twice as many are free: it would soon be over again."""
        limit = descriptor_limit()
        wanted = KEPT_BACK if limit < 0 else max(2, min(KEPT_BACK, limit // 16))
        try:
            while len(self._kept) < 2 * wanted:
                self._kept.append(os.open("/", os.O_RDONLY | os.O_CLOEXEC))
        except OSError:
            self.close()
            return False
        while len(self._kept) > wanted:
            os.close(self._kept.pop())
        self.short = False
        return True

    def close(self) -> None:
        """Keep nothing back any longer."""
        while self._kept:
            os.close(self._kept.pop())
