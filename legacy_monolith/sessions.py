"""Logging in: by a form that leaves a cookie, or by JSON that returns a bearer token."""

import asyncio
import json
import sqlite3
import time
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from legacy_monolith import pages, passwords, tokens
from legacy_monolith.access import SESSION_COOKIE, who
from legacy_monolith.bodies import checked, read_body, read_json, text
from legacy_monolith.monolith import database_of, monolith_of
from legacy_monolith.quirks import absolute, answer, local_time
from legacy_monolith.tokens import LIFETIME, Claims
from legacy_monolith.users import as_json, find_user

CREDENTIALS = {"username": text(100), "password": text(200)}


async def form(_: Request) -> Response:
    """Show the form to log in with."""
    return pages.login_page()


async def log_in(request: Request) -> Response:
    """Take the form; a wrong password is told on a page, with a 200."""
    fields = parse_qs((await read_body(request)).decode("latin-1"), encoding=pages.CHARSET)
    user = await _user(request, fields.get("username", [""])[0], fields.get("password", [""])[0])
    if user is None:
        return pages.login_page("Unknown user or wrong password: accès refusé.")
    response = RedirectResponse(absolute(request, "/account"), 302)
    token = _token(request, _claims(user))
    response.set_cookie(SESSION_COOKIE, token, httponly=True, samesite=None)
    return response


async def log_in_with_json(request: Request) -> Response:
    """Give a bearer token; wrong credentials are an error that comes with a 200."""
    fields = checked(await read_json(request), CREDENTIALS, required=CREDENTIALS)
    user = await _user(request, fields["username"], fields["password"])
    if user is None:
        error = {"code": "INVALID_CREDENTIALS", "message": "unknown user or wrong password"}
        return answer(request, {"error": error})
    claims = _claims(user)
    body = {
        "token": _token(request, claims),
        "user": as_json(user),
        "expires_at": local_time(claims.expires),
    }
    return answer(request, body)


async def log_out(request: Request) -> Response:
    """Clear the cookie; the token itself stays valid until it expires."""
    response = RedirectResponse(absolute(request, "/login"), 302)
    response.delete_cookie(SESSION_COOKIE, httponly=True, samesite=None)
    return response


async def account(request: Request) -> Response:
    """Show the account of whoever is logged in."""
    claims = who(request)
    if claims is None:
        return RedirectResponse(absolute(request, "/login"), 302)
    return pages.account_page(find_user(database_of(request), claims.uid))


async def _user(request: Request, name: str, password: str) -> sqlite3.Row | None:
    user = database_of(request).one("SELECT * FROM users WHERE name = :name", name=name)
    if user is None:
        return None
    # In a thread: it is slow on purpose, and nobody else shall wait for it.
    right = await asyncio.to_thread(passwords.matches, password, user["password"])
    return user if right else None


def _claims(user: sqlite3.Row) -> Claims:
    roles = frozenset(json.loads(user["roles"]))
    return Claims(user["id"], user["name"], roles, int(time.time()) + LIFETIME)


def _token(request: Request, claims: Claims) -> str:
    return tokens.sign(monolith_of(request).settings.session_secret, claims)
