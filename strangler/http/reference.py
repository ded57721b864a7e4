"""Reads references to resources as servers write them into fields: RFC 3986 section 4.2."""

import re
from typing import NamedTuple

from strangler.http.forwarding import Peer
from strangler.http.message import RequestHead

_REFERENCE = re.compile(
    rb"(?:(?:(https?):)?//([^/?#]*))?((?:/[^?#]*)?(?:\?[^#]*)?)(#.*)?",
    re.IGNORECASE | re.DOTALL,
)
# Its first segment has no colon, or it would be a scheme (RFC 3986 section 4.2).
_RELATIVE = re.compile(rb"[^/?#:]+(?![^/?#])")
# RFC 3986 section 3.2.2: a registered name, an IPv4 address or a bracketed IPv6 one, with a port.
_AUTHORITY = re.compile(rb"([A-Za-z0-9._~!$&'()*+,;=%-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{0,5}))?")
_DEFAULT_PORTS = {b"http": 80, b"https": 443}


class Origin(NamedTuple):
    """Who serves a URL: its scheme, and its host with the port where that is not the default."""

    scheme: bytes
    authority: bytes


class Reference(NamedTuple):
    """A reference that names a path from the root, and maybe whose.

    `scheme` is lower-case and empty where the reference leaves it out; `authority` is None where
    the reference does. `path` has its query; it is empty where only an authority is named.
    `fragment` has its `#`.
    """

    scheme: bytes
    authority: bytes | None
    path: bytes
    fragment: bytes

    @property
    def origin_form(self) -> bytes:
        """Give what a request for the resource asks for."""
        return self.path if self.path.startswith(b"/") else b"/" + self.path

    def names(self, host: str, port: int | None) -> bool:
        """Tell whether the authority is this one; without a `port` it is the scheme's."""
        found = None if self.authority is None else read_authority(self.authority)
        if found is None or found[0] != host.lower():
            return False
        default = _DEFAULT_PORTS.get(self.scheme, 80)
        return (found[1] or default) == (port or default)

    def to_bytes(self) -> bytes:
        """Write the reference."""
        scheme = self.scheme + b":" if self.scheme else b""
        authority = b"" if self.authority is None else scheme + b"//" + self.authority
        return authority + self.path + self.fragment


def read_reference(value: bytes) -> Reference | None:
    """Read an http URL or a path from the root; None for what is neither."""
    found = _REFERENCE.fullmatch(value)
    if found is None:
        return None
    scheme, authority, path, fragment = found.groups()
    if authority is None and not path.startswith(b"/"):
        return None
    return Reference((scheme or b"").lower(), authority, path, fragment or b"")


def merge(base: bytes, value: bytes) -> bytes:
    """Give the path that a relative one means, asked from the path `base`; dot segments stay.

    RFC 3986 section 5.2.3. What is no relative path (a URL, a path from the root, a mere query or
    fragment) is given back.
    """
    if _RELATIVE.match(value) is None:
        return value
    return base.partition(b"?")[0].rpartition(b"/")[0] + b"/" + value


def read_authority(raw: bytes) -> tuple[str, int | None] | None:
    """Part an authority into its host, lower-case and without brackets, and its port.

    None for what names no host, or a user beside it.
    """
    found = _AUTHORITY.fullmatch(raw)
    if found is None:
        return None
    host, port = found.groups()
    return host.decode("latin-1").lower().strip("[]"), int(port) if port else None


def client_origin(head: RequestHead, peer: Peer) -> Origin:
    """Decide how the client named us: as it asked, or as a trusted proxy before us says it did.

    Of a list that several proxies have written, the first is the client's own word. What is no
    host is passed over; the authority is empty where the client named none.
    """
    scheme, authority = peer.scheme.encode(), head.first(b"host") or b""
    if peer.trusted:
        proto = _first_of(head.first(b"x-forwarded-proto")).lower()
        host = _first_of(head.first(b"x-forwarded-host"))
        scheme = proto if proto in _DEFAULT_PORTS else scheme
        authority = authority if read_authority(host) is None else host
    return Origin(scheme, authority)


def _first_of(listed: bytes | None) -> bytes:
    return (listed or b"").partition(b",")[0].strip()
