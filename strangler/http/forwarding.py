"""Writes the head of a request as it leaves for an upstream: RFC 9110 section 7.6.

Order, case and duplicates of what crosses stay as they were; behind it stands what is ours to say.
"""

import re
from collections.abc import Callable
from typing import Final

from strangler.http.fields import Fields
from strangler.http.framing import BodyKind, Framing
from strangler.http.message import Headers
from strangler.http.roles import (
    FORWARDED,
    FORWARDED_FOR,
    FORWARDED_HOST,
    FORWARDED_PROTO,
    HOST,
    REQUEST_ID,
    VIA,
    allowed_in_trailers,
)

# What may stand in a log line and a response field without quoting.
_REQUEST_ID: Final = re.compile(rb"[!-~]{1,128}")
_FOR: Final = re.compile(rb"for=(?:\"([^\"]*)\"|([^;,\s]*))", re.IGNORECASE)


class Peer:
    """Who sits at the other end of a client connection: `address` as text, and whether to trust it.

    A trusted peer is a proxy of ours: its `Forwarded` and `X-Forwarded-*` are continued instead of
    replaced. `claims` are the lines that say so of a stranger, up to the value of the host.
    """

    __slots__ = ("address", "claims", "scheme", "trusted")

    def __init__(self, address: str, scheme: str = "http", *, trusted: bool = False) -> None:
        """Write once what every request of a connection is told of it."""
        self.address = address
        self.scheme = scheme
        self.trusted = trusted
        self.claims = _claims(address.encode(), scheme.encode())

    def __repr__(self) -> str:
        """Show the address."""
        return f"<Peer {self.address} {self.scheme}{' trusted' if self.trusted else ''}>"


def comes_by_tls(peer: Peer, headers: Headers) -> bool:
    """Decide whether the client speaks TLS: to us, or to a proxy of ours that says so."""
    if peer.scheme == "https":
        return True
    if not peer.trusted:
        return False
    said = [value for name, value in headers if name.lower() == b"x-forwarded-proto"]
    return bool(said) and said[0].strip().lower() == b"https"


class ForwardedHead:
    """A request head ready to leave: `fields` are its lines without the request line.

    The same lines serve the primary, a fallback and the shadow copy; each gets a request line of
    its own. The empty line that ends the head is not among them.
    """

    __slots__ = ("fields", "request_id")

    def __init__(self, fields: bytes, request_id: bytes) -> None:
        """Hold the lines, and the id that is among them."""
        self.fields = fields
        self.request_id = request_id

    def __repr__(self) -> str:
        """Show the id."""
        return f"<ForwardedHead {self.request_id!r}>"

    def to_bytes(self, method: str, target: bytes, extra: bytes = b"") -> bytes:
        """Write the whole head for one upstream; `extra` are further lines, each with its CRLF."""
        return b"%b %b HTTP/1.1\r\n%b%b\r\n" % (method.encode(), target, self.fields, extra)


def forward_request(fields: Fields, peer: Peer, via: bytes, fresh_id: bytes) -> ForwardedHead:
    """Write the fields that a request carries onwards, whatever frames its body.

    `via` is our own line of that name. `fresh_id` becomes the X-Request-Id of a request that brings
    no valid one.
    """
    crossing, noted = fields.crossing, fields.noted
    request_id = _only_id(crossing, noted[REQUEST_ID]) if REQUEST_ID in noted else b""
    if not request_id:
        request_id = fresh_id
        crossing += (b"X-Request-Id: ", fresh_id, b"\r\n")
    if peer.trusted:
        crossing.append(_continued(noted, peer))
    else:
        crossing += (peer.claims, noted[HOST][0] if HOST in noted else b"", b"\r\n")
    crossing.append(via)
    return ForwardedHead(b"".join(crossing), request_id)


def via_line(name: str, version: str) -> bytes:
    """Write our Via: `name` received the message in this version (RFC 9110 section 7.6.3)."""
    return f"Via: {version} {name}\r\n".encode("ascii")


def came_through(fields: Fields, name: str) -> bool:
    """Decide whether a request has been here before: Via names us already."""
    return any(
        name.encode("ascii") in entry.split()
        for value in fields.noted.get(VIA, ())
        for entry in value.split(b",")
    )


def client_address(fields: Fields, peer: Peer, trusts: Callable[[str], bool]) -> str:
    """Decide who the client is: the last hop of X-Forwarded-For that nobody vouches for.

    Each proxy of ours appends whom it was called by, so the list is read from its end; what stands
    before the first stranger is that stranger's own word. Without X-Forwarded-For, Forwarded
    (RFC 7239) says the same. Ports, which some add, are left out.
    """
    address = peer.address
    if not peer.trusted:
        return address
    for hop in reversed(_hops(fields.noted)):
        if hop:
            address = _without_port(hop)
            if not trusts(address):
                break
    return address


def connection_fields(fields: Fields, framing: Framing, *, upgrade: bool) -> bytes:
    """Write the lines about our own connection to the upstream: coding, TE, Upgrade."""
    coding = b"Transfer-Encoding: chunked\r\n" if framing.kind is BodyKind.CHUNKED else b""
    if upgrade:
        return coding + b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
    if fields.takes_trailers:
        return coding + b"Connection: TE\r\nTE: trailers\r\n"
    return coding


def trailer_section(trailers: Headers) -> bytes:
    """Write the trailer lines that may cross us."""
    return b"".join(
        [b"%b: %b\r\n" % (name, value) for name, value in trailers if allowed_in_trailers(name)]
    )


def _only_id(crossing: list[bytes], brought: list[bytes]) -> bytes:
    """Give the first valid id, and leave no other among what crosses; empty where none is."""
    valid = next((value for value in brought if _REQUEST_ID.fullmatch(value)), b"")
    if len(brought) == 1 and valid:
        return valid
    lines = crossing.copy()
    crossing.clear()
    awaited = valid
    for line in lines:
        name, _, value = line.partition(b":")
        if name.lower() != b"x-request-id":
            crossing.append(line)
        elif awaited and value.strip() == awaited:
            awaited = b""
            crossing.append(line)
    return valid


def _claims(address: bytes, scheme: bytes) -> bytes:
    lines = b"X-Forwarded-For: %b\r\nX-Forwarded-Proto: %b\r\nX-Forwarded-Host: "
    return lines % (address, scheme)


def _continued(noted: dict[int, list[bytes]], peer: Peer) -> bytes:
    """Write what a proxy of ours says of its client, with the proxy itself as the last hop."""
    route = b", ".join([*noted.get(FORWARDED_FOR, ()), peer.address.encode()])
    scheme = noted.get(FORWARDED_PROTO, [peer.scheme.encode()])[0]
    host = noted.get(FORWARDED_HOST) or noted.get(HOST) or [b""]
    lines = _claims(route, scheme) + host[0] + b"\r\n"
    if FORWARDED in noted:
        us = f'for="[{peer.address}]"' if ":" in peer.address else f"for={peer.address}"
        lines += b"Forwarded: %b\r\n" % b", ".join([*noted[FORWARDED], us.encode()])
    return lines


def _hops(noted: dict[int, list[bytes]]) -> list[str]:
    if FORWARDED_FOR in noted:
        listed = b",".join(noted[FORWARDED_FOR]).split(b",")
    else:
        found = _FOR.finditer(b",".join(noted.get(FORWARDED, ())))
        listed = [hop[1] or hop[2] or b"" for hop in found]
    return [hop.decode("latin-1").strip() for hop in listed]


def _without_port(hop: str) -> str:
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop
