"""Decides whether two responses to one request mean the same."""

from strangler.compare.bounds import DEFAULT_BOUNDS, Bounds, Inconclusive
from strangler.compare.content import Media, NotJSON, decoded, json_of, media_of, text_of
from strangler.compare.fields import compare_heads
from strangler.compare.found import Enough, Found
from strangler.compare.response import Response
from strangler.compare.rules import Rules
from strangler.compare.verdict import Comparison, Kind, Verdict
from strangler.compare.walk import JsonWalk

TEXT_EXCERPT = 500
"""Characters of a text kept from its first difference on."""

BYTES_EXCERPT = 32

_SAME = Comparison(Verdict.MATCH)
_HOW_TO_READ = frozenset({b"content-encoding", b"content-type"})


def compare(
    primary: Response, candidate: Response, rules: Rules, bounds: Bounds = DEFAULT_BOUNDS
) -> Comparison:
    """Compare what the primary answered with what the candidate answered.

    Another status is one difference and the end: what else differs follows from it. Then come
    the heads, then the bodies: equal bytes are equal, JSON is compared by meaning, text as text,
    the rest as bytes. Never raises for anything that a peer has sent.
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
    if found.differences:
        verdict = Verdict.MISMATCH
    elif any(map(rules.made_by_route, found.fired)):
        verdict = Verdict.IGNORED
    else:
        verdict = Verdict.MATCH
    return Comparison(verdict, tuple(found.differences), tuple(found.fired))


def _compare_bodies(
    primary: Response, candidate: Response, rules: Rules, bounds: Bounds, found: Found
) -> None:
    left, right = decoded(primary, "primary", bounds), decoded(candidate, "candidate", bounds)
    left_media, right_media = media_of(primary), media_of(candidate)
    if left == right and left_media.charset == right_media.charset:
        return
    if not (_may_be_json(left, left_media) and _may_be_json(right, right_media)):
        _compare_texts(left, right, left_media, right_media, rules, found)
        return
    try:
        ours = json_of(left, left_media, "primary")
        theirs = json_of(right, right_media, "candidate")
    except NotJSON:
        _compare_texts(left, right, left_media, right_media, rules, found)
    else:
        JsonWalk(rules, bounds, found).compare(ours, theirs)


def _may_be_json(body: bytes, media: Media) -> bool:
    """Decide whether to try: the type says JSON or nothing, or says text and it begins like it.

    Many an old system sends its JSON as text/html.
    """
    if media.type.startswith("text/") and not media.is_json:
        return body[:64].lstrip()[:1] in {b"{", b"["}
    return media.is_json or not media.type


def _compare_texts(
    left: bytes, right: bytes, left_media: Media, right_media: Media, rules: Rules, found: Found
) -> None:
    """Compare bodies that are not both JSON: as text where both are, else as bytes.

    Other bytes may be the same text only if a side declares its charset: of two that declare
    none, one would be read wrongly.
    """
    ours, theirs = text_of(left, left_media), text_of(right, right_media)
    declared = left_media.charset is not None or right_media.charset is not None
    if left == right and not (left_media.is_text and right_media.is_text):
        return  # a charset means nothing to them
    if declared and ours is not None and ours == theirs:
        return
    if (rule := rules.ignoring("body")) is not None:
        found.fire(rule)
    elif ours is None or theirs is None or ours == theirs:
        _add_bytes(left, right, found)
    else:
        _add_text(ours, theirs, found)


def _add_text(ours: str, theirs: str, found: Found) -> None:
    at = _first_difference(ours, theirs)
    line, column = ours.count("\n", 0, at) + 1, at - ours.rfind("\n", 0, at)
    place = f"body (line {line}, column {column})"
    kept = slice(at, at + TEXT_EXCERPT)
    found.add("body", place, Kind.BODY, ours[kept], theirs[kept])


def _add_bytes(ours: bytes, theirs: bytes, found: Found) -> None:
    at = _first_difference(ours, theirs)
    kept = slice(at, at + BYTES_EXCERPT)
    found.add("body", f"body (byte {at})", Kind.BODY, ours[kept].hex(" "), theirs[kept].hex(" "))


def _first_difference(ours: str | bytes, theirs: str | bytes) -> int:
    """Find where two unequal sequences part, by halving: slices compare at the speed of C."""
    same, end = 0, min(len(ours), len(theirs))
    while same < end:
        middle = (same + end + 1) // 2
        if ours[same:middle] == theirs[same:middle]:
            same = middle
        else:
            end = middle - 1
    return same
