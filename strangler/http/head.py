"""Decides whether a parsed request head is acceptable, and reads it into a `RequestHead`.

The parser has checked the grammar; here stand the rules that need the whole head: one Host, a
version we speak, a target that names one thing, a method that we forward.
"""

import re

from strangler.http.framing import Framing, FramingError, request_framing
from strangler.http.message import Headers, RequestHead
from strangler.http.target import TargetError, parse_target

# RFC 3986 section 3.2.2: a registered name, an IPv4 address or a bracketed IPv6 one, with a port.
_HOST = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+,;=%-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")

MAX_TARGET = 8 * 1024
"""Octets in a request target: the 8,000 that RFC 9112 section 3 recommends at least, rounded up."""

MAX_FIELDS = 100
"""Fields in a head; the largest that browsers and gateways send have about 60."""


class HeadError(ValueError):
    """A head that we answer ourselves: `status`, and why in words for the client."""

    def __init__(self, status: int, detail: str) -> None:
        """Remember the answer."""
        super().__init__(detail)
        self.status = status
        self.detail = detail


def read_head(
    method: str, raw_target: bytes, version: str, headers: Headers
) -> tuple[RequestHead, Framing]:
    """Decide one request head: what it asks for and how long its body is, or `HeadError`."""
    if version not in {"1.1", "1.0"}:
        raise HeadError(505, "only HTTP/1.1 and HTTP/1.0 are spoken here")
    if method == "CONNECT":
        raise HeadError(501, "this is a reverse proxy: it opens no tunnels to other hosts")
    if len(raw_target) > MAX_TARGET:
        raise HeadError(414, f"the request target is longer than {MAX_TARGET} octets")
    if len(headers) > MAX_FIELDS:
        raise HeadError(431, f"more than {MAX_FIELDS} header fields")
    host = _host(headers, version)
    try:
        framing = request_framing(headers, version)
        target = parse_target(raw_target)
    except (FramingError, TargetError) as error:
        raise HeadError(400, f"ambiguous request: {error}") from error
    if target.path == "*" and method != "OPTIONS":
        raise HeadError(400, "only OPTIONS may ask for *")
    authority = _authority(target.authority, host)
    if host is None:
        # Every HTTP/1.1 request that leaves us has one, be it empty (RFC 9112 section 3.2).
        headers = [(b"Host", authority.encode("latin-1")), *headers]
    return RequestHead(method, target, _name_of(authority), headers), framing


def _host(headers: Headers, version: str) -> str | None:
    hosts = [value for name, value in headers if len(name) == 4 and name.lower() == b"host"]
    if not hosts and version == "1.0":
        return None
    if len(hosts) != 1:
        raise HeadError(400, f"exactly one Host field is needed, there are {len(hosts)}")
    if not _HOST.fullmatch(hosts[0]):
        raise HeadError(400, "the Host field is not a host name")
    return hosts[0].decode("ascii")


def _authority(of_target: str | None, host: str | None) -> str:
    """Decide which authority is asked: an absolute-form and Host must not name two."""
    if of_target is None:
        return host or ""
    if not _HOST.fullmatch(of_target.encode("latin-1")):
        raise HeadError(400, "the target's authority is not a host name")
    if host is not None and _without_default_port(host) != _without_default_port(of_target):
        raise HeadError(400, "the target and the Host field name two hosts")
    return of_target


def _without_default_port(authority: str) -> str:
    return authority.lower().removesuffix(":80")


def _name_of(authority: str) -> str:
    """Strip the port of `authority`, lower-case what is left."""
    name, colon, port = authority.rpartition(":")
    host = name if colon and port.isdigit() else authority
    return host.lower()
