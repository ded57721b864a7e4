"""What a worker keeps of its traffic: heads without values, unclaimed paths, calls of routes."""

import random
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import count

from strangler.http.message import RequestHead
from strangler.http.target import parse_target
from strangler.migration.unclaimed import Template
from strangler.proxy.counters import UNCLAIMED, Counters
from strangler.proxy.settings import Settings
from strangler.proxy.traffic import LONGEST_PATH, MOST_PATHS, TrafficWatch
from strangler.store.records import TrafficReport
from tests.routing.building import ask, table_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TABLE = table_of(
    [
        {"path": "/orders/{id:int}", "headers": {"x-tenant": "*"}},
        {"path": "/o", "query": {"q": "1"}},
    ]
)


def watch(counters: Counters | None = None, heads: int = 100) -> TrafficWatch:
    settings = Settings(redaction_key=b"a key of the tests", recorded_heads=heads)
    ticks = count()
    return TrafficWatch(
        settings,
        counters or Counters(),
        random.Random(7).random,
        lambda: NOON + timedelta(seconds=next(ticks)),
    )


def see(watched: TrafficWatch, *heads: RequestHead) -> None:
    for head in heads:
        watched.sample.until -= 1
        if watched.sample.until == 0:
            watched.sample.take((head, "203.0.113.77"))


def reported(watched: TrafficWatch) -> TrafficReport:
    report = watched.report(TABLE)
    assert report is not None
    return report


def test_no_value_of_a_request_is_in_what_is_recorded() -> None:
    watched = watch()
    secret = RequestHead(
        "GET",
        parse_target(b"/orders/4711/ann.secret?q=classified&token=hunter2&0123456789=1"),
        "shop.example",
        [
            (b"X-Tenant", b"acme-corp"),
            (b"Cookie", b"sid=topsecret"),
            (b"Authorization", b"Bearer x"),
        ],
    )
    see(watched, secret)
    (sample,) = reported(watched).heads

    text = str(asdict(sample))
    for value in ["4711", "ann.secret", "classified", "hunter2", "0123456789", "acme-corp"]:
        assert value not in text
    for value in ["topsecret", "Bearer", "203.0.113.77"]:
        assert value not in text
    assert sample.head.path.startswith("/orders/~int.")
    assert set(sample.head.headers) == {"x-tenant"}


def test_a_sample_stands_for_all_that_came() -> None:
    watched = watch(heads=10)
    see(watched, *[ask("GET", "/orders/7")] * 250)
    heads = reported(watched).heads

    assert (len(heads), {sample.weight for sample in heads}) == (10, {25.0})


def test_without_a_key_or_a_rate_nothing_is_recorded() -> None:
    for settings in (Settings(recorded_heads=10), Settings(redaction_key=b"key")):
        watched = TrafficWatch(settings, Counters(), random.random)
        see(watched, *[ask("GET", "/orders/7")] * 50)
        assert watched.report(TABLE) is None


def test_unclaimed_paths_are_told_by_template_with_when_they_were_seen() -> None:
    watched = watch()
    for path in ("/legacy/7", "/legacy/8", "/x" * LONGEST_PATH, "*"):
        watched.unclaimed(RequestHead("GET", parse_target(path.encode()), "", []))
    first, second = sorted(reported(watched).unclaimed, key=lambda one: one.path)

    assert isinstance(first, Template)
    assert (first.path, first.seen.count) == ("/legacy/{int}", 2)
    assert first.seen.first < first.seen.last
    assert second.path.endswith("/x/**")


def test_paths_without_end_take_no_more_room_than_a_few() -> None:
    watched = watch()
    for number in range(20 * MOST_PATHS):
        watched.unclaimed(ask("GET", f"/legacy/{number}/x{number}"))

    assert len(watched._paths) < MOST_PATHS
    told = reported(watched).unclaimed
    assert sum(one.seen.count for one in told) == 20 * MOST_PATHS
    assert len(told) < 100


def test_calls_are_told_once_and_unclaimed_ones_are_no_route_s() -> None:
    counters = Counters()
    watched = watch(counters)
    counters.exchange_done("/o", "monolith", 200, 0.1)
    counters.exchange_done("/o", "monolith", 500, 0.1)
    counters.exchange_done(UNCLAIMED, "monolith", 200, 0.1)

    ((route, seen),) = reported(watched).calls
    assert (route, seen.count) == ("/o", 2)
    assert watched.report(TABLE) is None
