"""Makes an old revision new: its text becomes live again, in the ledger and in `routes.yaml`."""

from contextlib import AbstractContextManager, nullcontext

from strangler.cli.apply import passage_of, revise, tell_revision
from strangler.cli.asking import ask
from strangler.cli.failure import VerbError
from strangler.cli.plan import live_table
from strangler.cli.routes_file import Replacement, RoutesFile, replacing
from strangler.migration.transition import transitions_between
from strangler.store.records import Revision


def restore(
    number: int,
    live: Revision,
    file: RoutesFile | None,
    actor: str,
    reason: str,
    store: str,
    *,
    force: bool,
) -> None:
    """Make revision `number` the newest again; `file`, if there is one, becomes its text too."""
    old = ask(store, lambda opened: opened.revision(number))
    if old is None:
        raise VerbError(f"there is no revision {number}; the newest is {live.number}")
    if old.digest == live.digest:
        raise VerbError(f"nothing would change: revision {live.number} has the text of {number}")
    table = live_table(old)
    before = live_table(live)
    changes = transitions_between(before, table)
    passage = passage_of(store, before, table, changes, force=force)
    with _replaced(file, old.text) as replacement:
        made = revise(store, live, old.text, table, passage, actor, reason)
        if replacement is not None:
            replacement.put()
    tell_revision(live, made, changes)


def _replaced(file: RoutesFile | None, text: str) -> AbstractContextManager[Replacement | None]:
    return nullcontext() if file is None else replacing(file, text)
