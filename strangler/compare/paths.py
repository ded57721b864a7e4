"""Places in a JSON body, as text: a small part of JSONPath (RFC 9535), read and written.

`$` is the whole body, `.name` or `['any name']` a member, `[3]` an element, `[*]` or `.*` every
member or element, and `..` before any of these means "here or at any depth below".
"""

import json
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from strangler.compare.secrets import looks_secret
from strangler.http.words import NO_DATA

Step: TypeAlias = str | int
"""The way from a value to one inside it: a member's name or an element's index."""

_TOKEN = re.compile(
    r"""
    (?P<dots>\.\.?) (?P<name> \* | [^\s.*?\[\]'"]+ )
    | (?P<deep>\.\.)? \[ (?:
        (?P<every> [*?] )
        | (?P<index> 0 | [1-9][0-9]{0,8} )
        | '(?P<single> (?: [^'\\] | \\. )* )'
        | "(?P<double> (?: [^"\\] | \\. )* )"
    ) \]
    """,
    re.VERBOSE | re.DOTALL,
)

# A name that a programmer gave. Anything else that keys an object is taken for data (an e-mail
# address, a UUID, a token). JSON-LD, JSON Schema and markup (see `markup`) have names with a sign;
# `dc:title` and `spring.version` are of a vocabulary, and `price@odata.type` is no address.
_LONGEST_NAME = 65
_NAME = re.compile(
    NO_DATA + r"[@#$]?(?=.{1,64}\Z)[A-Za-z_][A-Za-z0-9_-]*(?:(?:[.:]|@(?=odata\.))[A-Za-z0-9_-]+)*",
    re.ASCII,
)
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)

_SHORTEST_KEY = 12
"""Characters; no key that somebody's secret is (`sk_live_…`, base64) is shorter."""


class PathError(ValueError):
    """A path that cannot be read; the message says what is wrong and in which column."""


class Selector(NamedTuple):
    """One step of a path that may select many: `key` is None for every member or element."""

    key: Step | None
    deep: bool


def is_name(text: str) -> bool:
    """Decide whether a member's name looks like a name, and not like data used as a key."""
    return len(text) <= _LONGEST_NAME and _looks_like_name(text)


@lru_cache(maxsize=4096)  # more names than most APIs have; telling by a look takes some 20 µs
def _looks_like_name(text: str) -> bool:
    if _NAME.fullmatch(text) is None:
        return False
    return len(text) < _SHORTEST_KEY or not looks_secret(text.replace("@odata.", "."))


def parse(text: str) -> tuple[Selector, ...]:
    """Read a path. Raises `PathError`."""
    if not text.startswith("$"):
        raise PathError('a path starts with "$"')
    selectors = []
    at = 1
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None or token["every"] == "?":
            raise PathError(_complaint(text, at))
        selectors.append(_selector(token, at))
        at = token.end()
    return tuple(selectors)


def write(steps: Sequence[Step]) -> str:
    """Write the place that `steps` lead to, in printable ASCII; `parse` reads it back."""
    return "$" + "".join(f"[{s}]" if isinstance(s, int) else _member(s) for s in steps)


def collapse(steps: Sequence[Step]) -> str:
    """Write the path of a place without data: indices as `[*]`, odd names as `[?]`."""
    return "$" + "".join(
        "[*]" if isinstance(step, int) else _member(step) if is_name(step) else "[?]"
        for step in steps
    )


def hide_names(text: str, hide: Callable[[str], str]) -> str | None:
    """Rewrite a written place or path with each odd member name as `['…']` of `hide(name)`.

    None where the text is no path, and so cannot be said to hold no data.
    """
    parts = ["$"]
    at = 1
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            return None
        name = None if token["every"] else _selector(token, at).key
        odd = isinstance(name, str) and not is_name(name)
        parts.append(f"['{hide(str(name))}']" if odd else token[0])
        at = token.end()
    return "".join(parts) if text.startswith("$") else None


def _member(name: str) -> str:
    if is_name(name) and _PLAIN.fullmatch(name) is not None:
        return f".{name}"
    quoted = json.dumps(name)[1:-1].replace('\\"', '"').replace("'", "\\'")
    return f"['{quoted}']"


def _selector(token: re.Match[str], at: int) -> Selector:
    deep = token["dots"] == ".." or token["deep"] is not None
    if token["every"] or token["name"] == "*":
        return Selector(None, deep)
    if token["index"]:
        return Selector(int(token["index"]), deep)
    if token["name"]:
        return Selector(token["name"], deep)
    return Selector(_unquote(token, at), deep)


def _unquote(token: re.Match[str], at: int) -> str:
    quoted = token["double"]
    if quoted is None:
        quoted = re.sub(r"\\.|\"", _as_in_json, token["single"], flags=re.DOTALL)
    try:
        return str(json.loads(f'"{quoted}"', strict=False))
    except ValueError as error:
        raise PathError(f"the quoted name at column {at + 1} has a broken escape") from error


def _as_in_json(match: re.Match[str]) -> str:
    return {"\\'": "'", '"': '\\"'}.get(match[0], match[0])


def _complaint(text: str, at: int) -> str:
    rest = text[at:]
    if rest.startswith(("[", "..[")):
        column = at + rest.index("[") + 1
        return f'the "[" at column {column} needs *, an index or a quoted name, and then a "]"'
    if rest.startswith("."):
        return f"the \".\" at column {at + 1} needs a name or * behind it (odd names: ['a b'])"
    return f'"{rest[0]}" at column {at + 1} is not understood; "." or "[" was expected'
