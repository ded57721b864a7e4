"""The verb `diff report`: all that is known of the comparisons, in one file or as JSON."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from strangler.cli.asking import ask
from strangler.cli.diff_list import summary
from strangler.cli.failure import VerbError
from strangler.cli.history import TIMES, moment_of
from strangler.cli.options import DEFAULT_STORE, AsJson, StoreUrl
from strangler.cli.output import tell, write_json
from strangler.cli.report_page import page
from strangler.cli.scope import require_known
from strangler.compare.verdict import ENDED, Verdict
from strangler.migration.evidence import TIMED
from strangler.migration.latency import LAST, edge_of
from strangler.store.records import Finding
from strangler.store.store import Store

MOST_FINDINGS = 1000
"""More than anybody reads in one report."""


@dataclass(frozen=True, slots=True)
class RouteReport:
    """One route: how its comparisons ended, and the share of mismatches hour by hour."""

    domain: str
    route: str
    verdicts: dict[str, int]
    hours: tuple[tuple[datetime, float], ...]

    @property
    def share(self) -> float | None:
        """Give the share of mismatches among the comparisons that came to an end."""
        ended = sum(self.verdicts.get(verdict, 0) for verdict in ENDED)
        return self.verdicts.get(Verdict.MISMATCH, 0) / ended if ended else None


@dataclass(frozen=True, slots=True)
class Report:
    """What a report tells. `latency`: by domain and system, edges in seconds with counts."""

    at: datetime
    since: datetime
    routes: tuple[RouteReport, ...]
    findings: tuple[Finding, ...]
    latency: dict[str, dict[str, list[tuple[float, int]]]]


def report(
    html: Annotated[
        Path | None,
        typer.Option(
            "--html", metavar="FILE", help="Write one self-contained page.", show_default=False
        ),
    ] = None,
    domain: Annotated[
        str | None, typer.Option("--domain", metavar="DOMAIN", help="Only of this domain.")
    ] = None,
    since: Annotated[
        str, typer.Option("--since", metavar="TIME", help=f"Hours from then on: {TIMES}.")
    ] = "7d",
    store: StoreUrl = DEFAULT_STORE,
    as_json: AsJson = False,
) -> None:
    """Report how the comparisons go: as a page with charts, or as JSON."""
    if html is None and not as_json:
        raise VerbError("say as what: --html FILE, or --json")
    now = datetime.now(UTC)
    began = moment_of("--since", since, now) or now - timedelta(days=7)
    told = ask(store, lambda opened: gather(opened, domain, began, now))
    if html is not None:
        try:
            html.write_text(page(told), encoding="utf-8")
        except OSError as error:
            raise VerbError(f"{html}: {error.strerror}") from error
        tell(f"{html} is written: one file, open it in a browser")
    if as_json:
        write_json(_data(told))


async def gather(store: Store, domain: str | None, since: datetime, now: datetime) -> Report:
    """Read all that a report tells."""
    verdicts: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for one in await store.verdicts(domain):
        verdicts[one.domain, one.route][one.verdict] += one.count
    if not verdicts:
        await require_known(store, domain, None)
    hours: defaultdict[tuple[str, str], dict[datetime, Counter[str]]] = defaultdict(dict)
    for each in await store.hours(domain, since=since):
        hour = hours[each.domain, each.route].setdefault(each.hour, Counter())
        hour[each.verdict] += each.count
    routes = tuple(
        RouteReport(*place, dict(counts), _shares(hours[place]))
        for place, counts in sorted(verdicts.items())
    )
    domains = sorted({place[0] for place in verdicts})
    return Report(
        now,
        since,
        routes,
        tuple(await store.findings(domain=domain, noise=None, limit=MOST_FINDINGS)),
        {name: found for name in domains if (found := await _latency(store, name))},
    )


def _shares(hours: dict[datetime, Counter[str]]) -> tuple[tuple[datetime, float], ...]:
    """Give the share of mismatches of each hour from the first to the last, 0 of quiet ones."""
    if not hours:
        return ()
    shares = []
    hour, last = min(hours), max(hours)
    while hour <= last:
        counts = hours.get(hour, Counter())
        ended = sum(counts[verdict] for verdict in ENDED)
        shares.append((hour, counts[Verdict.MISMATCH] / ended if ended else 0.0))
        hour += timedelta(hours=1)
    return tuple(shares)


async def _latency(store: Store, domain: str) -> dict[str, list[tuple[float, int]]]:
    """Add up how long both systems took over the same requests."""
    buckets: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for one in await store.answers(domain):
        if one.outcome == TIMED and one.bucket < LAST:
            buckets[one.system][one.bucket] += one.count
    return {
        system: [(edge_of(bucket), count) for bucket, count in sorted(counts.items())]
        for system, counts in sorted(buckets.items())
    }


def _data(told: Report) -> dict[str, Any]:
    return {
        "at": told.at,
        "since": told.since,
        "routes": [
            {
                "domain": one.domain,
                "route": one.route,
                "verdicts": {verdict.value: one.verdicts.get(verdict, 0) for verdict in Verdict},
                "share": one.share,
                "hours": [{"hour": hour, "share": share} for hour, share in one.hours],
            }
            for one in told.routes
        ],
        "kinds": kinds(told.findings),
        "latency": [
            {
                "domain": domain,
                "system": system,
                "answers": [{"seconds": edge, "count": count} for edge, count in points],
            }
            for domain, systems in told.latency.items()
            for system, points in systems.items()
        ],
        "findings": [summary(finding) for finding in told.findings],
    }


def kinds(findings: tuple[Finding, ...]) -> dict[str, int]:
    """Count open findings by kind, the most frequent first."""
    counts = Counter(one.kind for one in findings if one.matters)
    return dict(counts.most_common())
