"""What a replica keeps on its disk: whole or old, and one life's alone."""

import os
from pathlib import Path

import pytest

from strangler.control.kept import Keeper, Kept, KeptError
from strangler.store.records import Revision
from tests.store.sample import NOON

REVISION = Revision(4, NOON, "ada", "a week of silence", "d1", "version: 1\n", forced=False)
KEPT = Kept("a life", ("b", "c"), REVISION)


@pytest.fixture
def keeper(tmp_path: Path) -> Keeper:
    return Keeper(tmp_path / "state", "web-1:8080")


def test_what_was_kept_is_read_back(keeper: Keeper) -> None:
    assert keeper.read() is None
    for kept in (KEPT, Kept("", ())):
        keeper.write(kept)
        assert keeper.read() == kept


def test_what_was_tampered_with_or_cut_off_is_not_believed(keeper: Keeper, tmp_path: Path) -> None:
    keeper.write(KEPT)
    (path,) = (tmp_path / "state").glob("*.kept")
    whole = path.read_bytes()
    for damaged in (whole.replace(b"ada", b"eve"), whole[:-1], b"", b"\n"):
        path.write_bytes(damaged)
        with pytest.raises(KeptError, match=r"web-1:8080\.kept is damaged"):
            keeper.read()


def test_only_its_owner_may_read_it_and_no_draft_stays(keeper: Keeper, tmp_path: Path) -> None:
    keeper.write(KEPT)
    keeper.write(KEPT)
    files = sorted(path.name for path in (tmp_path / "state").iterdir())

    assert files == ["web-1:8080.kept", "web-1:8080.lock"]
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "state").iterdir()} == {0}


def test_a_directory_that_is_a_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    with pytest.raises(KeptError, match="check --state"):
        Keeper(tmp_path / "state", "web-1")


def test_a_life_is_over_when_its_last_process_is_gone(keeper: Keeper, tmp_path: Path) -> None:
    """A worker inherits the lock: it holds on to it after the supervisor has died."""
    assert keeper.lock()
    inherited = os.dup(keeper.descriptor)
    keeper.close()
    later = Keeper(tmp_path / "state", "web-1:8080")

    assert not later.lock()
    os.close(inherited)
    assert later.lock()
    later.close()
