"""Reads what the bytes of a body are: their media type, their text, their JSON. All bounded."""

import json
import re
from codecs import lookup
from decimal import Decimal
from typing import NamedTuple

import orjson

from strangler.compare.bounds import Inconclusive
from strangler.compare.response import Response
from strangler.compare.verdict import JSON

_CHARSET = re.compile(r";\s*charset\s*=\s*[\"']?([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)

_BOUNDARY = re.compile(r";\s*boundary\s*=\s*(?:\"([^\"]{1,70})\"|([^\s;\"]{1,70}))", re.IGNORECASE)

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
    """What a response says its body is: a lower-case type, empty if it says none, and charset.

    `boundary` parts the body of a `multipart/…` (RFC 2046 section 5.1.1).
    """

    type: str
    charset: str | None
    boundary: str = ""

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


class Text(str):
    """A text by which no element of a list is recognised, as it is by an `id`."""

    __slots__ = ()


class Order(Text):
    """The names of an element's children in their order, parted by spaces."""

    __slots__ = ()


def media_of(response: Response) -> Media:
    """Read a response's content-type."""
    return media_from(response.field(b"content-type").decode("latin-1"))


def media_from(field: str) -> Media:
    """Read the value of a content-type."""
    charset, boundary = _CHARSET.search(field), _BOUNDARY.search(field)
    return Media(
        field.partition(";")[0].strip().lower(),
        charset[1] if charset else None,
        boundary[1] or boundary[2] if boundary else "",
    )


def text_of(body: bytes, media: Media) -> str | None:
    """Read a body as text; None where it is none, or its charset is not known or not true.

    Without a charset it is UTF-8, or what browsers take for Latin-1 if the type says text.
    """
    if media.charset is not None:
        return _decode(body, codec_of(media.charset))
    text = _decode(body, "utf-8-sig")
    return _decode(body, "cp1252") if text is None and media.is_text else text


def json_of(body: bytes, media: Media, side: str) -> JSON:
    """Parse JSON so that unequal numbers stay unequal. Raises `NotJSON`, or `Inconclusive`.

    orjson is the fast way. The exact one is for what it reads inexactly (it makes an integer
    above 64 bits a float) or refuses (NaN, lone surrogates, 1e400, UTF-16).
    """
    codec = "utf-8-sig" if media.charset is None else codec_of(media.charset)
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


def codec_of(charset: str | None) -> str | None:
    """Give the codec of a charset; None where there is none, or none that is for the web."""
    if charset is None:
        return None
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
