"""`strangler`, which kills itself with SIGKILL before or after one of its steps.

    python -m tests.end_to_end.doomed_mover after strangler.store.store:Store.raise_fence promote …

With a number behind the step it dies after the call of it that gives a list of this length.
"""

import os
import signal
import sys
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any, NoReturn

from strangler.cli.main import main


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("nobody survives this")


def doom(when: str, step: str) -> None:
    """Have the process die at a step: `module:name`, `module:Class.name`, or with `=N`."""
    place, _, length = step.partition("=")
    module, _, path = place.partition(":")
    owner: Any = import_module(module)
    *outer, name = path.split(".")
    for one in outer:
        owner = getattr(owner, one)
    setattr(owner, name, doomed(getattr(owner, name), when, int(length) if length else None))


def doomed(
    real: Callable[..., Awaitable[Any]], when: str, length: int | None
) -> Callable[..., Awaitable[Any]]:
    async def step(*args: Any, **options: Any) -> Any:
        if when == "before":
            die()
        done = await real(*args, **options)
        if length is None or len(done) == length:
            die()
        return done

    return step


if __name__ == "__main__":
    doom(*sys.argv[1:3])
    sys.argv[1:3] = []
    main()
