"""Replaces URLs in the text of a JSON document; every other byte of it stays as it is.

Nothing is parsed and written again: numbers, white space, the order of members and the escapes of
all other strings are the sender's.
"""

import json
import re
from collections.abc import Callable

# A string that begins like a URL, whose solidus may be escaped. Within a string a quote has a
# backslash before it, so a quote without one begins a string here (RFC 8259 section 7).
_URL = re.compile(rb'"(https?:(?:\\?/){2}(?:[^"\\\x00-\x1f]|\\.)*+)"', re.IGNORECASE)
_ESCAPED_SOLIDUS = b"\\/"


def replace_urls(document: bytes, replaced: Callable[[bytes], bytes]) -> bytes:
    """Give the document with each string that is a URL replaced, names of members included.

    `replaced` gives a URL for a URL, and the same one for what is to stay.
    """

    def replace(found: re.Match[bytes]) -> bytes:
        start = found.start()
        if start and document[start - 1] == ord("\\"):
            return found[0]
        return b'"%b"' % _replace(found[1], replaced)

    return _URL.sub(replace, document)


def _replace(written: bytes, replaced: Callable[[bytes], bytes]) -> bytes:
    """Replace the URL in what stands between two quotes, in the spelling that it has there."""
    url = written.replace(_ESCAPED_SOLIDUS, b"/")
    if b"\\" in url:
        return _replace_escaped(written, replaced)
    new = replaced(url)
    if new == url:
        return written
    return new.replace(b"/", _ESCAPED_SOLIDUS) if _ESCAPED_SOLIDUS in written else new


def _replace_escaped(written: bytes, replaced: Callable[[bytes], bytes]) -> bytes:
    try:
        url = json.loads(b'"%b"' % written).encode("utf-8")
    except ValueError:  # a broken escape, or half a surrogate pair
        return written
    new = replaced(url)
    if new == url:
        return written
    text = json.dumps(new.decode("utf-8"))[1:-1]
    # What is escaped most often is what HTML would read otherwise, if the document is put into it.
    for sign in "&<>":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text.encode("ascii")
