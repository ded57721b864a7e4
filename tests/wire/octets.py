"""Generated octets: messages of every framing, most of them good, and slips of the pen in them."""

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st


def tried(usually: int) -> settings:
    """Try the same examples in every run, or as many others as WIRE_EXAMPLES says."""
    further = os.environ.get("WIRE_EXAMPLES")
    return settings(
        max_examples=int(further or usually),
        derandomize=further is None,
        deadline=None,  # one on a busy machine may take any time
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


# What framing is made of, and what parsers stumble over.
PIECES = st.sampled_from(
    b'\r|\n|\r\n|\r\n\r\n| |\t|\x00|\x0b|\x7f|\x85|\xa0|:|;|,|+|-|_|"|0|1|5|f|a|x|0x|'
    b"chunked|Content-Length: 5\r\n|Transfer-Encoding: chunked\r\n|0\r\n\r\n| HTTP/1.1|"
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".split(b"|")
)  # fmt: skip
BODIES = st.binary(max_size=12) | st.sampled_from(
    [b"", b"0\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\r\n" * 3]
)
NAMES = st.sampled_from([b"X", b"x-y", b"Accept", b"!#$%&'*+-.^_`|~", b"Cookie"])
VALUES = st.sampled_from([b"", b"1", b"a b", b" \t1 ", b"\xff\x80", b"a, b", b"chunked", b"5"])
FIELDS = st.lists(st.builds(lambda n, v: n + b": " + v + b"\r\n", NAMES, VALUES), max_size=3)


@st.composite
def chunks(draw: st.DrawFn, body: bytes) -> bytes:
    """Write a body in chunks, with the freedom that RFC 9112 section 7.1 leaves."""
    out = b""
    while body:
        size = draw(st.integers(1, len(body)))
        digits = draw(st.sampled_from([b"%x", b"%X", b"0%x", b"000%X"])) % size
        extension = draw(st.sampled_from([b"", b"", b";a", b";a=b", b';a="b;c"']))
        out += digits + extension + b"\r\n" + body[:size] + b"\r\n"
        body = body[size:]
    trailers = draw(st.sampled_from([b"", b"", b"X-Sum: 1\r\n", b"A: 1\r\nB:\r\n"]))
    return out + draw(st.sampled_from([b"0", b"000"])) + b"\r\n" + trailers + b"\r\n"


@st.composite
def framed(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """Give a framing field and the octets behind the head; now and then they do not agree."""
    body = draw(BODIES)
    length = b"Content-Length: %d\r\n" % (len(body) + draw(st.sampled_from([0, 0, 0, 0, 1, -1])))
    coding = b"Transfer-Encoding: chunked\r\n"
    return draw(
        st.sampled_from([(b"", b""), (length, body), (length + coding, body), (length * 2, body)])
        | st.tuples(st.just(coding), chunks(body))
    )


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    method = draw(st.sampled_from([b"GET", b"POST", b"PUT", b"DELETE", b"OPTIONS"]))
    target = draw(st.sampled_from([b"/", b"/a?b=c", b"/a;b/%41", b"/x//y"]))
    framing, body = draw(framed())
    fields = draw(st.permutations([*draw(FIELDS), framing, b"Host: a\r\n"]))
    return b"%b %b HTTP/1.1\r\n%b\r\n%b" % (method, target, b"".join(fields), body)


@st.composite
def responses(draw: st.DrawFn) -> bytes:
    interim = draw(st.sampled_from([b"", b"", b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n"]))
    status = draw(st.sampled_from([b"200 OK", b"404 ", b"204 No Content", b"304 Not Modified"]))
    version = draw(st.sampled_from([b"1.1", b"1.1", b"1.0"]))
    framing, body = draw(framed())
    fields = draw(st.permutations([*draw(FIELDS), framing]))
    return b"%bHTTP/%b %b\r\n%b\r\n%b" % (interim, version, status, b"".join(fields), body)


@st.composite
def mutated(draw: st.DrawFn, octets: bytes) -> bytes:
    """Insert, replace, repeat or leave out a little, at up to two places."""
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(octets)))
        size = draw(st.integers(0, 3))
        piece = draw(PIECES | st.just(octets[at : at + size] * 2))
        octets = octets[:at] + piece + octets[at + size :]
    return octets


SENT = st.lists(requests(), min_size=1, max_size=3).map(b"".join).flatmap(mutated)
ANSWERED = responses().flatmap(mutated)


def cut(data: st.DataObject, octets: bytes) -> tuple[bytes, ...]:
    """Cut octets into pieces, up to one for each."""
    cuts = sorted(data.draw(st.sets(st.integers(1, len(octets)), max_size=len(octets))))
    return tuple(octets[a:b] for a, b in zip([0, *cuts], [*cuts, len(octets)], strict=True))
