"""Decides which fields cross us and which we add: RFC 9110 sections 7.6.1 and 7.6.3, RFC 9112.

Heads come in as parsed fields and leave as bytes, written in one pass: order, case and duplicates
of what crosses stay as they were.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from strangler.http.framing import BodyKind, Framing
from strangler.http.message import Headers

VIA = b"Via: 1.1 strangler\r\n"

# Fields about one connection and not the message. RFC 9110 section 7.6.1 names Connection,
# Proxy-Connection, Keep-Alive, TE, Transfer-Encoding and Upgrade; Transfer-Encoding is written anew
# from the framing, TE and Upgrade where they are meant.
HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"proxy-connection",
        b"keep-alive",
        b"te",
        b"transfer-encoding",
        b"upgrade",
    }
)

# A client may nominate any field in Connection and so have it removed. Never these: without them
# the upstream would see another request than the client (or its nearer proxy) sent.
_NOT_NOMINABLE = frozenset(
    {
        b"host",
        b"authorization",
        b"cookie",
        b"content-length",
        b"content-type",
        b"content-encoding",
        b"expect",
        b"x-request-id",
        b"traceparent",
        b"tracestate",
        b"x-forwarded-for",
        b"x-forwarded-proto",
        b"x-forwarded-host",
        b"forwarded",
        b"via",
    }
)

# Ours to say: what a client claims of itself here is believed of a trusted peer alone.
_CLAIMS = frozenset({b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"})
_REMOVED_OF_TRUSTED = HOP_BY_HOP | _CLAIMS

# What else upstreams believe of whoever stands before them (Spring's ForwardedHeaderFilter,
# Werkzeug's ProxyFix, nginx's real_ip): a trusted peer's passes, a stranger's does not.
_REMOVED = _REMOVED_OF_TRUSTED | {
    b"forwarded",
    b"x-forwarded-port",
    b"x-forwarded-prefix",
    b"x-forwarded-scheme",
    b"x-forwarded-server",
    b"x-forwarded-ssl",
    b"x-real-ip",
}

# CGI and its heirs (WSGI, Rack) read `X_Forwarded_For` as X-Forwarded-For. So what means something
# with hyphens crosses in that spelling alone; nginx drops every name with an underscore.
_HYPHENED = _REMOVED | {b"host", b"content-length", b"x-request-id"}

# What may stand in a log line and a response field without quoting.
_REQUEST_ID = re.compile(rb"[!-~]{1,128}")


@dataclass(frozen=True, slots=True)
class Peer:
    """Who sits at the other end of a client connection: `address` as text, and whether to trust it.

    A trusted peer is a proxy of ours: its `X-Forwarded-*` are continued instead of replaced.
    """

    address: str
    scheme: str = "http"
    trusted: bool = False


@dataclass(frozen=True, slots=True)
class ForwardedHead:
    """A request head ready to leave: `fields` are its lines without the request line.

    The same lines serve the primary, a fallback and the shadow copy; each gets a request line of
    its own. The empty line that ends the head is not among them.
    """

    fields: bytes
    request_id: bytes

    def to_bytes(self, method: str, target: bytes, extra: bytes = b"") -> bytes:
        """Write the whole head for one upstream; `extra` are further lines, each with its CRLF."""
        return b"%b %b HTTP/1.1\r\n%b%b\r\n" % (method.encode(), target, self.fields, extra)


def forward_request(headers: Headers, peer: Peer, fresh_id: bytes) -> ForwardedHead:
    """Write the fields that a request carries onwards, whatever frames its body.

    `fresh_id` becomes its X-Request-Id where it brings no valid one. A client's `X-Strangler-*`
    is dropped: those fields are our own word to an upstream.
    """
    removed = _removed(headers, _REMOVED_OF_TRUSTED if peer.trusted else _REMOVED)
    lines: list[bytes] = []
    request_id = b""
    for name, value in headers:
        lower = name.lower()
        if lower in removed or lower.startswith(b"x-strangler-"):
            continue
        if b"_" in lower and _imitates(lower.replace(b"_", b"-"), _HYPHENED):
            continue
        if lower == b"x-request-id":
            if request_id or not _REQUEST_ID.fullmatch(value):
                continue
            request_id = value
        lines.append(b"%b: %b\r\n" % (name, value))
    if not request_id:
        request_id = fresh_id
        lines.append(b"X-Request-Id: %b\r\n" % fresh_id)
    lines.append(_forwarded_fields(headers, peer))
    lines.append(VIA)
    return ForwardedHead(b"".join(lines), request_id)


def client_address(headers: Headers, peer: Peer, trusts: Callable[[str], bool]) -> str:
    """Decide who the client is: the last hop of X-Forwarded-For that nobody vouches for.

    Each proxy of ours appends whom it was called by, so the list is read from its end; what stands
    before the first stranger is that stranger's own word. Ports, which some add, are left out.
    """
    address = peer.address
    if not peer.trusted:
        return address
    hops = b",".join(value for name, value in headers if name.lower() == b"x-forwarded-for")
    for hop in reversed(hops.decode("latin-1").split(",")):
        if hop.strip():
            address = _without_port(hop.strip())
            if not trusts(address):
                break
    return address


def connection_fields(headers: Headers, framing: Framing, *, upgrade: bool) -> bytes:
    """Write the lines about our own connection to the upstream: coding, TE, Upgrade."""
    coding = b"Transfer-Encoding: chunked\r\n" if framing.kind is BodyKind.CHUNKED else b""
    if upgrade:
        return coding + b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
    if _mentions(headers, b"te", b"trailers"):
        return coding + b"Connection: TE\r\nTE: trailers\r\n"
    return coding


def forward_response(
    status: int,
    reason: bytes,
    headers: Headers,
    *,
    request_id: bytes,
    chunked: bool,
    connection: bytes,
) -> bytes:
    """Write the whole head of a response for the client.

    `chunked` frames the body anew; `connection` is our own Connection value, empty for none.
    """
    removed = _removed(headers, HOP_BY_HOP)
    lines = [b"HTTP/1.1 %d %b\r\n" % (status, reason)]
    identified = False
    for name, value in headers:
        lower = name.lower()
        if lower in removed:
            continue
        identified |= lower == b"x-request-id"
        lines.append(b"%b: %b\r\n" % (name, value))
    lines.append(VIA)
    if not identified:
        lines.append(b"X-Request-Id: %b\r\n" % request_id)
    if chunked:
        lines.append(b"Transfer-Encoding: chunked\r\n")
    if connection:
        lines.append(b"Connection: %b\r\n" % connection)
    lines.append(b"\r\n")
    return b"".join(lines)


def end_to_end(headers: Headers) -> Headers:
    """Give the fields that are about the message and not about one connection."""
    removed = _removed(headers, HOP_BY_HOP)
    return tuple(field for field in headers if field[0].lower() not in removed)


def keeps_alive(headers: Headers, version: str) -> bool:
    """Decide whether a peer's message lets its connection persist (RFC 9112 section 9.3)."""
    if version == "1.1":
        return not _mentions(headers, b"connection", b"close")
    return _mentions(headers, b"connection", b"keep-alive")


def asks_for_websocket(headers: Headers) -> bool:
    """Decide whether a request asks to become a WebSocket (RFC 6455 section 4.1)."""
    return _mentions(headers, b"connection", b"upgrade") and _mentions(
        headers, b"upgrade", b"websocket"
    )


def trailer_section(trailers: Headers) -> bytes:
    """Write the trailer lines that may cross us: no framing, no routing, no credentials.

    RFC 9110 section 6.5.1 forbids fields in trailers that a recipient needs before the body.
    """
    return b"".join(
        b"%b: %b\r\n" % (name, value)
        for name, value in trailers
        if not _imitates(name.lower().replace(b"_", b"-"), _NOT_IN_TRAILERS)
    )


_NOT_IN_TRAILERS = (
    _REMOVED | _NOT_NOMINABLE | {b"trailer", b"set-cookie", b"location", b"cache-control"}
)


def _mentions(headers: Headers, field: bytes, token: bytes) -> bool:
    """Tell whether the list-valued `field` (lower-case) holds `token`, in any case."""
    size = len(field)
    for name, value in headers:
        if len(name) == size and name.lower() == field:
            tokens = value.lower().replace(b";", b",").split(b",")
            if any(item.strip() == token for item in tokens):
                return True
    return False


def _removed(headers: Headers, always: frozenset[bytes]) -> frozenset[bytes]:
    """Give the fields to remove: `always`, and what Connection nominates and may."""
    nominated: set[bytes] = set()
    for name, value in headers:
        if len(name) == 10 and name.lower() == b"connection":
            nominated.update(token.strip().lower() for token in value.split(b","))
    return always | (nominated - _NOT_NOMINABLE) if nominated else always


def _forwarded_fields(headers: Headers, peer: Peer) -> bytes:
    host = _first(headers, b"host")
    route = peer.address.encode()
    scheme = peer.scheme.encode()
    if peer.trusted:
        before = [value for name, value in headers if name.lower() == b"x-forwarded-for"]
        route = b", ".join([*before, route])
        scheme = _first(headers, b"x-forwarded-proto") or scheme
        host = _first(headers, b"x-forwarded-host") or host
    return b"X-Forwarded-For: %b\r\nX-Forwarded-Proto: %b\r\nX-Forwarded-Host: %b\r\n" % (
        route,
        scheme,
        host,
    )


def _imitates(hyphened: bytes, names: frozenset[bytes]) -> bool:
    return hyphened in names or hyphened.startswith(b"x-strangler-")


def _without_port(hop: str) -> str:
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


def _first(headers: Headers, field: bytes) -> bytes:
    return next((value for name, value in headers if name.lower() == field), b"")
