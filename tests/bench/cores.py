"""Which core runs what: the proxies one, load and origin another."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


def cores() -> tuple[int | None, int | None]:
    """Choose a core for the proxies, and another for the rest; None where nothing can be pinned."""
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    ours = sorted(os.sched_getaffinity(0))
    return ours[0], ours[-1]


@contextmanager
def pinned_to(core: int | None) -> Iterator[None]:
    """Run on one core and start processes there, which inherit it; anywhere for None."""
    if core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
