"""Writes a report as one page: its style and its charts are in it, and nothing is fetched."""

from collections.abc import Iterable, Iterator
from html import escape
from typing import TYPE_CHECKING

from strangler.cli.output import counted
from strangler.cli.report_charts import bars, distributions, share_over_time
from strangler.compare.state import FindingState
from strangler.compare.verdict import ENDED, Verdict
from strangler.store.records import Finding

if TYPE_CHECKING:
    from strangler.cli.diff_report import Report, RouteReport

STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #667085; --rule: #e4e7ec; --page: #f7f8fa;
  --card: #fff; --main: #2f6fed; --other: #12a594; --bad: #c4320a; --good: #067647; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --soft: #98a2b3; --rule: #2b3240;
  --page: #12161d; --card: #1a202a; --main: #6c9cff; --other: #3fd0c0; --bad: #ff8a65;
  --good: #5fd39a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 2.5rem 1.5rem; background: var(--page);
  color: var(--ink); font: 15px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; }
h1 { font-size: 1.6rem; margin: 0; letter-spacing: -.01em; }
h2 { font-size: 1.1rem; margin: 2.2rem 0 .8rem; }
h3 { font-size: .95rem; margin: 0 0 .4rem; overflow-wrap: anywhere; }
p { color: var(--soft); margin: .3rem 0; }
.cards { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); }
.charts { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fill, minmax(min(30rem, 100%), 1fr)); }
.card { background: var(--card); border: 1px solid var(--rule); border-radius: 12px;
  padding: 1rem 1.2rem; min-width: 0; }
.figure { font-size: 1.7rem; font-weight: 650; font-variant-numeric: tabular-nums; }
.bad { color: var(--bad); } .good { color: var(--good); }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: 500; color: var(--soft); font-size: .85rem; }
th, td { padding: .55rem .8rem .55rem 0; border-bottom: 1px solid var(--rule);
  vertical-align: top; overflow-wrap: anywhere; }
tr:last-child td { border-bottom: 0; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.still { opacity: .6; }
code { font: .88em ui-monospace, "SF Mono", Menlo, monospace; }
.state { border: 1px solid var(--rule); border-radius: 99px; padding: .05rem .6rem;
  font-size: .8rem; white-space: nowrap; }
svg { width: 100%; max-width: 44rem; height: auto; display: block; }
svg text { fill: var(--soft); font-size: 13px; }
svg .grid { stroke: var(--rule); } svg .bar { fill: var(--main); } svg .value { fill: var(--ink); }
svg .line { fill: none; stroke: var(--bad); stroke-width: 1.8; stroke-linejoin: round; }
svg .area { fill: var(--bad); opacity: .12; }
svg .line0 { stroke: var(--main); } svg .line1 { stroke: var(--other); }
svg .key0 { fill: var(--main); } svg .key1 { fill: var(--other); }
svg .key0, svg .key1 { font-weight: 600; }
"""


def page(told: "Report") -> str:
    """Write the whole page. Nothing in it is markup but ours: names may come from clients."""
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>Shadow report, {told.at:%Y-%m-%d %H:%M} UTC</title>",
            f"<style>{STYLE}</style></head><body>",
            "<h1>What the shadow copies showed</h1>",
            f"<p>{told.at:%Y-%m-%d %H:%M} UTC. No values are in it; examples are shown by",
            "<code>strangler diff show ID</code>.</p>",
            *_figures(told),
            *_over_time(told.routes),
            *_kinds(told.findings),
            *_latency(told),
            *_findings(told.findings),
            "</body></html>\n",
        ]
    )


def _figures(told: "Report") -> Iterator[str]:
    compared = sum(sum(one.verdicts.values()) for one in told.routes)
    mismatched = sum(one.verdicts.get(Verdict.MISMATCH, 0) for one in told.routes)
    ended = sum(one.verdicts.get(verdict, 0) for one in told.routes for verdict in ENDED)
    waiting = sum(one.matters for one in told.findings)
    aside = sum(one.state is not FindingState.OPEN for one in told.findings)
    share = f"{mismatched / ended:.2%}" if ended else "—"
    yield '<h2>At a glance</h2><div class="cards">'
    yield _figure(f"{compared:,}", "comparisons")
    yield _figure(share, "of them mismatches", "bad" if mismatched else "good")
    yield _figure(f"{waiting:,}", "open findings", "bad" if waiting else "good")
    yield _figure(f"{aside:,}", "accepted or fixed")
    yield "</div>"


def _figure(number: str, said: str, kind: str = "") -> str:
    return f'<div class="card"><div class="figure {kind}">{number}</div><p>{said}</p></div>'


def _over_time(routes: "Iterable[RouteReport]") -> Iterator[str]:
    shown = [one for one in routes if one.hours]
    if not shown:
        return
    yield '<h2>Share of mismatches, by the hour</h2><div class="charts">'
    for one in sorted(shown, key=lambda one: -(one.share or 0)):
        verdicts = sorted(one.verdicts.items())
        counts = ", ".join(f"{count:,} {verdict}" for verdict, count in verdicts)
        whole = counted(sum(one.verdicts.values()), "comparison")
        chart = share_over_time(one.hours, one.route)
        yield _card(
            f"<code>{escape(one.route)}</code>", f"{chart}<p>{escape(f'{whole}: {counts}')}</p>"
        )
    yield "</div>"


def _kinds(findings: Iterable[Finding]) -> Iterator[str]:
    counts: dict[str, int] = {}
    for one in findings:
        if one.matters:
            counts[one.kind] = counts.get(one.kind, 0) + 1
    if counts:
        ordered = dict(sorted(counts.items(), key=lambda pair: -pair[1]))
        yield "<h2>Open findings by kind</h2>"
        yield f'<div class="card">{bars(ordered, "open findings by kind")}</div>'


def _latency(told: "Report") -> Iterator[str]:
    if told.latency:
        yield '<h2>How long both sides took over the same requests</h2><div class="charts">'
        for domain, systems in told.latency.items():
            chart = distributions(systems, f"{domain}: share of answers that took at most so long")
            yield _card(escape(domain), f"{chart}<p>share of answers that took at most so long</p>")
        yield "</div>"


def _findings(findings: Iterable[Finding]) -> Iterator[str]:
    yield '<h2>Findings</h2><div class="card">'
    listed = sorted(findings, key=lambda one: (not one.matters, one.noise, -one.count))
    if not listed:
        yield "<p>There is none.</p></div>"
        return
    yield "<table><thead><tr><th>finding</th><th>state</th><th class=number>seen</th>"
    yield "<th class=number>share</th><th>last seen (UTC)</th></tr></thead><tbody>"
    for one in listed:
        state = "noise" if one.noise else one.state.value
        share = "" if one.share is None else f"{one.share:.2%}"
        yield (
            f"<tr{'' if one.matters else ' class=still'}><td><h3>{_title(one.title)}</h3>"
            f"<p><code>{escape(one.route)}</code> · <code>{escape(one.id[:8])}</code></p></td>"
            f'<td><span class="state">{state}</span></td><td class="number">{one.count:,}</td>'
            f'<td class="number">{share}</td><td>{one.last_seen:%Y-%m-%d %H:%M}</td></tr>'
        )
    yield "</tbody></table></div>"


def _title(text: str) -> str:
    """Write a title with what stands between its backticks as code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if at % 2 else part for at, part in enumerate(parts))


def _card(heading: str, content: str) -> str:
    return f'<div class="card"><h3>{heading}</h3>{content}</div>'
