"""What every test that starts a program relies on."""

import signal
from pathlib import Path

import pytest

from tests.processes import Program, ProgramError


def program(directory: Path, source: str, **options: float | str) -> Program:
    """Make a program of some lines of Python."""
    (directory / "sample.py").write_text(source)
    return Program("sample", cwd=directory, **options)


READY = "print('listening on http://127.0.0.1:80', flush=True)\n"
WAIT = "import time\nwhile True: time.sleep(1)\n"


def test_a_program_is_ready_when_it_says_so_and_ends_when_it_is_asked(tmp_path: Path) -> None:
    with program(tmp_path, "print('warming up')\n" + READY + WAIT) as running:
        assert running.running
        assert (running.url, running.port) == ("http://127.0.0.1:80", 80)
        assert running.output == "warming up\nlistening on http://127.0.0.1:80"
    assert not running.running
    assert running.process is not None
    assert running.process.returncode == -signal.SIGTERM


def test_a_killed_program_can_be_started_again(tmp_path: Path) -> None:
    with program(tmp_path, READY + WAIT) as running:
        assert running.kill() == -signal.SIGKILL
        running.start()
        assert running.running


def test_a_program_that_ends_too_early_is_told_with_what_it_printed(tmp_path: Path) -> None:
    broken = program(tmp_path, "raise SystemExit('no such database')")
    with pytest.raises(ProgramError, match=r"ended before it was ready[^$]*no such database"):
        broken.start()
    assert not broken.running


def test_a_program_that_does_not_get_ready_is_killed(tmp_path: Path) -> None:
    silent = program(tmp_path, WAIT, deadline=0.2)
    with pytest.raises(ProgramError, match="not ready"):
        silent.start()
    assert not silent.running


def test_a_program_that_does_not_end_is_killed_and_told(tmp_path: Path) -> None:
    deaf = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    stubborn = program(tmp_path, deaf + READY + WAIT)
    stubborn.start()
    with pytest.raises(ProgramError, match="did not end"):
        stubborn.stop(patience=0.2)
    assert not stubborn.running


def test_a_program_that_prints_a_lot_is_never_blocked_by_it(tmp_path: Path) -> None:
    flood = "for _ in range(20_000): print('x' * 100)\nprint('done', flush=True)\n"
    with program(tmp_path, flood + WAIT, ready="^done$") as running:
        assert running.running
