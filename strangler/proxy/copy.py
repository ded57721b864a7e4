"""Holds what is needed to ask a request again: what the primary was asked, and what it answered."""

from typing import TYPE_CHECKING, Final

from strangler.compare.response import Response
from strangler.http.asking import without_the_write
from strangler.http.forwarding import ForwardedHead, connection_fields
from strangler.http.framing import NO_BODY
from strangler.http.message import RequestHead
from strangler.routing.table import Route

if TYPE_CHECKING:
    from strangler.proxy.exchange import Exchange
    from strangler.proxy.fetch import Fetch

_ROLE: Final = b"X-Strangler-Shadow: %b\r\n"


class Copy:
    """One request to be asked again, and what the primary answered, as the client saw it.

    `octets` tells how much memory it holds, about: the request, and every answer that has come.
    `mapped` tells that addresses in the answer may have been mapped for the client. `deadline` is
    when nobody waits for the candidate any longer, `began` about when the primary had answered,
    `waited` how many seconds it took the primary to begin its answer. `asked` is the asking of the
    candidate. `label` and `method` are those of the exchange: under them it is counted, whatever is
    asked.
    """

    __slots__ = (
        "asked",
        "began",
        "body",
        "candidate",
        "deadline",
        "decision",
        "fields",
        "forwarded",
        "framing",
        "head",
        "label",
        "mapped",
        "method",
        "octets",
        "peer",
        "primary",
        "revision",
        "route",
        "waited",
    )

    def __init__(
        self,
        exchange: "Exchange",
        route: Route,
        candidate: str,
        body: bytes,
        primary: Response,
        *,
        mapped: bool,
        waited: float = 0.0,
    ) -> None:
        """Take what is needed of an exchange that is over."""
        self.route = route
        self.revision = exchange.revision
        self.decision = exchange.decision
        self.candidate = candidate
        self.peer = exchange.client.peer
        self.head = exchange.head
        self.label = route.label
        self.method = exchange.head.method
        self.fields = exchange.fields
        self.forwarded = exchange.forwarded
        self.framing = exchange.framing
        self.body = body
        self.primary = primary
        self.mapped = mapped
        self.began = exchange.plane.tick
        self.deadline = 0.0
        self.waited = waited
        self.asked: Fetch | None = None
        self.octets = len(self.forwarded.fields) + len(body) + len(primary.body)

    def __repr__(self) -> str:
        """Show what is asked of whom."""
        return f"<Copy {self.head!r} of {self.candidate}>"

    def ask_for(self, head: RequestHead, route: Route) -> None:
        """Become a copy of the read that asks for what was written, which `route` claims.

        It says who asks as the write did. What the primary answered to that is kept no longer.
        """
        self.head = head
        self.route = route
        fields = without_the_write(self.forwarded.fields)
        self.forwarded = ForwardedHead(fields, self.forwarded.request_id)
        self.framing = NO_BODY
        self.body = b""
        self.primary = Response(self.primary.status, (), b"")
        self.octets = len(fields)

    def request_to(self, upstream: str, role: bytes, more: bytes = b"") -> bytes:
        """Write the whole request; the upstream is told that nobody waits for the answer.

        `more` are further lines of the head, each with its CRLF.
        """
        extra = connection_fields(self.fields, self.framing, upgrade=False)
        origin_form = self.route.origin_form(self.head, upstream)
        head = self.forwarded.to_bytes(self.head.method, origin_form, extra + _ROLE % role + more)
        return head + self.body
