"""Decides what becomes of one request: its route, who answers it, and what is sent in its place."""

from typing import TYPE_CHECKING

from strangler.http.forwarding import ForwardedHead, Peer, client_address, forward_request
from strangler.http.head import HeadError, ReadHead
from strangler.http.target import plainly_spelt
from strangler.proxy.exchange import Exchange
from strangler.proxy.held import HeldExchange
from strangler.proxy.marked import MarkedExchange
from strangler.proxy.request_reader import IncomingRequest
from strangler.routing.decision import Decision, Plan, decide
from strangler.routing.table import Route

if TYPE_CHECKING:
    from strangler.proxy.client import ClientConnection
    from strangler.proxy.plane import DataPlane


def route_of(plane: "DataPlane", read: ReadHead, peer: Peer) -> Route | HeadError | None:
    """Find the route of a request, or refuse a path that some server takes for another's.

    What is refused is recorded like the rest: another table may not refuse it.
    """
    table, head = plane.table, read.head
    route = table.root.find(head)
    if table.cased or not plainly_spelt(head.target.path):
        settled = plane.settle(head, route)
        if isinstance(settled, HeadError):
            _sample(plane, read, peer)
        return settled
    return route


def _sample(plane: "DataPlane", read: ReadHead, peer: Peer) -> None:
    sample = plane.sample
    sample.until -= 1
    if sample.until == 0:
        sample.take((read.head, client_address(read.fields, peer, plane.settings.trusts)))


def exchange_for(
    plane: "DataPlane",
    client: "ClientConnection",
    request: IncomingRequest,
    read: ReadHead,
    route: Route | None,
    forwarded: ForwardedHead | None = None,
) -> Exchange:
    """Decide a request; what was `forwarded` is not written twice for one that had waited."""
    head = read.head
    peer = client.peer
    if route is None:
        plan = plane.table.fallthrough
        plane.traffic.unclaimed(head)
    else:
        plan = route.plan_for(head.method)
    _sample(plane, read, peer)
    if not plan.plain and plan.own is not None:
        plan.own.strip(read.fields.crossing)
    if forwarded is None:
        via = plane.via if request.version == "1.1" else plane.via_older
        forwarded = forward_request(read.fields, peer, via, plane.fresh_request_id())
    if plan.plain:
        decision = plan.outside_alone
        return Exchange(plane, client, request, read, route, decision, forwarded)
    decision = _decide(plane, peer, route, plan, read)
    if plan.held and plane.fence.covers(route, head.method):
        return HeldExchange(plane, client, request, read, route, decision, forwarded)
    if plan.marks:
        return MarkedExchange(plane, client, request, read, route, decision, forwarded)
    return Exchange(plane, client, request, read, route, decision, forwarded)


def _decide(
    plane: "DataPlane", peer: Peer, route: Route | None, plan: Plan, read: ReadHead
) -> Decision:
    own, fresh = plan.own, plan.fresh
    if own is not None and fresh is not None and plane.may_miss_own_write(own, read.head):
        return fresh
    key = None
    if plan.threshold and route is not None and route.canary is not None:
        address = client_address(read.fields, peer, plane.settings.trusts)
        key = route.canary.key.key_of(read.head, address)
    return decide(plan, key, plane.draw())
