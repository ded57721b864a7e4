"""What a browser sends: about ten fields, of which some change with every request.

So nobody measures how fast a proxy forwards octets that it has just seen: path, cookie, trace and
request ids are new each time. `browser.head` is the head; `wrk/browser.lua` reads it as well.
"""

from pathlib import Path

HEAD = Path(__file__).with_name("browser.head").read_bytes().replace(b"\n", b"\r\n")


def head(n: int) -> bytes:
    """Write the n-th request."""
    return HEAD % ((n,) * HEAD.count(b"%"))
