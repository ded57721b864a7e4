"""With `redaction: secrets` plain values are stored, and still no credential nor personal data."""

from collections.abc import Iterator

import pytest

from tests.end_to_end.vault import Searched, Telling, Told, as_json, search

ANSWERS: dict[str, Telling] = {
    "named": lambda s: as_json(
        {
            "title": s.plain("a title"),
            "password": s.word("a password"),
            "apiKey": s.word("a key"),
            "session_id": s.word("a session"),
            "owner": {"email": s.word("an e-mail"), "lastName": s.word("a last name")},
            "accounts": [{"iban": s.word("an IBAN"), "bank": s.plain("a bank")}],
            "tokens": [s.word("an element of tokens")],
            "Phone-Number": s.word("a telephone"),
        }
    ),
    "looks": lambda s: as_json(
        {
            "note": s.plain("a note"),
            "a": f"Bearer {s('a bearer')}",
            "b": f"write to {s.word('an address')}@example.org",
            "c": s("a long random word"),
            "d": f"https://ada:{s.word('a password in a URL')}@a/{s.plain('a path')}",
            "e": f"/next?cursor={s.word('a query')}",
            "f": f"sk_live_{s('a key that says what it is')}",
        }
    ),
    "one-sided": lambda s: as_json(
        {s("a key alone"): 1, f"{s.word('an e-mail as a key')}@example.org": {"at": s.plain("at")}}
    ),
    "types": lambda s: as_json({"was": s.plain("a value"), "pin": {"is": s.word("within a pin")}}),
    "lines": lambda s: Told(
        f'{{"secret": "{s.word("a secret of a line")}"}}\n{{"word": "{s.plain("a line")}"}}\n',
        "application/x-ndjson",
    ),
    "text": lambda s: Told(f"Dear {s.word('a name')},\nyour code is {s('a code')}", "text/plain"),
    "csv": lambda s: Told(f"id;name\n1;{s.word('a cell')}\n", "text/csv"),
    "xml": lambda s: Told(
        f"<a token='{s.word('an attribute')}'><password>{s.word('an element')}</password>"
        f"<title>{s.plain('a title of XML')}</title></a>",
        "text/xml",
    ),
    "form": lambda s: Told(
        f"access_token={s.word('a field')}&title={s.plain('a field in plain')}",
        "application/x-www-form-urlencoded",
    ),
    "events": lambda s: Told(
        f'data: {{"token": "{s.word("a token of an event")}"}}\n\n', "text/event-stream"
    ),
    "octets": lambda s: Told(f"\x01{s('octets')}", "application/octet-stream"),
    "broken": lambda s: Told(f'{{"token": "{s.word("broken JSON")}"', "application/json"),
    "fields": lambda s: Told(
        "{}",
        fields=(
            ("Set-Cookie", f"sid={s.word('a cookie that is set')}; Path=/{s('its path')}"),
            ("Location", f"http://u:{s.word('a password')}@a/x?t={s.word('a query of a field')}"),
            ("X-Auth-Token", s.word("a field named so")),
            ("X-Colour", s.plain("a field in plain")),
        ),
    ),
}

PLAIN = {
    *("a title of named", "a bank of named", "a note of looks", "a value of types"),
    *("a line of lines", "a title of XML of xml", "a field in plain of form"),
    "a field in plain of fields",
}
"""Each is of the monolith, and of the service, another one."""


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searched]:
    directory = tmp_path_factory.mktemp("vault")
    with search(directory, "sqlite", "secrets", ANSWERS) as found:
        yield found


def test_no_secret_is_left_anywhere(searched: Searched) -> None:
    leaks = {name: searched.hidden.found_in(text) for name, text in searched.texts.items()}
    assert {name: places for name, places in leaks.items() if places} == {}


def test_what_is_no_secret_is_stored_in_plain(searched: Searched) -> None:
    stored = b"".join(text for name, text in searched.texts.items() if "strangler.db" in name)
    wanted = {
        searched.hidden.plain(f"{place}, {side}")
        for place in PLAIN
        for side in ("the monolith", "the service")
    }
    assert wanted - searched.hidden.shown_in(stored) == set()
