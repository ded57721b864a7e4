"""What was learned of a route's noise explains later differences, as far as it goes."""

import pytest

from strangler.compare.learned import CERTAIN, KINDS, LAGS, MEMORY, Learned, Noise
from strangler.compare.looks import likeness
from strangler.compare.surprise import ENOUGH
from strangler.compare.verdict import Comparison, Difference, Kind, Verdict

NOW = 1_790_000_000.0  # 2026-09-21T14:13:20Z
AT = Difference("$.at", "$.at", Kind.VALUE, "2026-09-21T14:13:19Z", "2026-09-21T14:13:20Z")
LIKE = likeness(AT)
GONE = Difference("$.at", "$.at", Kind.MISSING, "2026-09-21T14:13:19Z", None)


def comparison(*differences: Difference) -> Comparison:
    return Comparison(Verdict.MISMATCH, differences)


def met(learned: Learned, times: int, moved: int | None = None) -> Learned:
    """Have a likeness looked into so often, and the primary move in the first `moved` of them."""
    for look in range(times):
        learned.looked(LIKE, moved=moved is None or look < moved)
    return learned


def explains(learned: Learned, *differences: Difference) -> bool:
    return learned.explain(comparison(*differences), NOW)


def test_nothing_is_explained_by_what_was_never_met() -> None:
    assert not explains(Learned(), AT)


def test_it_takes_many_looks_to_be_certain() -> None:
    assert not explains(met(Learned(), CERTAIN - 1), AT)
    assert explains(met(Learned(), CERTAIN), AT)


def test_what_moves_only_now_and_then_goes_on_being_looked_into() -> None:
    assert not explains(met(Learned(), 40, moved=36), AT)
    assert explains(met(Learned(), 40, moved=39), AT)


def test_one_difference_that_is_unknown_is_enough_to_look() -> None:
    other = Difference("$.total", "$.total", Kind.VALUE, 1, 2)
    assert not explains(met(Learned(), CERTAIN), AT, other)


def test_another_value_does_not_excuse_one_that_is_missing() -> None:
    assert not explains(met(Learned(), CERTAIN), GONE)


@pytest.mark.parametrize(
    "candidate",
    [None, "2026-09-21T13:13:20Z", "2026-09-21 14:13:20", "yesterday", 1_790_000_000],
)
def test_noise_of_another_manner_is_not_explained(candidate: object) -> None:
    odd = Difference("$.at", "$.at", Kind.VALUE, AT.primary, candidate)  # type: ignore[arg-type]  # JSON
    assert not explains(met(Learned(), CERTAIN), odd)


def test_what_comes_and_goes_needs_no_manner() -> None:
    learned = Learned()
    for _ in range(CERTAIN):
        learned.looked(likeness(GONE), moved=True)
    assert explains(learned, GONE)


def test_a_habit_that_was_given_up_fades() -> None:
    learned = met(Learned(), 3 * MEMORY)
    assert explains(learned, AT)
    for _ in range(MEMORY):
        learned.looked(LIKE, moved=False)
    assert not explains(learned, AT)


def test_others_experience_is_taken_where_it_is_more() -> None:
    learned = met(Learned(), 1)
    learned.take([Noise(LIKE, looks=CERTAIN, moved=CERTAIN)])
    assert explains(learned, AT)
    assert learned.is_noise(LIKE)


def test_others_experience_does_not_undo_more_of_one_s_own() -> None:
    learned = met(Learned(), 2 * CERTAIN, moved=0)
    learned.take([Noise(LIKE, looks=CERTAIN, moved=CERTAIN)])
    assert not explains(learned, AT)


def test_others_experience_fades_like_one_s_own() -> None:
    learned = Learned()
    learned.take([Noise(LIKE, looks=1_000_000, moved=1_000_000)])
    for _ in range(MEMORY):
        learned.looked(LIKE, moved=False)
    assert not explains(learned, AT)


def test_what_is_known_to_be_real_stays_so_whatever_others_say() -> None:
    learned = Learned()
    learned.weigh(LIKE, 2 * ENOUGH)
    assert learned.is_real(LIKE)
    learned.take([Noise(LIKE, looks=CERTAIN, moved=CERTAIN)])
    assert learned.is_real(LIKE)


def test_a_difference_that_settles_often_is_known_to_lag() -> None:
    learned = Learned()
    for _ in range(LAGS):
        assert not learned.lags(LIKE)
        learned[LIKE].settled += 1
    assert learned.lags(LIKE)


def test_only_so_many_likenesses_are_remembered() -> None:
    learned = Learned()
    for number in range(KINDS):
        learned.looked((f"$.{number}", "value"), moved=True)
    met(learned, CERTAIN)
    assert not explains(learned, AT)
    assert repr(learned) == f"<Learned {KINDS} likenesses>"
