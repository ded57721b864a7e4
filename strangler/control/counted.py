"""Names what workers count: each metric's name, what it says of itself, and by what it is told."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

from strangler.proxy.counters import LATENCY_BOUNDS, Counters


class Told(NamedTuple):
    """A counter that is told by `labels`, in the order in which they stand in its keys."""

    name: str
    text: str
    labels: tuple[str, ...]
    of: Callable[[Counters], Mapping[Any, int]]


class Plain(NamedTuple):
    """A counter that is one number."""

    name: str
    text: str
    of: Callable[[Counters], int]


TRAFFIC = (
    Told(
        "strangler_exchanges",
        "Requests answered, by route, by who answered and with which status.",
        ("route", "system", "status"),
        lambda counters: counters.exchanges,
    ),
    Told(
        "strangler_upstream_failures",
        "Failed tries, by upstream, stage and cause.",
        ("upstream", "stage", "cause"),
        lambda counters: counters.failures,
    ),
    Told(
        "strangler_recoveries",
        "What followed failed tries, by route.",
        ("route", "recovery"),
        lambda counters: counters.recoveries,
    ),
    Told(
        "strangler_ejections",
        "Targets passed over for a while because they failed so often, by upstream.",
        ("upstream",),
        lambda counters: counters.ejections,
    ),
    Told(
        "strangler_retries",
        "Requests sent a second time, or not for want of budget, by upstream.",
        ("upstream", "budget"),
        lambda counters: counters.retries,
    ),
    Told(
        "strangler_shed",
        "Requests that found an upstream full, by upstream and why they did not wait longer.",
        ("upstream", "reason"),
        lambda counters: counters.shed,
    ),
    Told(
        "strangler_held_writes",
        "Writes that came to a fence, by what became of them.",
        ("outcome",),
        lambda counters: counters.held,
    ),
    Told(
        "strangler_ambiguous_paths",
        "Requests whose path may mean another route, by that route and what became of them.",
        ("route", "outcome"),
        lambda counters: counters.ambiguous_paths,
    ),
    Told(
        "strangler_own_write_reads",
        "Reads that went to the writer lest a client miss its own write, by domain.",
        ("domain",),
        lambda counters: counters.own_reads,
    ),
    Told(
        "strangler_unmapped_bodies",
        "JSON bodies whose URLs could not be mapped, by route.",
        ("route",),
        lambda counters: counters.unmapped_bodies,
    ),
    Told(
        "strangler_refusals",
        "Requests refused for what they are, or because too much goes on, by status.",
        ("status",),
        lambda counters: counters.refusals,
    ),
    Told(
        "strangler_connections_refused",
        "Client connections refused, by reason.",
        ("reason",),
        lambda counters: counters.connections_refused,
    ),
    Plain(
        "strangler_client_connections",
        "Client connections accepted.",
        lambda counters: counters.connections,
    ),
    Plain(
        "strangler_accepting_pauses",
        "Pauses of accepting because no descriptor was left.",
        lambda counters: counters.pauses,
    ),
    Plain(
        "strangler_cancelled",
        "Exchanges whose client went away.",
        lambda counters: counters.cancelled,
    ),
    Plain(
        "strangler_aborted",
        "Responses broken off because their upstream broke.",
        lambda counters: counters.aborted,
    ),
)

SHADOW = (
    Told(
        "strangler_shadow_copies",
        "Shadow copies, by route and what became of them.",
        ("route", "outcome"),
        lambda counters: counters.copies,
    ),
    Told(
        "strangler_shadow_asks",
        "Asked of either side beside copies, to confirm, learn noise or read back, by outcome.",
        ("route", "outcome"),
        lambda counters: counters.asks,
    ),
    Told(
        "strangler_shadow_verdicts",
        "Comparisons, by route and verdict.",
        ("route", "verdict"),
        lambda counters: counters.verdicts,
    ),
    Told(
        "strangler_dry_run_promises",
        "Asked of services whether dry runs change nothing, by upstream and what came of it.",
        ("upstream", "outcome"),
        lambda counters: counters.promises,
    ),
    Plain(
        "strangler_comparator_faults",
        "Comparisons that broke by a fault of ours.",
        lambda counters: counters.comparator_faults,
    ),
)

TLS = (
    Told(
        "strangler_tls_handshakes",
        "TLS handshakes of clients, by how they ended.",
        ("outcome",),
        lambda counters: counters.handshakes,
    ),
)


def counted(table: Iterable[Told | Plain], counters: Counters) -> Iterator[Metric]:
    """Give the metrics of a table."""
    for one in table:
        if isinstance(one, Plain):
            yield CounterMetricFamily(one.name, one.text, value=one.of(counters))
        else:
            yield counter(one.name, one.text, one.labels, one.of(counters))


def counter(
    name: str, text: str, labels: tuple[str, ...], counts: Mapping[Any, int]
) -> CounterMetricFamily:
    """Make a counter of what is counted by its labels: each key is one, or a tuple of them."""
    family = CounterMetricFamily(name, text, labels=labels)
    for key, count in counts.items():
        family.add_metric(tuple(map(str, key if isinstance(key, tuple) else (key,))), count)
    return family


def latency(counters: Counters) -> Metric:
    """Give how long exchanges took, by route."""
    family = HistogramMetricFamily(
        "strangler_exchange_seconds",
        "Time from a request's head to the end of its response, by route.",
        labels=("route",),
    )
    bounds = [*map(str, LATENCY_BOUNDS), "+Inf"]
    for route, taken in counters.latency.items():
        below = 0
        buckets = []
        for bound, count in zip(bounds, taken.buckets, strict=True):
            below += count
            buckets.append((bound, below))
        family.add_metric((route,), buckets, taken.total)
    return family
