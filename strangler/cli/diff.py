"""The verbs below `diff`: what the service answers otherwise, and what was said of it."""

import typer

from strangler.cli import (
    diff_export,
    diff_latency,
    diff_list,
    diff_noise,
    diff_purge,
    diff_recheck,
    diff_report,
    diff_rules,
    diff_show,
    diff_state,
)

app = typer.Typer(no_args_is_help=True, help="Read what the shadow copies showed, and judge it.")
app.command("list")(diff_list.list_findings)
app.command("show")(diff_show.show_finding)
app.command("accept")(diff_state.accept)
app.command("fixed")(diff_state.fixed)
app.command("reopen")(diff_state.reopen)
app.command("recheck")(diff_recheck.recheck)
app.command("export")(diff_export.export)
app.command("rules")(diff_rules.rules)
app.command("noise")(diff_noise.list_noise)
app.command("latency")(diff_latency.latency)
app.command("report")(diff_report.report)
app.command("purge")(diff_purge.purge)
