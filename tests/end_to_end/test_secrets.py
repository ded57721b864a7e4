"""What clients and systems say in confidence is nowhere on disk, in no log and in no metric."""

import json
from collections.abc import Iterator

import pytest

from tests.end_to_end.vault import Searched, Telling, Told, as_json, search

ANSWERS: dict[str, Telling] = {
    "values": lambda s: as_json({"token": s("a value"), "deep": [{"pin": s("a deep value")}]}),
    "keys": lambda s: as_json({"members": {f"{s('a key')}@example.org": {"since": 2019}}}),
    "numbers": lambda s: as_json({"card": int.from_bytes(s("a number").encode()[:7], "big")}),
    "one-sided": lambda s: as_json({s("a key alone"): s("a value alone")}),
    "lists": lambda s: as_json({"codes": [s("an element"), s("another element"), "x"]}),
    "lines": lambda s: Told(f'{{"at": "{s("a line")}"}}\n', "application/x-ndjson"),
    "text": lambda s: Told(
        f"Dear {s('a text')},\nyour code is {s('a line of text')}", "text/plain"
    ),
    "csv": lambda s: Told(f"id;name\n1;{s('a cell')}\n", "text/csv"),
    "xml": lambda s: Told(
        f"<a b='{s('an attribute')}'><c>{s('an element of XML')}</c></a>", "text/xml"
    ),
    "html": lambda s: Told(f"<p id='{s('an id')}'>{s('a paragraph')}</p>", "text/html"),
    "form": lambda s: Told(f"access_token={s('a field')}&x=1", "application/x-www-form-urlencoded"),
    "events": lambda s: Told(
        f"id: {s('an event')}\ndata: {s('its data')}\n\n", "text/event-stream"
    ),
    "octets": lambda s: Told(f"\x01{s('octets')}", "application/octet-stream"),
    "broken": lambda s: Told(f'{{"token": "{s("broken JSON")}"', "application/json"),
    "problem": lambda s: as_json(
        {"detail": s("a problem")}, type="application/problem+json", status=422
    ),
    "fields": lambda s: Told(
        "{}",
        fields=(
            ("Set-Cookie", f"sid={s('a cookie that is set')}; Path=/{s('its path')}"),
            ("Set-Cookie", f"{s('the name of a cookie')}=1"),
            ("Location", f"http://u:{s('a password')}@a/{s('a path')}?t={s('a query')}"),
            ("Link", f'</{s("a link")}>; rel="next"'),
            ("ETag", f'"{s("an etag")}"'),
            ("WWW-Authenticate", f'Basic realm="{s("a realm")}"'),
            ("X-Customer", s("a field of the head")),
        ),
    ),
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def searched(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Searched]:
    directory = tmp_path_factory.mktemp("vault")
    with search(directory, request.param, "values", ANSWERS) as found:
        yield found


def test_no_secret_is_left_anywhere(searched: Searched) -> None:
    leaks = {name: searched.hidden.found_in(text) for name, text in searched.texts.items()}
    assert {name: places for name, places in leaks.items() if places} == {}


def test_what_was_searched_holds_what_was_found(searched: Searched) -> None:
    """A search that looks in the wrong place finds nothing either."""
    everything = b"".join(text for name, text in searched.texts.items() if name != "list")
    assert all(each in everything for each in (b"$.deep[*].pin", b"header:x-customer", b"/forms/"))
    listed = json.loads(searched.texts["list"])
    assert {finding["route"] for finding in listed} >= {"/answers/{kind}/{id}", "/forms/**"}
