"""Which core runs what: the proxies one, load and origin another."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

EVERY = frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else frozenset()
"""The cores that we were started on; none where processes cannot be pinned."""
PROXIES = frozenset(sorted(EVERY)[:1])
OTHERS = frozenset(sorted(EVERY)[-1:])
"""Load and origin: the same core as the proxies where there is but one."""


@contextmanager
def pinned_to(cores: frozenset[int]) -> Iterator[None]:
    """Run on these cores and start processes there, which inherit it; anywhere for none."""
    if not cores:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
