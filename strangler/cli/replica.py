"""The verbs `replica list` and `replica forget`: who serves, and who is waited for no longer."""

from dataclasses import asdict
from typing import Annotated

import typer

from strangler.cli.asking import ask
from strangler.cli.failure import VerbError
from strangler.cli.fleet import Member, Standing, fleet_table, members
from strangler.cli.options import DEFAULT_STORE, Actor, AsJson, Message, StoreUrl, actor_or_login
from strangler.cli.output import show_lines, write_json
from strangler.cli.tables import show
from strangler.routing.mistakes import did_you_mean

app = typer.Typer(no_args_is_help=True, help="The replicas that serve from one store.")


@app.command("list")
def list_(store: StoreUrl = DEFAULT_STORE, as_json: AsJson = False) -> None:
    """List the replicas: what each serves, and since when it is silent if it is."""
    found = members(ask(store, lambda opened: opened.fleet()))
    if as_json:
        write_json([asdict(one) for one in found])
    elif found:
        show(fleet_table(found))
    else:
        show("no replica serves")


@app.command()
def forget(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The replica, as `list` names it.")],
    message: Message,
    force: Annotated[
        bool, typer.Option("--force", help="Forget one that was heard of just now.")
    ] = False,
    actor: Actor = "",
    store: StoreUrl = DEFAULT_STORE,
) -> None:
    """Say that a replica is dead, so that no move waits for it; the store keeps who said so.

    A replica that is alive and merely cut off from the store goes on sending writes to where they
    went: be sure that it is dead.
    """
    if not message.strip():
        raise VerbError("-m must not be empty: say how you know, the store keeps it")
    lives = _dead(members(ask(store, lambda opened: opened.fleet())), name, force=force)
    said = ask(
        store,
        lambda opened: opened.forget(lives, actor=actor_or_login(actor), reason=message.strip()),
    )
    show_lines(*(f"{one.name} is forgotten, by {one.actor}: {one.reason}" for one in said))


def _dead(fleet: tuple[Member, ...], name: str, *, force: bool) -> list[str]:
    """Choose the lives that are meant: all silent ones of that name."""
    named = [one for one in fleet if name in {one.name, one.life}]
    if not named:
        known = sorted({one.name for one in fleet})
        hint = did_you_mean(name, known) if known else "no replica serves"
        raise VerbError(f"there is no replica {name}; {hint}")
    lives = [one.life for one in named if force or one.standing is Standing.SILENT]
    if not lives:
        raise VerbError(f"{name} was heard of just now, so it is not dead; stop it, or add --force")
    return lives
