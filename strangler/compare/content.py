"""Undoes how a body is written: its content-encoding, its charset, its JSON. All bounded."""

import json
import re
import zlib
from codecs import lookup
from decimal import Decimal
from typing import NamedTuple

import brotli
import orjson

from strangler.compare.bounds import Bounds, Inconclusive
from strangler.compare.response import Response
from strangler.compare.verdict import JSON

MOST_CODINGS = 3
MOST_MEMBERS = 64
"""Of one gzip body. Real ones have one; thousands of empty ones would cost time for no bytes."""

_GZIP, _ZLIB, _RAW = 31, 15, -15  # window bits, as zlib wants them

_CHARSET = re.compile(r";\s*charset\s*=\s*[\"']?([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)

# Python's codecs include oddities that a server must not be able to choose (idna is quadratic).
# `iso-8859-1` and `ascii` mean windows-1252 in practice (WHATWG Encoding Standard section 4.2).
_CODECS = {
    "utf-8": "utf-8-sig",
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    **{
        name: name
        for name in (
            *("utf-16", "utf-16-le", "utf-16-be", "iso8859-2", "iso8859-9", "iso8859-15"),
            *("cp1250", "cp1251", "cp1252", "koi8-r"),
            *("shift_jis", "euc_jp", "euc_kr", "gb18030", "big5"),
        )
    },
}

_NINETEEN_DIGITS = b"0" * 19
_ANY_DIGIT_AS_ZERO = bytes.maketrans(b"123456789", b"000000000")
_LONGEST_INT = 4000
"""Digits. CPython refuses to parse more than 4300 into an int."""


class Media(NamedTuple):
    """What a response says its body is: a lower-case type, empty if it says none, and charset."""

    type: str
    charset: str | None

    @property
    def is_json(self) -> bool:
        """Whether the type promises JSON."""
        return self.type in {"application/json", "text/json"} or self.type.endswith("+json")

    @property
    def is_text(self) -> bool:
        """Whether the type promises text of any kind."""
        return (
            self.is_json
            or self.type.startswith("text/")
            or self.type.endswith(("+xml", "/xml", "/javascript", "/x-www-form-urlencoded"))
        )


class NotJSON(ValueError):  # noqa: N818 - reads as what it says
    """The bytes are no JSON text."""


def media_of(response: Response) -> Media:
    """Read a response's content-type."""
    field = response.field(b"content-type").decode("latin-1")
    charset = _CHARSET.search(field)
    return Media(field.partition(";")[0].strip().lower(), charset[1] if charset else None)


def decoded(response: Response, side: str, bounds: Bounds) -> bytes:
    """Undo a body's content-encoding. Raises `Inconclusive` for what it cannot or must not."""
    field = response.field(b"content-encoding").decode("latin-1").lower()
    codings = [each.strip() for each in field.split(",") if each.strip() not in {"", "identity"}]
    if len(codings) > MOST_CODINGS:
        raise Inconclusive(f"{side}: more than {MOST_CODINGS} content-encodings")
    body = response.body
    for coding in reversed(codings if body else []):
        body = _undo(coding, body, side, bounds.body)
    if len(body) > bounds.body:
        raise Inconclusive(f"{side}: body of more than {bounds.body} bytes")
    return body


def text_of(body: bytes, media: Media) -> str | None:
    """Read a body as text; None where it is none, or its charset is not known or not true.

    Without a charset it is UTF-8, or what browsers take for Latin-1 if the type says text.
    """
    if media.charset is not None:
        return _decode(body, _codec(media.charset))
    text = _decode(body, "utf-8-sig")
    return _decode(body, "cp1252") if text is None and media.is_text else text


def json_of(body: bytes, media: Media, side: str) -> JSON:
    """Parse JSON so that unequal numbers stay unequal. Raises `NotJSON`, or `Inconclusive`.

    orjson is the fast way. The exact one is for what it reads inexactly (it makes an integer
    above 64 bits a float) or refuses (NaN, lone surrogates, 1e400, UTF-16).
    """
    codec = "utf-8-sig" if media.charset is None else _codec(media.charset)
    if codec != "utf-8-sig" and (text := _decode(body, codec)) is not None:
        body = text.encode("utf-8", "surrogatepass")
    if _NINETEEN_DIGITS not in body.translate(_ANY_DIGIT_AS_ZERO):
        try:
            parsed: JSON = orjson.loads(body)
        except orjson.JSONDecodeError:
            pass
        else:
            return parsed
    return _exactly(body, side)


def _exactly(body: bytes, side: str) -> JSON:
    try:
        parsed: JSON = json.loads(
            body, parse_int=_whole, parse_float=_fraction, parse_constant=Decimal
        )
    except RecursionError as error:
        raise Inconclusive(f"{side}: JSON nested too deeply to parse") from error
    except (ValueError, ArithmeticError) as error:
        raise NotJSON from error
    return parsed


def _whole(digits: str) -> int | Decimal:
    return int(digits) if len(digits) <= _LONGEST_INT else Decimal(digits)


def _fraction(digits: str) -> float | Decimal:
    """Read a number as the double that most readers make of it, unless that is infinite."""
    value = float(digits)
    return Decimal(digits) if value in {float("inf"), float("-inf")} else value


def _codec(charset: str) -> str | None:
    try:
        return _CODECS.get(lookup(charset).name)
    except LookupError:
        return None


def _decode(body: bytes, codec: str | None) -> str | None:
    # Five bytes mean nothing in windows-1252; escaped, they stay apart and no text is refused.
    errors = "surrogateescape" if codec == "cp1252" else "strict"
    try:
        return None if codec is None else body.decode(codec, errors)
    except UnicodeDecodeError:
        return None


def _undo(coding: str, body: bytes, side: str, limit: int) -> bytes:
    """Undo one content-encoding, never making more than `limit` bytes."""
    try:
        if coding in {"gzip", "x-gzip"}:
            return _gunzip(body, side, limit)
        if coding == "deflate":
            return _inflate(body, side, limit)
        if coding == "br":
            return _unbrotli(body, side, limit)
    except (zlib.error, brotli.error) as error:
        raise Inconclusive(f"{side}: {coding} body is corrupt") from error
    raise Inconclusive(f"{side}: a content-encoding other than gzip, deflate and br")


def _gunzip(body: bytes, side: str, limit: int) -> bytes:
    """Decompress all members of a gzip body (RFC 1952 section 2.2)."""
    parts: list[bytes] = []
    for _ in range(MOST_MEMBERS):
        part, body = _decompress(body, _GZIP, side, limit - sum(map(len, parts)))
        parts.append(part)
        if not body.strip(b"\0"):  # padding is allowed to follow
            return b"".join(parts)
    raise Inconclusive(f"{side}: gzip body of more than {MOST_MEMBERS} members")


def _inflate(body: bytes, side: str, limit: int) -> bytes:
    """Decompress `deflate`: the zlib format, or the bare stream that some servers send for it."""
    try:
        return _decompress(body, _ZLIB, side, limit)[0]
    except zlib.error:
        return _decompress(body, _RAW, side, limit)[0]


def _unbrotli(body: bytes, side: str, limit: int) -> bytes:
    """Decompress Brotli (RFC 7932), which every browser asks for."""
    stream = brotli.Decompressor()
    # It stops at about 32 KiB more than it is asked for, and goes on when it is called again.
    content = stream.process(body, output_buffer_limit=limit + 1)
    if len(content) > limit or not stream.can_accept_more_data():
        raise Inconclusive(f"{side}: body of more than {limit} bytes once decompressed")
    if not stream.is_finished():
        raise Inconclusive(f"{side}: compressed body is cut short")
    return bytes(content)


def _decompress(body: bytes, window: int, side: str, limit: int) -> tuple[bytes, bytes]:
    """Give one stream's content and what lies behind it."""
    stream = zlib.decompressobj(window)
    content = stream.decompress(body, limit + 1)
    if len(content) > limit:
        raise Inconclusive(f"{side}: body of more than {limit} bytes once decompressed")
    if not stream.eof:
        raise Inconclusive(f"{side}: compressed body is cut short")
    return content, stream.unused_data
