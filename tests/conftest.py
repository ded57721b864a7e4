"""What holds for every test."""

import pytest

from strangler.compiled import stale_modules


def pytest_sessionstart() -> None:
    """Refuse to test what is not what is written: Python prefers what was compiled."""
    stale = stale_modules()
    if stale:
        pytest.exit(f"written since it was compiled: {stale[0]}; run `make setup`", returncode=4)
