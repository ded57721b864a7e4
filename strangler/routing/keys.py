"""Finds the canary key of a request: what keeps one client on one side."""

from dataclasses import dataclass
from typing import Protocol
from urllib.parse import unquote_to_bytes

from strangler.http.message import RequestHead


class KeySource(Protocol):
    """Where a canary key comes from in a request."""

    def key_of(self, head: RequestHead, address: str) -> bytes | None:
        """Give the key of one request from the client at `address`, or None where it has none.

        An empty value is no key: all who send it would share one bucket.
        """


@dataclass(frozen=True, slots=True)
class AddressKey:
    """The client's address: `address`."""

    def key_of(self, head: RequestHead, address: str) -> bytes | None:  # noqa: ARG002 (a KeySource)
        """Give the address as the key."""
        return address.encode() or None


@dataclass(frozen=True, slots=True)
class HeaderKey:
    """The value of a request header: `header:NAME`."""

    name: bytes

    def key_of(self, head: RequestHead, address: str) -> bytes | None:  # noqa: ARG002 (a KeySource)
        """Give the first value of the header."""
        return head.first(self.name) or None


@dataclass(frozen=True, slots=True)
class CookieKey:
    """The value of a cookie: `cookie:NAME`."""

    name: bytes

    def key_of(self, head: RequestHead, address: str) -> bytes | None:  # noqa: ARG002 (a KeySource)
        """Give the first value of the cookie (RFC 6265 section 4.2.1), quotes included."""
        for field, value in head.headers:
            if field.lower() == b"cookie":
                for pair in value.split(b";"):
                    name, _, text = pair.strip().partition(b"=")
                    if name == self.name:
                        return text or None
        return None


@dataclass(frozen=True, slots=True)
class QueryKey:
    """The value of a query parameter: `query:NAME`."""

    name: bytes

    def key_of(self, head: RequestHead, address: str) -> bytes | None:  # noqa: ARG002 (a KeySource)
        """Give the first value of the parameter, decoded."""
        for pair in head.target.query.split("&"):
            name, _, value = pair.partition("=")
            if _decoded(name) == self.name:
                return _decoded(value) or None
        return None


def _decoded(text: str) -> bytes:
    # A query holds the octets received, each as one Latin-1 character.
    return unquote_to_bytes(text.replace("+", " ").encode("latin-1"))


def key_source(text: str) -> KeySource:
    """Make the key source that `routes.yaml` writes as `header:x-user-id`, `address` and so on."""
    kind, _, name = text.partition(":")
    match kind:
        case "header":
            return HeaderKey(name.lower().encode())
        case "cookie":
            return CookieKey(name.encode())
        case "query":
            return QueryKey(name.encode())
    return AddressKey()
