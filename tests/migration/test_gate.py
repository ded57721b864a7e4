"""Gates: each criterion said in numbers, and whole gates under simulation with many looks."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from scipy import stats

from strangler.migration.criteria import Outcome
from strangler.migration.evidence import Answers, Compared, Evidence, Stratum
from strangler.migration.gate import GATES, Gate, gate_of
from strangler.migration.latency import bucket_of
from strangler.migration.unclaimed import Seen, Template
from strangler.routing.phase import Phase
from strangler.routing.table import GatePolicy

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
POLICY = GatePolicy()
SHADOWED = (Phase.SHADOW, Phase.CANARY)
RAISED = (Phase.CANARY, Phase.CANARY)
RETIRING = (Phase.EXTRACTED, Phase.RETIRED)
LISTS, ONE = Stratum("/lists", "GET", "2xx"), Stratum("/lists/{id}", "GET", "2xx")
MISSING = Stratum("/lists/{id}", "GET", "4xx")


def judged(
    step: tuple[Phase, Phase], evidence: Evidence, policy: GatePolicy = POLICY, now: datetime = NOON
) -> Gate:
    gate = gate_of("lists", step, evidence, policy, now)
    assert gate is not None
    return gate


def compared(**strata: Compared) -> Evidence:
    kinds = {"lists": LISTS, "one": ONE, "missing": MISSING}
    return Evidence(3, NOON, compared={kinds[name]: each for name, each in strata.items()})


def said(gate: Gate, name: str) -> str:
    (found,) = [str(each) for each in gate.criteria if each.name == name]
    return found


def answers(total: int, failed: int = 0, seconds: float = 0.02, stratum: str = "/lists") -> Answers:
    strata = {Stratum(stratum, "GET", ""): total}
    return Answers(total, failed, strata, {bucket_of(seconds): total - failed})


# --- which steps have a gate --------------------------------------------------------------------


def test_every_step_forward_but_the_first_has_a_gate() -> None:
    steps = list(zip(list(Phase), list(Phase)[1:], strict=False))
    assert {step for step in steps if step not in GATES} == {(Phase.MONOLITH, Phase.SHADOW)}


def test_a_step_back_has_none() -> None:
    assert gate_of("lists", (Phase.CANARY, Phase.SHADOW), compared(), POLICY, NOON) is None


# --- from shadow to canary ----------------------------------------------------------------------


def test_no_comparison_is_not_enough_data() -> None:
    gate = judged(SHADOWED, compared())
    assert gate.outcome is Outcome.UNKNOWN
    assert said(gate, "mismatches") == (
        "not enough data: mismatches in comparisons: 0 of 0, at most 100.00% with 95% confidence; "
        "the budget is 1%; 410 more without one would do"
    )
    assert said(gate, "samples") == "not enough data: nothing was compared yet"


def test_enough_that_agree_open_it() -> None:
    gate = judged(SHADOWED, compared(lists=Compared(agreed=300), one=Compared(agreed=200)))
    assert gate.is_open
    assert said(gate, "mismatches").startswith(
        "open: mismatches in comparisons: 0 of 500 (0.00%), at most 0.8"
    )
    assert (
        said(gate, "samples") == "open: each of 2 kinds of request was compared at least 20 times"
    )


def test_as_many_mismatches_as_the_budget_shut_it() -> None:
    gate = judged(SHADOWED, compared(lists=Compared(agreed=495, mismatched=5)))
    assert gate.outcome is Outcome.SHUT
    assert said(gate, "mismatches").startswith(
        "shut: mismatches in comparisons: 5 of 500 (1.00%), at most 2."
    )


def test_a_rate_under_the_budget_that_is_not_proven_is_not_enough_data() -> None:
    gate = judged(SHADOWED, compared(lists=Compared(agreed=500, mismatched=2)))
    assert gate.outcome is Outcome.UNKNOWN
    assert "more without one would do" in said(gate, "mismatches")


def test_a_kind_of_request_that_is_over_the_budget_is_not_hidden_by_the_others() -> None:
    gate = judged(
        SHADOWED,
        compared(lists=Compared(agreed=20_000), missing=Compared(agreed=15, mismatched=15)),
    )
    assert gate.outcome is Outcome.SHUT
    assert "of GET /lists/{id} 4xx alone 15 of 30 (50.00%), at least 6.85%" in said(
        gate, "mismatches"
    )


def test_comparisons_without_an_end_are_no_agreement() -> None:
    gate = judged(SHADOWED, compared(lists=Compared(agreed=1000, inconclusive=400)))
    assert gate.outcome is Outcome.SHUT
    assert said(gate, "inconclusive").startswith(
        "shut: comparisons without an end: 400 of 1,400 (28.57%)"
    )


def test_a_common_kind_that_was_compared_too_seldom_is_waited_for() -> None:
    gate = judged(SHADOWED, compared(lists=Compared(agreed=600), one=Compared(agreed=19)))
    assert gate.outcome is Outcome.UNKNOWN
    assert said(gate, "samples") == (
        "not enough data: compared fewer than 20 times: GET /lists/{id} 2xx (19)"
    )


def test_a_rare_kind_is_not_waited_for() -> None:
    assert judged(SHADOWED, compared(lists=Compared(agreed=600), one=Compared(agreed=3))).is_open


# --- in the canary ------------------------------------------------------------------------------


def canary(service: Answers, monolith: Answers, **strata: Compared) -> Evidence:
    kinds = compared(**strata).compared
    return Evidence(3, NOON, compared=kinds, service=service, monolith=monolith)


def test_a_service_like_the_monolith_may_go_on() -> None:
    assert judged(RAISED, canary(answers(3000, 9), answers(9000, 27))).is_open


def test_a_service_that_fails_more_often_is_shut_out() -> None:
    gate = judged(RAISED, canary(answers(1000, 40), answers(9000, 27)))
    assert gate.outcome is Outcome.SHUT
    assert said(gate, "errors").startswith(
        "shut: errors of the service: 40 of 1,000 (4.00%), at most 6."
    )


def test_where_the_monolith_fails_as_often_the_service_may_too() -> None:
    """An outage of what both stand on is no argument against either."""
    assert judged(RAISED, canary(answers(200_000, 20_000), answers(200_000, 20_000))).is_open


def test_a_monolith_that_answers_nothing_cannot_be_compared_with() -> None:
    gate = judged(RAISED, canary(answers(5000), Answers()))
    assert gate.outcome is Outcome.UNKNOWN
    assert said(gate, "errors").endswith("; too few to compare")
    assert (
        said(gate, "latency") == "not enough data: latency: the monolith has answered no read yet"
    )


def test_a_slower_service_is_shut_out() -> None:
    gate = judged(RAISED, canary(answers(1000, seconds=0.2), answers(9000)))
    assert gate.outcome is Outcome.SHUT
    assert said(gate, "latency").startswith("shut: latency: 0.95 quantile of the service 205 ms")


def test_a_request_that_the_service_never_answered_is_waited_for() -> None:
    strata = {Stratum("/lists", "GET", ""): 9000, Stratum("/lists/{id}", "HEAD", ""): 900}
    monolith = Answers(9900, 0, strata, {60: 9900})
    gate = judged(RAISED, canary(answers(1000, seconds=0.01), monolith))
    assert gate.outcome is Outcome.UNKNOWN
    assert said(gate, "samples") == (
        "not enough data: asked of the service fewer than 20 times: HEAD /lists/{id} (0)"
    )


def test_mismatches_that_are_proven_shut_the_canary_too() -> None:
    evidence = canary(answers(1000), answers(9000), lists=Compared(agreed=80, mismatched=20))
    gate = judged(RAISED, evidence)
    assert gate.outcome is Outcome.SHUT
    assert said(gate, "mismatches").endswith("20 of 100 (20.00%), proven over 1%")


# --- retiring -----------------------------------------------------------------------------------


def extracted(days: float, last: datetime | None = None, **more: object) -> Evidence:
    return Evidence(
        5,
        NOON - timedelta(days=days),
        service=answers(100),
        fallbacks=0 if last is None else 17,
        last_fallback=last,
        **more,  # type: ignore[arg-type] - few fields, named by the caller
    )


def test_a_week_in_which_nobody_needed_the_monolith_opens_the_last_gate() -> None:
    gate = judged(RETIRING, extracted(days=7))
    assert gate.is_open
    assert said(gate, "quiet") == (
        "open: no request needed the monolith since 2026-03-25 12:00 UTC, for 7 d"
    )


def test_less_than_a_week_is_not_enough() -> None:
    gate = judged(RETIRING, extracted(days=6.5))
    assert said(gate, "quiet") == (
        "not enough data: no request needed the monolith since 2026-03-26 00:00 UTC, "
        "but 7 d are asked for"
    )


def test_a_request_that_needed_the_way_back_shuts_it_and_is_named() -> None:
    gate = judged(RETIRING, extracted(days=30, last=NOON - timedelta(days=1)))
    assert said(gate, "quiet") == (
        "shut: 17 requests needed the monolith, the last at 2026-03-31 12:00 UTC; "
        "7 d without are asked for"
    )


def test_a_need_long_ago_is_forgotten() -> None:
    assert judged(RETIRING, extracted(days=30, last=NOON - timedelta(days=8))).is_open


def test_a_domain_that_nobody_asks_tells_nothing() -> None:
    evidence = Evidence(5, NOON - timedelta(days=30))
    assert judged(RETIRING, evidence).outcome is Outcome.UNKNOWN


def test_a_hit_at_the_monolith_that_nobody_explained_shuts_it_for_as_long() -> None:
    def hit(days: float) -> Template:
        last = NOON - timedelta(days=days)
        return Template("GET", "/lists/{int}/print", Seen(1200, last, last))

    gate = judged(RETIRING, extracted(days=30, unexplained=(hit(6), hit(9))))
    assert gate.outcome is Outcome.SHUT
    assert said(gate, "unexplained") == (
        "shut: claimed by no route and answered by the monolith: GET /lists/{int}/print (1,200), "
        "the last at 2026-03-26 12:00 UTC; give it a route, or wait until 7 d have passed without"
    )
    assert judged(RETIRING, extracted(days=30, unexplained=(hit(7),))).is_open


def test_a_route_that_lags_behind_still_needs_the_monolith() -> None:
    gate = judged(RETIRING, extracted(days=30, lagging=("GET /lists/{id}/files/**",)))
    assert gate.outcome is Outcome.SHUT
    assert "GET /lists/{id}/files/**" in said(gate, "routes")


# --- what is kept -------------------------------------------------------------------------------


@pytest.mark.parametrize("step", GATES)
@pytest.mark.parametrize(
    "evidence",
    [
        compared(),
        canary(answers(1000, 3, seconds=400.0), answers(9000), lists=Compared(agreed=7)),
        extracted(days=3, last=NOON),
    ],
)
def test_every_report_is_plain_json(step: tuple[Phase, Phase], evidence: Evidence) -> None:
    report = judged(step, evidence).report()
    assert json.loads(json.dumps(report, allow_nan=False)) == report


# --- under simulation ---------------------------------------------------------------------------

RUNS = 200


def looks(seed: int, mismatch: float, failing: float = 0.0) -> list[int | None]:
    """Run a shadow phase `RUNS` times with a look after every 100; tell when its gate opened."""
    random = np.random.default_rng(seed)
    opened: list[int | None] = []
    for _ in range(RUNS):
        agreed = mismatched = inconclusive = 0
        at = None
        for look in range(1, 31):
            ended = 100 - int(random.binomial(100, failing))
            hits = int(random.binomial(ended, mismatch))
            agreed, mismatched = agreed + ended - hits, mismatched + hits
            inconclusive += 100 - ended
            if judged(SHADOWED, compared(lists=Compared(agreed, mismatched, inconclusive))).is_open:
                at = 100 * look
                break
        opened.append(at)
    return opened


def seldom(opened: list[int | None]) -> bool:
    """No more false passes than alpha allows, with one chance in a million to be wrong."""
    false = sum(at is not None for at in opened)
    return false <= stats.binom.isf(1e-6, RUNS, POLICY.alpha) and false <= POLICY.alpha * RUNS


@pytest.mark.parametrize("rate", [0.01, 0.02])
def test_the_gate_seldom_opens_for_a_service_at_or_over_the_budget(rate: float) -> None:
    assert seldom(looks(1, rate))


def test_the_gate_seldom_opens_for_a_service_that_leaves_copies_unanswered() -> None:
    assert seldom(looks(2, 0.0, failing=0.05))


def test_the_gate_opens_for_a_service_that_agrees() -> None:
    opened = [at for at in looks(3, 0.001) if at is not None]
    assert len(opened) == RUNS
    assert np.quantile(opened, 0.9) <= 1000


def side(random: np.random.Generator, share: int, failing: float, slower: float) -> Answers:
    failed = int(random.binomial(share, failing))
    seconds = random.lognormal(np.log(0.02 * slower), 0.5, share - failed)
    return Answers(
        share,
        failed,
        {Stratum("/lists", "GET", ""): share},
        Counter(map(bucket_of, seconds.tolist())),
    )


def added(left: Answers, right: Answers) -> Answers:
    return Answers(
        left.total + right.total,
        left.failed + right.failed,
        dict.fromkeys(right.strata, left.total + right.total),
        Counter(left.latency) + Counter(right.latency),
    )


def canaries(seed: int, runs: int, failing: float = 0.005, slower: float = 1.0) -> list[int | None]:
    """Run a canary at half of the readers; tell after how many of its answers the gate opened."""
    random = np.random.default_rng(seed)
    opened: list[int | None] = []
    for _ in range(runs):
        service, monolith, at = Answers(), Answers(), None
        for _ in range(25):
            service = added(service, side(random, 400, failing, slower))
            monolith = added(monolith, side(random, 400, 0.005, 1.0))
            if judged(RAISED, canary(service, monolith)).is_open:
                at = service.total
                break
        opened.append(at)
    return opened


def test_a_service_that_is_a_second_monolith_is_not_blocked() -> None:
    """A/A: the same error rate of 0.5 %, the same latency; nine of ten are through by 5,000."""
    opened = [at for at in canaries(4, 40) if at is not None]
    assert len(opened) == 40
    assert np.quantile(opened, 0.9) <= 5000


def test_a_service_that_fails_more_often_by_what_is_allowed_seldom_passes() -> None:
    runs = 60
    false = sum(at is not None for at in canaries(5, runs, failing=0.005 + POLICY.errors))
    assert false <= POLICY.alpha * runs


def test_a_service_that_is_slower_by_more_than_is_allowed_seldom_passes() -> None:
    runs = 60
    exact = float(stats.lognorm.ppf(0.95, 0.5, scale=0.02))
    slower = (exact * (1 + POLICY.slower) + POLICY.allow) / exact
    false = sum(at is not None for at in canaries(6, runs, slower=slower))
    assert false <= POLICY.alpha * runs
