"""Decides what a client is told where an upstream speaks of its own addresses and paths.

An upstream behind us may write URLs with the authority of its own target, which no client can
reach, and a service whose paths are rewritten writes paths that are its own. Both are mapped back
in `Location`, `Content-Location` and `Set-Cookie`, and where a route asks for it in JSON bodies.
What cannot be read, or names somebody else, passes as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from strangler.http.changed_body import may_change, of_new_body, weakened
from strangler.http.json_urls import replace_urls
from strangler.http.message import Headers, RequestHead
from strangler.http.reference import Origin, Reference, merge, read_authority, read_reference
from strangler.http.set_cookie import edit_reach
from strangler.routing.table import Route, Target, Upstream
from strangler.routing.way_back import WayBack

MAPPED_BODY = 256 * 1024
"""Octets of a body, its content-encoding undone, that are held to map it; a larger one passes as it
is. A URL costs some 5 µs, so that a listing of a thousand holds the loop for a few milliseconds."""


class _Whose(Enum):
    """Whom an authority names."""

    TARGET = "a target of the upstream"
    ASKED = "the host that was asked"
    NOBODY = "none is named"
    OTHER = "somebody else"


@dataclass(frozen=True, slots=True)
class MapBack:
    """Reads one upstream's answer to one request as its client has to see it.

    `targets` are the upstream's own addresses; `host` and `path` are what it was asked with, `path`
    as it was rewritten. `client` is how the client named us. Without a `way_back` paths stay as
    they are. `json_urls` tells whether JSON bodies are mapped.
    """

    targets: tuple[Target, ...]
    host: bytes
    path: bytes
    client: Origin
    way_back: WayBack | None
    json_urls: bool
    # A document names few authorities, but those in many places.
    _known: dict[tuple[bytes, bytes], _Whose] = field(
        default_factory=dict, repr=False, compare=False
    )

    def head(self, status: int, headers: Headers, *, bodiless: bool) -> Headers:
        """Map the fields of a response, before its body is known.

        `bodiless` is an answer to HEAD, or a 304: it has the fields that the answer to a GET has.
        """
        mapped = [(name, self.field(name.lower(), value)) for name, value in headers]
        if not self.json_urls or not (status == 304 or may_change(status, mapped)):
            return mapped
        return of_new_body(weakened(mapped), None) if bodiless else weakened(mapped)

    def maps_body(self, status: int, headers: Headers) -> bool:
        """Decide whether a body is to be mapped, if it is not larger than `MAPPED_BODY`."""
        return self.json_urls and may_change(status, headers)

    def field(self, name: bytes, value: bytes) -> bytes:
        """Map the value of the field `name` (lower-case)."""
        match name:
            case b"location" | b"content-location":
                return self._from_path(value)
            case b"set-cookie":
                return edit_reach(value, self._cookie_path, self._keeps_domain)
        return value

    def body(self, document: bytes) -> bytes:
        """Map the URLs in a JSON document."""
        return replace_urls(document, self.reference)

    def reference(self, value: bytes) -> bytes:
        """Map a URL, or a path from the root.

        A URL of a target becomes one of the client's, whatever its path. A URL of the host that was
        asked is the client's already, and mapped only if its path is.
        """
        found = read_reference(value)
        if found is None:
            return value
        whose = self._whose(found)
        if whose is _Whose.OTHER:
            return value
        mapped = None if self.way_back is None else self.way_back.path(found.origin_form)
        if whose is _Whose.TARGET:
            return self._to_client(found, found.path if mapped is None else mapped).to_bytes()
        if mapped is None:
            return value
        if whose is _Whose.NOBODY:
            return mapped + found.fragment
        # A redirect from http to https must not become one that leads to itself.
        scheme = found.scheme if found.scheme != b"http" else self.client.scheme
        return self._to_client(found, mapped)._replace(scheme=scheme).to_bytes()

    def _from_path(self, value: bytes) -> bytes:
        """Map a reference that may be relative: to what was asked, which is another path here."""
        if self.way_back is None:
            return self.reference(value)
        whole = merge(self.path, value)
        mapped = self.reference(whole)
        return value if mapped == whole else mapped

    def _whose(self, found: Reference) -> _Whose:
        if found.authority is None:
            return _Whose.NOBODY
        key = found.scheme, found.authority
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._look_up(found)
        return known

    def _look_up(self, found: Reference) -> _Whose:
        if any(found.names(target.host, target.port) for target in self.targets):
            return _Whose.TARGET
        asked = read_authority(self.host)
        return _Whose.ASKED if asked is not None and found.names(*asked) else _Whose.OTHER

    def _to_client(self, found: Reference, path: bytes) -> Reference:
        if not self.client.authority:
            return Reference(b"", None, b"/" + path.lstrip(b"/"), found.fragment)
        scheme = self.client.scheme if found.scheme else b""
        return Reference(scheme, self.client.authority, path, found.fragment)

    def _cookie_path(self, path: bytes) -> bytes:
        return path if self.way_back is None else self.way_back.cookie_path(path)

    def _keeps_domain(self, domain: bytes) -> bool:
        """Decide whether a cookie's Domain stays: not if it is the upstream's, unknown outside."""
        name = domain.decode("latin-1").lower().removeprefix(".")
        hosts = [read_authority(authority) for authority in (self.client.authority, self.host)]
        client, asked = (None if host is None else host[0] for host in hosts)
        own = {asked, *(target.host.lower() for target in self.targets)}
        return name == client or name not in own


def may_speak_of_itself(values: Sequence[bytes], route: Route | None) -> bool:
    """Decide from the values of reference fields whether a mapping could change any.

    Most cookies name no Domain, and on a route that rewrites nothing only an authority can be the
    upstream's own.
    """
    if route is not None and route.way_back is not None:
        return True
    return any(b"//" in value or b"domain" in value.lower() for value in values)


def map_back(upstream: Upstream, route: Route | None, head: RequestHead, client: Origin) -> MapBack:
    """Make the mapping for what `upstream` answers to a request: of paths only for the service."""
    host = head.first(b"host") or b""
    if route is None or upstream.name != route.service:
        path, way_back, json_urls = head.target.forward, None, False
    else:
        path = route.origin_form(head, upstream.name)
        way_back, json_urls = route.way_back, route.json_urls
    return MapBack(upstream.targets, host, path, client, way_back, json_urls)
