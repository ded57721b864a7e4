"""Decides whether two responses to one request mean the same."""

from strangler.compare.bounds import DEFAULT_BOUNDS, Bounds, Inconclusive
from strangler.compare.budget import Budget
from strangler.compare.built_in import REDIRECT_NOTE
from strangler.compare.coding import Broken, decoded
from strangler.compare.content import media_of
from strangler.compare.fields import compare_heads, is_redirect
from strangler.compare.found import Enough, Found
from strangler.compare.markup_walk import MarkupWalk
from strangler.compare.query import marked
from strangler.compare.response import Response
from strangler.compare.rules import Rules
from strangler.compare.structure import (
    JSON_SHAPES,
    MARKUP,
    Structure,
    cost_of_reading,
    structure_of,
)
from strangler.compare.text import compare_texts
from strangler.compare.twice import compare_names
from strangler.compare.verdict import Comparison, Difference, Kind, Verdict
from strangler.compare.walk import JsonWalk

_SAME = Comparison(Verdict.MATCH)
_HOW_TO_READ = frozenset({b"content-encoding", b"content-type"})


def compare(
    primary: Response, candidate: Response, rules: Rules, bounds: Bounds = DEFAULT_BOUNDS
) -> Comparison:
    """Compare what the primary answered with what the candidate answered.

    Another status is one difference and the end: what else differs follows from it. Then come
    the heads, then the bodies: equal bytes are equal, what has a structure is compared by meaning,
    text by line, the rest as bytes. Never raises for anything that a peer has sent.
    """
    if (
        primary.body == candidate.body
        and primary.headers == candidate.headers
        and primary.status == candidate.status
    ):
        return _SAME
    found = Found(bounds)
    try:
        _compare(primary, candidate, rules, bounds, found)
    except Inconclusive as reason:
        return Comparison(Verdict.INCONCLUSIVE, reason=str(reason))
    except Enough:
        pass  # a mismatch; what else differs is not kept
    return _concluded(found, rules)


def _compare(
    primary: Response, candidate: Response, rules: Rules, bounds: Bounds, found: Found
) -> None:
    if primary.status != candidate.status:
        rule = rules.ignoring("status")
        if rule is None:
            found.add("status", "status", Kind.STATUS, primary.status, candidate.status)
            return
        found.fire(rule)
    differing = compare_heads(primary, candidate, rules, found)
    # Equal bytes mean the same only where they are to be read in the same way.
    if primary.body != candidate.body or not _HOW_TO_READ.isdisjoint(differing):
        _compare_bodies(primary, candidate, rules, bounds, found)


def _concluded(found: Found, rules: Rules) -> Comparison:
    _drop_what_follows(found)
    if found.differences:
        verdict = Verdict.MISMATCH
    elif any(map(rules.made_by_route, found.fired)):
        verdict = Verdict.IGNORED
    else:
        verdict = Verdict.MATCH
    return Comparison(verdict, tuple(found.differences), tuple(found.fired))


def _drop_what_follows(found: Found) -> None:
    """Let a header that is made from the body share its fate: a body that differs says it all."""
    if any(each.kind is not Kind.HEADER for each in found.differences):
        found.differences = [each for each in found.differences if not _follows(each)]


def _follows(difference: Difference) -> bool:
    sides = (difference.primary, difference.candidate)
    return difference.path == "header:last-modified" and None not in sides


def _compare_bodies(
    primary: Response, candidate: Response, rules: Rules, bounds: Bounds, found: Found
) -> None:
    left = decoded(primary, "primary", bounds)
    try:
        right = decoded(candidate, "candidate", bounds)
    except Broken as reason:
        found.add("body", "body", Kind.BODY, "can be read", str(reason))
        return
    left_media, right_media = media_of(primary), media_of(candidate)
    if left == right and left_media.charset == right_media.charset:
        return
    budget = Budget(bounds)
    # What is too much for the loop is to hold it for no time at all.
    budget.afford(cost_of_reading(left, left_media) + cost_of_reading(right, right_media))
    ours = structure_of(left, left_media, "primary", budget)
    theirs = None if ours is None else structure_of(right, right_media, "candidate", budget)
    if is_redirect(primary) and is_redirect(candidate) and not _both_json(ours, theirs):
        found.fire(REDIRECT_NOTE)
    elif ours is None or theirs is None or not _comparable(ours, theirs, rules):
        compare_texts(left, right, left_media, right_media, rules, found)
    else:
        compare_names((left, left_media, ours), (right, right_media, theirs), rules, found)
        mine, its = ours.value, theirs.value
        if rules.queries:
            mine = marked(mine, len(left), rules.queries, "primary", budget)
            its = marked(its, len(right), rules.queries, "candidate", budget)
        walk = MarkupWalk if ours.shape in MARKUP else JsonWalk
        walk(rules, bounds, found, budget).compare(mine, its)


def _comparable(ours: Structure, theirs: Structure, rules: Rules) -> bool:
    """Decide whether two structures are to be walked: not where a rule leaves out all but JSON."""
    if ours.shape is not theirs.shape:
        return False
    return ours.shape in JSON_SHAPES or rules.ignoring("body") is None


def _both_json(ours: Structure | None, theirs: Structure | None) -> bool:
    return all(each is not None and each.shape in JSON_SHAPES for each in (ours, theirs))
