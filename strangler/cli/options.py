"""The flags that several verbs share. Each has the same environment variable in all of them.

A verb's own flags get theirs from its name: `promote --to` is `STRANGLER_PROMOTE_TO`.
"""

import os
import pwd
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from strangler.cli.failure import VerbError

DEFAULT_STORE = "sqlite:///.strangler/strangler.db"
DEFAULT_ROUTES = Path("routes.yaml")

StoreUrl: TypeAlias = Annotated[
    str,
    typer.Option(
        "--store",
        envvar="STRANGLER_STORE",
        metavar="URL",
        help="The store: sqlite:///path/to.db or postgresql://user@host/database.",
    ),
]
RoutesPath: TypeAlias = Annotated[
    Path,
    typer.Option(
        "--routes", envvar="STRANGLER_ROUTES", metavar="FILE", help="The routes.yaml to work on."
    ),
]
AsJson: TypeAlias = Annotated[
    bool, typer.Option("--json", envvar="STRANGLER_JSON", help="Print JSON, for programs.")
]
Actor: TypeAlias = Annotated[
    str,
    typer.Option(
        "--actor",
        envvar="STRANGLER_ACTOR",
        metavar="NAME",
        help="Who does this, for the ledger; without it your login name @ this host.",
        show_default=False,
    ),
]
Message: TypeAlias = Annotated[
    str,
    typer.Option("-m", "--message", metavar="WHY", help="Why; the ledger keeps it for ever."),
]
LARGEST = 2**31 - 1
"""The largest number that a column of the store holds, and more than anybody has of anything."""

Limit: TypeAlias = Annotated[
    int,
    typer.Option("--limit", min=1, max=LARGEST, metavar="N", help="Show at most N, the newest."),
]
DomainName: TypeAlias = Annotated[
    str, typer.Argument(metavar="DOMAIN", help="The domain, as routes.yaml names it.")
]
RequestPath: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--path",
        metavar="PATH",
        help="What to ask, where what was asked is stored redacted: a path or a whole URL.",
        show_default=False,
    ),
]
RequestHeaders: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--header", metavar="'NAME: VALUE'", help="A header to ask with, such as yours; repeatable."
    ),
]
FindingId: TypeAlias = Annotated[
    str, typer.Argument(metavar="ID", help="The id of a finding, or its first characters.")
]


def actor_or_login(actor: str) -> str:
    """Name who does this: what `--actor` says, else the login name @ this host."""
    if actor.strip():
        return actor.strip()
    uid = os.getuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:  # a container's user often has no entry
        name = f"uid {uid}"
    return f"{name}@{os.uname().nodename}"


def reason_of(message: str) -> str:
    """Give the reason that goes into the ledger."""
    if not message.strip():
        raise VerbError("-m must not be empty: say why, the ledger keeps it")
    return message.strip()
