"""A dry run that differs from its write is confirmed by the candidate alone."""

import pytest

from strangler.compare.one_sided import confirm_by_candidate
from strangler.compare.verdict import Comparison, Difference, Kind, Verdict

MATCH = Comparison(Verdict.MATCH)
NOW = 1_700_000_000.0  # 2023-11-14T22:13:20Z


def differing(*paths: str, kind: Kind = Kind.VALUE) -> Comparison:
    return Comparison(Verdict.MISMATCH, tuple(Difference(path, path, kind, 1, 2) for path in paths))


def test_what_the_candidate_shows_against_itself_is_noise() -> None:
    told = confirm_by_candidate(
        differing("$.id", "$.name"), differing("$.id"), differing("$.id", "$.name"), NOW
    )
    assert [each.path for each in told.confirmed] == ["$.name"]
    assert [each.path for each in told.noise] == ["$.id"]
    assert told.verdict is Verdict.MISMATCH


def test_a_candidate_that_rests_confirms_all() -> None:
    told = confirm_by_candidate(differing("$.name"), MATCH, differing("$.name"), NOW)
    assert [each.path for each in told.confirmed] == ["$.name"]


def test_a_status_that_changes_in_between_tells_nothing() -> None:
    told = confirm_by_candidate(
        differing("$.name"),
        differing("status", kind=Kind.STATUS),
        differing("status", kind=Kind.STATUS),
        NOW,
    )
    assert told.verdict is Verdict.INCONCLUSIVE
    assert told.reason == "candidate against itself: another status"


@pytest.mark.parametrize(
    ("primary", "candidate", "noise"),
    [
        ("2023-11-14T22:13:19Z", "2023-11-14T22:13:20Z", True),
        ("2023-11-14T22:13:19Z", "2023-11-14T23:13:19Z", False),
        ("2023-11-14T22:13:19Z", "2023-11-14 22:13:20", False),
        ("2023-11-14T20:00:00Z", "2023-11-14T20:00:01Z", False),
        (1_700_000_000, 1_700_000_001, True),
        (17, 18, False),
    ],
)
def test_the_present_time_is_noise_if_both_sides_write_it_alike(
    primary: str | int, candidate: str | int, noise: bool
) -> None:
    at = Comparison(Verdict.MISMATCH, (Difference("$.at", "$.at", Kind.VALUE, primary, candidate),))
    told = confirm_by_candidate(at, MATCH, at, NOW)
    assert bool(told.noise) is noise
    assert bool(told.confirmed) is not noise
