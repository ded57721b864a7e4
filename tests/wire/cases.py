"""Rows of a table of cases: each says where it comes from, what is odd about it, and its octets."""

import pytest

Row = tuple[str, str, bytes]
"""A source (`RFC 9112 section 7.1`, `CVE-2023-39326 in Go`), the oddity in words, the octets."""


def cases(*rows: Row) -> pytest.MarkDecorator:
    """Run a test with each of these octets as `sent`; source and oddity become its id."""
    ids = [f"{source}: {oddity}" for source, oddity, _ in rows]
    assert len(set(ids)) == len(ids), "two cases have one name"
    return pytest.mark.parametrize("sent", [sent for *_, sent in rows], ids=ids)


def post(*lines: bytes, body: bytes = b"", path: bytes = b"/a") -> bytes:
    """Write a POST with a Host and these field lines."""
    head = b"".join(b"%b\r\n" % line for line in (b"Host: a", *lines))
    return b"POST %b HTTP/1.1\r\n%b\r\n%b" % (path, head, body)


def chunked(body: bytes, *lines: bytes) -> bytes:
    """Write a POST whose body is sent in chunks that `body` spells out."""
    return post(b"Transfer-Encoding: chunked", *lines, body=body)


def get(*lines: bytes, path: bytes = b"/a") -> bytes:
    """Write a GET with exactly these field lines: no Host but the one given."""
    return b"GET %b HTTP/1.1\r\n%b\r\n" % (path, b"".join(b"%b\r\n" % line for line in lines))
