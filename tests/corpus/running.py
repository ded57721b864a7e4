"""Performs the asking: a real proxy between stub upstreams, each pair asked some times."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

import yaml

from tests.corpus.answering import PAIR, answers_of
from tests.corpus.pairs import Pair
from tests.end_to_end.site import Client, Replica, Site
from tests.end_to_end.upstreams import Upstream
from tests.wire.ends import DEADLINE
from tests.wire.proxy import eventually

ROUTES = 420
"""Of one replica: a start takes seconds, and a look at `/metrics` the longer the more there are."""

AT_ONCE, ROOM = 48, 8
"""Requests between two looks at how many copies are under way, and how many of those may be left:
together fewer than those beyond which copies are dropped."""

SITES = 2
"""That are asked at the same time: most of it is waiting until both sides are asked again."""

# Read by hand: with hundreds of routes a parser takes longer than what is waited for.
_IN_FLIGHT = re.compile(rb"^strangler_shadow_copies_in_flight (\S+)", re.MULTILINE)
_FAULTS = re.compile(rb"^strangler_comparator_faults_total (\S+)", re.MULTILINE)
_COPIES = re.compile(rb'^strangler_shadow_copies_total.*outcome="([^"]*)".* (\S+)$', re.MULTILINE)


@dataclass(frozen=True)
class Asked:
    """What a run came to: the findings as listed, and the copies by outcome."""

    findings: list[dict[str, Any]]
    copies: Counter[str]

    @property
    def lost(self) -> dict[str, int]:
        """Copies that came to nothing: a run with any proves nothing."""
        return {outcome: n for outcome, n in self.copies.items() if outcome != "answered"}


def prefix_of(pair: Pair) -> str:
    """Give what each of a pair's paths begins with: each pair has a route of its own."""
    return f"/{pair.api}/{pair.name}"


def run(directory: Path, pairs: Sequence[Pair], times: int) -> Asked:
    """Ask each pair so many times or as often as it needs, in turns, and read what was found."""
    batches = list(batched(pairs, ROUTES))
    sites = [_site(directory / f"site-{number}") for number in range(len(batches))]
    whole = Asked([], Counter())
    with ThreadPoolExecutor(SITES) as running:
        for asked in running.map(_run, sites, batches, repeat(times)):
            whole = Asked(whole.findings + asked.findings, whole.copies + asked.copies)
    return whole


def _site(directory: Path) -> Site:
    directory.mkdir()
    site = Site(directory)
    site.make_store()  # of which only one can be made at a time
    return site


def batched(pairs: Sequence[Pair], size: int) -> Iterator[Sequence[Pair]]:
    """Cut into parts of at most this size."""
    return (pairs[first : first + size] for first in range(0, len(pairs), size))


def _run(site: Site, pairs: Sequence[Pair], times: int) -> Asked:
    with ExitStack() as stack:
        monolith = stack.enter_context(Upstream("monolith", answers_of("monolith", pairs)))
        service = stack.enter_context(Upstream("service", answers_of("service", pairs)))
        site.write(table(pairs, monolith.url, service.url))
        with site.replica() as replica:
            _ask(replica, pairs, times)
            _await_copies(replica, 0)
            copies = _copies(replica)
        # Whatever a replica has seen is written by the time that it has ended.
    return Asked(site.findings("--limit", "100000"), copies)


def table(pairs: Sequence[Pair], monolith: str, service: str) -> str:
    """Write the `routes.yaml`: one domain for each API, one route for each pair."""
    domains: dict[str, Any] = {}
    for pair in pairs:
        shadowed = {"service": "service", "phase": "shadow", "shadow": {"sample": "100%"}}
        domain = domains.setdefault(pair.api, {**shadowed, "routes": []})
        route = {"path": prefix_of(pair) + pair.route}
        route |= {"effect": pair.effect} if pair.effect else {}
        route |= {"shadow": dict(pair.shadow)} if pair.shadow else {}
        domain["routes"].append(route)
    upstreams = {"monolith": {"targets": [monolith]}, "service": {"targets": [service]}}
    whole = {"version": 1, "monolith": "monolith", "upstreams": upstreams, "domains": domains}
    return yaml.safe_dump(whole, sort_keys=False)


def _ask(replica: Replica, pairs: Sequence[Pair], times: int) -> None:
    with replica.client() as client:
        asked = 0
        for turn in range(max([times, *[pair.asks for pair in pairs]])):
            for pair in [each for each in pairs if turn < max(times, each.asks)]:
                if asked % AT_ONCE == 0:
                    _await_copies(replica, ROOM)
                asked += 1
                ask(client, pair, turn)


def ask(client: Client, pair: Pair, turn: int = 0) -> None:
    """Ask one pair's question for the how-manieth time; the monolith has to answer."""
    body = pair.ask.body.encode() or None
    headers = {PAIR: str(pair), **pair.ask.headers}
    path = pair.ask.path.replace("${turn}", str(1001 + turn))
    client.send(prefix_of(pair) + path, pair.ask.method, body, headers)
    answer = client.receive()
    assert answer.by == "monolith", f"{pair}: {answer}"


def _await_copies(replica: Replica, most: int) -> None:
    def few() -> bool:
        found = _IN_FLIGHT.search(replica.control("/metrics").body)
        assert found is not None
        return float(found[1]) <= most

    eventually(few, f"at most {most} copies are under way", 3 * DEADLINE)


def _copies(replica: Replica) -> Counter[str]:
    metrics = replica.control("/metrics").body
    copies: Counter[str] = Counter()
    for outcome, value in _COPIES.findall(metrics):
        copies[outcome.decode()] += int(float(value))
    if found := _FAULTS.search(metrics):
        copies += Counter({"a fault of the comparator": int(float(found[1]))})
    return copies
