from strangler.compare.habits import ENOUGH, KINDS, MEMORY, Habits
from strangler.compare.verdict import Comparison, Difference, Kind, Verdict


def differing(*paths: str, kind: Kind = Kind.VALUE) -> Comparison:
    differences = tuple(Difference(path, path, kind, 1, 2) for path in paths)
    return Comparison(Verdict.MISMATCH if paths else Verdict.MATCH, differences)


def checked(times: int, first: Comparison, primary_again: Comparison) -> Habits:
    habits = Habits()
    for _ in range(times):
        habits.learn(first, primary_again)
    return habits


def test_nothing_is_a_habit_before_it_was_checked() -> None:
    assert not Habits().explain(differing("$.at"))


def test_a_difference_becomes_a_habit_after_enough_checks() -> None:
    assert not checked(ENOUGH - 1, differing("$.at"), differing("$.at")).explain(differing("$.at"))
    assert checked(ENOUGH, differing("$.at"), differing("$.at")).explain(differing("$.at"))


def test_a_difference_that_the_primary_does_not_show_never_becomes_one() -> None:
    assert not checked(MEMORY, differing("$.mean"), differing("$.at")).explain(differing("$.mean"))


def test_a_difference_that_comes_and_goes_is_checked_for_ever() -> None:
    habits = Habits()
    for turn in range(MEMORY):
        habits.learn(differing("$.total"), differing(*(["$.total"] if turn % 2 else [])))
    assert not habits.explain(differing("$.total"))


def test_a_habit_explains_no_other_difference_beside_it() -> None:
    habits = checked(ENOUGH, differing("$.at"), differing("$.at"))
    assert not habits.explain(differing("$.at", "$.mean"))


def test_another_value_does_not_explain_a_missing_field() -> None:
    habits = checked(ENOUGH, differing("$.at"), differing("$.at"))
    assert not habits.explain(differing("$.at", kind=Kind.MISSING))


def test_a_habit_that_is_given_up_fades() -> None:
    habits = checked(10 * MEMORY, differing("$.at"), differing("$.at"))
    for _ in range(MEMORY):
        habits.learn(differing("$.at"), differing())
    assert not habits.explain(differing("$.at"))


def test_memory_is_bounded() -> None:
    habits = Habits()
    for number in range(2 * KINDS):
        habits.learn(differing(f"$.f{number}"), differing())
    assert len(habits._checked) == KINDS
