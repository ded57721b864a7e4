"""Compares the heads of two responses: which fields there are, and what they mean."""

from collections.abc import Collection
from typing import NamedTuple

from strangler.compare import paths
from strangler.compare.built_in import VALUES, WHOLE_FIELDS
from strangler.compare.found import Found
from strangler.compare.response import Response
from strangler.compare.rules import Rules
from strangler.compare.verdict import Kind

# Lists whose order means nothing: "GET, HEAD" is "HEAD, GET".
_SETS = frozenset({"accept-ranges", "access-control-allow-methods", "allow"})
# The same, of words that ignore case.
_CASELESS_SETS = frozenset(
    {
        "access-control-allow-headers",
        "access-control-expose-headers",
        "cache-control",
        "content-language",
    }
)

# The values of these ignore case (RFC 6265 section 5.2.3, RFC 6265bis section 5.6.7).
_CASELESS_ATTRIBUTES = frozenset({"domain", "samesite"})


class Cookie(NamedTuple):
    """One Set-Cookie field. Attribute names are lower-case; a flag's value is empty."""

    name: str
    value: str
    attributes: dict[str, str]


def compare_heads(
    primary: Response, candidate: Response, rules: Rules, found: Found
) -> Collection[bytes]:
    """Note the fields in which two heads differ in meaning.

    Gives the names (lower-case) of all fields that differ in as much as a byte.
    """
    if primary.headers == candidate.headers:
        return ()
    written_otherwise = set(primary.headers) ^ set(candidate.headers)
    names = sorted({field.lower() for field, _ in written_otherwise})
    for raw in names:
        name = raw.decode("latin-1")
        if f"header:{name}" in WHOLE_FIELDS:
            found.fire(f"header:{name}")
            continue
        ours, theirs = _values(primary, raw), _values(candidate, raw)
        if name == "set-cookie":
            _compare_cookies(ours, theirs, rules, found)
        elif name == "content-type" and ours and theirs:
            _compare_types(ours[-1], theirs[-1], rules, found)
        elif not (ours and theirs) or _meaning(name, ours) != _meaning(name, theirs):
            _note([name], _joined(ours), _joined(theirs), rules, found)
    return names


def _values(response: Response, name: bytes) -> list[str]:
    found = [value for field, value in response.headers if field.lower() == name]
    return [value.decode("latin-1").strip() for value in found]


def _joined(values: list[str]) -> str | None:
    """Give several fields of one name as one (RFC 9110 section 5.3); None where there is none."""
    return ", ".join(values) if values else None


def _meaning(name: str, values: list[str]) -> object:
    """Give what a field means: a set where it is one, else its elements in order."""
    elements = [each.strip() for each in ",".join(values).split(",")]
    if name in _CASELESS_SETS:
        return frozenset(each.lower() for each in elements)
    return frozenset(elements) if name in _SETS else elements


def _compare_types(ours: str, theirs: str, rules: Rules, found: Found) -> None:
    """Compare media types. The charset is how a body is written, and undone with it."""
    left, right = _parameters(ours), _parameters(theirs)
    charsets = left.pop("charset", "").lower(), right.pop("charset", "").lower()
    if left != right:
        _note(["content-type"], ours, theirs, rules, found)
    elif charsets[0] != charsets[1]:
        found.fire("header:content-type/charset")


def _parameters(field: str) -> dict[str, str]:
    """Parse a media type; the type itself is the parameter without a name."""
    first, *rest = field.split(";")
    pairs = (each.partition("=") for each in rest if each.strip())
    parameters = {name.strip().lower(): value.strip().strip("\"'") for name, _, value in pairs}
    return {"": first.strip().lower(), **parameters}


def _compare_cookies(ours: list[str], theirs: list[str], rules: Rules, found: Found) -> None:
    """Compare the cookies that two responses set, the n-th of a name with the n-th of it."""
    left, right = _cookies(ours), _cookies(theirs)
    for key in sorted(left.keys() | right.keys()):
        _compare_cookie(key[0], left.get(key), right.get(key), rules, found)


def _compare_cookie(
    name: str, ours: Cookie | None, theirs: Cookie | None, rules: Rules, found: Found
) -> None:
    place = ["set-cookie", name]
    left, right = ours.value if ours else None, theirs.value if theirs else None
    if left != right:
        _note(place, left, right, rules, found)
    if ours is None or theirs is None:
        return
    for attribute in sorted(ours.attributes.keys() | theirs.attributes.keys()):
        left, right = ours.attributes.get(attribute), theirs.attributes.get(attribute)
        if left != right:
            _note([*place, attribute], left, right, rules, found)


def _cookies(fields: list[str]) -> dict[tuple[str, int], Cookie]:
    cookies: dict[tuple[str, int], Cookie] = {}
    for field in fields:
        cookie = _cookie(field)
        again = sum(name == cookie.name for name, _ in cookies)
        cookies[cookie.name, again] = cookie
    return cookies


def _cookie(field: str) -> Cookie:
    pair, *rest = field.split(";")
    name, _, value = pair.partition("=")
    attributes = {}
    for each in rest:
        key, _, setting = (part.strip() for part in each.partition("="))
        known = key.lower()
        attributes[known] = setting.lower() if known in _CASELESS_ATTRIBUTES else setting
    attributes.pop("", None)
    return Cookie(name.strip(), value.strip(), attributes)


def _note(
    place: list[str], ours: str | None, theirs: str | None, rules: Rules, found: Found
) -> None:
    """Note a difference at a place in the head, unless a rule ignores it."""
    rule = rules.ignoring("header:" + "/".join(place))
    if rule is None and ours is not None and theirs is not None:
        rule = _built_in_value(place)
    if rule is not None:
        found.fire(rule)
        return
    # A name is written as received only where it cannot be data (see `paths.is_name`).
    shown = (part if paths.is_name(part.replace(".", "_")) else "[?]" for part in place)
    path = "header:" + "/".join(shown)
    found.add(path, path, Kind.HEADER, ours, theirs)


def _built_in_value(place: list[str]) -> str | None:
    """Find the built-in rule that covers the value at a place, if any."""
    inner = ["*", *place[2:]] if len(place) > 2 else place[1:]
    rule = "header:" + "/".join([*place[:1], *inner])
    return rule if rule in VALUES else None
