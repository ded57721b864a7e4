"""The verbs `promote` and `rollback`: move one domain, in `routes.yaml` and in the ledger."""

from collections.abc import Sequence
from typing import Annotated

import typer

from strangler.cli.asking import ask
from strangler.cli.failure import VerbError
from strangler.cli.gating import Passage, through_gates
from strangler.cli.moving import Move, domain_of, phase_ahead, phase_behind, planned_move
from strangler.cli.options import (
    DEFAULT_ROUTES,
    DEFAULT_STORE,
    LARGEST,
    Actor,
    DomainName,
    Message,
    RoutesPath,
    StoreUrl,
    actor_or_login,
    reason_of,
)
from strangler.cli.output import show_lines
from strangler.cli.restoring import restore
from strangler.cli.routes_file import RoutesFile, read_routes, replacing
from strangler.routing.phase import Phase
from strangler.store.records import Revision


def promote(
    domain: DomainName,
    message: Message,
    to: Annotated[
        Phase | None, typer.Option("--to", help="How far; without it one step.", show_default=False)
    ] = None,
    weight: Annotated[
        str | None,
        typer.Option(
            "--weight",
            metavar="PERCENT",
            help="Who reads from the service in the canary, such as 10%; alone, only this changes.",
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Skip steps, pass shut gates; the ledger says so for ever."),
    ] = False,
    actor: Actor = "",
    store: StoreUrl = DEFAULT_STORE,
    routes: RoutesPath = DEFAULT_ROUTES,
) -> None:
    """Move a domain one step towards its service, or give its canary another weight."""
    reason = reason_of(message)
    file, live = _live_file(routes, store)
    ahead = phase_ahead(domain_of(file.table, domain), to, weight)
    move = planned_move(file, domain, ahead, weight, force=force)
    passage = through_gates(store, file.table, move.table, move.changes, force=force)
    _make(file, live, move, passage, actor, reason, store)


def rollback(
    message: Message,
    domain: Annotated[
        str | None,
        typer.Argument(
            metavar="[DOMAIN]", help="The domain, as routes.yaml names it.", show_default=False
        ),
    ] = None,
    to: Annotated[
        Phase | None,
        typer.Option("--to", help="How far; without it one step.", show_default=False),
    ] = None,
    revision: Annotated[
        int | None,
        typer.Option(
            "--revision",
            metavar="N",
            min=1,
            max=LARGEST,
            help="In place of a domain: make all of this revision live again.",
            show_default=False,
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="With --revision: skip steps that lead forward; the ledger says so."
        ),
    ] = False,
    actor: Actor = "",
    store: StoreUrl = DEFAULT_STORE,
    routes: RoutesPath = DEFAULT_ROUTES,
) -> None:
    """Move a domain back towards the monolith, at once, or make an old revision live again.

    A canary's weight stays in the file for next time.
    """
    reason = reason_of(message)
    if revision is not None:
        if domain is not None or to is not None:
            raise VerbError("--revision takes no domain and no --to: it is about all of them")
        # A machine of a fleet need not have the file; where there is one, it must be what is live.
        found = _live_file(routes, store) if routes.exists() else (None, _live(routes, store))
        restore(revision, found[1], found[0], actor, reason, store, force=force)
        return
    if domain is None or force:
        raise VerbError("name a domain, or a revision with --revision N; only that takes --force")
    file, live = _live_file(routes, store)
    behind = phase_behind(domain_of(file.table, domain), to)
    move = planned_move(file, domain, behind, None, force=False)
    passage = through_gates(store, file.table, move.table, move.changes, force=False)
    _make(file, live, move, passage, actor, reason, store)


def _live_file(routes: RoutesPath, store: str) -> tuple[RoutesFile, Revision]:
    """Read the file and the live revision, which must be the same text: one step, one change."""
    file = read_routes(routes)
    live = _live(routes, store)
    if live.digest != file.table.digest:
        raise VerbError(_not_live(file, live, ask(store, lambda opened: opened.revisions())))
    return file, live


def _live(routes: RoutesPath, store: str) -> Revision:
    live = ask(store, lambda opened: opened.newest())
    if live is None:
        raise VerbError(f"nothing is live yet: start `strangler serve --routes {routes}` first")
    return live


def _not_live(file: RoutesFile, live: Revision, known: Sequence[Revision]) -> str:
    """Say how the file differs from what is live: it is ahead of it, or behind."""
    old = next((one.number for one in known if one.digest == file.table.digest), None)
    if old is None:
        return (
            f"{file.path} has changes that are not live yet (live is revision {live.number}); "
            "have `strangler serve --watch` take them up, or take them back, then try again"
        )
    return (
        f"{file.path} is still revision {old}, but revision {live.number} is live "
        f"(by {live.actor}: {live.reason}); bring the file up to date, then try again "
        "(`strangler status --json` has the live text)"
    )


def _make(
    file: RoutesFile,
    live: Revision,
    move: Move,
    passage: Passage,
    actor: str,
    reason: str,
    store: str,
) -> None:
    """Record the move and put the file in place: first the ledger, which is what decides."""
    # With it comes SQLAlchemy, which `--help` does without.
    from strangler.control.moving import Proposal, make_live  # noqa: PLC0415

    proposal = Proposal(
        text=move.text,
        table=move.table,
        actor=actor_or_login(actor),
        reason=reason,
        transitions=passage.transitions,
        previous=live.number,
        forced=move.forced or passage.forced,
    )
    with replacing(file, move.text) as replacement:
        made = ask(store, lambda opened: make_live(opened, file.table, proposal))
        replacement.put()
    forced = ", forced" if made.forced else ""
    show_lines(
        *map(str, move.changes),
        f"revision {live.number} → {made.number}, by {made.actor}{forced}",
    )
