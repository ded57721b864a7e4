"""What Prometheus reads: parsed by its own parser, and adding up."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from strangler.control.metrics import Snapshot, exposition
from strangler.migration.latency import bucket_of
from strangler.proxy.counters import LATENCY_BOUNDS, Counters, Gauges

TIMED = {("/a", "service"): {bucket_of(0.0005): 2, bucket_of(0.02): 3, bucket_of(500.0): 1}}
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def gauges(
    open_connections: int,
    healthy: dict[str, tuple[int, int]],
    targets: dict[str, dict[str, int]] | None = None,
    pending: dict[str, int] | None = None,
) -> Gauges:
    return Gauges(open_connections, 2, 3, 4, 5, healthy, targets or {}, pending or {})


def scraped(counters: Counters, *taken: Gauges, certificate: Any = None) -> Samples:
    supervisor: Any = SimpleNamespace(ready=2, restarts=1)
    live: Any = SimpleNamespace(
        revision=SimpleNamespace(number=9),
        store_available=False,
        store_failures=3,
        refused=4,
        from_disk=True,
        holds=True,
    )
    recorder: Any = SimpleNamespace(lost=10, waiting=6, left_out=7, rows=8, timed=TIMED)
    snapshot = Snapshot(counters, list(taken), supervisor, live, recorder, certificate)
    text = exposition(snapshot).decode()
    samples: Samples = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in samples
            samples[key] = sample.value
    return samples


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples[name, frozenset(labels.items())]


def test_counts_come_out_under_their_labels() -> None:
    counters = Counters(cancelled=1, aborted=2, connections=3, unreported=4, comparator_faults=5)
    counters.exchange_done('GET /a "quoted" \\ {x}\n', "service", 200, 0.01)
    counters.failures["datasets", "connecting", "the connection failed"] += 2
    counters.recoveries["/a", "fallback"] += 1
    counters.copies["/a", "answered"] += 1
    counters.verdicts["/a", "match"] += 1
    counters.refusals[400] += 1
    counters.ejections["datasets"] += 6
    counters.retries["datasets", "refused"] += 7
    counters.shed["datasets", "waited too long"] += 8
    counters.ambiguous_paths["/a", "refused"] += 9
    samples = scraped(counters)

    labels = {"route": 'GET /a "quoted" \\ {x}\n', "system": "service", "status": "200"}
    assert value(samples, "strangler_exchanges_total", **labels) == 1
    assert (
        value(
            samples,
            "strangler_upstream_failures_total",
            upstream="datasets",
            stage="connecting",
            cause="the connection failed",
        )
        == 2
    )
    assert value(samples, "strangler_recoveries_total", route="/a", recovery="fallback") == 1
    assert value(samples, "strangler_shadow_copies_total", route="/a", outcome="answered") == 1
    assert value(samples, "strangler_shadow_verdicts_total", route="/a", verdict="match") == 1
    assert value(samples, "strangler_refusals_total", status="400") == 1
    assert value(samples, "strangler_ejections_total", upstream="datasets") == 6
    retries = {"upstream": "datasets", "budget": "refused"}
    assert value(samples, "strangler_retries_total", **retries) == 7
    shed = {"upstream": "datasets", "reason": "waited too long"}
    assert value(samples, "strangler_shed_total", **shed) == 8
    assert value(samples, "strangler_ambiguous_paths_total", route="/a", outcome="refused") == 9
    assert value(samples, "strangler_cancelled_total") == 1
    assert value(samples, "strangler_aborted_total") == 2
    assert value(samples, "strangler_client_connections_total") == 3
    assert value(samples, "strangler_comparator_faults_total") == 5


def test_what_was_lost_on_either_side_of_the_pipe_adds_up() -> None:
    assert value(scraped(Counters(unreported=4)), "strangler_observations_lost_total") == 14


def test_a_latency_is_a_cumulative_histogram() -> None:
    counters = Counters()
    for seconds in (0.0005, 0.003, 0.003, 99.0):
        counters.exchange_done("/a", "monolith", 200, seconds)
    samples = scraped(counters)

    def below(bound: str) -> float:
        return value(samples, "strangler_exchange_seconds_bucket", route="/a", le=bound)

    assert [below("0.001"), below("0.0025"), below("0.005"), below("10.0"), below("+Inf")] == [
        1, 1, 3, 3, 4,
    ]  # fmt: skip
    bounds = [float(labels["le"]) for name, pairs in samples
                  if name == "strangler_exchange_seconds_bucket"
              for labels in [dict(pairs)]]  # fmt: skip
    assert sorted(bounds) == [*LATENCY_BOUNDS, float("inf")]
    assert value(samples, "strangler_exchange_seconds_count", route="/a") == 4
    assert value(samples, "strangler_exchange_seconds_sum", route="/a") == 99.0065


def test_workers_add_up_and_the_most_pessimistic_tells_the_health() -> None:
    samples = scraped(
        Counters(),
        gauges(10, {"monolith": (1, 1), "datasets": (2, 2)}),
        gauges(5, {"monolith": (1, 1), "datasets": (0, 2)}),
    )

    assert value(samples, "strangler_open_connections") == 15
    assert value(samples, "strangler_exchanges_in_flight") == 4
    assert value(samples, "strangler_tunnels") == 6
    assert value(samples, "strangler_shadow_copies_in_flight") == 8
    assert value(samples, "strangler_shadow_bytes_held") == 10
    assert value(samples, "strangler_healthy_targets", upstream="monolith") == 1
    assert value(samples, "strangler_healthy_targets", upstream="datasets") == 0


def test_of_each_upstream_is_told_how_its_targets_stand_and_how_many_requests_wait() -> None:
    samples = scraped(
        Counters(),
        gauges(1, {}, {"new": {"available": 2, "ejected": 1}}, {"new": 3}),
        gauges(1, {}, {"new": {"available": 1, "full": 2}, "old": {"available": 1}}, {"new": 4}),
        gauges(1, {}),
    )

    def standing(upstream: str, word: str) -> float:
        return value(samples, "strangler_targets", upstream=upstream, standing=word)

    words = ("available", "full", "ejected", "unreachable", "unhealthy")
    assert [standing("new", word) for word in words] == [1, 2, 1, 0, 0]
    assert [standing("old", word) for word in words] == [1, 0, 0, 0, 0]
    assert value(samples, "strangler_pending_requests", upstream="new") == 7


def test_the_control_plane_tells_of_itself() -> None:
    samples = scraped(Counters())

    assert value(samples, "strangler_workers_ready") == 2
    assert value(samples, "strangler_worker_restarts_total") == 1
    assert value(samples, "strangler_live_revision") == 9
    assert value(samples, "strangler_store_available") == 0
    assert value(samples, "strangler_fence") == 1
    assert value(samples, "strangler_serving_kept_table") == 1
    assert value(samples, "strangler_store_failures_total") == 3
    assert value(samples, "strangler_routes_refused_total") == 4
    assert value(samples, "strangler_observations_waiting") == 6


def test_the_listener_s_certificate_is_told_of_where_there_is_one() -> None:
    certificate = SimpleNamespace(
        certificate=SimpleNamespace(not_after=datetime(2026, 11, 21, tzinfo=UTC)),
        reloads={"reloaded": 2, "refused": 1},
    )
    counters = Counters()
    counters.handshakes.update(completed=5, http_request=1)
    samples = scraped(counters, certificate=certificate)

    assert value(samples, "strangler_tls_certificate_expiry_seconds") == 1795219200
    assert value(samples, "strangler_tls_reloads_total", outcome="reloaded") == 2
    assert value(samples, "strangler_tls_reloads_total", outcome="refused") == 1
    assert value(samples, "strangler_tls_handshakes_total", outcome="completed") == 5
    assert not any("tls" in name for name, _ in scraped(Counters()))


def test_both_sides_of_the_same_requests_are_a_histogram_each() -> None:
    samples = scraped(Counters(), gauges(1, {}))
    name, labels = "strangler_shadow_seconds", {"route": "/a", "system": "service"}
    below = {le: value(samples, f"{name}_bucket", le=le, **labels) for le in ("0.0008", "0.0256")}
    assert below == {"0.0008": 2, "0.0256": 5}
    assert value(samples, f"{name}_bucket", le="+Inf", **labels) == 6
    assert value(samples, f"{name}_count", **labels) == 6
    assert value(samples, f"{name}_sum", **labels) > 100
