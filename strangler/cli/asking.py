"""Opens the store for the length of one question."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from strangler.cli.failure import VerbError

if TYPE_CHECKING:
    from strangler.store.store import Store

T = TypeVar("T")


def ask(url: str, question: "Callable[[Store], Awaitable[T]]") -> T:
    """Put a question to the store at `url`, or have it write; what it says no to ends the verb.

    The store, and the loop that it lives in, are imported here: half of the verbs do without them
    and start faster so.
    """
    import asyncio  # noqa: PLC0415 - see above

    from strangler.store.errors import StoreError  # noqa: PLC0415
    from strangler.store.store import Store  # noqa: PLC0415

    async def answer() -> T:
        store = await Store.open(url)
        try:
            return await question(store)
        finally:
            await store.close()

    try:
        return asyncio.run(answer())
    except StoreError as error:
        raise VerbError(str(error)) from error
