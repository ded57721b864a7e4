"""Gates at the command line: shut ones are explained in numbers, and force is remembered."""

from strangler.store.observed import Observation
from tests.cli.desk import ROUTES, Desk
from tests.store.sample import NOON

ROUTE = "/api/v1/datasets"


def compared(verdict: str, revision: int = 1) -> Observation:
    return Observation(NOON, "datasets", ROUTE, revision, verdict, method="GET", status="2xx")


def test_without_evidence_a_promotion_is_refused_with_its_own_exit_code(live: Desk) -> None:
    ended = live.run("promote", "datasets", "-m", "let us see")

    assert (ended.code, ended.out) == (3, "")
    assert ended.err == (
        "datasets: shadow → canary: not enough data, by the evidence since revision 1\n"
        "  not enough data: mismatches in comparisons: 0 of 0, at most 100.00% with 95% "
        "confidence; the budget is 1%; 410 more without one would do\n"
        "  not enough data: comparisons without an end: 0 of 0, at most 100.00% with 95% "
        "confidence; the budget is 5%; 81 more without one would do\n"
        "  not enough data: nothing was compared yet\n"
        "nothing was changed; wait for more, or --force it, which the ledger keeps for ever\n"
    )
    assert live.newest().number == 1
    assert live.routes.read_text(encoding="utf-8") == ROUTES
    assert not live.left_over()


def test_a_service_that_differs_is_shut_out_in_numbers(live: Desk) -> None:
    live.observe(*[compared("match")] * 95, *[compared("mismatch")] * 5)

    ended = live.run("promote", "datasets", "-m", "let us see")

    assert ended.code == 3
    assert "  shut: mismatches in comparisons: 5 of 100 (5.00%), at most " in ended.err


def test_an_open_gate_lets_pass_and_leaves_its_evidence_in_the_ledger(live: Desk) -> None:
    live.observe(*[compared("match")] * 500)

    assert live.run("promote", "datasets", "-m", "a quiet week").code == 0

    (entry,) = live.run("history", "datasets", "--limit", "1", "--json").json
    assert entry["forced"] is False
    evidence = entry["evidence"]
    assert (evidence["gate"], evidence["outcome"]) == ("shadow → canary", "open")
    assert evidence["criteria"][0]["numbers"]["trials"] == 500
    assert "0 of 500" in live.run("history", "datasets").out


def test_force_passes_a_shut_gate_and_is_remembered_with_what_it_passed(live: Desk) -> None:
    ended = live.run("promote", "datasets", "-m", "the boss says so", "--force")

    assert ended.code == 0
    assert ended.out.endswith(", forced\n")
    (entry,) = live.run("history", "datasets", "--limit", "1", "--json").json
    assert (entry["forced"], entry["evidence"]["outcome"]) == (True, "not enough data")


def test_a_step_back_asks_no_gate(live: Desk) -> None:
    assert live.run("rollback", "datasets", "-m", "a doubt").code == 0
    assert live.run("history", "datasets", "--limit", "1", "--json").json[0]["evidence"] is None


def test_the_first_step_asks_no_gate(live: Desk) -> None:
    assert live.run("promote", "users", "-m", "nobody sees it").code == 0


def test_more_weight_asks_the_gate_and_less_does_not(desk: Desk) -> None:
    desk.write(ROUTES.replace("phase: shadow", "phase: canary"))
    desk.go_live()

    more = desk.run("promote", "datasets", "-m", "more", "--weight", "50%")
    less = desk.run("promote", "datasets", "-m", "less", "--weight", "5%")

    assert (more.code, less.code) == (3, 0)
    assert "errors of the service: 0 of 0" in more.err


def test_evidence_counts_from_the_last_change_of_weight(desk: Desk) -> None:
    desk.write(ROUTES.replace("phase: shadow", "phase: canary"))
    desk.go_live()
    desk.answer("datasets", ROUTE, revision=1, service=5000, monolith=5000)

    assert desk.run("promote", "datasets", "-m", "more", "--weight", "25%").code == 0
    assert desk.run("promote", "datasets", "-m", "more", "--weight", "50%").code == 3


def test_apply_asks_the_gates_too(live: Desk) -> None:
    live.edit("phase: shadow", "phase: canary")

    refused = live.run("apply", "routes.yaml", "-m", "go")
    forced = live.run("apply", "routes.yaml", "-m", "go", "--force")

    assert (refused.code, forced.code) == (3, 0)
    assert refused.err.startswith("datasets: shadow → canary: not enough data")
    assert live.newest().forced


def test_a_looser_gate_counts_only_once_it_is_live(live: Desk) -> None:
    live.observe(*[compared("match")] * 95, *[compared("mismatch")] * 5)
    live.edit("phase: shadow", "gate: {mismatches: 50%}\n    phase: canary")

    assert live.run("apply", "routes.yaml", "-m", "go").code == 3


def test_the_verb_gate_tells_how_it_stands(live: Desk) -> None:
    lacking = live.run("gate", "datasets")
    live.observe(*[compared("match")] * 500)
    open_ = live.run("gate", "datasets")

    assert (lacking.code, open_.code) == (3, 0)
    assert lacking.out.startswith("datasets: shadow → canary: not enough data, by the evidence")
    assert open_.out.startswith("datasets: shadow → canary: open, by the evidence")


def test_the_verb_gate_speaks_json(live: Desk) -> None:
    report = live.run("gate", "datasets", "--json").json

    assert (report["domain"], report["phase"], report["outcome"]) == (
        "datasets",
        "shadow",
        "not enough data",
    )
    assert [each["name"] for each in report["criteria"]] == [
        "mismatches",
        "inconclusive",
        "samples",
    ]


def test_where_no_gate_is_in_the_way_it_says_so(live: Desk) -> None:
    ended = live.run("gate", "users")
    assert (ended.code, ended.out) == (0, "users is in monolith: no gate is in its way\n")
    assert live.run("gate", "users", "--json").json["outcome"] is None


def test_an_unknown_domain_has_no_gate(live: Desk) -> None:
    ended = live.run("gate", "dataset")
    assert (ended.code, ended.err) == (1, "there is no domain dataset; did you mean datasets?\n")


def test_evidence_can_count_anew_and_the_ledger_says_why(live: Desk) -> None:
    live.observe(*[compared("mismatch")] * 300)

    ended = live.run("gate", "datasets", "--anew", "-m", "build 7 is deployed", "--actor", "eve")

    assert (ended.code, ended.out) == (
        0,
        "datasets: shadow, the evidence counts anew\nrevision 1 → 2, by eve\n",
    )
    live.observe(*[compared("match", revision=2)] * 500)
    assert live.run("gate", "datasets").code == 0
    (entry,) = live.run("history", "datasets", "--limit", "1", "--json").json
    assert (entry["reason"], entry["detail"]) == (
        "build 7 is deployed",
        "the evidence counts anew",
    )
    assert live.run("doctor").code == 0


def test_to_count_anew_needs_a_reason(live: Desk) -> None:
    ended = live.run("gate", "datasets", "--anew")
    assert (ended.code, ended.err) == (1, "-m must not be empty: say why, the ledger keeps it\n")


def test_status_shows_each_gate(live: Desk) -> None:
    live.observe(*[compared("match")] * 500)

    assert "→ canary: open" in live.run("status").out
    domains = {each["name"]: each for each in live.run("status", "--json").json["domains"]}
    assert domains["datasets"]["gate"]["outcome"] == "open"
    assert domains["users"]["gate"] is None
