"""Compares bodies without a structure: as text, line by line, or else as bytes."""

import re
from collections.abc import Iterator, Sequence
from itertools import count

from strangler.compare import pairing, paths
from strangler.compare.content import Media, text_of
from strangler.compare.found import Found
from strangler.compare.parting import first_difference
from strangler.compare.rules import Rules
from strangler.compare.verdict import JSON, Kind

EXCERPT = 500
"""Characters kept of a line: of a longer one those from its first difference on."""

BYTES_EXCERPT = 32

MOST_LINES = 2_000
"""Of longer texts only the first difference is told: putting their lines in order takes long."""

# `DTSTAMP:2024…` of a calendar, `level=warn` of a file of settings, `requests{code="200"} 7` of
# metrics: the line says what it holds.
_LABEL = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_-]*)(?:\s*[:=]|\{[^{}]*\}\s)")


def compare_texts(
    left: bytes, right: bytes, left_media: Media, right_media: Media, rules: Rules, found: Found
) -> None:
    """Compare bodies as text where both are, else as bytes.

    Other bytes may be the same text only if a side declares its charset: of two that declare
    none, one would be read wrongly. How the lines of a text end, and whether the last one does,
    means nothing.
    """
    both_text = left_media.is_text and right_media.is_text
    if left == right and not both_text:
        return  # a charset means nothing to them
    ours, theirs = text_of(left, left_media), text_of(right, right_media)
    if both_text and ours is not None and theirs is not None:
        ours, theirs = _ended(ours), _ended(theirs)
    declared = left_media.charset is not None or right_media.charset is not None
    alike = ours is not None and ours == theirs
    if alike and (declared or (both_text and _ended_bytes(left) == _ended_bytes(right))):
        return
    if (rule := rules.ignoring("body")) is not None:
        found.fire(rule)
    elif not left or not right:
        found.add("body", "body", Kind.BODY, _whole(ours, left), _whole(theirs, right))
    elif ours is None or theirs is None or alike:
        _add_bytes(left, right, found)
    else:
        _add_lines(ours, theirs, rules, found)


def _ended(text: str) -> str:
    return text.replace("\r\n", "\n").removesuffix("\n")


def _ended_bytes(body: bytes) -> bytes:
    return body.replace(b"\r\n", b"\n").removesuffix(b"\n")


def _whole(text: str | None, body: bytes) -> JSON:
    """Give what is kept of a body that stands against none; None for none."""
    if not body:
        return None
    return body[:BYTES_EXCERPT].hex(" ") if text is None else text[:EXCERPT]


def _add_lines(ours: str, theirs: str, rules: Rules, found: Found) -> None:
    if max(ours.count("\n"), theirs.count("\n")) >= MOST_LINES:
        at = first_difference(ours, theirs)
        line, before = ours.count("\n", 0, at), ours.rfind("\n", 0, at) + 1
        left, right = ours[before : at + EXCERPT], theirs[before : at + EXCERPT]
        return _add_line(line, left, right, rules, found)
    left_lines, right_lines = ours.split("\n"), theirs.split("\n")
    for line, mine, its in _differing(left_lines, right_lines):
        _add_line(line, mine, its, rules, found)
    return None


def _differing(
    ours: Sequence[str], theirs: Sequence[str]
) -> Iterator[tuple[int, str | None, str | None]]:
    """Give the lines that differ, each with its number, from 0; None for one that a side lacks."""
    if len(ours) == len(theirs):
        yield from (each for each in zip(count(), ours, theirs, strict=False) if each[1] != each[2])
        return
    paired = pairing.in_order(pairing.by_equality(ours, theirs), len(ours), len(theirs))
    yield from ((i, ours[i], theirs[j]) for i, j in paired.pairs if ours[i] != theirs[j])
    yield from ((i, ours[i], None) for i in paired.missing)
    yield from ((j, None, theirs[j]) for j in paired.extra)


def _add_line(line: int, ours: str | None, theirs: str | None, rules: Rules, found: Found) -> None:
    """Note a line that differs, under the name that it gives to what it holds, if it has one."""
    path = "body"
    label = _LABEL.match(ours if ours is not None else theirs or "")
    if label is not None and paths.is_name(label[1]):
        path = f"body/{label[1]}"
    if (rule := rules.ignoring(path)) is not None:
        return found.fire(rule)
    at, place = 0, f"line {line + 1}"
    if ours is not None and theirs is not None and max(len(ours), len(theirs)) > EXCERPT:
        at = first_difference(ours, theirs)
        place += f", column {at + 1}"
    kept = slice(at, at + EXCERPT)
    left, right = ours and ours[kept], theirs and theirs[kept]
    return found.add(path, f"{path} ({place})", Kind.BODY, left, right)


def _add_bytes(ours: bytes, theirs: bytes, found: Found) -> None:
    at = first_difference(ours, theirs)
    kept = slice(at, at + BYTES_EXCERPT)
    found.add("body", f"body (byte {at})", Kind.BODY, ours[kept].hex(" "), theirs[kept].hex(" "))
