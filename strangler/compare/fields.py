"""Compares the heads of two responses: which fields there are, and what they mean."""

from collections.abc import Collection, Sequence

from strangler.compare import moments, paths
from strangler.compare.built_in import REDIRECT_NOTE, VALUES, WHOLE_FIELDS
from strangler.compare.cookies import EXPIRY, apart, cookies, lifetimes_apart
from strangler.compare.field_meaning import Parts, parts_of
from strangler.compare.found import Found
from strangler.compare.response import Response
from strangler.compare.rules import Rules
from strangler.compare.verdict import Kind

_NO_BODY = frozenset({204, 205, 304})
"""Statuses without a body (RFC 9110 section 15): what its type would be says nothing."""

_ABOUT_FRESHNESS = frozenset({"max-age", "no-store", "no-cache"})
"""Directives of `Cache-Control` that count before `Expires` (RFC 9111 section 5.3)."""

_MOMENTS = frozenset({"expires", "last-modified", "retry-after"})


def compare_heads(
    primary: Response, candidate: Response, rules: Rules, found: Found
) -> Collection[bytes]:
    """Note the fields in which two heads differ in meaning.

    Gives the names (lower-case) of all fields that differ in as much as a byte.
    """
    if primary.headers == candidate.headers:
        return ()
    written_otherwise = set(primary.headers) ^ set(candidate.headers)
    names = sorted({field.lower() for field, _ in written_otherwise})
    heads = _Heads(primary, candidate, rules, found)
    for raw in names:
        name = raw.decode("latin-1")
        if f"header:{name}" in WHOLE_FIELDS:
            found.fire(f"header:{name}")
        else:
            heads.compare(name)
    return names


class _Heads:
    """Two heads while they are compared; what differs goes to `found`."""

    __slots__ = ("_candidate", "_found", "_primary", "_rules")

    def __init__(self, primary: Response, candidate: Response, rules: Rules, found: Found) -> None:
        self._primary = primary
        self._candidate = candidate
        self._rules = rules
        self._found = found

    def __repr__(self) -> str:
        return f"<_Heads {self._primary.status} {self._candidate.status}>"

    def compare(self, name: str) -> None:
        """Compare all fields of one name (lower-case)."""
        ours, theirs = _values(self._primary, name), _values(self._candidate, name)
        if name == "set-cookie":
            self._cookies(ours, theirs)
        elif name == "content-type" and self._says_nothing():
            self._found.fire(REDIRECT_NOTE)
        elif name in _MOMENTS and (same := self._same_moment(name, ours, theirs)) is not None:
            if same and name != "last-modified":
                self._found.fire(f"header:{name}")
            elif not same:
                self._note([name], _joined(ours), _joined(theirs))
        else:
            self._parts(name, ours, theirs)

    def _parts(self, name: str, ours: Sequence[str], theirs: Sequence[str]) -> None:
        left, right = _meaning(name, ours), _meaning(name, theirs)
        if left == right:
            if name in {"content-type", "vary"}:
                self._found.fire(f"header:{name}/{_LEFT_OUT[name]}")
            return
        parts = _differing(left, right)
        if not ours or not theirs or "" in parts:
            self._note([name], _joined(ours), _joined(theirs))
            return
        told = [part for part in parts if not self._ignores(f"header:{name}/{part}")]
        if told:
            place = [name, *told] if len(told) == 1 else [name]
            self._note(place, _joined(ours), _joined(theirs))

    def _ignores(self, place: str) -> bool:
        rule = self._rules.ignoring(place)
        if rule is not None:
            self._found.fire(rule)
        return rule is not None

    def _says_nothing(self) -> bool:
        """Decide whether the type is that of no body, or of the note that a redirect carries."""
        both = (self._primary, self._candidate)
        return all(each.status in _NO_BODY or is_redirect(each) for each in both)

    def _same_moment(self, name: str, ours: Sequence[str], theirs: Sequence[str]) -> bool | None:
        """Decide about instants and spans; None where no more than the text can be compared."""
        if name == "expires" and self._freshness_is_told():
            return True
        if not ours or not theirs:
            return None
        left, right = moments.instant(ours[-1]), moments.instant(theirs[-1])
        if name == "last-modified":
            return left is not None and left == right
        if name == "retry-after" and (left is None or right is None):
            return _same_delay(ours[-1], theirs[-1])
        since = moments.answered(self._primary, self._candidate)
        since_then = moments.answered(self._candidate, self._primary)
        return moments.same_span(moments.lasting(left, since), moments.lasting(right, since_then))

    def _freshness_is_told(self) -> bool:
        """Decide whether both say in `Cache-Control` what `Expires` would say."""
        both = (self._primary, self._candidate)
        told = (parts_of("cache-control", _values(each, "cache-control")) for each in both)
        return all(not _ABOUT_FRESHNESS.isdisjoint(each) for each in told)

    def _cookies(self, ours: Sequence[str], theirs: Sequence[str]) -> None:
        """Compare the cookies that two responses set, the n-th of a name with the n-th of it."""
        left, right = cookies(ours), cookies(theirs)
        for key in sorted(left.keys() | right.keys()):
            mine, its = left.get(key), right.get(key)
            for each in apart(key[0], mine, its):
                self._note(["set-cookie", *each.place], each.primary, each.candidate)
            if mine is None or its is None:
                continue
            lasting = lifetimes_apart(
                mine,
                its,
                moments.answered(self._primary, self._candidate),
                moments.answered(self._candidate, self._primary),
            )
            if lasting is not None:
                self._note(["set-cookie", *lasting.place], lasting.primary, lasting.candidate)
            elif mine.attributes.get("expires") != its.attributes.get("expires"):
                self._found.fire(EXPIRY)

    def _note(self, place: list[str], ours: str | None, theirs: str | None) -> None:
        """Note a difference at a place in the head, unless a rule ignores it."""
        written = "header:" + "/".join(place)
        if self._ignores(written):
            return
        if ours is not None and theirs is not None and written in VALUES:
            self._found.fire(written)
            return
        # A name is written as received only where it cannot be data (see `paths.is_name`).
        shown = [part if paths.is_name(part.replace(".", "_")) else "[?]" for part in place]
        # Cookies are apart from each other; what else differs in one field has one cause.
        path = "header:" + "/".join(shown if place[0] == "set-cookie" else shown[:1])
        self._found.add(path, "header:" + "/".join(shown), Kind.HEADER, ours, theirs)


_LEFT_OUT = {"content-type": "charset", "vary": "accept-encoding"}


def is_redirect(response: Response) -> bool:
    """Decide whether an answer sends the client elsewhere by itself (RFC 9110 section 15.4)."""
    return response.status in {301, 302, 303, 307, 308} and bool(response.field(b"location"))


def _values(response: Response, name: str) -> list[str]:
    raw = name.encode("latin-1")
    found = [value for field, value in response.headers if field.lower() == raw]
    return [value.decode("latin-1").strip() for value in found]


def _joined(values: Sequence[str]) -> str | None:
    """Give several fields of one name as one (RFC 9110 section 5.3); None where there is none."""
    return ", ".join(values) if values else None


def _meaning(name: str, values: Sequence[str]) -> Parts:
    """Give the parts of a field; what says nothing is as good as none."""
    parts = parts_of(name, values) if values else {}
    return {} if parts == {"": frozenset()} else parts


def _differing(ours: Parts, theirs: Parts) -> list[str]:
    return sorted(
        each for each in ours.keys() | theirs.keys() if ours.get(each) != theirs.get(each)
    )


def _same_delay(ours: str, theirs: str) -> bool | None:
    """Compare two delays in seconds; None where one is none."""
    if not (ours.isdecimal() and theirs.isdecimal()):
        return None
    return moments.same_span(float(ours), float(theirs))
