"""Performs the waiting of one write at a fence: nothing is sent before another table is live.

Its body waits too: what arrives fills a buffer, then the client is paused.
"""

from strangler.proxy.exchange import Exchange


class HeldExchange(Exchange):
    """A write that waits. Another exchange, by the table of that time, takes its place."""

    __slots__ = ()

    @property
    def waits_at_fence(self) -> bool:
        """Say so."""
        return True

    def begin(self) -> None:
        """Join the line, or answer at once where that is full or there is nothing to wait for."""
        refusal = self.plane.fence.join(self)
        if refusal:
            self.give_up(refusal)
        else:
            self.client.wait_for_upstream()

    def go_on(self) -> None:
        """Be decided anew: the fence is over, or another took its place."""
        self.client.begin_again(self.forwarded)

    def give_up(self, reason: str) -> None:
        """Tell the client to come back."""
        self._answer(503, f"the writes of this domain are being moved: {reason}", {})

    def let_go(self) -> None:
        """Leave the line: the client has gone, or was told to come back."""
        self.plane.fence.leave(self)
        super().let_go()
