"""What `--store` may say, and what is answered to the rest."""

from pathlib import Path

import pytest

from strangler.store.address import read_address
from strangler.store.errors import StoreError


def test_three_slashes_are_relative_to_the_working_directory_and_four_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert (
        read_address("sqlite:///.strangler/a b%20c.db").path == tmp_path / ".strangler/a b%20c.db"
    )
    assert read_address("sqlite:////var/lib/strangler.db").path == Path("/var/lib/strangler.db")


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_a_postgresql_url_is_opened_with_its_driver_and_shown_without_its_password(
    scheme: str,
) -> None:
    address = read_address(f"{scheme}://ada:secret@db:5433/strangler?sslmode=require")
    assert address.path is None
    assert address.url.drivername == "postgresql+asyncpg"
    assert address.url.password == "secret"
    assert dict(address.url.query) == {"ssl": "require"}
    assert address.shown == f"{scheme}://ada:***@db:5433/strangler"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("store.db", "'store.db' is not a URL"),
        ("", "'' is not a URL"),
        ("sqlite:///", "names no file"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file, and memory is not shared"),
        ("sqlite://store.db", "lacks a slash"),
        ("sqlite:///store.db?mode=ro", "has options, a file takes none"),
        ("mysql://ada:secret@db/strangler", "cannot be 'mysql'"),
        ("sqlite+aiosqlite:///store.db", "cannot be 'sqlite\\+aiosqlite'"),
        ("postgresql://ada:secret@db", "names no database"),
        ("postgresql://ada:secret@db:port/x", "'…@db:port/x' is not a URL"),
        ("postgresql://ada:secret@db/x?sslkey=secret", "has the option 'sslkey'"),
    ],
)
def test_what_cannot_be_a_store_is_told_in_one_line_without_secrets(url: str, message: str) -> None:
    with pytest.raises(StoreError, match=message) as caught:
        read_address(url)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)
