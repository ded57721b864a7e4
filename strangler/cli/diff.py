"""The verbs below `diff`: what the service answers otherwise, and what was said of it."""

import typer

from strangler.cli.verbs import Lazy


class DiffVerbs(Lazy):
    """Each verb, in the order of `--help`."""

    verbs = {  # noqa: RUF012 - it is what the base declares for the class
        "list": "strangler.cli.diff_list:list_findings",
        "show": "strangler.cli.diff_show:show_finding",
        "accept": "strangler.cli.diff_state:accept",
        "fixed": "strangler.cli.diff_state:fixed",
        "reopen": "strangler.cli.diff_state:reopen",
        "recheck": "strangler.cli.diff_recheck:recheck",
        "export": "strangler.cli.diff_export:export",
        "rules": "strangler.cli.diff_rules:rules",
        "noise": "strangler.cli.diff_noise:list_noise",
        "latency": "strangler.cli.diff_latency:latency",
        "report": "strangler.cli.diff_report:report",
        "purge": "strangler.cli.diff_purge:purge",
    }


app = typer.Typer(cls=DiffVerbs, no_args_is_help=True)


@app.callback()
def diff() -> None:
    """Read what the shadow copies showed, and judge it."""
