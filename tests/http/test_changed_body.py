import pytest

from strangler.http.changed_body import may_change, of_new_body, weakened

JSON = (b"Content-Type", b"application/json")


@pytest.mark.parametrize(
    "type_",
    [
        b"application/json",
        b"Application/JSON; charset=utf-8",
        b'application/json;charset="UTF-8"',
        b"application/problem+json",
        b"application/vnd.api+json; profile=x",
    ],
)
def test_json_may_be_changed(type_: bytes) -> None:
    assert may_change(200, [(b"content-type", type_), (b"Content-Encoding", b"gzip")])
    assert may_change(404, [(b"content-type", type_)])


@pytest.mark.parametrize(
    ("status", "fields"),
    [
        (200, []),
        (200, [(b"Content-Type", b"text/html")]),
        (200, [(b"Content-Type", b"application/x-ndjson")]),
        (200, [(b"Content-Type", b"application/jsonp")]),
        (200, [(b"Content-Type", b"text/plain; a=application/json")]),
        (200, [(b"Content-Type", b"application/json; charset=utf-16")]),
        (200, [JSON, JSON]),
        (200, [JSON, (b"Cache-Control", b"public"), (b"cache-control", b"No-Transform")]),
        (206, [JSON]),
    ],
)
def test_what_is_no_whole_and_plain_json_may_not(
    status: int, fields: list[tuple[bytes, bytes]]
) -> None:
    assert not may_change(status, fields)


def test_a_strong_validator_becomes_a_weak_one() -> None:
    fields = [(b"ETag", b'"a"'), (b"etag", b'W/"b"'), (b"X", b'"c"')]
    assert weakened(fields) == [(b"ETag", b'W/"a"'), (b"etag", b'W/"b"'), (b"X", b'"c"')]


def test_what_told_of_the_old_octets_is_left_out() -> None:
    fields = [
        JSON,
        (b"CONTENT-length", b"3"),
        (b"Content-MD5", b"a"),
        (b"content-encoding", b"gzip"),
        (b"Repr-Digest", b"a"),
        (b"Content-Digest", b"a"),
        (b"Digest", b"a"),
        (b"Accept-Ranges", b"bytes"),
        (b"Last-Modified", b"a"),
    ]
    assert of_new_body(fields, 17) == [JSON, (b"CONTENT-length", b"17"), (b"Last-Modified", b"a")]
    assert of_new_body(fields, None) == [JSON, (b"Last-Modified", b"a")]


def test_a_length_that_was_not_told_is_not_told_now() -> None:
    assert of_new_body([JSON], 17) == [JSON]
