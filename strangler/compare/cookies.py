"""Compares the cookies that two responses set, by name, attribute by attribute."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from strangler.compare.moments import instant, lasting, same_span

EXPIRY = "header:set-cookie/*/expires"

# The values of these ignore case (RFC 6265 section 5.2.3, RFC 6265bis section 5.6.7).
_CASELESS = frozenset({"domain", "samesite"})
_LIFETIME = frozenset({"expires", "max-age"})


class Cookie(NamedTuple):
    """One Set-Cookie field. Attribute names are lower-case; a flag's value is empty."""

    name: str
    value: str
    attributes: dict[str, str]


class Apart(NamedTuple):
    """Where two cookies differ: `place` within `set-cookie`, and what the sides have there."""

    place: tuple[str, ...]
    primary: str | None
    candidate: str | None


def cookies(fields: Sequence[str]) -> dict[tuple[str, int], Cookie]:
    """Read fields into cookies; the n-th of a name is told from the others of it."""
    found: dict[tuple[str, int], Cookie] = {}
    for field in fields:
        cookie = _cookie(field)
        again = sum(name == cookie.name for name, _ in found)
        found[cookie.name, again] = cookie
    return found


def apart(name: str, ours: Cookie | None, theirs: Cookie | None) -> Iterator[Apart]:
    """Find where two cookies of one name differ, but for how long they last."""
    left, right = ours.value if ours else None, theirs.value if theirs else None
    if left != right:
        yield Apart((name,), left, right)
    if ours is None or theirs is None:
        return
    for attribute in sorted((ours.attributes.keys() | theirs.attributes.keys()) - _LIFETIME):
        left, right = ours.attributes.get(attribute), theirs.attributes.get(attribute)
        if left != right:
            yield Apart((name, attribute), left, right)


def lifetimes_apart(
    ours: Cookie, theirs: Cookie, our_date: float | None, their_date: float | None
) -> Apart | None:
    """Decide whether one cookie outlives the other; None where they last equally long.

    `Max-Age` counts before `Expires` (RFC 6265 section 5.3), and without both it ends with the
    session.
    """
    mine, its = _held(ours), _held(theirs)
    same = (mine is None) == (its is None) and same_span(
        _lifetime(ours, our_date), _lifetime(theirs, their_date)
    )
    if same:
        return None
    named = "max-age" if "max-age" in {mine, its} else "expires"
    place = (ours.name, named)
    return Apart(place, ours.attributes.get(mine or ""), theirs.attributes.get(its or ""))


def _held(cookie: Cookie) -> str | None:
    """Say which attribute tells how long a cookie is held."""
    return next((each for each in ("max-age", "expires") if each in cookie.attributes), None)


def _lifetime(cookie: Cookie, date: float | None) -> float | None:
    if "max-age" in cookie.attributes:
        try:
            return max(0.0, float(int(cookie.attributes["max-age"])))
        except (ValueError, OverflowError):
            return None
    return lasting(instant(cookie.attributes.get("expires", "")), date)


def _cookie(field: str) -> Cookie:
    pair, *rest = field.split(";")
    name, _, value = pair.partition("=")
    attributes = {}
    for each in rest:
        key, _, setting = (part.strip() for part in each.partition("="))
        known = key.lower()
        attributes[known] = setting.lower() if known in _CASELESS else setting
    attributes.pop("", None)
    if "domain" in attributes:
        attributes["domain"] = attributes["domain"].removeprefix(".")  # RFC 6265 section 5.2.3
    return Cookie(name.strip(), value.strip(), attributes)
