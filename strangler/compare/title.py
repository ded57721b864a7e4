"""Says in words what a finding is: where, and what became what. There is no data in it."""

from collections.abc import Sequence

from strangler.compare.finding import ABSENT, NEW
from strangler.compare.verdict import Kind

_SAID = {
    Kind.VALUE: "another value",
    Kind.TYPE: "another type",
    Kind.TWICE: "named twice by one side",
    Kind.ORDER: "another order",
    Kind.STATUS: "another status",
    Kind.HEADER: "another value",
    Kind.BODY: "another content",
    Kind.MANNER: "noise of another manner",
}
_PRESENCE = {
    Kind.MISSING.value: "is missing",
    Kind.EXTRA.value: "is new",
    ABSENT: "is missing",
    NEW: "is new",
}
_WHOLE = {"$": "the whole body", "body": "the body"}


def title(kind: str, paths: Sequence[str], change: str = "") -> str:
    """Write the title of a finding, such as "`items[*].price`: number became string".

    Of several paths the shortest is named, as what is in it follows from it. A kind of a newer
    version is said by its name.
    """
    ordered = sorted(paths, key=lambda path: (len(path), path))
    where = shown(ordered[0]) if ordered else "the answer"
    if len(ordered) > 1:
        where += f" and {len(ordered) - 1} more"
    presence = _PRESENCE.get(change) or _PRESENCE.get(kind)
    if presence is not None:
        return f"{where} {_plural(presence) if len(ordered) > 1 else presence}"
    return f"{where}: {change or _said(kind)}"


def shown(path: str) -> str:
    """Write a path for people: without the `$.` that begins them all, a header as its name."""
    if path in _WHOLE:
        return _WHOLE[path]
    if path.startswith("header:"):
        return f"`{_header(path.removeprefix('header:'))}`"
    return f"`{path.removeprefix('$.')}`"


def _header(path: str) -> str:
    """Write a field's name as it is usually written; the names inside it stay as they are."""
    name, slash, rest = path.partition("/")
    return "-".join(part.capitalize() for part in name.split("-")) + slash + rest


def _plural(said: str) -> str:
    return said.replace("is ", "are ", 1)


def _said(kind: str) -> str:
    return _SAID[Kind(kind)] if kind in _SAID else kind
