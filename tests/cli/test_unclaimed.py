"""`status --unclaimed`: what is still to be moved, and what nobody calls."""

import json
import re
from pathlib import Path

from strangler.migration.unclaimed import MOST_TEMPLATES, MOST_WORDS, Seen, Template
from strangler.store.records import TrafficReport
from tests.cli.desk import Desk
from tests.cli.test_history import words
from tests.store.sample import NOON, after

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")


def count(desk: Desk) -> None:
    """Have some traffic counted: unclaimed, claimed since, and of one route."""
    report = TrafficReport(
        unclaimed=(
            Template("GET", "/invoices/{int}", Seen(12_000, NOON, after(60))),
            Template("POST", "/reports/**", Seen(1, after(5), after(5))),
            Template("GET", "/users/{name}", Seen(7, NOON, after(2))),
        ),
        calls=(("/api/v1/datasets/{id:int}", Seen(3, after(1), after(9))),),
    )
    desk.ask(lambda store: store.add_traffic(report, NOON))


def test_what_no_route_claims_is_listed_and_what_one_claims_by_now_is_not(live: Desk) -> None:
    count(live)
    out = words(live.run("status", "--unclaimed").out)

    assert "counted since 2026-03-01 12:00:00 UTC" in out
    assert "12,000 GET /invoices/{int} 2026-03-01 12:00:00 2026-03-01 12:01:00" in out
    assert "1 POST /reports/**" in out
    assert "/users/{name}" not in out


def test_routes_that_nobody_called_are_listed(live: Desk) -> None:
    count(live)
    told = live.run("status", "--unclaimed", "--json").json

    never = [row["route"] for row in told["routes"] if row["last_seen"] is None]
    assert never == [
        "/api/v1/datasets",
        "/api/v1/datasets/{name}",
        "GET /api/v1/datasets/{id}/files/**",
        "/users/**",
    ]
    assert "4 routes were never called: datasets: /api/v1/datasets (line" in words(
        live.run("status", "--unclaimed").out
    )


def test_before_anything_was_counted_nothing_is_said_of_routes(live: Desk) -> None:
    ended = live.run("status", "--unclaimed")
    assert (ended.code, "nothing was counted yet" in words(ended.out)) == (0, True)


def test_without_a_revision_it_says_so(desk: Desk) -> None:
    desk.ask(lambda store: store.newest())
    assert "no revision is live yet" in desk.run("status", "--unclaimed").out


def test_the_page_shows_the_keys_and_bounds_that_there_are(live: Desk) -> None:
    count(live)
    told = live.run("status", "--unclaimed", "--json").json
    (sample,) = re.findall(r"```jsonc\n(.*?)```", PAGE, re.DOTALL)
    shown = json.loads(sample)

    assert shown.keys() == told.keys()
    for part in ("unclaimed", "routes"):
        assert shown[part][0].keys() == told[part][0].keys()
    assert f"more than {MOST_WORDS} words" in words(PAGE)
    assert f"beyond {MOST_TEMPLATES:,} templates" in words(PAGE)
