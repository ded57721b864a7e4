"""Holds what pools use of the worker that they are in; tests turn its clock by hand."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from random import random
from typing import Any

from strangler.proxy.counters import Counters
from strangler.proxy.descriptors import Descriptors
from strangler.proxy.resolver import Resolve, system_resolve
from strangler.routing.table import Target


async def plainly(_: Target) -> dict[str, Any]:
    """Connect without TLS."""
    return {}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A clock, a loop, a resolver, chance, what is counted, and what descriptors are left.

    `spawn` runs something beside; `soon` calls something once the present callback is over;
    `draw` gives a number in [0, 1). `secure` gives the arguments that connecting to a target takes
    for TLS.
    """

    clock: Callable[[], float]
    spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]
    soon: Callable[[Callable[[], None]], object]
    resolve: Resolve = system_resolve
    draw: Callable[[], float] = random
    counters: Counters = field(default_factory=Counters)
    secure: Callable[[Target], Awaitable[dict[str, Any]]] = plainly
    descriptors: Descriptors = field(default_factory=Descriptors)
