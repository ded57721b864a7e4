"""Decides whether a parsed request head is acceptable, and reads it into a `RequestHead`.

The parser has checked the grammar; here stand the rules that need the whole head: one Host, a
version we speak, a target that names one thing, a method that we forward.
"""

import re
from functools import lru_cache
from typing import Final

from strangler.http.fields import Fields, request_fields
from strangler.http.framing import NO_BODY, Framing, FramingError, request_framing
from strangler.http.message import RequestHead, RequestTarget
from strangler.http.roles import HOST
from strangler.http.target import TargetError, parse_target

# RFC 3986 section 3.2.2: a registered name, an IPv4 address or a bracketed IPv6 one, with a port.
# NUL is no part of a name, escaped or not.
_HOST: Final = re.compile(
    rb"((?:[A-Za-z0-9._~!$&'()*+,;=-]|%(?!00)[0-9A-Fa-f]{2})+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?"
)

MAX_HEAD: Final = 32 * 1024
"""Octets of a head: nginx and Apache allow about as much by default."""

MAX_PORT: Final = 65535

# fmt: off
METHODS: Final = frozenset(
    {
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY", "ACL",
        "BIND", "CHECKOUT", "COPY", "LINK", "LOCK", "MERGE", "MKACTIVITY", "MKCALENDAR",
        "MKCOL", "MOVE", "M-SEARCH", "NOTIFY", "PROPFIND", "PROPPATCH", "PURGE", "REBIND",
        "REPORT", "SEARCH", "SOURCE", "SUBSCRIBE", "UNBIND", "UNLINK", "UNLOCK",
        "UNSUBSCRIBE",
    }
)
# fmt: on
"""What is forwarded: the registered methods and those that were widely used before them, less
CONNECT and PRI, which are no requests for a resource."""

MAX_TARGET: Final = 8 * 1024
"""Octets in a request target: the 8,000 that RFC 9112 section 3 recommends at least, rounded up."""

MAX_FIELDS: Final = 100
"""Fields in a head; the largest that browsers and gateways send have about 60."""


class HeadError(ValueError):
    """A head that we answer ourselves: `status`, and why in words for the client."""

    def __init__(self, status: int, detail: str) -> None:
        """Remember the answer."""
        super().__init__(detail)
        self.status = status
        self.detail = detail


class ReadHead:
    """A request head that may be forwarded: what routes see, its fields, how long its body is."""

    __slots__ = ("fields", "framing", "head")

    def __init__(self, head: RequestHead, fields: Fields, framing: Framing) -> None:
        """Hold what was read."""
        self.head = head
        self.fields = fields
        self.framing = framing

    def __repr__(self) -> str:
        """Show the head."""
        return f"<ReadHead {self.head!r} {self.framing!r}>"


def read_head(
    method: str, raw_target: bytes, version: str, lines: list[bytes], *, trusted: bool = False
) -> ReadHead:
    """Decide one request head, or `HeadError`; hearsay crosses from a `trusted` peer only."""
    _refuse_line(method, raw_target, version)
    if len(lines) > MAX_FIELDS:
        raise HeadError(431, f"more than {MAX_FIELDS} header fields")
    fields = request_fields(lines, trusted=trusted)
    try:
        framing = request_framing(fields, version)
        target = parse_target(raw_target)
    except (FramingError, TargetError) as error:
        raise HeadError(400, f"ambiguous request: {error}") from error
    if method == "OPTIONS":
        target = _asterisk_form(raw_target, target)
    elif target.path == "*":
        raise HeadError(400, "only OPTIONS may ask for *")
    elif method == "TRACE" and framing is not NO_BODY:
        raise HeadError(400, "TRACE has no body")  # RFC 9110 section 9.3.8
    if HOST in fields.noted:
        host = _asked_host(target.authority, fields.noted[HOST])
    elif version == "1.0":
        host = _added_host(target.authority or "", fields)
    else:
        raise HeadError(400, "an HTTP/1.1 request needs a Host field")
    return ReadHead(RequestHead(method, target, host, fields.headers), fields, framing)


def _refuse_line(method: str, raw_target: bytes, version: str) -> None:
    if version not in {"1.1", "1.0"}:
        raise HeadError(505, "only HTTP/1.1 and HTTP/1.0 are spoken here")
    if method == "CONNECT":
        raise HeadError(501, "this is a reverse proxy: it opens no tunnels to other hosts")
    if method not in METHODS:
        raise HeadError(501, "a method that is not registered")
    if len(raw_target) > MAX_TARGET:
        raise HeadError(414, f"the request target is longer than {MAX_TARGET} octets")


def _asterisk_form(raw: bytes, target: RequestTarget) -> RequestTarget:
    """Read an absolute-form without path or query as the `*` that it stands for.

    RFC 9112 section 3.2.4: so the last proxy before the origin must send it.
    """
    if target.authority is None or target.forward != b"/" or raw.endswith(b"/"):
        return target
    return RequestTarget("*", "", b"*", target.authority)


def _asked_host(of_target: str | None, hosts: list[bytes]) -> str:
    """Give the name of the host that is asked: an absolute-form and Host must not name two."""
    if len(hosts) != 1:
        raise HeadError(400, f"exactly one Host field is needed, there are {len(hosts)}")
    name = _host_name(hosts[0])
    if name is None:
        raise HeadError(400, "the Host field is not a host name")
    if of_target is not None:
        _refuse_two(of_target, hosts[0].decode("ascii"))
    return name


def _added_host(authority: str, fields: Fields) -> str:
    """Add the field that an HTTP/1.0 request may lack, be it empty (RFC 9112 section 3.2)."""
    octets = authority.encode("latin-1")
    name = _host_name(octets) if octets else ""
    if name is None:
        raise HeadError(400, "the target's authority is not a host name")
    fields.headers.insert(0, (b"Host", octets))
    fields.crossing.insert(0, b"Host: %b\r\n" % octets)
    fields.noted[HOST] = [octets]
    return name


def _refuse_two(of_target: str, host: str) -> None:
    if _host_name(of_target.encode("latin-1")) is None:
        raise HeadError(400, "the target's authority is not a host name")
    if _without_default_port(host) != _without_default_port(of_target):
        raise HeadError(400, "the target and the Host field name two hosts")


def _without_default_port(authority: str) -> str:
    return authority.lower().removesuffix(":80")


@lru_cache(256)
def _host_name(authority: bytes) -> str | None:
    """Give the host in lower case and without a port, or None where it is none.

    A site is asked by few names, so what was read is kept.
    """
    found = _HOST.fullmatch(authority)
    if found is None or int(found[2] or 0) > MAX_PORT:
        return None
    return found[1].decode("ascii").lower()
