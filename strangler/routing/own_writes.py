"""Decides whether a client may miss its own last write, from a token that the client itself keeps.

Whoever writes is given a token: when that was, signed. While the token is young, and nobody knows
that the reading side has caught up with that moment, the client's reads go to the writer. Nothing
is remembered here. A token tells no more than a time and can do no more than send its bearer's own
reads to the system that has the data; without the signature it does nothing.
"""

import hmac
from dataclasses import dataclass
from hashlib import sha256

from strangler.http.message import RequestHead

SKEW = 2.0
"""Seconds by which the clocks of two replicas may differ: one writes the time, another reads it.
NTP keeps machines within a tenth of that."""

MOST_TOKENS = 8
"""Tokens of one request that are looked at. A browser sends two where the domain's path was changed
just now; whoever sends thousands is not to have a signature worked out for each."""

_SIGNATURE = 32
"""Hexadecimal digits of a signature: 128 bits of HMAC-SHA-256."""


def own_cookie(domain: str) -> str:
    """Say where the clients of a domain keep their tokens by default.

    In a cookie of another domain with the same path, one token would take the other's place.
    """
    return f"cookie:strangler-written-{domain}"


@dataclass(frozen=True, slots=True)
class OwnWrites:
    """How the clients of a domain carry their tokens: in a cookie or, without one, in a header.

    `bound` are the seconds after which a client's reads go where others' go. `path` is where the
    cookie is sent to: no narrower than the domain's routes, and no wider than need be.
    """

    domain: str
    name: bytes
    in_cookie: bool
    bound: float
    path: bytes

    def given(self, head: RequestHead, key: bytes, now: float) -> float | None:
        """Give when the client has last written, or None: never, or too long ago, or forged."""
        last: float | None = None
        for token in self._tokens(head):
            at = self._read(token, key)
            if at is not None and abs(now - at) < self.bound + SKEW:
                last = at if last is None else max(last, at)
        return last

    def _tokens(self, head: RequestHead) -> list[bytes]:
        """Give the tokens of a request, or what stands in their place."""
        field = b"cookie" if self.in_cookie else self.name.lower()
        values = [value for name, value in head.headers if name.lower() == field]
        if self.in_cookie:
            pairs = [pair.strip().partition(b"=") for value in values for pair in value.split(b";")]
            values = [value for name, _, value in pairs if name == self.name]
        return values[:MOST_TOKENS]

    def may_miss(self, at: float, caught_up: float) -> bool:
        """Decide whether a read could miss what was written `at`.

        `caught_up` is a time before which all writes have reached the other side.
        """
        return at + SKEW >= caught_up

    def line(self, key: bytes, now: float, *, secure: bool) -> bytes:
        """Write the field of a response that gives the client its token."""
        token = self._written(key, now)
        if not self.in_cookie:
            return b"%b: %b\r\n" % (self.name, token)
        attributes = b"; Path=%b; Max-Age=%d; HttpOnly; SameSite=Lax%b" % (
            self.path,
            round(self.bound + SKEW),
            b"; Secure" if secure else b"",
        )
        return b"Set-Cookie: %b=%b%b\r\n" % (self.name, token, attributes)

    def strip(self, crossing: list[bytes]) -> None:
        """Take the token out of what crosses: whole lines, each with its end."""
        lines = crossing.copy()
        crossing.clear()
        for line in lines:
            name, _, value = line.partition(b":")
            if self.in_cookie and name.lower() == b"cookie":
                kept = self._without_token(value.strip())
                if kept:
                    crossing.append(b"%b: %b\r\n" % (name, kept))
            elif self.in_cookie or name.lower() != self.name.lower():
                crossing.append(line)

    def _without_token(self, cookies: bytes) -> bytes:
        if self.name not in cookies:
            return cookies
        pairs = [pair.strip() for pair in cookies.split(b";")]
        return b"; ".join(pair for pair in pairs if pair.partition(b"=")[0] != self.name)

    def _written(self, key: bytes, now: float) -> bytes:
        at = b"%x" % int(now * 1000)
        return at + b"." + self._signature(key, at)

    def _read(self, token: bytes, key: bytes) -> float | None:
        at, _, signature = token.partition(b".")
        if not hmac.compare_digest(signature, self._signature(key, at)):
            return None
        return int(at, 16) / 1000  # signed, so it is ours

    def _signature(self, key: bytes, at: bytes) -> bytes:
        said = b"%b\0%b" % (self.domain.encode(), at)
        return hmac.digest(key, said, sha256).hex()[:_SIGNATURE].encode()
