"""Undoes the content-encoding of a body, never making more of it than a bound allows."""

import sys
import zlib

import brotli

from strangler.compare.bounds import Bounds, Inconclusive
from strangler.compare.response import Response

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MOST_CODINGS = 3
MOST_MEMBERS = 64
"""Of one gzip or zstd body. Real ones have one; thousands of empty ones would cost time for no
bytes."""

_GZIP, _ZLIB, _RAW = 31, 15, -15  # window bits, as zlib wants them

_WIDEST: dict[int, int] = {zstd.DecompressionParameter.window_log_max: 23}
"""A zstd decoder sets its window aside before the first byte is out: RFC 9659 section 3 allows
8 MiB (2**23) to what is sent over HTTP."""


class Broken(Inconclusive):
    """A body is not coded as its response says: no client can read it."""


def foretell(response: Response, side: str, bounds: Bounds) -> None:
    """Raise `Inconclusive` for a gzip body whose end says that it is too large.

    The last four octets are its size (RFC 1952 section 2.3.1), so a bomb that does not lie is known
    without being unpacked; one that lies cannot be read by anybody.
    """
    coding = response.field(b"content-encoding").strip().lower()
    size = int.from_bytes(response.body[-4:], "little")
    if coding in {b"gzip", b"x-gzip"} and size > bounds.body:
        raise _too_large(side, bounds.body)


def decoded(response: Response, side: str, bounds: Bounds) -> bytes:
    """Undo a body's content-encoding. Raises `Inconclusive` for what it cannot or must not.

    Of that, what nobody can undo is `Broken`.
    """
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


def _undo(coding: str, body: bytes, side: str, limit: int) -> bytes:
    try:
        if coding in {"gzip", "x-gzip"}:
            return _gunzip(body, side, limit)
        if coding == "deflate":
            return _inflate(body, side, limit)
        if coding == "br":
            return _unbrotli(body, side, limit)
        if coding == "zstd":
            return _unzstd(body, side, limit)
    except (zlib.error, brotli.error, zstd.ZstdError) as error:
        raise Broken(f"{side}: {coding} body is corrupt") from error
    raise Inconclusive(f"{side}: a content-encoding other than gzip, deflate, br and zstd")


def _gunzip(body: bytes, side: str, limit: int) -> bytes:
    """Decompress all members of a gzip body (RFC 1952 section 2.2)."""
    parts: list[bytes] = []
    for _ in range(MOST_MEMBERS):
        try:
            part, body = _decompress(body, _GZIP, side, limit - sum(map(len, parts)))
        except zlib.error as error:
            if not parts:
                raise
            # Some clients pass over what follows, and others do not.
            raise Inconclusive(f"{side}: more than gzip in a gzip body") from error
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
        raise _too_large(side, limit)
    if not stream.is_finished():
        raise _cut_short(side)
    return bytes(content)


def _unzstd(body: bytes, side: str, limit: int) -> bytes:
    """Decompress all frames of a Zstandard body (RFC 8878 section 3)."""
    parts: list[bytes] = []
    for _ in range(MOST_MEMBERS):
        stream = zstd.ZstdDecompressor(options=_WIDEST)
        left = limit - sum(map(len, parts))
        parts.append(stream.decompress(body, left + 1))
        if len(parts[-1]) > left:
            raise _too_large(side, limit)
        if not stream.eof:
            raise _cut_short(side)
        body = stream.unused_data
        if not body:
            return b"".join(parts)
    raise Inconclusive(f"{side}: zstd body of more than {MOST_MEMBERS} frames")


def _decompress(body: bytes, window: int, side: str, limit: int) -> tuple[bytes, bytes]:
    """Give one stream's content and what lies behind it."""
    stream = zlib.decompressobj(window)
    content = stream.decompress(body, limit + 1)
    if len(content) > limit:
        raise _too_large(side, limit)
    if not stream.eof:
        raise _cut_short(side)
    return content, stream.unused_data


def _too_large(side: str, limit: int) -> Inconclusive:
    return Inconclusive(f"{side}: body of more than {limit} bytes once decompressed")


def _cut_short(side: str) -> Inconclusive:
    return Broken(f"{side}: compressed body is cut short")
