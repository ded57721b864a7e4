"""What never rests is told from what never rests in another manner."""

import pytest

from strangler.compare.manner import oddity

NOW = 1_790_000_000.0  # 2026-09-21T14:13:20Z


def is_odd(primary: list[object], candidate: list[object]) -> bool:
    return oddity(primary, candidate, now=NOW, span=1.0) is not None


@pytest.mark.parametrize(
    ("ours", "an_hour_late"),
    [
        ("20260921T141320.{}Z", "20260921T131320.{}Z"),
        ("21.09.2026 14:13:20.{}", "21.09.2026 13:13:20.{}"),
        ("/Date(1790000000{})/", "/Date(1789996400{})/"),
    ],
)
def test_a_clock_that_is_an_hour_late_is_odd_however_it_is_written(
    ours: str, an_hour_late: str
) -> None:
    primary = [ours.format(n) for n in (101, 402, 703)]
    assert is_odd(primary, [an_hour_late.format(n) for n in (102, 403, 704)])
    assert not is_odd(primary, [ours.format(n) for n in (102, 403, 704)])


@pytest.mark.parametrize(
    ("primary", "candidate"),
    [
        ([41, 7, 88], [0.41, 0.07, 0.88]),  # a share of one, not of a hundred
        ([41, 7, 88], [-41, -7, -88]),
        ([21.5, 27.25, 24.75], [21_500.5, 27_250.25, 24_750.75]),
        ([9_000_000, 4_000_001, 7], [0.002, 0.003, 0.004]),
    ],
)
def test_numbers_of_another_sign_size_or_kind_are_odd(
    primary: list[object], candidate: list[object]
) -> None:
    assert is_odd(primary, candidate)


@pytest.mark.parametrize(
    ("primary", "candidate"),
    [
        ([41, 7, 88], [12, 99, 3]),
        ([1.5, 2, 2.5], [1, 2.25, 1]),
        ([0, 0, 4], [4000, 900, 1]),
        ([350, 410, 380], [3, 4, 2]),  # a faster service
    ],
)
def test_numbers_of_one_kind_are_not_odd(primary: list[object], candidate: list[object]) -> None:
    assert not is_odd(primary, candidate)


def test_a_reference_to_another_place_is_odd_whatever_its_query_says() -> None:
    ours = [f"/login?state={n}" for n in "xyz"]
    assert is_odd(ours, [f"/signin?state={n}" for n in "abc"])
    assert is_odd([f"http://a{way}" for way in ours], [f"http://b:80{way}" for way in ours])
    assert not is_odd(ours, [f"/login?state={n}" for n in "abc"])
    assert not is_odd([f"/ads/{n}.png" for n in "xyz"], [f"/ads/{n}.png" for n in "abc"])
