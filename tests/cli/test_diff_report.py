"""The report: one page that needs nothing else, and the same as JSON."""

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from strangler.migration.evidence import TIMED
from strangler.store.records import AnswerKey
from tests.cli.desk import Desk
from tests.store.sample import NOON, mismatch, observation

NOW = datetime.now(UTC)
ODD = '<script>alert("1")</script>'


class Tags(HTMLParser):
    """The tags of a page, and what they refer to."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.references: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.references += [value for name, value in attrs if name in {"src", "href", "srcset"}]


@pytest.fixture
def told(live: Desk) -> Desk:
    """Three hours of comparisons, one of them quiet, and latencies of both systems."""
    for hours, bad in ((3, 5), (1, 1)):
        at = NOW - timedelta(hours=hours)
        live.observe(*(observation(at=at) for _ in range(9)))
        live.observe(*(mismatch(at=at) for _ in range(bad)))
    live.observe(mismatch(0, "aaaa", route=ODD), mismatch(0, "bbbb", noise=True))
    counts: dict[AnswerKey, int] = {
        ("datasets", "/a", 1, system, "GET", TIMED, bucket): 10 * bucket
        for system in ("monolith", "service")
        for bucket in (40, 50 + len(system))
    }
    live.ask(lambda store: store.add_answers(counts, NOON))
    return live


def test_the_page_needs_nothing_else_and_holds_no_markup_of_others(told: Desk) -> None:
    ended = told.run("diff", "report", "--html", "report.html")
    page = (told.directory / "report.html").read_text(encoding="utf-8")
    tags = Tags()
    tags.feed(page)

    assert (ended.code, ended.err) == (
        0,
        "report.html is written: one file, open it in a browser\n",
    )
    assert tags.references == []
    assert not {"script", "link", "img", "iframe"} & set(tags.names)
    assert not re.search(r"https?:|url\(|@import", page)
    assert tags.names.count("svg") == 3
    assert "`" not in page
    assert "<code>size</code>: another value" in page


def test_json_tells_the_share_hour_by_hour_and_quiet_hours_too(told: Desk) -> None:
    report = told.run("diff", "report", "--json").json

    (route,) = [one for one in report["routes"] if one["hours"]]
    assert [one["share"] for one in route["hours"]] == [pytest.approx(5 / 14), 0.0, 0.1]
    assert report["kinds"] == {"value": 2}
    assert {one["system"] for one in report["latency"]} == {"monolith", "service"}
    assert len(report["findings"]) == 3


def test_a_report_wants_to_be_told_as_what(told: Desk) -> None:
    ended = told.run("diff", "report")
    assert (ended.code, ended.err) == (1, "say as what: --html FILE, or --json\n")


def test_an_empty_store_makes_a_page_too(live: Desk) -> None:
    assert live.run("diff", "report", "--html", "report.html").code == 0
    assert "There is none." in (live.directory / "report.html").read_text(encoding="utf-8")
