"""Where the key of stored hashes comes from."""

import threading
from pathlib import Path

import pytest

from strangler.control.redaction_key import VARIABLE, redaction_key
from strangler.store.errors import StoreError


@pytest.fixture(autouse=True)
def _nothing_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


def test_the_environment_beats_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "from outside")

    assert redaction_key(f"sqlite:///{tmp_path}/s.db") == b"from outside"
    assert list(tmp_path.iterdir()) == []


def test_a_key_is_made_once_beside_the_store_for_its_owner_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/deep/down/s.db"
    key = redaction_key(url)
    (file,) = (tmp_path / "deep" / "down").iterdir()

    assert (file.name, file.stat().st_mode & 0o777) == ("s.key", 0o600)
    assert len(key) >= 32
    assert redaction_key(url) == key


def test_many_processes_that_begin_at_once_agree_on_a_key(tmp_path: Path) -> None:
    keys: list[bytes] = []
    barrier = threading.Barrier(8)

    def begin() -> None:
        barrier.wait()
        keys.append(redaction_key(f"sqlite:///{tmp_path}/s.db"))

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(keys) == 8
    assert len(set(keys)) == 1


def test_other_stores_have_another_key(tmp_path: Path) -> None:
    keys = {redaction_key(f"sqlite:///{tmp_path}/{name}.db") for name in "ab"}

    assert len(keys) == 2


def test_a_store_on_a_server_has_a_key_for_each_process() -> None:
    url = "postgresql://localhost/strangler"

    assert len(redaction_key(url)) >= 32
    assert redaction_key(url) != redaction_key(url)


@pytest.mark.parametrize("content", [b"", b"half a key"])
def test_a_key_that_was_cut_off_is_no_key(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "s.key").write_bytes(content)

    with pytest.raises(StoreError, match=r"s\.key is cut off"):
        redaction_key(f"sqlite:///{tmp_path}/s.db")


def test_a_place_that_cannot_hold_a_key_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreError, match=r"the key file .*s\.key: .*; or set STRANGLER_"):
        redaction_key(f"sqlite:///{tmp_path}/file/s.db")
