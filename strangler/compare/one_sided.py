"""Tells noise from what counts where a write is judged: only the candidate is asked again."""

from strangler.compare.looks import likeness
from strangler.compare.noise import Confirmation
from strangler.compare.verdict import Comparison, Kind, Verdict


def confirm_by_candidate(
    first: Comparison, candidate_again: Comparison, second: Comparison
) -> Confirmation:
    """Part the differences of `first`, of a write and its dry run, into confirmed ones and noise.

    The primary cannot be asked again, so noise is what the candidate shows against itself.
    `candidate_again` compares the candidate's two answers, `second` the primary's with the second
    of them. If the candidate's status has changed, so has its data, for instance because the write
    itself has arrived there; then nothing can be told.
    """
    if any(each.kind is Kind.STATUS for each in candidate_again.differences):
        return Confirmation(reason="candidate against itself: another status")
    for who, asked in (("candidate against itself", candidate_again), ("second ask", second)):
        if asked.verdict is Verdict.INCONCLUSIVE:
            return Confirmation(reason=f"{who}: {asked.reason}")
    lasting = set(map(likeness, second.differences))
    lasting -= set(map(likeness, candidate_again.differences))
    return Confirmation(
        confirmed=tuple(each for each in first.differences if likeness(each) in lasting),
        noise=tuple(each for each in first.differences if likeness(each) not in lasting),
    )
