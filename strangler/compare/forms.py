"""Reads forms, and other bodies of several parts, as JSON: by name where they have names."""

from collections.abc import Sequence
from email.message import Message
from email.parser import BytesParser
from hashlib import sha256
from urllib.parse import parse_qsl

from strangler.compare.budget import Budget
from strangler.compare.content import Media, NotJSON, Text, json_of, media_from, text_of
from strangler.compare.verdict import JSON

MOST_FIELDS = 10_000
"""Of one form. A million of them would take seconds before the first is compared."""

_OCTETS_PER_VALUE = 8
"""What reading parts costs, in JSON values walked: Python goes through them line by line."""


def form_of(body: bytes, media: Media) -> JSON:
    """Read `application/x-www-form-urlencoded`. Raises `NotJSON` for what is no such form.

    A field that comes once is a string, one that comes again a list.
    """
    text = text_of(body, media)
    if text is None:
        raise NotJSON
    try:
        fields = parse_qsl(
            text.strip(), keep_blank_values=True, strict_parsing=True, max_num_fields=MOST_FIELDS
        )
    except ValueError as error:
        raise NotJSON from error
    return _by_name(fields)


def parts_of(body: bytes, media: Media, side: str, budget: Budget) -> JSON:
    """Read `multipart/…`: form-data by name, else the parts in order. Raises `NotJSON`."""
    budget.spend(len(body) // _OCTETS_PER_VALUE, 0)
    head = f'Content-Type: multipart/mixed; boundary="{media.boundary}"\r\n\r\n'
    whole = BytesParser().parsebytes(head.encode("latin-1", "replace") + body)
    parts = whole.get_payload()
    if not media.boundary or not isinstance(parts, list) or whole.defects:
        raise NotJSON
    messages = [part for part in parts if isinstance(part, Message)]
    read: list[JSON] = [_part(part, side) for part in messages]
    if media.type != "multipart/form-data":
        return read
    names = [str(part.get_param("name", "", "content-disposition")) for part in messages]
    return _by_name(list(zip(names, read, strict=True)))


def _by_name(fields: Sequence[tuple[str, JSON]]) -> JSON:
    lists: dict[str, list[JSON]] = {}
    for name, value in fields:
        lists.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in lists.items()}


def _part(part: Message, side: str) -> dict[str, JSON]:
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else part.as_bytes()
    media = media_from(str(part.get("Content-Type", "text/plain")))
    read: dict[str, JSON] = {"type": Text(media.type), "content": _content(content, media, side)}
    if (filename := part.get_filename()) is not None:
        read["filename"] = Text(filename)
    return read


def _content(content: bytes, media: Media, side: str) -> JSON:
    """Read one part: JSON where it is, else text, else a hash of its bytes."""
    if media.is_json:
        try:
            return json_of(content, media, side)
        except NotJSON:
            pass
    text = text_of(content, media) if media.is_text else None
    return Text(sha256(content).hexdigest() if text is None else text)
