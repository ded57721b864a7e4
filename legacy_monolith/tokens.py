"""The signed token that proves who somebody is: a bearer token, or the session cookie's value."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass

LIFETIME = 12 * 3600  # seconds: a long working day


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid token says about its bearer."""

    uid: int
    name: str
    roles: frozenset[str]
    expires: int  # seconds since 1970


def sign(secret: bytes, claims: Claims) -> str:
    """Write the claims as `base64url(JSON).base64url(HMAC-SHA256)`, without padding."""
    content = {
        "uid": claims.uid,
        "name": claims.name,
        "roles": sorted(claims.roles),
        "exp": claims.expires,
    }
    first = _encode(json.dumps(content, separators=(",", ":")).encode())
    return f"{first}.{_signature(secret, first)}"


def read(secret: bytes, token: str, now: float) -> Claims | None:
    """Give the claims of a token that we signed and that has not expired, else None."""
    first, _, signature = token.partition(".")
    expected = _signature(secret, first).encode()
    if not hmac.compare_digest(signature.rstrip("=").encode(), expected):
        return None
    padding = "=" * (-len(first) % 4)
    try:
        content = json.loads(base64.urlsafe_b64decode(first + padding))
    except ValueError:
        return None
    if content["exp"] <= now:
        return None
    return Claims(content["uid"], content["name"], frozenset(content["roles"]), content["exp"])


def _signature(secret: bytes, first: str) -> str:
    return _encode(hmac.digest(secret, first.encode(), hashlib.sha256))


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
