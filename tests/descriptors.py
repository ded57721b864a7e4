"""Leaves this process few descriptors, as a low `ulimit -n` does, for as long as a test needs."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager

FAR_ABOVE = 64
"""Descriptors above those in use at which the limit is put: what runs beside may open a few."""


@contextmanager
def descriptors_left(count: int) -> Iterator[list[int]]:
    """Take all descriptors but `count`; who closes one of those that are given gives one back."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = [os.open("/", os.O_RDONLY)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, taken[0] + FAR_ABOVE), hard))
    try:
        try:
            while True:
                taken.append(os.dup(taken[0]))
        except OSError:
            for _ in range(count):
                os.close(taken.pop())
        yield taken
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for descriptor in taken:
            os.close(descriptor)
