"""Waking those who wait inside this process: long polls, WebSockets, event streams."""

import asyncio

OUTBOX = "outbox"


def mailbox(user_id: int) -> str:
    """Name the channel of a user's notifications."""
    return f"user:{user_id}"


class Announcements:
    """Named channels. An announcement carries nothing: who wakes looks into the database.

    Whoever looks and then waits, without an `await` between the two, misses nothing, because all
    of the monolith runs in one event loop.
    """

    def __init__(self) -> None:
        self.closed = False
        self._waiting: dict[str, asyncio.Event] = {}

    def __repr__(self) -> str:
        state = "closed" if self.closed else "open"
        return f"<Announcements {state}, {len(self._waiting)} channels waited for>"

    def announce(self, channel: str) -> None:
        """Wake everyone who waits for the channel now."""
        if event := self._waiting.pop(channel, None):
            event.set()

    async def wait(self, channel: str, seconds: float) -> bool:
        """Wait for the next announcement; False if there was none in time, or none will come."""
        if self.closed:
            return False
        event = self._waiting.setdefault(channel, asyncio.Event())
        try:
            async with asyncio.timeout(seconds):
                return await event.wait() and not self.closed
        except TimeoutError:
            return False

    def close(self) -> None:
        """Wake everyone for good: the process is about to end."""
        self.closed = True
        for channel in list(self._waiting):
            self.announce(channel)
