"""What never rests is told from what never rests in another manner."""

from decimal import Decimal

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
        ([2**60 + 1, 2**61 + 3, 2**60 + 7], [2**60, 2**61, 2**60 + 1024]),  # through doubles
        ([0.5, 0.25, 0.125], [Decimal("NaN")] * 3),
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


@pytest.mark.parametrize("number", [10**400, Decimal("1e400"), Decimal("1e999999999")])
def test_numbers_beyond_doubles_are_judged_as_any(number: object) -> None:
    assert is_odd([0.5, 0.25, 0.125], [number] * 3)
    assert not is_odd([number, 7, number], [7, number, 7])


def test_a_reference_to_another_place_is_odd_whatever_its_query_says() -> None:
    ours = [f"/login?state={n}" for n in "xyz"]
    assert is_odd(ours, [f"/signin?state={n}" for n in "abc"])
    assert is_odd([f"http://a{way}" for way in ours], [f"http://b:80{way}" for way in ours])
    assert not is_odd(ours, [f"/login?state={n}" for n in "abc"])
    assert not is_odd([f"/ads/{n}.png" for n in "xyz"], [f"/ads/{n}.png" for n in "abc"])


def told(primary: list[object], candidate: list[object]) -> tuple[str, str]:
    found = oddity(primary, candidate, now=NOW, span=1.0)  # type: ignore[arg-type]  # all are JSON
    assert found is not None
    return found.primary, found.candidate


def test_an_oddity_is_told_in_words_that_hold_nothing_of_the_values() -> None:
    hours = [f"2026-09-21T1{hour}:13:2{n}Z" for hour, n in ((4, 0), (4, 1), (3, 0), (3, 1))]
    assert told(hours[:2], hours[2:]) == (
        "ISO 8601, T, UTC (Z)",
        "ISO 8601, T, UTC (Z), 1 h behind",
    )
    uuids = [f"7d444840-9dc0-41d1-b245-5ffdce74fad{n}" for n in range(3)]
    assert told(uuids, [None] * 3) == ("UUID, version 4", "null")
    assert told(uuids, uuids[:1] * 3) == (
        "UUID, version 4, another each time",
        "UUID, version 4, always the same",
    )
    seconds, larger = [0.125, 0.25, 0.5], [125, 250, 500]
    assert told(seconds, larger)[0] != told(seconds, larger)[1]
    assert told([1.5, 2.5], [1500.5, 2500.5])[1] == "number, more than 500 times as large"
    assert told([1500.5, 2500.5], [1.5, 2.5])[1] == "number, more than 500 times as small"


def test_a_clock_that_is_ahead_is_told_in_its_largest_unit() -> None:
    def ahead(seconds: int) -> str:
        return told([NOW, NOW + 1], [NOW + seconds, NOW + seconds + 1])[1].rpartition(", ")[2]

    assert [ahead(each) for each in (60, 3600, -7200, 50_000)] == [
        "1 min ahead",
        "1 h ahead",
        "2 h behind",
        "13.9 h ahead",
    ]


def test_what_is_the_same_on_both_sides_is_not_stuck() -> None:
    once = ["7d444840-9dc0-41d1-b245-5ffdce74fad2"] * 3
    assert not is_odd(once, once)


def test_a_small_number_may_rest_by_accident_and_a_precise_one_may_not() -> None:
    assert not is_odd([3, 4, 5], [4, 4, 4])
    assert is_odd([0.1234567, 0.2345678, 0.3456789], [0.1234567] * 3)


def test_times_that_are_all_over_the_place_are_not_an_hour_late() -> None:
    def day(number: int) -> str:
        return f"2026-09-{number:02}T00:00:00Z"

    assert not is_odd([day(1), day(20), day(9)], [day(5), day(12), day(2)])
