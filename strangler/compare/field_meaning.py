"""Says what header fields mean: each in parts that can be compared, whatever their order and case.

The part "" is the field as a whole, or its main value. A field that is not named here is a list,
whose elements have an order.
"""

import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import TypeAlias
from urllib.parse import unquote

Parts: TypeAlias = Mapping[str, Hashable]

# A quoted string, or a run of anything else that is no separator.
_PIECE = r'(?:"(?:[^"\\]|\\.)*"|[^";,])'
_LINK = re.compile(rf"<([^>]*)>((?:\s*;\s*{_PIECE}*)*)")
_CHALLENGE = re.compile(r"([A-Za-z0-9!#$%&'*+.^_`|~-]+)(?:\s+(.*))?", re.DOTALL)
_NONCE = re.compile(r"'nonce-[^']*'", re.IGNORECASE)
_RANDOM = frozenset({"nonce", "opaque", "cnonce"})
"""Parameters of a challenge that are made up for each (RFC 7616 section 3.3)."""


def parts_of(name: str, values: Sequence[str]) -> Parts:
    """Read all fields of one name (lower-case)."""
    field = values[-1] if name == "content-type" else ", ".join(values)
    return _READERS.get(name, _in_order)(field)


def _in_order(field: str) -> Parts:
    return {"": tuple(each.strip() for each in field.split(","))}


def _a_set(field: str) -> Parts:
    return {"": frozenset(_elements(field))}


def _a_caseless_set(field: str) -> Parts:
    return {"": frozenset(each.lower() for each in _elements(field))}


def _caseless(field: str) -> Parts:
    return {"": field.lower()}


def _vary(field: str) -> Parts:
    """Read what an answer was chosen by, but for its content-encoding, which is undone."""
    return {"": frozenset(each.lower() for each in _elements(field)) - {"accept-encoding"}}


def _directives(field: str) -> Parts:
    """Read `Cache-Control`: directives that may have a value."""
    pairs = (each.partition("=") for each in _elements(field))
    return {name.strip().lower(): _unquoted(value) for name, _, value in pairs}


def _policy(field: str) -> Parts:
    """Read directives parted by semicolons, each with words in any order; a nonce is random."""
    words = (_NONCE.sub("'nonce'", each).split() for each in field.split(";") if each.strip())
    return {name.lower(): frozenset(rest) for name, *rest in words}


def _transport(field: str) -> Parts:
    """Read `Strict-Transport-Security` (RFC 6797 section 6.1)."""
    return {name: value for name, value in _parameters(f";{field}").items() if name}


def _media_type(field: str) -> Parts:
    """Read a media type. How its body is written is undone with the body."""
    parameters = _parameters(field)
    kind = parameters.pop("", "").lower()
    left_out = {"charset", "boundary"}
    return {"": kind} | {n: v for n, v in parameters.items() if n not in left_out}


def _disposition(field: str) -> Parts:
    """Read `Content-Disposition`; an extended file name counts before a plain one (RFC 6266)."""
    parameters = _parameters(field)
    extended = parameters.pop("filename*", None)
    if extended is not None:
        charset, _, encoded = extended.partition("'")
        name = encoded.partition("'")[2]
        parameters["filename"] = unquote(name, "latin-1" if charset.lower() != "utf-8" else "utf-8")
    return parameters | {"": parameters.get("", "").lower()}


def _links(field: str) -> Parts:
    """Read `Link` by relation (RFC 8288): where to, and with which other parameters."""
    found: dict[str, set[Hashable]] = {}
    for target, written in _LINK.findall(field):
        parameters = _parameters(written)
        parameters.pop("", None)
        relations = parameters.pop("rel", "").lower().split() or [""]
        for relation in relations:
            found.setdefault(relation, set()).add((target, frozenset(parameters.items())))
    return {name: frozenset(links) for name, links in found.items()} or _in_order(field)


def _challenges(field: str) -> Parts:
    """Read `WWW-Authenticate` by scheme (RFC 9110 section 11.6.1)."""
    found: dict[str, set[Hashable]] = {}
    scheme = ""
    for element in _elements(field):
        named = _CHALLENGE.fullmatch(element)
        rest: str | None = element
        if named is not None and "=" not in named[1] and not (named[2] or "").startswith("="):
            scheme, rest = named[1].lower(), named[2]
        parameters = found.setdefault(scheme, set())
        name, _, value = (rest or "").partition("=")
        if name.strip() and name.strip().lower() not in _RANDOM:
            parameters.add((name.strip().lower(), _unquoted(value)))
    return {name: frozenset(parameters) for name, parameters in found.items()}


def _parameters(field: str) -> dict[str, str]:
    """Read what semicolons part; the part in front has no name."""
    first, *rest = _split(field, ";")
    pairs = (each.partition("=") for each in rest if each.strip())
    parameters = {name.strip().lower(): _unquoted(value) for name, _, value in pairs}
    name, is_pair, value = first.partition("=")
    return parameters | (
        {name.strip().lower(): _unquoted(value)} if is_pair else {"": first.strip()}
    )


def _elements(field: str) -> Iterator[str]:
    """Part a list at its commas, and not at those in quotes; empty elements are none."""
    return (each.strip() for each in _split(field, ",") if each.strip())


def _split(field: str, separator: str) -> list[str]:
    pieces = [""]
    for piece in re.findall(r'"(?:[^"\\]|\\.)*"|.', field, re.DOTALL):
        if piece == separator:
            pieces.append("")
        else:
            pieces[-1] += piece
    return pieces


def _unquoted(value: str) -> str:
    text = value.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text.strip("'")


_READERS: Mapping[str, Callable[[str], Parts]] = {
    "accept-ranges": _a_caseless_set,
    "access-control-allow-headers": _a_caseless_set,
    "access-control-allow-methods": _a_set,
    "access-control-expose-headers": _a_caseless_set,
    "allow": _a_set,
    "cache-control": _directives,
    "content-disposition": _disposition,
    "content-language": _a_caseless_set,
    "content-security-policy": _policy,
    "content-security-policy-report-only": _policy,
    "content-type": _media_type,
    "link": _links,
    "referrer-policy": _caseless,
    "strict-transport-security": _transport,
    "vary": _vary,
    "www-authenticate": _challenges,
    "x-content-type-options": _caseless,
    "x-frame-options": _caseless,
}
