"""Compiles the hot path with mypyc: for a wheel as its build hook, for a checkout by `make setup`.

The modules listed here are the same Python with or without it; compiled, a request costs half the
time. Where there is no C compiler everything runs as it is written.
"""

import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent

HOT = {
    "compare": (
        *("alike", "automaton", "budget", "found", "freeze", "markup", "markup_walk", "pairing"),
        *("paths", "query", "walk"),
    ),
    "http": (
        *("body", "fields", "forwarding", "framing", "head", "lines", "message", "returning"),
        *("roles", "target"),
    ),
    "proxy": (
        *("answered", "beginning", "breaker", "budget", "client", "comparer", "copy", "exchange"),
        *("failure", "fetch", "held", "judge", "marked", "mirror", "observe", "plane", "pool"),
        *("recovery", "request_body", "request_reader", "reservoir", "response_output"),
        *("response_reader", "slots", "traffic", "unreported", "upstream", "upstream_pool"),
    ),
    "routing": ("match",),
}
"""What every request passes through. Of their values only those cross to another process that say
how (`__reduce__`)."""

BUILT = sysconfig.get_config_var("EXT_SUFFIX")  # such as .cpython-311-x86_64-linux-gnu.so


def sources() -> list[Path]:
    """Give the modules that are compiled, below the root of the repository."""
    return [
        Path("strangler", package, f"{module}.py")
        for package, modules in HOT.items()
        for module in modules
    ]


def compile_to(target: Path) -> list[Path]:
    """Compile the hot modules into files below `target`; raises whatever the compilers do."""
    # Not needed for a wheel without a compiler, nor to find that everything is current.
    from mypyc.build import mypycify  # noqa: PLC0415
    from setuptools import Distribution  # noqa: PLC0415
    from setuptools.command.build_ext import build_ext  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as scratch:
        # A wheel is built without what the package needs to run.
        lenient = ("--follow-imports=silent", "--ignore-missing-imports")
        options = ["--config-file", "pyproject.toml", *lenient]
        extensions = mypycify(
            [*options, *map(str, sources())],
            opt_level="3",
            debug_level="0",
            target_dir=scratch,
            group_name="strangler_hot",
        )
        command = build_ext(Distribution({"name": "strangler", "ext_modules": extensions}))
        command.build_lib = str(target)
        command.build_temp = scratch
        command.ensure_finalized()
        command.run()
        return [Path(output) for output in command.get_outputs()]


class CompiledHotPath(BuildHookInterface[Any]):
    """Adds what was compiled to a wheel; without a compiler the wheel is of Python alone."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile for a wheel that is no editable one: a checkout is compiled where it stands."""
        if self.target_name != "wheel" or version == "editable":
            return
        self._scratch = tempfile.TemporaryDirectory()
        # A checkout that was compiled and is current need not be compiled once more.
        root = ROOT if is_current() else Path(self._scratch.name)
        try:
            outputs = compiled_here() if root is ROOT else compile_to(root)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a compiler can fail with
            self.app.display_warning(f"not compiled, which costs speed alone: {error}")
            return
        for output in outputs:
            build_data["force_include"][str(output)] = str(output.relative_to(root))
        build_data["pure_python"] = False
        build_data["infer_tag"] = True


def is_current() -> bool:
    """Tell whether each hot module of this checkout was compiled since it was last written."""
    written = (Path(__file__), *(ROOT / source for source in sources()))
    newest = max(path.stat().st_mtime for path in written)
    return all(
        built.exists() and built.stat().st_mtime > newest
        for built in (ROOT / source.with_suffix(BUILT) for source in sources())
    )


def compiled_here(suffix: str = str(BUILT)) -> list[Path]:
    """List what was compiled in this checkout, for this Python unless `suffix` says otherwise."""
    return [*ROOT.glob(f"*__mypyc*{suffix}"), *ROOT.glob(f"strangler/**/*{suffix}")]


def put_away() -> None:
    """Remove what was compiled in this checkout: Python then runs what is written."""
    for built in compiled_here(".so"):
        built.unlink()


def main() -> None:
    """Compile in place unless that is current; where it fails, run as it is written."""
    if "--pure" in sys.argv:
        put_away()
    elif not is_current():
        put_away()  # never written over: a proxy may be running on it
        try:
            compile_to(ROOT)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the same
            sys.stderr.write(f"The hot path is not compiled, which costs speed alone: {error}\n")


if __name__ == "__main__":
    main()
