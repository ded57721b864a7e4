"""The verb `gate`: may a domain go on, and if not, what is lacking; begins the count anew."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from strangler.cli.asking import ask
from strangler.cli.failure import GateShutError, VerbError
from strangler.cli.gating import gate_lines
from strangler.cli.moving import domain_of
from strangler.cli.options import (
    DEFAULT_STORE,
    Actor,
    AsJson,
    DomainName,
    StoreUrl,
    actor_or_login,
    reason_of,
)
from strangler.cli.output import show_lines, write_json
from strangler.cli.plan import live_table
from strangler.migration.gate import Gate
from strangler.routing.table import Domain
from strangler.store.records import Revision, Transition

if TYPE_CHECKING:
    from strangler.store.store import Store


def gate(
    domain: DomainName,
    anew: Annotated[
        bool,
        typer.Option(
            "--anew",
            help="Let the evidence count from now on, as after a new build of it; needs -m.",
        ),
    ] = False,
    message: Annotated[
        str, typer.Option("-m", "--message", metavar="WHY", help="Why it counts anew.")
    ] = "",
    actor: Actor = "",
    store: StoreUrl = DEFAULT_STORE,
    as_json: AsJson = False,
) -> int:
    """Say whether a domain may go on: exit code 0 if its gate is open, 3 if it is not."""
    live = ask(store, lambda opened: opened.newest())
    if live is None:
        raise VerbError("nothing is live yet: start `strangler serve --routes FILE` first")
    table = live_table(live)
    found = domain_of(table, domain)
    if anew:
        _begin_anew(store, live, found, actor, reason_of(message))
        return 0
    # With it comes SQLAlchemy, which `--help` and verbs that share this module do without.
    from strangler.control.gates import next_gate  # noqa: PLC0415

    now = datetime.now(UTC)
    asked = ask(store, lambda opened: next_gate(opened, table, domain, now))
    if as_json:
        write_json(report(found, asked))
    elif asked is None:
        show_lines(f"{domain} is in {found.phase}: no gate is in its way")
    else:
        show_lines(*gate_lines(asked))
    return 0 if asked is None or asked.is_open else GateShutError.code


def report(domain: Domain, asked: Gate | None) -> dict[str, Any]:
    """Write the gate as JSON."""
    judged = {"gate": None, "outcome": None} if asked is None else asked.report()
    return {"domain": domain.name, "phase": domain.phase, **judged}


def _begin_anew(store: str, live: Revision, domain: Domain, actor: str, reason: str) -> None:
    """Append a revision of the same text, from which on evidence counts."""
    from strangler.control.gates import ANEW  # noqa: PLC0415

    move = Transition(domain.name, None, domain.phase, domain.phase, ANEW)

    async def append(opened: "Store") -> Revision:
        return await opened.add_revision(
            text=live.text,
            digest=live.digest,
            actor=actor_or_login(actor),
            reason=reason,
            at=datetime.now(UTC),
            transitions=[move],
            previous=live.number,
        )

    made = ask(store, append)
    show_lines(
        f"{domain.name}: {domain.phase}, {ANEW}",
        f"revision {live.number} → {made.number}, by {made.actor}",
    )
