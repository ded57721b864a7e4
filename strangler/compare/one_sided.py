"""Tells noise from what counts where a write is judged: only the candidate is asked again."""

from strangler.compare.looks import likeness
from strangler.compare.manner import SLACK, apart, oddity
from strangler.compare.noise import Confirmation
from strangler.compare.verdict import Comparison, Difference, Kind, Verdict


def confirm_by_candidate(
    first: Comparison, candidate_again: Comparison, second: Comparison, now: float
) -> Confirmation:
    """Part the differences of `first`, of a write and its dry run, into confirmed ones and noise.

    The primary cannot be asked again, so noise is what the candidate shows against itself, and
    where both tell the present time (`now`, Unix time): in whole seconds the candidate may tell the
    same twice, and the primary the one before. `candidate_again` compares the candidate's two
    answers, `second` the primary's with the second of them. If the candidate's status has changed,
    so has its data, for instance because the write itself has arrived there; then nothing can be
    told.
    """
    if any(each.kind is Kind.STATUS for each in candidate_again.differences):
        return Confirmation(reason="candidate against itself: another status")
    for who, asked in (("candidate against itself", candidate_again), ("second ask", second)):
        if asked.verdict is Verdict.INCONCLUSIVE:
            return Confirmation(reason=f"{who}: {asked.reason}")
    lasting = set(map(likeness, second.differences))
    lasting -= set(map(likeness, candidate_again.differences))
    confirmed: list[Difference] = []
    noise: list[Difference] = []
    for each in first.differences:
        counts = likeness(each) in lasting and not _tells_now(each, now)
        (confirmed if counts else noise).append(each)
    return Confirmation(tuple(confirmed), tuple(noise))


def _tells_now(difference: Difference, now: float) -> bool:
    """Decide whether both values are the present time, written in the same form."""
    ours, theirs = difference.primary, difference.candidate
    seconds = apart(ours, theirs, now=now)
    return (
        seconds is not None
        and seconds <= SLACK
        and oddity([ours], [theirs], now=now, span=0.0) is None
    )
