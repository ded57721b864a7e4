"""Reads what holds many things one after the other as a list: JSON by lines, and events."""

import re

from strangler.compare.content import Media, NotJSON, Text, json_of, text_of
from strangler.compare.verdict import JSON

_RECORD = "\x1e"  # RFC 7464 puts a RECORD SEPARATOR before each text of `json-seq`
_LINE_END = re.compile(r"\r\n|\r|\n")


def lines_of(body: bytes, media: Media, side: str) -> JSON:
    """Read JSON by lines, or by records (RFC 7464). Raises `NotJSON` if one is none."""
    text = text_of(body, media)
    if text is None:
        raise NotJSON
    records = text.split(_RECORD) if _RECORD in text else text.split("\n")
    return [_json(each, side) for each in records if each.strip()]


def events_of(body: bytes, side: str) -> JSON:
    """Read server-sent events, as HTML section 9.2.6 says: only what a blank line ends.

    Each is an object of `event`, `data` (as JSON where it is an object or a list) and, where they
    are given, `retry` and `id`. An `id` means something only to who made it up, so that there is
    one is all we keep.
    """
    text = body.decode("utf-8", "replace").removeprefix("\ufeff")
    events: list[JSON] = []
    fields: dict[str, list[str]] = {}
    for line in _LINE_END.split(text):
        if line:
            name, _, value = line.partition(":")
            fields.setdefault(name, []).append(value.removeprefix(" "))
        else:
            event = _event(fields, side)
            if event:
                events.append(event)
            fields = {}
    return events


def _event(fields: dict[str, list[str]], side: str) -> dict[str, JSON]:
    event: dict[str, JSON] = {}
    if "data" in fields:
        event["event"] = Text(fields.get("event", [""])[-1] or "message")
        event["data"] = _data("\n".join(fields["data"]), side)
        if "id" in fields:
            event["id"] = True
    if (retry := fields.get("retry", [""])[-1]).isdecimal():
        event["retry"] = retry
    return event


def _data(text: str, side: str) -> JSON:
    if not text.lstrip().startswith(("{", "[")):
        return Text(text)  # of one word nobody can tell whether it is read as JSON
    try:
        return _json(text, side)
    except NotJSON:
        return Text(text)


def _json(text: str, side: str) -> JSON:
    return json_of(text.encode("utf-8", "surrogatepass"), Media("application/json", None), side)
