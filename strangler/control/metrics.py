"""Turns the workers' counts into Prometheus metrics when they are asked for."""

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from strangler.control.certificate import ListenerCertificate
from strangler.control.live import LiveTable
from strangler.control.recorder import Recorder
from strangler.control.supervisor import Supervisor
from strangler.migration.latency import LAST, PER_OCTAVE, edge_of
from strangler.proxy.counters import LATENCY_BOUNDS, Counters, Gauges
from strangler.proxy.pool import Standing


class Snapshot:
    """One reading of everything, as a Prometheus collector."""

    def __init__(
        self,
        counters: Counters,
        gauges: list[Gauges],
        supervisor: Supervisor,
        live: LiveTable,
        recorder: Recorder,
        certificate: ListenerCertificate | None = None,
    ) -> None:
        """Hold what was read."""
        self._counters = counters
        self._gauges = gauges
        self._supervisor = supervisor
        self._live = live
        self._recorder = recorder
        self._certificate = certificate

    def __repr__(self) -> str:
        """Show how many workers answered."""
        return f"<Snapshot workers={len(self._gauges)}>"

    def collect(self) -> Iterator[Metric]:
        """Give all metrics."""
        yield from self._traffic()
        yield from self._shadow()
        yield from self._workers()
        yield from self._control()
        if self._certificate is not None:
            yield from self._tls(self._certificate)

    def _tls(self, certificate: ListenerCertificate) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "strangler_tls_certificate_expiry_seconds",
            "When the certificate that clients are shown expires, in Unix time.",
            value=certificate.certificate.not_after.timestamp(),
        )
        yield _counter(
            "strangler_tls_reloads",
            "Changes of the listener's certificate, by outcome.",
            ("outcome",),
            (((outcome,), count) for outcome, count in certificate.reloads.items()),
        )
        yield _counter(
            "strangler_tls_handshakes",
            "TLS handshakes of clients, by how they ended.",
            ("outcome",),
            (((outcome,), count) for outcome, count in self._counters.handshakes.items()),
        )

    def _traffic(self) -> Iterator[Metric]:
        counters = self._counters
        yield _counter(
            "strangler_exchanges",
            "Requests answered, by route, by who answered and with which status.",
            ("route", "system", "status"),
            (
                ((route, system, str(status)), count)
                for (route, system, status), count in counters.exchanges.items()
            ),
        )
        yield _latency(counters)
        yield _counter(
            "strangler_upstream_failures",
            "Failed tries, by upstream, stage and cause.",
            ("upstream", "stage", "cause"),
            counters.failures.items(),
        )
        yield _counter(
            "strangler_recoveries",
            "What followed failed tries, by route.",
            ("route", "recovery"),
            counters.recoveries.items(),
        )
        yield from self._sparing()
        yield _counter(
            "strangler_held_writes",
            "Writes that came to a fence, by what became of them.",
            ("outcome",),
            (((outcome,), count) for outcome, count in counters.held.items()),
        )
        yield _counter(
            "strangler_ambiguous_paths",
            "Requests whose path may mean another route, by that route and what became of them.",
            ("route", "outcome"),
            counters.ambiguous_paths.items(),
        )
        yield _counter(
            "strangler_own_write_reads",
            "Reads that went to the writer lest a client miss its own write, by domain.",
            ("domain",),
            (((domain,), count) for domain, count in counters.own_reads.items()),
        )
        yield _counter(
            "strangler_unmapped_bodies",
            "JSON bodies whose URLs could not be mapped, by route.",
            ("route",),
            (((route,), count) for route, count in counters.unmapped_bodies.items()),
        )
        yield _counter(
            "strangler_refusals",
            "Requests refused for what they are, or because too much goes on, by status.",
            ("status",),
            (((str(status),), count) for status, count in counters.refusals.items()),
        )
        yield _counter(
            "strangler_connections_refused",
            "Client connections refused, by reason.",
            ("reason",),
            (((reason,), count) for reason, count in counters.connections_refused.items()),
        )
        for name, text, count in (
            ("strangler_client_connections", "Client connections accepted.", counters.connections),
            (
                "strangler_accepting_pauses",
                "Pauses of accepting because no descriptor was left.",
                counters.pauses,
            ),
            ("strangler_cancelled", "Exchanges whose client went away.", counters.cancelled),
            (
                "strangler_aborted",
                "Responses broken off because their upstream broke.",
                counters.aborted,
            ),
        ):
            yield CounterMetricFamily(name, text, value=count)

    def _sparing(self) -> Iterator[Metric]:
        counters = self._counters
        yield _counter(
            "strangler_ejections",
            "Targets passed over for a while because they failed so often, by upstream.",
            ("upstream",),
            (((upstream,), count) for upstream, count in counters.ejections.items()),
        )
        yield _counter(
            "strangler_retries",
            "Requests sent a second time, or not for want of budget, by upstream.",
            ("upstream", "budget"),
            counters.retries.items(),
        )
        yield _counter(
            "strangler_shed",
            "Requests that found an upstream full, by upstream and why they did not wait longer.",
            ("upstream", "reason"),
            counters.shed.items(),
        )

    def _shadow(self) -> Iterator[Metric]:
        counters = self._counters
        yield _counter(
            "strangler_shadow_copies",
            "Shadow copies, by route and what became of them.",
            ("route", "outcome"),
            counters.copies.items(),
        )
        yield _counter(
            "strangler_shadow_asks",
            "Asked of either side beside copies, to confirm, learn noise or read back, by outcome.",
            ("route", "outcome"),
            counters.asks.items(),
        )
        yield _counter(
            "strangler_shadow_verdicts",
            "Comparisons, by route and verdict.",
            ("route", "verdict"),
            counters.verdicts.items(),
        )
        yield _counter(
            "strangler_dry_run_promises",
            "Asked of services whether dry runs change nothing, by upstream and what came of it.",
            ("upstream", "outcome"),
            counters.promises.items(),
        )
        yield _timed(self._recorder.timed)
        yield CounterMetricFamily(
            "strangler_comparator_faults",
            "Comparisons that broke by a fault of ours.",
            value=counters.comparator_faults,
        )
        yield CounterMetricFamily(
            "strangler_sightings_left_out",
            "Differences not kept because their route has its fill of findings.",
            value=self._recorder.left_out,
        )
        yield CounterMetricFamily(
            "strangler_evidence_rows",
            "Rows that comparisons and answers came to in the store.",
            value=self._recorder.rows,
        )
        yield CounterMetricFamily(
            "strangler_observations_lost",
            "Comparisons that could not be written to the store.",
            value=counters.unreported + self._recorder.lost,
        )

    def _workers(self) -> Iterator[Metric]:
        for name, text, value in (
            (
                "strangler_workers_ready",
                "Workers that serve the live revision.",
                self._supervisor.ready,
            ),
            (
                "strangler_open_connections",
                "Client connections open now.",
                sum(gauges.open_connections for gauges in self._gauges),
            ),
            (
                "strangler_exchanges_in_flight",
                "Requests under way now.",
                sum(gauges.exchanges_in_flight for gauges in self._gauges),
            ),
            (
                "strangler_tunnels",
                "WebSockets open now.",
                sum(gauges.tunnels for gauges in self._gauges),
            ),
            (
                "strangler_writes_waiting",
                "Writes that wait at a fence now.",
                sum(gauges.held for gauges in self._gauges),
            ),
            (
                "strangler_shadow_copies_in_flight",
                "Shadow copies under way now.",
                sum(gauges.copies_in_flight for gauges in self._gauges),
            ),
            (
                "strangler_shadow_bytes_held",
                "Memory that shadow copies hold now.",
                sum(gauges.copy_octets_held for gauges in self._gauges),
            ),
        ):
            yield GaugeMetricFamily(name, text, value=value)
        yield self._healthy()
        yield self._standings()
        yield self._pending()
        yield CounterMetricFamily(
            "strangler_worker_restarts",
            "Workers that died and were replaced.",
            value=self._supervisor.restarts,
        )

    def _healthy(self) -> Metric:
        # Every worker checks for itself; the most pessimistic one is shown.
        healthy: dict[str, int] = {}
        for gauges in self._gauges:
            for upstream, (count, _) in gauges.healthy_targets.items():
                healthy[upstream] = min(count, healthy.get(upstream, count))
        family = GaugeMetricFamily(
            "strangler_healthy_targets", "Targets believed healthy.", labels=("upstream",)
        )
        for upstream, count in healthy.items():
            family.add_metric((upstream,), count)
        return family

    def _standings(self) -> Metric:
        # Here too the most pessimistic worker is shown: the fewest available, the most of all else.
        family = GaugeMetricFamily(
            "strangler_targets", "Targets by how they stand.", labels=("upstream", "standing")
        )
        for upstream in sorted({name for gauges in self._gauges for name in gauges.targets}):
            seen = [
                gauges.targets[upstream] for gauges in self._gauges if upstream in gauges.targets
            ]
            for standing in Standing:
                worst = min if standing is Standing.AVAILABLE else max
                count = worst(counts.get(standing.value, 0) for counts in seen)
                family.add_metric((upstream, standing.value), count)
        return family

    def _pending(self) -> Metric:
        family = GaugeMetricFamily(
            "strangler_pending_requests",
            "Requests that wait for a free place at an upstream now.",
            labels=("upstream",),
        )
        for upstream in sorted({name for gauges in self._gauges for name in gauges.pending}):
            waiting = sum(gauges.pending.get(upstream, 0) for gauges in self._gauges)
            family.add_metric((upstream,), waiting)
        return family

    def _control(self) -> Iterator[Metric]:
        live = self._live
        yield GaugeMetricFamily(
            "strangler_live_revision",
            "The number of the live revision.",
            value=live.revision.number,
        )
        yield GaugeMetricFamily(
            "strangler_fence",
            "1 while writes wait because their writer moves, or nobody here knows where it is.",
            value=int(live.holds),
        )
        yield GaugeMetricFamily(
            "strangler_store_available",
            "1 while the store answers, else 0.",
            value=int(live.store_available),
        )
        yield GaugeMetricFamily(
            "strangler_serving_kept_table",
            "1 while the store was not reached since the start and the kept table is served.",
            value=int(live.from_disk),
        )
        yield CounterMetricFamily(
            "strangler_store_failures", "Calls that the store failed.", value=live.store_failures
        )
        yield CounterMetricFamily(
            "strangler_routes_refused",
            "Saved files and revisions that were not good enough.",
            value=live.refused,
        )
        yield GaugeMetricFamily(
            "strangler_observations_waiting",
            "Comparisons that wait for the store.",
            value=self._recorder.waiting,
        )


def exposition(snapshot: Snapshot) -> bytes:
    """Write a snapshot in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(snapshot)
    return generate_latest(registry)


def _counter(
    name: str,
    text: str,
    labels: tuple[str, ...],
    rows: Iterable[tuple[tuple[str, ...], int]],
) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels)
    for values, count in rows:
        family.add_metric(values, count)
    return family


OCTAVES = range(3, 18)
"""Bounds of the histogram of both sides, in doublings of the shortest time that is told apart: from
0.8 ms to 13 s. They are edges of its buckets, so that nothing is rounded."""


def _timed(timed: Mapping[tuple[str, str], Mapping[int, int]]) -> Metric:
    family = HistogramMetricFamily(
        "strangler_shadow_seconds",
        "Time to the head of the answer that both sides gave to the same request, by route.",
        labels=("route", "system"),
    )
    ends = [octave * PER_OCTAVE for octave in OCTAVES]
    for labels, histogram in timed.items():
        buckets = [
            (str(edge_of(end)), sum(count for bucket, count in histogram.items() if bucket <= end))
            for end in ends
        ]
        buckets.append(("+Inf", sum(histogram.values())))
        # Of the longest times only the least is known.
        total = sum(edge_of(min(bucket, LAST - 1)) * count for bucket, count in histogram.items())
        family.add_metric(labels, buckets, total)
    return family


def _latency(counters: Counters) -> Metric:
    family = HistogramMetricFamily(
        "strangler_exchange_seconds",
        "Time from a request's head to the end of its response, by route.",
        labels=("route",),
    )
    bounds = [*map(str, LATENCY_BOUNDS), "+Inf"]
    for route, latency in counters.latency.items():
        below = 0
        buckets = []
        for bound, count in zip(bounds, latency.buckets, strict=True):
            below += count
            buckets.append((bound, below))
        family.add_metric((route,), buckets, latency.total)
    return family
