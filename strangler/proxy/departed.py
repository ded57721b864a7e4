"""Finds clients that have gone while nobody reads from them."""

import select
from collections.abc import Iterable
from typing import Protocol, TypeVar


class Connected(Protocol):
    """Whatever has a socket, or -1 where that is closed."""

    def fileno(self) -> int:
        """Give the descriptor."""
        ...


C = TypeVar("C", bound=Connected)


def departed(paused: Iterable[C]) -> list[C]:
    """Give those whose connection was reset.

    The loop does not watch a connection whose reading is paused, so a reset would be noticed only
    when reading goes on, which may be never. The kernel tells of resets whatever is asked for. A
    FIN alone is not one: what the client sent before it may still be wanted.
    """
    by_descriptor = {one.fileno(): one for one in paused}
    poll = select.poll()
    for descriptor in by_descriptor:
        if descriptor >= 0:
            poll.register(descriptor, 0)
    return [by_descriptor[descriptor] for descriptor, _ in poll.poll(0)]
