"""The bounds that a data plane works within; each has a default that suits one small machine."""

from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address


@dataclass(frozen=True, slots=True)
class Settings:
    """Seconds, octets and counts.

    `name` is what Via calls us; no other proxy on the way may bear it, or it would be refused.
    `idle`: a client connection without a request; above the 60 s that browsers and load balancers
    keep theirs. `head`: from a request head's first octet to its last. `drain`: from SIGTERM until
    what still runs is cut off. `copied_body`: of an answer's body that a shadow copy may hold; a
    larger one is not compared. `copied_request`: of a request's body, which is held beside
    `copy_octets`. `copies_in_flight` and `copy_octets`: of all shadow work of one worker.
    `confirm_after`: between an answer that differs and asking again; longer than a replica usually
    lags. `in_loop`: a pair larger than this is compared in another process, so that no comparison
    holds the loop for more than 5 ms.

    What clients may take of one worker: `connections` in all, 0 for what the descriptors allow;
    `connections_per_peer`, 0 for no bound of its own; `requests` on one connection, where a bound
    serves to spread clients over workers that came later; `body`, the octets of a request's body,
    which costs no memory here; `in_flight`, the exchanges at one time, at which a core is busy many
    times over.

    `recorded_heads`: request heads that one worker records of every ten seconds.
    """

    name: str = "strangler"
    trusted: tuple[IPv4Network | IPv6Network, ...] = ()
    idle: float = 75.0
    head: float = 10.0
    drain: float = 10.0
    copied_body: int = 16 * 1024 * 1024
    copied_request: int = 1024 * 1024
    copies_in_flight: int = 64
    copy_octets: int = 64 * 1024 * 1024
    confirm_after: float = 0.3
    in_loop: int = 32 * 1024
    connections: int = 0
    connections_per_peer: int = 0
    requests: int = 1_000_000
    body: int = 10 * 1024 * 1024 * 1024
    in_flight: int = 4096
    recorded_heads: int = 0
    redaction_key: bytes = field(default=b"", repr=False)
    token_key: bytes = field(default=b"", repr=False)

    def trusts(self, address: str) -> bool:
        """Decide whether a peer is a proxy of ours, whose X-Forwarded fields are continued."""
        if not self.trusted:
            return False
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self.trusted)
