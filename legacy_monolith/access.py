"""Who is asking, and whether they may."""

import hmac
import time

from starlette.requests import HTTPConnection

from legacy_monolith import tokens
from legacy_monolith.errors import ApiError
from legacy_monolith.monolith import monolith_of
from legacy_monolith.tokens import Claims

SESSION_COOKIE = "MSESSID"
WRITERS = frozenset({"editor", "admin"})


def who(connection: HTTPConnection, token: str = "") -> Claims | None:
    """Tell who is asking: by `token`, else the bearer token, else the session cookie."""
    scheme, _, bearer = connection.headers.get("authorization", "").partition(" ")
    if not token:
        cookie = connection.cookies.get(SESSION_COOKIE, "")
        token = bearer.strip() if scheme.lower() == "bearer" else cookie
    return tokens.read(monolith_of(connection).settings.session_secret, token, time.time())


def require_user(connection: HTTPConnection) -> Claims:
    """Let only those in who say who they are."""
    claims = who(connection)
    if claims is None:
        raise ApiError(401, "NOT_AUTHENTICATED", "log in first")
    return claims


def require_writer(connection: HTTPConnection) -> Claims:
    """Let only editors and admins in."""
    return _require_any(connection, WRITERS)


def require_admin(connection: HTTPConnection) -> Claims:
    """Let only admins in."""
    return _require_any(connection, frozenset({"admin"}))


def require_partner(connection: HTTPConnection) -> None:
    """Let only partners in, who know the internal token."""
    given = connection.headers.get("x-internal-token", "").encode("latin-1")
    if not hmac.compare_digest(given, monolith_of(connection).settings.internal_token.encode()):
        raise ApiError(403, "FORBIDDEN", "for partners only")


def _require_any(connection: HTTPConnection, roles: frozenset[str]) -> Claims:
    claims = require_user(connection)
    if not claims.roles & roles:
        raise ApiError(403, "FORBIDDEN", f"the role {' or '.join(sorted(roles))} is needed")
    return claims
