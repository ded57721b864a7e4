"""A file is replaced whole, and what killed writers have left beside it goes."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from strangler.control.draft import Draft, clear_abandoned

WRITER = """\
import sys, time
from pathlib import Path
from strangler.control.draft import Draft
draft = Draft(Path(sys.argv[1]), b"half of it")
print(draft.path, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "routes.yaml"
    path.write_text("old")
    path.chmod(0o640)
    return path


def beside(file: Path) -> list[str]:
    return sorted(path.name for path in file.parent.iterdir() if path != file)


def writer(file: Path) -> subprocess.Popen[str]:
    """Start a process that has written a draft, and lives."""
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", WRITER, str(file)]
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
    assert process.stdout is not None
    assert process.stdout.readline()
    return process


def test_a_file_is_replaced_with_its_mode(file: Path) -> None:
    draft = Draft(file, b"new")
    assert (file.read_text(), draft.path.read_text()) == ("old", "new")
    draft.put()
    draft.discard()
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == ("new", 0o640)
    assert beside(file) == []


def test_a_draft_that_is_not_put_in_place_goes(file: Path) -> None:
    Draft(file, b"new").discard()
    assert (file.read_text(), beside(file)) == ("old", [])


def test_one_that_is_kept_for_a_person_is_removed_by_nobody(file: Path) -> None:
    draft = Draft(file, b"new")
    kept = draft.keep()
    draft.discard()
    Draft(file, b"newer").discard()
    assert (kept.name, kept.read_text()) == ("routes.yaml.new", "new")


def test_what_a_killed_writer_has_left_goes_with_the_next_write(file: Path) -> None:
    with writer(file) as killed:
        assert len(beside(file)) == 1
        killed.kill()
    assert len(beside(file)) == 1
    Draft(file, b"new").put()
    assert (file.read_text(), beside(file)) == ("new", [])


def test_what_a_living_process_writes_stays(file: Path) -> None:
    with writer(file) as other:
        (theirs,) = beside(file)
        Draft(file, b"new").put()
        assert beside(file) == [theirs]
        other.kill()


def test_what_people_and_editors_keep_beside_the_file_stays(file: Path) -> None:
    for name in (".routes.yaml.swp", ".routes.yaml.original", "routes.yaml.new", ".routes.yaml"):
        (file.parent / name).write_text("mine")
    (file.parent / ".routes.yaml.strangler-link").symlink_to(file)
    before = beside(file)
    clear_abandoned(file)
    assert beside(file) == before


def test_a_directory_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        Draft(tmp_path / "none" / "routes.yaml", b"new")
