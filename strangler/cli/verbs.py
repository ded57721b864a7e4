"""Which verbs there are, and where each is written: a module is imported when its verb is used.

An operator's `strangler status` waits for what `status` needs, and for nothing that `serve` needs.
"""

from pkgutil import resolve_name
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup
from typer.main import get_group

from strangler.routing.mistakes import did_you_mean

VERBS = {
    "serve": "strangler.cli.serve:serve",
    "status": "strangler.cli.status:status",
    "plan": "strangler.cli.plan:plan",
    "apply": "strangler.cli.apply:apply",
    "promote": "strangler.cli.move:promote",
    "rollback": "strangler.cli.move:rollback",
    "gate": "strangler.cli.gate:gate",
    "history": "strangler.cli.history:history",
    "diff": "strangler.cli.diff:app",
    "replica": "strangler.cli.replica:app",
    "explain": "strangler.cli.explain:explain",
    "validate": "strangler.cli.validate:validate",
    "schema": "strangler.cli.validate:schema",
    "doctor": "strangler.cli.doctor:doctor",
}
"""Each verb, in the order of `--help`: a function, or the `Typer` of a verb that has its own."""


class Lazy(TyperGroup):
    """A group that imports a verb when it is used; `--help`, with a line on each, imports all."""

    verbs: ClassVar[dict[str, str]]

    # typer has no public name for the types of contexts and commands, hence `Any`.

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - typer's interface
        """Name the verbs."""
        return list(self.verbs)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import a verb; one that is unknown is an error that names the nearest."""
        if cmd_name not in self.verbs:
            ctx.fail(f"No such command {cmd_name!r}: {did_you_mean(cmd_name, self.verbs)}")
        return _imported(cmd_name, self.verbs[cmd_name])


class Verbs(Lazy):
    """The verbs above."""

    verbs = VERBS


def _imported(verb: str, place: str) -> Any:
    found = resolve_name(place)
    holder = typer.Typer(add_completion=False)
    if isinstance(found, typer.Typer):
        holder.add_typer(found, name=verb)
    else:
        holder.command(verb)(found)
    return get_group(holder).commands[verb]
