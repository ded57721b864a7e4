"""The command line: `python -m loadtests --host URL --report report.json`."""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gevent
from gevent.event import Event

from loadtests.client import Client
from loadtests.listener import Listener
from loadtests.reader import Reader
from loadtests.report import write_json
from loadtests.run import Run
from loadtests.streamer import Streamer
from loadtests.witness import PATIENCE
from loadtests.writer import Writer

CLASSES = {kind.__name__: kind for kind in (Reader, Writer, Streamer, Listener)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGTERM, SIGINT or the end of the time; 0 if nothing failed and nothing is lost."""
    options = _parser().parse_args(arguments)
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, stop.set)
    classes = options.classes or [*CLASSES.values()]
    run = Run(options.host, classes, options.users, options.patience, options.progress)
    sys.stdout.write(f"loadtests running {options.users} users at {options.host}\n")
    sys.stdout.flush()
    report = run.until(stop, options.run_time)
    if options.report is not None:
        write_json(options.report, report)
    _say(report)
    return 0 if report["held"] else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="loadtests", description=__doc__)
    parser.add_argument("--host", required=True, metavar="URL", help="where to send the traffic")
    parser.add_argument("--users", type=int, default=12, metavar="N")
    parser.add_argument(
        "--run-time", type=float, metavar="SECONDS", help="stop by itself; else at a signal"
    )
    parser.add_argument(
        "--patience",
        type=float,
        default=PATIENCE,
        metavar="SECONDS",
        help="how long a write may take to be seen (default %(default)s)",
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="the result, as JSON")
    parser.add_argument(
        "--progress", type=Path, metavar="FILE", help="live numbers, rewritten every second"
    )
    parser.add_argument(
        "classes",
        nargs="*",
        metavar="CLASS",
        type=_user_class,
        help=f"which users ({', '.join(CLASSES)}); all of them if none is named",
    )
    return parser


def _user_class(name: str) -> type[Client]:
    if name not in CLASSES:
        raise argparse.ArgumentTypeError(f"no such user: {name} (there is {', '.join(CLASSES)})")
    return CLASSES[name]


def _say(report: dict[str, Any]) -> None:
    """Sum the report up for people: what is wrong goes to stderr."""
    for name, failure in report["failures_by_name"].items():
        sys.stderr.write(f"FAILED {failure['count']} x {name}: {failure['first']}\n")
    for loss in report["missing"]:
        sys.stderr.write(
            f"LOST {loss['write']} by {loss['user']}: {loss['path']} should show"
            f" {loss['member']} {loss['wanted']!r}, shows {loss['found']!r}\n"
        )
    sys.stdout.write(
        f"{report['requests']} requests, {report['failures']} failures;"
        f" {report['writes_present']} of {report['writes_acknowledged']}"
        " acknowledged writes are present\n"
    )
