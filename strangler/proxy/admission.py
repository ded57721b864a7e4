"""Decides which client connections are let in: so many in all, so many of one address."""

from strangler.http.forwarding import Peer

LEAVING_AT_ONCE = 64
"""Refused clients that are read from for a moment, so that their 503 arrives; others are reset."""

TOO_MANY = "too many"
TOO_MANY_OF_PEER = "too many of one address"


class Admission:
    """The count of one worker's client connections, tunnels among them.

    `connections` and `per_peer` are the bounds; a `per_peer` of 0 sets none. A trusted peer is a
    proxy with many clients behind it, and has no bound of its own.
    """

    __slots__ = ("_connections", "_of_peer", "_per_peer", "inside", "leaving")

    def __init__(self, connections: int, per_peer: int) -> None:
        """Begin with nobody inside."""
        self._connections = connections
        self._per_peer = per_peer
        self._of_peer: dict[str, int] = {}
        self.inside = 0
        self.leaving = 0  # refused, and not gone yet

    def __repr__(self) -> str:
        """Show how full it is."""
        return f"<Admission {self.inside}/{self._connections} leaving={self.leaving}>"

    def enter(self, peer: Peer) -> str:
        """Let a connection in and count it, or give the reason why not."""
        if self.inside >= self._connections:
            return TOO_MANY
        if self._per_peer and not peer.trusted:
            of_peer = self._of_peer.get(peer.address, 0)
            if of_peer >= self._per_peer:
                return TOO_MANY_OF_PEER
            self._of_peer[peer.address] = of_peer + 1
        self.inside += 1
        return ""

    def leave(self, peer: Peer) -> None:
        """Count a connection out that had been let in."""
        self.inside -= 1
        of_peer = self._of_peer.pop(peer.address, 0) - 1
        if of_peer > 0:
            self._of_peer[peer.address] = of_peer
