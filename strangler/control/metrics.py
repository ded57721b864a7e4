"""Turns the workers' counts into Prometheus metrics when they are asked for."""

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from strangler.control.certificate import ListenerCertificate
from strangler.control.counted import SHADOW, TLS, TRAFFIC, counted, counter, latency
from strangler.control.live import LiveTable
from strangler.control.recorder import Recorder
from strangler.control.supervisor import Supervisor
from strangler.migration.latency import LAST, PER_OCTAVE, edge_of
from strangler.proxy.counters import Counters, Gauges
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
        yield from counted(TRAFFIC, self._counters)
        yield latency(self._counters)
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
        yield counter(
            "strangler_tls_reloads",
            "Changes of the listener's certificate, by outcome.",
            ("outcome",),
            certificate.reloads,
        )
        yield from counted(TLS, self._counters)

    def _shadow(self) -> Iterator[Metric]:
        counters, recorder = self._counters, self._recorder
        yield from counted(SHADOW, counters)
        yield _timed(recorder.timed)
        for name, text, count in (
            (
                "strangler_sightings_left_out",
                "Differences not kept because their route has its fill of findings.",
                recorder.left_out,
            ),
            (
                "strangler_evidence_rows",
                "Rows that comparisons and answers came to in the store.",
                recorder.rows,
            ),
            (
                "strangler_observations_lost",
                "Comparisons that could not be written to the store.",
                counters.unreported + recorder.lost,
            ),
        ):
            yield CounterMetricFamily(name, text, value=count)

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
