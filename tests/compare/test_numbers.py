"""Numbers that never rest are held against the other side's with patience."""

import pytest

from strangler.compare.learned import Learned
from strangler.compare.manner import oddity
from strangler.compare.surprise import ASKS
from tests.compare.test_noise import bodies

NOW = 1_790_000_000.0
MOVING = [41, 7, 88, 63, 12]


def is_odd(primary: list[object], candidate: list[object], path: str = "$.x") -> bool:
    return oddity(primary, candidate, now=NOW, span=1.0, path=path) is not None


@pytest.mark.parametrize(
    ("primary", "candidate"),
    [
        (MOVING, [0] * 5),
        (MOVING, [100] * 5),
        ([41, 7, 88, 41, 12], [0] * 5),  # two are the same by accident
        ([str(each) for each in MOVING], ["0"] * 5),
        ([0.5, 0.25, 0.75, 0.1, 0.9], [50.5, 25.5, 75.5, 0.5, 90.5]),
        ([4100, 120, 8800, 6300, 1200], [4_100_000, 320_000, 8_800_000, 900_000, 1_200_000]),
    ],
)
def test_numbers_that_no_load_explains_are_odd(
    primary: list[object], candidate: list[object]
) -> None:
    assert is_odd(primary, candidate)
    assert not is_odd(primary, candidate, path="")  # where no more looks will be taken


@pytest.mark.parametrize(
    ("primary", "candidate", "path"),
    [
        (MOVING, [0, 0, 0, 1, 0], "$.x"),
        (MOVING, [7] * 5, "$.x"),  # which the primary says too
        ([1, 2, 1, 2, 1], [0] * 5, "$.x"),  # of few
        (MOVING, [0] * 5, "$.stats.took"),
        (MOVING, [0] * 5, "$.stats.took[*]['#text']"),
        (MOVING, [1] * 5, "$.pid"),
        ([3000, 4000, 5000, 6000, 7000], [1] * 5, "$.pid"),
        ([1_000_000 + n for n in range(5)], [100 + n for n in range(5)], "$.visits"),
        ([0.1, 0.2, 0.15, 0.3, 0.12], [1.5, 2.0, 1.75, 2.5, 1.8], "$.x"),
    ],
)
def test_numbers_of_a_system_that_has_other_things_to_do_are_not_odd(
    primary: list[object], candidate: list[object], path: str
) -> None:
    assert not is_odd(primary, candidate, path)


def look(learned: Learned, constant: int) -> bool:
    answers = [each for n in MOVING for each in ({"x": n}, {"x": constant})]
    return bool(bodies(*answers, learned=learned).confirmed)


def test_a_number_that_sticks_is_told_after_three_looks() -> None:
    assert len(MOVING) == ASKS
    learned = Learned()
    assert [look(learned, 0) for _ in range(3)] == [False, False, True]


def test_a_number_that_sticks_for_one_look_only_is_from_a_cache() -> None:
    learned = Learned()
    assert not any(look(learned, constant) for constant in range(1000, 1020))


@pytest.mark.parametrize(
    ("path", "odd"),
    [
        *[(f"$.{name}", False) for name in ("load", "cpuLoad", "load5", "in_flight", "jvm.heap")],
        *[(f"$.{name}", True) for name in ("payload", "airport", "report", "flag", "stupid")],
    ],
)
def test_what_a_system_says_of_itself_is_known_by_a_whole_word(path: str, odd: bool) -> None:
    larger = [each * 10_000 for each in MOVING]
    assert is_odd(MOVING, larger, path) is odd
