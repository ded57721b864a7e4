"""Tells of fences: the one at which writes wait now, and those that ended."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from strangler.cli.output import moment
from strangler.store.records import Fence, FenceState


@dataclass(frozen=True, slots=True)
class Standing:
    """The fence that stands: since when, for how many seconds more, and what it waits for."""

    number: int
    domains: tuple[str, ...]
    everything: bool
    actor: str
    reason: str
    at: datetime | None
    left: float
    waits_for: tuple[str, ...]


def standing(fence: Fence, missing: list[str]) -> Standing:
    """Say how a fence stands at which the replicas in `missing` do not hold their writes yet."""
    waits_for = [f"{name} to acknowledge it" for name in missing]
    if not missing and fence.said:
        waits_for = [fence.said]
    return Standing(
        fence.number,
        tuple(sorted(fence.domains)),
        fence.everything,
        fence.actor,
        fence.reason,
        fence.at,
        round(fence.left, 1),
        tuple(waits_for),
    )


def standing_lines(one: Standing) -> list[str]:
    """Write it for people."""
    since = f" since {moment(one.at)} UTC" if one.at is not None else ""
    until = f"for {one.left:.1f} s more" if one.left > 0 else "though its time is up"
    waits_for = "; ".join(one.waits_for) or "the switch"
    whose = _whose(one.domains, everything=one.everything)
    wait = f"writes of {whose} wait at fence {one.number}{since}, {until}"
    return [
        f"{wait}: {one.actor} moves their writer ({one.reason})",
        f"waited for: {waits_for}",
    ]


def _whose(domains: tuple[str, ...], *, everything: bool) -> str:
    names = ", ".join(domains)
    return f"{names} and all unclaimed requests" if everything else names


def report(fence: Fence) -> dict[str, Any]:
    """Give a fence as plain data; `seconds` is for how long writes waited."""
    seconds = None
    if fence.at is not None and fence.ended_at is not None:
        seconds = (fence.ended_at - fence.at).total_seconds()
    return {
        "number": fence.number,
        "state": fence.state,
        "domains": sorted(fence.domains),
        "everything": fence.everything,
        "at": fence.at,
        "ended_at": fence.ended_at,
        "seconds": seconds,
        "said": fence.said,
    }


def in_history(fence: Fence) -> dict[str, Any]:
    """Give the row of the history for a fence that moved nothing, or stands."""
    return {
        "revision": None,
        "at": fence.at,
        "actor": fence.actor,
        "reason": fence.reason,
        "forced": False,
        "domain": ", ".join(sorted(fence.domains)),
        "route": None,
        "from": None,
        "to": None,
        "detail": _ended(fence),
        "evidence": None,
        "fence": report(fence),
    }


def _ended(fence: Fence) -> str:
    if fence.state is FenceState.RAISED:
        return "its writes wait at a fence"
    return f"a fence was lifted, nothing moved: {fence.said}"
