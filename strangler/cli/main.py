"""The command line: how each verb ends.

Exit codes: 0 fine, 1 error (of the command line too), 2 differences, 3 a gate is not open.
"""

import io
import os
import sys
from typing import Annotated, NoReturn

import typer
from typer.exceptions import TyperException

from strangler import __version__
from strangler.cli.failure import VerbError
from strangler.cli.output import tell
from strangler.cli.verbs import Verbs
from strangler.compiled import stale_modules

ERROR = 1

app = typer.Typer(
    cls=Verbs,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"auto_envvar_prefix": "STRANGLER"},
    help="Move a monolith's domains to services one at a time, on evidence, and back.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"strangler {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            allow_from_autoenv=False,
            help="Print the version and end.",
        ),
    ] = False,
) -> None:
    """Move a monolith's domains to services one at a time, on evidence, and back."""


def main() -> NoReturn:
    """Run the verb that the command line names; the SystemExit holds its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # None where it was closed
            stream.reconfigure(errors="backslashreplace")
    sys.exit(_run())


def _run() -> int:
    for source in stale_modules():
        tell(f"{source} was written since it was compiled, and has no effect: run `make setup`")
    try:
        code = app(prog_name="strangler", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except VerbError as error:
        tell(*error.lines)
        return error.code
    except TyperException as error:  # typer's own exit code is 2, which means differences here
        _tell_usage(error)
        return ERROR
    except OSError as error:  # files are the verbs' own business, so this is our output
        if not isinstance(error, BrokenPipeError):  # else our reader has seen enough
            tell(f"the output cannot be written: {error.strerror}")
        # What is left in the buffer must not fail once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ERROR
    return code or 0


def _tell_usage(error: TyperException) -> None:
    message = error.format_message()
    if message:  # empty where the help was printed
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "strangler"
        tell(f"{message.rstrip('.')}; see `{command} --help`")
