"""Decides how a body is to be read, and reads it: whatever has a structure as a JSON value."""

from enum import Enum
from typing import NamedTuple

from strangler.compare.budget import Budget
from strangler.compare.content import Media, NotJSON, json_of
from strangler.compare.forms import form_of, parts_of
from strangler.compare.markup import NotMarkup, html_of, xml_of
from strangler.compare.markup import cost_of as markup_cost
from strangler.compare.records import events_of, lines_of
from strangler.compare.verdict import JSON

_LINES = frozenset(
    {
        *("application/x-ndjson", "application/ndjson", "application/jsonl"),
        *("application/jsonlines", "application/x-jsonlines", "application/json-seq"),
        *("application/stream+json", "application/x-json-stream"),
    }
)


class Shape(Enum):
    """The structures that are understood. Bodies of two shapes are compared as text."""

    JSON = "JSON"
    LINES = "JSON by lines"
    EVENTS = "server-sent events"
    FORM = "a form"
    PARTS = "several parts"
    XML = "XML"
    HTML = "HTML"


JSON_SHAPES = frozenset({Shape.JSON, Shape.LINES})
"""What the rule `body` does not speak of."""

MARKUP = frozenset({Shape.XML, Shape.HTML})


class Structure(NamedTuple):
    """A body that was read."""

    shape: Shape
    value: JSON


def cost_of_reading(body: bytes, media: Media) -> int:
    """Say what `structure_of` will cost, in JSON values walked, where that is more than little."""
    return markup_cost(body) if _promised(body, media) in MARKUP else 0


def structure_of(body: bytes, media: Media, side: str, budget: Budget) -> Structure | None:
    """Read a body; None where it has no structure, or is not what its type promises.

    Raises `Inconclusive` past a bound.
    """
    shape = _promised(body, media)
    if shape is None or not body.strip():
        return None
    try:
        return Structure(shape, _read(shape, body, media, side, budget))
    except NotMarkup:
        return None
    except NotJSON:
        return _by_lines(body, media, side) if shape is Shape.JSON else None


def _promised(body: bytes, media: Media) -> Shape | None:
    """Decide what to try: what the type says, and JSON where the type says nothing.

    Many an old system sends its JSON as text/html: text that begins like JSON is tried as such.
    """
    kind = media.type
    if kind in _LINES or kind.endswith("+json-seq"):
        return Shape.LINES
    if media.is_json or not kind:
        return Shape.JSON
    if kind == "text/event-stream":
        return Shape.EVENTS
    if kind.startswith("text/") and body[:64].lstrip()[:1] in {b"{", b"["}:
        return Shape.JSON
    if kind in {"text/html", "application/xhtml+xml"}:
        return Shape.HTML
    if kind.endswith(("/xml", "+xml")):
        return Shape.XML
    if kind == "application/x-www-form-urlencoded":
        return Shape.FORM
    return Shape.PARTS if kind.startswith("multipart/") else None


def _read(shape: Shape, body: bytes, media: Media, side: str, budget: Budget) -> JSON:
    match shape:
        case Shape.JSON:
            return json_of(body, media, side)
        case Shape.LINES:
            return lines_of(body, media, side)
        case Shape.EVENTS:
            return events_of(body, side)
        case Shape.FORM:
            return form_of(body, media)
        case Shape.PARTS:
            return parts_of(body, media, side, budget)
        case Shape.XML:
            return xml_of(body, media, budget)
        case Shape.HTML:
            return html_of(body, media, budget)


def _by_lines(body: bytes, media: Media, side: str) -> Structure | None:
    """Read what is called JSON, and is not, as JSON by lines."""
    try:
        return Structure(Shape.LINES, lines_of(body, media, side))
    except NotJSON:
        return None
