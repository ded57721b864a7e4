"""The verbs `diff accept`, `diff fixed` and `diff reopen`: what somebody says of a finding."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from strangler.cli.asking import ask
from strangler.cli.diff_show import the_finding
from strangler.cli.failure import VerbError
from strangler.cli.history import AGO, UNITS
from strangler.cli.options import (
    DEFAULT_STORE,
    Actor,
    FindingId,
    Message,
    StoreUrl,
    actor_or_login,
    reason_of,
)
from strangler.cli.output import moment, tell
from strangler.compare.state import FindingState
from strangler.store.records import StateChange

DATES = "2026-03-01, 2026-03-01T12:00 (UTC), or in 90m, 12h, 30d"


def accept(
    finding_id: FindingId,
    message: Message,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="TIME", help=f"Only until then: {DATES}."),
    ] = None,
    actor: Actor = "",
    store: StoreUrl = DEFAULT_STORE,
) -> None:
    """Say that a finding may differ: gates count it as equal for as long as that holds."""
    now = datetime.now(UTC)
    ends = _ahead(until, now)
    change = StateChange(
        now, actor_or_login(actor), reason_of(message), FindingState.ACCEPTED, ends
    )
    _say(store, finding_id, change)


def fixed(
    finding_id: FindingId, message: Message, actor: Actor = "", store: StoreUrl = DEFAULT_STORE
) -> None:
    """Say that a finding is gone; it is open again as soon as it is seen again."""
    now = datetime.now(UTC)
    who, why = actor_or_login(actor), reason_of(message)
    _say(store, finding_id, StateChange(now, who, why, FindingState.FIXED))


def reopen(
    finding_id: FindingId, message: Message, actor: Actor = "", store: StoreUrl = DEFAULT_STORE
) -> None:
    """Take back what was said of a finding: somebody must look at it."""
    now = datetime.now(UTC)
    who, why = actor_or_login(actor), reason_of(message)
    _say(store, finding_id, StateChange(now, who, why, FindingState.OPEN))


def _say(store: str, finding_id: str, change: StateChange) -> None:
    found = the_finding(store, finding_id)
    if found.noise:
        raise VerbError(f"{found.id} is noise, which counts for nothing: nobody need judge it")
    ask(store, lambda opened: opened.say(found.id, change))
    until = f" until {moment(change.until)} UTC" if change.until else ""
    tell(f"{found.id} ({found.title}) is now {change.state}{until}")


def _ahead(text: str | None, now: datetime) -> datetime | None:
    """Read a time to come: a date, a date with a time, or how far ahead. Without a zone UTC."""
    if text is None:
        return None
    ahead = AGO.fullmatch(text)
    if ahead is not None:
        return now + timedelta(**{UNITS[ahead[2]]: int(ahead[1])})
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise VerbError(f"--until {text}: write {DATES}") from error
    time = time if time.tzinfo else time.replace(tzinfo=UTC)
    if time <= now:
        raise VerbError(f"--until {text}: that is over already")
    return time
