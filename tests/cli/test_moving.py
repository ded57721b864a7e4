"""Where `promote` and `rollback` go from each phase, decided without file, store or process."""

from itertools import pairwise

import pytest

from strangler.cli.failure import VerbError
from strangler.cli.moving import domain_of, phase_ahead, phase_behind
from strangler.routing.compile import load
from strangler.routing.phase import Phase
from strangler.routing.table import Domain
from tests.cli.desk import ROUTES

STEPS = list(pairwise(Phase))


def domain(phase: Phase, *, weight: bool = True) -> Domain:
    text = ROUTES.replace("phase: shadow", f"phase: {phase}").replace("phase: monolith\n", "\n")
    if not weight:
        text = text.replace('    canary: {weight: 10%, key: "header:x-user-id"}\n', "")
    return load(text).domains["datasets"]


def refusal(phase: Phase, to: Phase | None = None, weight: str | None = None) -> str:
    with pytest.raises(VerbError) as raised:
        phase_ahead(domain(phase), to, weight)
    return str(raised.value)


@pytest.mark.parametrize(("here", "there"), STEPS)
def test_a_promotion_is_one_step_ahead(here: Phase, there: Phase) -> None:
    assert phase_ahead(domain(here), None, None) is there


@pytest.mark.parametrize(("there", "here"), STEPS)
def test_a_rollback_is_one_step_back(there: Phase, here: Phase) -> None:
    assert phase_behind(domain(here), None) is there


def test_at_either_end_there_is_no_further_step() -> None:
    assert refusal(Phase.RETIRED) == "datasets is retired already: there is no step ahead"
    with pytest.raises(VerbError, match="datasets is in monolith: there is no step back"):
        phase_behind(domain(Phase.MONOLITH), None)


def test_a_weight_alone_keeps_a_canary_where_it_is() -> None:
    assert phase_ahead(domain(Phase.CANARY), None, "50%") is Phase.CANARY
    assert phase_ahead(domain(Phase.CANARY), Phase.CANARY, "50%") is Phase.CANARY


def test_each_verb_goes_its_own_way_only() -> None:
    assert "use `strangler rollback datasets --to shadow`" in refusal(Phase.CANARY, Phase.SHADOW)
    assert refusal(Phase.CANARY, Phase.CANARY) == "datasets is in canary already"
    with pytest.raises(VerbError, match="no step back: use `strangler promote`"):
        phase_behind(domain(Phase.CANARY), Phase.CANARY)


def test_a_weight_is_for_the_canary_and_the_canary_needs_one() -> None:
    assert "datasets would go to shadow" in refusal(Phase.MONOLITH, None, "10%")
    assert "would go to extracted" in refusal(Phase.CANARY, Phase.EXTRACTED, "10%")
    with pytest.raises(VerbError, match="has no weight yet: add --weight 10%"):
        phase_ahead(domain(Phase.SHADOW, weight=False), None, None)
    assert phase_ahead(domain(Phase.SHADOW, weight=False), None, "10%") is Phase.CANARY


def test_a_misspelt_domain_gets_the_nearest_name() -> None:
    with pytest.raises(VerbError, match=r"no domain dataset; did you mean datasets\?"):
        domain_of(load(ROUTES), "dataset")
