"""Decides whether a request meets what a route asks for beyond its path."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import parse_qsl

from strangler.http.message import RequestHead

ANY = "*"
"""As the value of a header or query condition: present, whatever its value."""


class Source(StrEnum):
    """What part of a request a condition looks at."""

    HOST = "host"
    HEADER = "header"
    QUERY = "query"


class Condition(NamedTuple):
    """One thing a request must have. A host has no name; its value may be `*.example.org`.

    Of a repeated header or query parameter the first value counts.
    """

    source: Source
    name: str
    value: str

    def __str__(self) -> str:
        """Write the condition as a route's label holds it."""
        name = f":{self.name}" if self.name else ""
        return f"{self.source.value}{name}={self.value}"

    @property
    def exact(self) -> bool:
        """Tell whether one value will do and no other."""
        return not self.value.startswith("*") if self.source is Source.HOST else self.value != ANY

    def met(self, head: RequestHead) -> bool:
        """Tell whether the request has it."""
        if self.source is Source.HOST:
            return head.host == self.value if self.exact else head.host.endswith(self.value[1:])
        given = self._given(head)
        return given is not None and self.value in (ANY, given)

    def _given(self, head: RequestHead) -> str | None:
        if self.source is Source.QUERY:
            pairs = parse_qsl(head.target.query, keep_blank_values=True)
            return next((value for name, value in pairs if name == self.name), None)
        field = head.first(self.name.encode("ascii"))
        # Latin-1 maps every octet to one character, so that nothing a client sends can fail here.
        return None if field is None else field.decode("latin-1")


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a request must have, all of it. A route with several hosts has one of these for each."""

    methods: frozenset[str] | None = None
    more: tuple[Condition, ...] = ()

    def __str__(self) -> str:
        """Write the conditions for people."""
        methods = [",".join(sorted(self.methods))] if self.methods is not None else []
        return " ".join([*methods, *map(str, self.more)])

    @property
    def rank(self) -> tuple[int, int]:
        """Give the specificity: how many conditions there are, and how many name an exact value."""
        by_method = self.methods is not None
        return len(self.more) + by_method, sum(one.exact for one in self.more) + by_method

    @property
    def order(self) -> tuple[int, int, int]:
        """Sort the most specific first: by rank, then by the narrower host.

        Of two hosts that one request can meet, the narrower has more labels, or as many and is
        exact: `a.example` before `*.example`.
        """
        count, exact = self.rank
        hosts = [one for one in self.more if one.source is Source.HOST]
        return -count, -exact, -sum(2 * one.value.count(".") + one.exact for one in hosts)

    def met(self, head: RequestHead) -> bool:
        """Tell whether the request has it all."""
        if self.methods is not None and head.method not in self.methods:
            return False
        return not self.more or all(condition.met(head) for condition in self.more)

    def refusal(self, head: RequestHead) -> str | None:
        """Say what the request lacks first, or None where it lacks nothing."""
        if self.methods is not None and head.method not in self.methods:
            return f"claims {', '.join(sorted(self.methods))} only"
        lacking = (f"asks for {one}" for one in self.more if not one.met(head))
        return next(lacking, None)

    def ties(self, other: "Conditions") -> bool:
        """Tell whether one request can meet both while neither is the more specific.

        Of two hosts that differ, either no request can meet both, or one is the narrower.
        """
        if self.rank != other.rank:
            return False
        if self.methods and other.methods and self.methods.isdisjoint(other.methods):
            return False
        both = self._shared(other)
        return not any(_excludes(ours, other) for ours, other in both)

    def compatible(self, other: "Conditions") -> bool:
        """Tell whether one request can meet both."""
        if self.methods and other.methods and self.methods.isdisjoint(other.methods):
            return False
        return not any(_never_both(ours, theirs) for ours, theirs in self._shared(other))

    def _shared(self, other: "Conditions") -> list[tuple[Condition, Condition]]:
        """Pair the conditions of both that look at the same part of a request."""
        theirs = {(one.source, one.name): one for one in other.more}
        return [(one, theirs[one[:2]]) for one in self.more if one[:2] in theirs]


def _never_both(ours: Condition, theirs: Condition) -> bool:
    if ours.source is Source.HOST and not (ours.exact and theirs.exact):
        return not (_within(ours.value, theirs.value) or _within(theirs.value, ours.value))
    return ours.exact and theirs.exact and ours.value != theirs.value


def _within(host: str, wider: str) -> bool:
    """Tell whether all that one host condition claims, another claims too."""
    return host == wider or (wider.startswith("*") and host.endswith(wider[1:]))


def _excludes(ours: Condition, theirs: Condition) -> bool:
    if ours.source is not Source.HOST and not (ours.exact and theirs.exact):
        return False
    return ours.value != theirs.value
