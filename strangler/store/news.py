"""Hears from PostgreSQL that something was written; SQLite has nothing to tell and is asked again.

A poll stands behind it: news may get lost with a connection, and only make it quicker.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

CHANNEL = "strangler"
"""The channel of NOTIFY: one for all, as each listener looks at everything anyway."""


async def tell(connection: AsyncConnection) -> None:
    """Have all listeners hear of this transaction when, and if, it is committed."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text(f"NOTIFY {CHANNEL}"))


async def hear(engine: AsyncEngine, heard: Callable[[], None]) -> None:
    """Call `heard` for whatever others write, until the connection ends.

    It takes a connection of its own for as long. Where there is no news it returns at once.
    """
    if engine.dialect.name != "postgresql":
        return
    ended = asyncio.Event()
    async with engine.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        driver.add_termination_listener(lambda _: ended.set())
        await driver.add_listener(CHANNEL, lambda *_: heard())
        try:
            heard()  # of what was written before we listened
            await ended.wait()
        finally:
            # Not given back to the pool: whoever got it next would hear the news.
            await connection.invalidate()
