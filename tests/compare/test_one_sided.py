"""A dry run that differs from its write is confirmed by the candidate alone."""

from strangler.compare.one_sided import confirm_by_candidate
from strangler.compare.verdict import Comparison, Difference, Kind, Verdict

MATCH = Comparison(Verdict.MATCH)


def differing(*paths: str, kind: Kind = Kind.VALUE) -> Comparison:
    return Comparison(Verdict.MISMATCH, tuple(Difference(path, path, kind, 1, 2) for path in paths))


def test_what_the_candidate_shows_against_itself_is_noise() -> None:
    told = confirm_by_candidate(
        differing("$.id", "$.name"), differing("$.id"), differing("$.id", "$.name")
    )
    assert [each.path for each in told.confirmed] == ["$.name"]
    assert [each.path for each in told.noise] == ["$.id"]
    assert told.verdict is Verdict.MISMATCH


def test_a_candidate_that_rests_confirms_all() -> None:
    told = confirm_by_candidate(differing("$.name"), MATCH, differing("$.name"))
    assert [each.path for each in told.confirmed] == ["$.name"]


def test_a_status_that_changes_in_between_tells_nothing() -> None:
    told = confirm_by_candidate(
        differing("$.name"),
        differing("status", kind=Kind.STATUS),
        differing("status", kind=Kind.STATUS),
    )
    assert told.verdict is Verdict.INCONCLUSIVE
    assert told.reason == "candidate against itself: another status"
