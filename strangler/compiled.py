"""Tells whether the hot path runs compiled, and whether what was compiled is what is written."""

from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

PACKAGE = Path(__file__).parent


def is_compiled() -> bool:
    """Tell whether the hot path was compiled, which halves what a request costs."""
    return bool(_built())


def stale_modules() -> list[Path]:
    """List the sources of this checkout that were written since they were compiled.

    Python prefers what is compiled, so that an edit would have no effect. An installed package is
    in order: there nobody edits, and what times its files have is the installer's choice.
    """
    if not (PACKAGE.parent / "hatch_build.py").exists():
        return []
    sources = [(path, path.with_name(path.name.split(".")[0] + ".py")) for path in _built()]
    return sorted(
        source
        for built, source in sources
        if not source.exists() or source.stat().st_mtime > built.stat().st_mtime
    )


def _built() -> list[Path]:
    return [path for path in PACKAGE.glob("*/*") if path.name.endswith(EXTENSION_SUFFIXES[0])]
