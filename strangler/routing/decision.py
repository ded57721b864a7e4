"""What to do with one request, worked out before any I/O: a lookup in a compiled plan.

A route is compiled once, when the table is, to one `Plan` for its reads and one for its writes.
Per request, `decide` picks one of the plan's ready-made decisions: no phase is looked at again.
"""

from dataclasses import dataclass, field
from hashlib import blake2b

from strangler.routing.own_writes import OwnWrites
from strangler.routing.phase import System, WriteCopying

BUCKETS = 10_000
"""The resolution of a canary weight: one bucket is 0.01 % of the keys."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Who answers one request, who is judged, and who steps in.

    All are names of upstreams. `candidate` gets a shadow copy, `fallback` is asked instead when
    the primary fails before the first byte of its response; either may be None. `system` is the
    side that `primary` stands for, `answerer` and `stand_in` the names of that side and the other.
    `measured`: how it is answered is counted for the gates. `writes`: what the candidate has to do
    with it, if it is a write. `watched`: it is a write that may change what a comparison sees.
    `sends_body`: a copy needs the body of the request. `beside`: the candidate is asked as soon as
    the primary is, and not after its answer.
    """

    primary: str
    system: System
    candidate: str | None = None
    fallback: str | None = None
    measured: bool = False
    writes: WriteCopying = WriteCopying.SKIP
    watched: bool = False
    sends_body: bool = field(init=False)
    beside: bool = field(init=False)
    answerer: str = field(init=False)
    stand_in: str = field(init=False)

    def __post_init__(self) -> None:
        """Read the names once: an enum's value costs two calls each time."""
        object.__setattr__(self, "answerer", self.system.value)
        object.__setattr__(self, "stand_in", self.system.other.value)
        copied = self.candidate is not None and self.writes is not WriteCopying.READ_BACK
        object.__setattr__(self, "sends_body", copied)
        beside = copied and self.writes is WriteCopying.DRY_RUN
        object.__setattr__(self, "beside", beside)


@dataclass(frozen=True, slots=True)
class Plan:
    """The ready-made decisions of one route for one effect.

    Without a canary, `threshold` is 0 and `outside` holds. `sample` is the share of exchanges
    (0 to 1) that get a copy; the `…_alone` decisions are the same without a candidate. `held`:
    its requests may have to wait at a fence. `own`: its clients carry tokens of their writes;
    `fresh` is the decision for a reader that may miss its own write, and `marks` tells that a
    token is given. `plain`: none of this applies, `outside_alone` holds.
    """

    outside: Decision
    outside_alone: Decision
    inside: Decision
    inside_alone: Decision
    threshold: int
    salt: bytes
    sample: float
    held: bool = False
    own: OwnWrites | None = None
    fresh: Decision | None = None
    marks: bool = False
    plain: bool = field(init=False)

    def __post_init__(self) -> None:
        """Work out once what every request would ask."""
        plain = not (self.threshold or self.sample or self.held or self.own)
        object.__setattr__(self, "plain", plain)


def bucket_of(salt: bytes, key: bytes) -> int:
    """Give the bucket, 0 to 9999, of a canary key in the domain named by `salt`.

    The first eight bytes, big-endian, of BLAKE2b-64 over `salt NUL key`, modulo 10,000. The salt
    is the domain's name, so that all routes of a domain agree on a key and two domains do not
    pick the same victims.
    """
    digest = blake2b(salt + b"\0" + key, digest_size=8).digest()
    return int.from_bytes(digest, "big") % BUCKETS


def decide(plan: Plan, key: bytes | None, draw: float) -> Decision:
    """Decide one exchange: `key` is its canary key, `draw` a number in [0, 1) for the sample.

    A request without a key is outside the canary: it cannot be kept on one side.
    """
    if plan.threshold > 0 and key is not None:
        return side_of(plan, bucket_of(plan.salt, key), draw)
    return side_of(plan, None, draw)


def side_of(plan: Plan, bucket: int | None, draw: float) -> Decision:
    """Decide one exchange whose canary key falls into `bucket`, None where it has no key."""
    inside = bucket is not None and bucket < plan.threshold
    if draw < plan.sample:
        return plan.inside if inside else plan.outside
    return plan.inside_alone if inside else plan.outside_alone
