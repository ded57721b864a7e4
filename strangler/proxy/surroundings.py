"""Holds what pools use of the worker that they are in; tests turn its clock by hand."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from random import random
from typing import Any

from strangler.proxy.counters import Counters
from strangler.proxy.resolver import Resolve, system_resolve


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A clock, a loop, a resolver, chance, and what is counted.

    `spawn` runs something beside; `soon` calls something once the present callback is over;
    `draw` gives a number in [0, 1).
    """

    clock: Callable[[], float]
    spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]
    soon: Callable[[Callable[[], None]], object]
    resolve: Resolve = system_resolve
    draw: Callable[[], float] = random
    counters: Counters = field(default_factory=Counters)
