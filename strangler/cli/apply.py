"""The verb `apply`: makes a file, or a plan that is still true, the live revision."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from strangler.cli.asking import ask
from strangler.cli.failure import VerbError
from strangler.cli.gating import Passage, through_gates
from strangler.cli.options import (
    DEFAULT_STORE,
    LARGEST,
    Actor,
    Message,
    StoreUrl,
    actor_or_login,
    reason_of,
)
from strangler.cli.output import show_lines
from strangler.cli.plan import live_table
from strangler.cli.plan_file import Proposal, read_proposal
from strangler.migration.transition import PhaseChange, transitions_between
from strangler.routing.table import RouteTable
from strangler.store.records import Chapter, Revision

MOST_TOLD = 20
"""Revisions since a stale plan that are told; who reads more reads `history`."""

FileOrPlan = Annotated[
    Path, typer.Argument(metavar="FILE|PLAN", help="A routes.yaml, or what `plan --out` wrote.")
]
Force = Annotated[
    bool, typer.Option("--force", help="Skip steps, pass shut gates; the ledger says so for ever.")
]


def apply(
    file: FileOrPlan,
    message: Message,
    force: Force = False,
    onto: Annotated[
        int | None,
        typer.Option(
            "--onto",
            metavar="N",
            min=1,
            max=LARGEST,
            help="Only if revision N is still live; a plan says that by itself.",
            show_default=False,
        ),
    ] = None,
    actor: Actor = "",
    store: StoreUrl = DEFAULT_STORE,
) -> None:
    """Make a file or a plan the live revision, all of it or nothing."""
    reason = reason_of(message)
    proposal = read_proposal(file)
    live = ask(store, lambda opened: opened.newest())
    if live is None:
        raise VerbError("nothing is live yet: start `strangler serve --routes FILE` first")
    if live.digest == proposal.table.digest:
        show_lines(f"nothing changes: {file} is revision {live.number}, which is live")
        return
    _refuse_stale(proposal, onto, live, store)
    changes = transitions_between(live_table(live), proposal.table)
    passage = passage_of(store, live_table(live), proposal.table, changes, force=force)
    made = revise(store, live, proposal.text, proposal.table, passage, actor, reason)
    tell_revision(live, made, changes)


def _refuse_stale(proposal: Proposal, onto: int | None, live: Revision, store: str) -> None:
    number, digest = proposal.base or (onto or live.number, live.hash)
    if (number, digest) == (live.number, live.hash) and onto in {None, live.number}:
        return
    if onto is not None and onto > live.number:
        raise VerbError(f"--onto {onto}: revision {live.number} is the newest; nothing was changed")
    if number > live.number or (number == live.number and onto in {None, live.number}):
        raise VerbError(
            f"{proposal.path} was planned against another store: its revision {number} is not "
            "ours; check --store, or plan again"
        )
    base = min(number, onto or number)
    since = ask(store, lambda opened: opened.chapters(base, MOST_TOLD))
    what = "the plan is stale: it" if proposal.base else "it"
    raise VerbError(
        f"{proposal.path}: {what} is for revision {base}, and revision {live.number} is live; "
        "nothing was changed. Since then:",
        *(f"  {_told(chapter)}" for chapter in since),
        "plan again, and look at what it says now",
    )


def _told(chapter: Chapter) -> str:
    moved = ", ".join(str(move.change()) for move in chapter.transitions)
    revision = chapter.revision
    return f"{revision.number} by {revision.actor}: {revision.reason}{moved and f' ({moved})'}"


def passage_of(
    store: str,
    old: RouteTable,
    new: RouteTable,
    changes: tuple[PhaseChange, ...],
    *,
    force: bool,
) -> Passage:
    """Let changes pass that are legal and whose gates are open; force lets all of them."""
    forced = allowed(changes, force=force)
    passage = through_gates(store, old, new, changes, force=force)
    return replace(passage, forced=forced or passage.forced)


def allowed(changes: tuple[PhaseChange, ...], *, force: bool) -> bool:
    """Tell whether it took force to allow these changes; without it, illegal ones end the verb."""
    judgements = [(change, change.judged(forced=force)) for change in changes]
    illegal = [f"{change}: {one.why}" for change, one in judgements if not one.legal]
    if illegal:
        raise VerbError(*illegal)
    return any(judgement.forced for _, judgement in judgements)


def revise(
    store: str,
    live: Revision,
    text: str,
    table: RouteTable,
    passage: Passage,
    actor: str,
    reason: str,
) -> Revision:
    """Make the revision that follows `live`; if another was first, a `VerbError` says who.

    One that moves a writer goes through a fence.
    """
    # With it comes SQLAlchemy, which `--help` does without.
    from strangler.control import moving  # noqa: PLC0415

    proposal = moving.Proposal(
        text=text,
        table=table,
        actor=actor_or_login(actor),
        reason=reason,
        transitions=passage.transitions,
        previous=live.number,
        forced=passage.forced,
    )
    return ask(store, lambda opened: moving.make_live(opened, live_table(live), proposal))


def tell_revision(live: Revision, made: Revision, changes: tuple[PhaseChange, ...]) -> None:
    """Say what is live now."""
    forced = ", forced" if made.forced else ""
    show_lines(
        *map(str, changes), f"revision {live.number} → {made.number}, by {made.actor}{forced}"
    )
