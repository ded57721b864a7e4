"""What holds for every test."""

import pytest
from hypothesis import HealthCheck, settings

from strangler.compiled import stale_modules

# On a busy machine one example may take any time, which says nothing about it: what bounds a
# property is the number of its examples. What hangs is ended by pytest's own timeout.
settings.register_profile(
    "random", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
# The same examples in every run: whether a change may land is no matter of luck.
# `--hypothesis-profile random` tries others.
settings.register_profile("same", settings.get_profile("random"), derandomize=True)
settings.load_profile("same")


def pytest_sessionstart() -> None:
    """Refuse to test what is not what is written: Python prefers what was compiled."""
    stale = stale_modules()
    if stale:
        pytest.exit(f"written since it was compiled: {stale[0]}; run `make setup`", returncode=4)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Keep what gzip and keys are made of, a clock and chance, out of the names of tests.

    The processes that share the tests among them each collect all of them, and must agree.
    """
    if isinstance(val, bytes) and (val.startswith(b"-----BEGIN") or _is_binary(val)):
        return argname
    return None


def _is_binary(octets: bytes) -> bool:
    return len(octets) > 16 and not octets.isascii()
