"""Heads are read as RFC 9112 writes them, and as other parsers read them, or not at all."""

import h11
import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.http.head import METHODS
from strangler.http.lines import (
    MalformedError,
    field_line,
    request_line,
    status_line,
)
from strangler.http.message import Field
from strangler.routing.config import METHODS as CONFIGURED


def test_a_request_line_has_three_parts() -> None:
    assert request_line(b"GET /a?b HTTP/1.1") == ("GET", b"/a?b", "1.1")


def test_a_status_line_may_lack_its_reason() -> None:
    """RFC 9112 section 4."""
    assert status_line(b"HTTP/1.1 404 Not Found") == ("1.1", 404, b"Not Found")
    assert status_line(b"HTTP/1.1 404 ") == ("1.1", 404, b"")
    assert status_line(b"HTTP/1.1 404") == ("1.1", 404, b"")


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"GET",
        b"GET /",
        b"GET / HTTP/1",
        b"GET / HTTP/11",
        b"GET  / HTTP/1.1",
        b"GET /  HTTP/1.1",
        b"GET / HTTP/1.1 ",
        b"GET\t/ HTTP/1.1",
        b"GET / RTSP/1.0",
        b"G(T / HTTP/1.1",
        b"GET /\x7f HTTP/1.1",
        b"GET /\xe9 HTTP/1.1",
        b" GET / HTTP/1.1",
    ],
)
def test_any_other_request_line_is_refused(line: bytes) -> None:
    with pytest.raises(MalformedError):
        request_line(line)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"HTTP/1.1",
        b"HTTP/1.1 20 OK",
        b"HTTP/1.1 2000 OK",
        b"HTTP/1.1  200 OK",
        b"HTTP/1.1 +20 OK",
        b"HTTP/1.1 200\tOK",
        b"ICY 200 OK",
        b"http/1.1 200 OK",
    ],
)
def test_any_other_status_line_is_refused(line: bytes) -> None:
    with pytest.raises(MalformedError):
        status_line(line)


class Llhttp:
    """What the parser of Node.js makes of a request, as an oracle."""

    def __init__(self) -> None:
        self.fields: list[Field] = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name, value.strip(b" \t")))

    @classmethod
    def fields_of(cls, octets: bytes) -> list[Field]:
        reader = cls()
        httptools.HttpRequestParser(reader).feed_data(octets)
        return reader.fields


def h11_fields(octets: bytes) -> list[Field]:
    """What h11 makes of a request."""
    server = h11.Connection(h11.SERVER, max_incomplete_event_size=10**6)
    server.receive_data(octets)
    event = server.next_event()
    assert isinstance(event, h11.Request)
    return [(bytes(name), bytes(value)) for name, value in event.headers.raw_items()]


NEARLY = st.text('aZ0-_:; \t\r\n\x00\x0b\x7f\x80\xe9"(,', max_size=12).map(
    lambda text: text.encode("latin-1")
)
LINES = st.lists(
    st.one_of(
        NEARLY,
        st.builds(b"%b:%b".__mod__, st.tuples(NEARLY, NEARLY)),
        st.just(b"X-Field: value"),
    ),
    max_size=4,
)


@given(LINES)
def test_what_is_read_as_fields_other_parsers_read_alike(lines: list[bytes]) -> None:
    block = b"".join(b"%b\r\n" % line for line in lines)
    try:
        fields = [field_line(line) for line in lines]
    except MalformedError:
        return
    octets = b"GET / HTTP/1.1\r\nHost: a\r\n" + block + b"\r\n"
    expected = [(b"Host", b"a"), *fields]
    assert h11_fields(octets) == expected
    assert Llhttp.fields_of(octets) == expected


def test_a_route_can_name_the_methods_that_are_forwarded() -> None:
    assert set(CONFIGURED) == METHODS
