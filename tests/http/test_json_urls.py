import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.http.json_urls import replace_urls

INNER, OUTER = b"http://inner:9101/", b"https://shop.example/api/"


def replaced(url: bytes) -> bytes:
    return OUTER + url.removeprefix(INNER) if url.startswith(INNER) else url


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (b'"http://inner:9101/a"', b'"https://shop.example/api/a"'),
        (b'{"a" : "http://inner:9101/"}', b'{"a" : "https://shop.example/api/"}'),
        (b'["http://inner:9101/a","x"]', b'["https://shop.example/api/a","x"]'),
        (b'{"http://inner:9101/a": 1}', b'{"https://shop.example/api/a": 1}'),
        # As PHP and others write it.
        (rb'"http:\/\/inner:9101\/a\/b"', rb'"https:\/\/shop.example\/api\/a\/b"'),
        # As Go writes it.
        (rb'"http://inner:9101/a?b\u0026c"', rb'"https://shop.example/api/a?b\u0026c"'),
        (rb'"http://inner:9101/\u00e9\u003c"', rb'"https://shop.example/api/\u00e9\u003c"'),
        (rb'"http://inner:9101/\"\\"', rb'"https://shop.example/api/\"\\"'),
        ('"http://inner:9101/é"'.encode(), '"https://shop.example/api/é"'.encode()),
    ],
)
def test_a_string_that_is_a_url_is_replaced(document: bytes, expected: bytes) -> None:
    assert replace_urls(document, replaced) == expected


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b'"see http://inner:9101/a"',
        b'" http://inner:9101/a"',
        rb'"say \"http://inner:9101/a\" twice"',
        rb'"a\\\"http://inner:9101/a"',
        b'"//inner:9101/a"',
        b'"/a"',
        b'"http://other/a"',
        rb'"http://inner:9101/\ud800"',  # half a pair: no text
        rb'"http://inner:9101/\x"',
        b'"http://inner:9101/a',
        b'"http://inner:9101/\n"',
    ],
)
def test_every_other_string_stays_and_so_does_what_is_no_json(document: bytes) -> None:
    assert replace_urls(document, replaced) == document


def test_numbers_and_white_space_stay_byte_for_byte() -> None:
    document = (
        b'{"a":1.0,"b": 1E400 ,"a":-0,\r\n"n":12345678901234567890.10,"u":"http://inner:9101/"}'
    )
    assert replace_urls(document, replaced) == document.replace(INNER, OUTER)


TEXTS = st.one_of(
    st.text(max_size=8),
    st.builds("{}{}".format, st.just(INNER.decode()), st.text(max_size=8)),
    st.sampled_from(["http://other/", '"' + INNER.decode(), '\\"' + INNER.decode()]),
)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')


def mapped(data: Any) -> Any:
    """Do the same to parsed JSON, the slow and obvious way."""
    if isinstance(data, dict):
        return {mapped(key): mapped(value) for key, value in data.items()}
    if isinstance(data, list):
        return [mapped(value) for value in data]
    return replaced(data.encode()).decode() if isinstance(data, str) else data


@given(DOCUMENTS, st.booleans(), st.sampled_from([None, 1]), st.booleans())
def test_the_document_is_the_same_but_for_its_urls(
    data: Any, ascii_only: bool, indent: int | None, escaped: bool
) -> None:
    document = json.dumps(data, ensure_ascii=ascii_only, indent=indent).encode()
    if escaped:
        document = document.replace(b"/", rb"\/")

    changed = replace_urls(document, replaced)

    assert json.loads(changed) == mapped(data)
    assert STRING.split(changed) == STRING.split(document)  # all that is no string
    strings = zip(STRING.findall(document), STRING.findall(changed), strict=True)
    for before, after in strings:
        if not json.loads(before).startswith(INNER.decode()):
            assert after == before


@given(st.binary(max_size=60) | st.text('"\\/:htpsinner9101{}[],u0', max_size=60).map(str.encode))
def test_no_octets_break_it(document: bytes) -> None:
    assert replace_urls(document, lambda url: url) == document
