"""What the two stub upstreams do: answer each pair's question as its side does, anew each time.

A request says in `X-Pair` which pair it belongs to, and so do its copies.
"""

import base64
import gzip
import itertools
import json
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable
from random import Random
from typing import Any

import brotli

from tests.corpus.changes import Answer, changed
from tests.corpus.pairs import Pair
from tests.corpus.values import Asking, rendered
from tests.end_to_end.upstreams import Behaviour, Handler

PAIR = "X-Pair"


def answers_of(side: str, pairs: Iterable[Pair]) -> Behaviour:
    """Make the behaviour of the monolith or of the service."""
    by_name = {str(pair): pair for pair in pairs}
    asks: defaultdict[str, Callable[[], int]] = defaultdict(lambda: itertools.count().__next__)

    def answer(handler: Handler) -> None:
        pair = by_name[handler.headers[PAIR]]
        number = asks[str(pair)]()
        random = Random(f"{pair} {side} {number}")
        asking = Asking(side, number, random, handler.path, handler.headers)
        write(handler, answer_to(pair, asking))

    return answer


def answer_to(pair: Pair, asking: Asking) -> Answer:
    """Work out what a side answers to one ask."""
    answer: Answer = rendered(pair.answer, asking)
    for change in (*pair.changes["both"], *pair.changes[asking.side]):
        answer = changed(answer, rendered(change, asking), asking.random)
    return answer


def write(handler: Handler, answer: Answer) -> None:
    """Send an answer as it says that it is written."""
    body = encoded(answer)
    status = int(answer["status"])  # of chance, it is a text
    handler.send_response(status)
    headers = {"Content-Type": answer.get("type") or _type_of(answer), **answer.get("headers", {})}
    if "encoding" in answer:
        handler.send_header("Content-Encoding", answer.get("labelled", answer["encoding"]))
    for name, value in headers.items():
        for each in value if isinstance(value, list) else [value]:
            if each:
                handler.send_header(name, str(each))
    empty = status in {204, 304}
    if answer.get("chunked"):
        handler.send_header("Transfer-Encoding", "chunked")
        body = _chunks(body)
    elif not empty:
        handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    if handler.command != "HEAD" and not empty:
        handler.wfile.write(body)


def _type_of(answer: Answer) -> str:
    return "application/json" if "json" in answer else ""


def encoded(answer: Answer) -> bytes:
    """Give the octets of an answer's body."""
    if "json" in answer:
        text = _STYLES[answer.get("style", "compact")](answer["json"])
        body = text.encode(answer.get("charset", "utf-8"))
    elif "text" in answer:
        body = str(answer["text"]).encode(answer.get("charset", "utf-8"))
    else:
        body = base64.b64decode(answer.get("base64", ""))
    return _CODINGS[answer["encoding"]](body) if "encoding" in answer else body


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _reversed(value: Any) -> str:
    return _compact(_members_reversed(value))


def _members_reversed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _members_reversed(value[name]) for name in reversed(value)}
    return [_members_reversed(each) for each in value] if isinstance(value, list) else value


_STYLES: dict[str, Callable[[Any], str]] = {
    "compact": _compact,
    "spaced": lambda value: json.dumps(value, ensure_ascii=False, indent=2) + "\n",
    "escaped": lambda value: json.dumps(value).replace("/", "\\/"),
    "reversed": _reversed,
    "byte-order-mark": lambda value: "\ufeff" + _compact(value),
    "broken": lambda value: _compact(value)[:-1] + ",}",
    "cut": lambda value: _compact(value)[:-7],
}


def _zstandard(body: bytes) -> bytes:
    """Write one frame of blocks that are not compressed (RFC 8878 section 3.1.1)."""
    size = 128 * 1024
    parts = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
    frame = b"\x28\xb5\x2f\xfd\xa0" + len(body).to_bytes(4, "little")
    for number, part in enumerate(parts, 1):
        frame += (len(part) << 3 | (number == len(parts))).to_bytes(3, "little") + part
    return frame


def _deflated(body: bytes) -> bytes:
    bare = zlib.compressobj(wbits=-15)
    return bare.compress(body) + bare.flush()


_CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "br": brotli.compress,
    "deflate": _deflated,
    "zlib": zlib.compress,
    "x-gzip": gzip.compress,
    "gzip twice": lambda body: gzip.compress(gzip.compress(body)),
    "gzip in two": lambda body: gzip.compress(body[:20]) + gzip.compress(body[20:]),
    "gzip cut": lambda body: gzip.compress(body)[:-12],
    "zstd": _zstandard,
}


def _chunks(body: bytes) -> bytes:
    """Write in two chunks, so that the cut is somewhere in the middle."""
    middle = len(body) // 2
    parts = [part for part in (body[:middle], body[middle:]) if part]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
