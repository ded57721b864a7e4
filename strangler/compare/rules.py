"""What a route does not want compared, compiled once from the strings in `routes.yaml`.

A rule is a path in the body (see `paths`, `query` and `structure`), `header:NAME` (also
`header:NAME/PART`, `header:set-cookie/NAME` and `header:set-cookie/NAME/ATTRIBUTE`), `status`,
`body` for a body that is not JSON, or `body/NAME` for a line of a text.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from strangler.compare import automaton, paths, query, tolerance
from strangler.compare.automaton import PathRule, Purpose, State
from strangler.compare.built_in import WHOLE_FIELDS

# A token of RFC 9110 section 5.6.2, then perhaps a part of the field, or for Set-Cookie a cookie's
# name and an attribute. No "*": it would be taken for "any".
_WORD = r"[A-Za-z0-9!#$%&'+.^_`|~-]+"
_HEADER_RULE = re.compile(
    rf"header:(?:(?P<name>(?i:set-cookie))/(?P<cookie>{_WORD})(?:/(?P<attribute>[A-Za-z-]+))?"
    rf"|{_WORD}(?:/{_WORD})?)"
)
_LINE_RULE = re.compile(r"body/[A-Za-z_][A-Za-z0-9_-]*")


class RuleError(ValueError):
    """A rule that cannot be compiled: `purpose` and `rule` say which, the message says why."""

    def __init__(self, purpose: Purpose, rule: str, why: str) -> None:
        super().__init__(f"{purpose.value} rule {rule!r}: {why}")
        self.purpose = purpose
        self.rule = rule
        self.why = why

    def __reduce__(self) -> tuple[type["RuleError"], tuple[Purpose, str, str]]:
        return RuleError, (self.purpose, self.rule, self.why)


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one route, compiled. Equal when written equally.

    `queries` are those whose paths only a look at the answer can follow; `states` hold the rest.
    """

    ignore: tuple[str, ...] = ()
    unordered: tuple[str, ...] = ()
    plaintext: tuple[str, ...] = ()
    tolerance: tuple[tuple[str, str], ...] = ()
    keyed: tuple[tuple[str, tuple[str, ...]], ...] = ()
    states: tuple[State, ...] = field(default=automaton.build(()), repr=False, compare=False)
    queries: tuple[PathRule, ...] = field(default=(), repr=False, compare=False)
    shown: tuple[State, ...] = field(default=automaton.build(()), repr=False, compare=False)
    ignored_fields: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    shown_fields: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    own: frozenset[str] = field(default=frozenset(), repr=False, compare=False)

    @classmethod
    def compile(
        cls,
        ignore: Iterable[str],
        unordered: Iterable[str],
        plaintext: Iterable[str] = (),
        tolerance: Iterable[tuple[str, str]] = (),
        keyed: Iterable[tuple[str, tuple[str, ...]]] = (),
    ) -> "Rules":
        """Compile rules as written. Raises `RuleError` for the first that is wrong.

        `tolerance` pairs paths with amounts such as `0.01` or `0.1%`, `keyed` paths of lists with
        the members by which their elements are recognised.
        """
        ignored, ignored_fields = _sort(Purpose.IGNORE, ignore)
        lists = _only_paths(Purpose.UNORDERED, unordered)
        shown, shown_fields = _sort(Purpose.PLAINTEXT, plaintext)
        near, keys = tuple(tolerance), tuple(keyed)
        rules = [
            *ignored,
            *lists,
            *(_near(path, amount) for path, amount in near),
            *(_keyed(path, key) for path, key in keys),
        ]
        for rule in shown:
            if not rule.path and rule.text != "$":
                raise RuleError(Purpose.PLAINTEXT, rule.text, _ONLY_PLAIN_PATHS)
        followed = [rule for rule in rules if not _is_query(rule)]
        written = tuple(rule.text for rule in ignored) + tuple(ignored_fields.values())
        return cls(
            ignore=written,
            unordered=tuple(r.text for r in lists),
            plaintext=tuple(r.text for r in shown) + tuple(shown_fields.values()),
            tolerance=near,
            keyed=keys,
            states=_build(followed),
            queries=tuple(rule for rule in rules if _is_query(rule)),
            shown=_build(shown),
            ignored_fields=ignored_fields,
            shown_fields=shown_fields,
            own=frozenset({*written, *(rule.text for rule in rules)}),
        )

    def ignoring(self, place: str) -> str | None:
        """Find the rule that ignores `status`, `body` or a `header:…` place or what it is in."""
        return _covering(self.ignored_fields, place)

    def shows(self, place: str) -> bool:
        """Decide whether the values at a place, as written in a `Difference`, may be plaintext."""
        if not self.plaintext:
            return False
        if not place.startswith("$"):
            return _covering(self.shown_fields, place.partition(" ")[0]) is not None
        state = automaton.root_of(self.shown)
        for selector in paths.parse(place):
            if self.shown[state].plaintext is not None or selector.key is None:
                break
            state = self.shown[state].after(selector.key)
        return self.shown[state].plaintext is not None

    def made_by_route(self, rule: str) -> bool:
        """Decide whether a rule that fired is the route's own, and not a built-in one."""
        return rule in self.own


NO_RULES = Rules()

_ONLY_PLAIN_PATHS = (
    "what may be stored is decided without the whole answer: use names, indices, * and .. only"
)
_NO_TOLERANCE = "is no tolerance: write an amount above zero such as 0.01, or a share such as 0.1%"
_NO_KEY = "needs the name of the member by which elements are recognised"


def complaint(purpose: str, rule: str) -> str | None:
    """Say what is wrong with one rule, by its purpose as in `routes.yaml`; None for nothing.

    Of `tolerance` and `keyed` it is the path that is judged.
    """
    try:
        match Purpose(purpose):
            case Purpose.IGNORE:
                Rules.compile((rule,), ())
            case Purpose.UNORDERED:
                Rules.compile((), (rule,))
            case Purpose.KEYED:
                Rules.compile((), (), keyed=((rule, ("id",)),))
            case Purpose.TOLERANCE:
                Rules.compile((), (), tolerance=((rule, "1"),))
            case Purpose.PLAINTEXT:
                Rules.compile((), (), (rule,))
    except RuleError as error:
        return error.why
    return None


def _sort(purpose: Purpose, texts: Iterable[str]) -> tuple[list[PathRule], dict[str, str]]:
    """Part rules into those about JSON and those about the rest; what is built in is dropped."""
    in_json: list[PathRule] = []
    fields: dict[str, str] = {}
    for text in dict.fromkeys(texts):
        if text.startswith("$"):
            in_json.append(PathRule(text, purpose, _path(purpose, text)))
        elif (
            key := _field_key(purpose, text)
        ) not in WHOLE_FIELDS or purpose is not Purpose.IGNORE:
            fields[key] = text
    return in_json, fields


def _only_paths(purpose: Purpose, texts: Iterable[str]) -> list[PathRule]:
    in_json, fields = _sort(purpose, texts)
    for text in fields.values():
        raise RuleError(purpose, text, 'only what is in bodies ("$…") can be told so')
    return in_json


def _near(path: str, written: str) -> PathRule:
    (rule,) = _only_paths(Purpose.TOLERANCE, [path])
    amount = tolerance.parse(written)
    if amount is None:
        raise RuleError(Purpose.TOLERANCE, path, f"{written} {_NO_TOLERANCE}")
    return rule._replace(tolerance=amount)


def _keyed(path: str, key: tuple[str, ...]) -> PathRule:
    (rule,) = _only_paths(Purpose.KEYED, [path])
    if not key:
        raise RuleError(Purpose.KEYED, path, _NO_KEY)
    return rule._replace(key=key)


def _path(purpose: Purpose, text: str) -> tuple[paths.Selector, ...]:
    """Read a path; one that only a look at the answer can follow has no steps (see `_is_query`)."""
    try:
        return paths.parse(text)
    except paths.PathError as error:
        why = query.complaint(text)
        if why is not None:
            raise RuleError(purpose, text, why if query.is_meant(text) else str(error)) from error
    return ()


def _is_query(rule: PathRule) -> bool:
    return not rule.path and rule.text != "$"


def _field_key(purpose: Purpose, text: str) -> str:
    """Write a rule about a field as the places of differences are written."""
    if text in {"status", "body"} or _LINE_RULE.fullmatch(text):
        return text
    match = _HEADER_RULE.fullmatch(text)
    if match is None:
        raise RuleError(purpose, text, _complaint(text))
    if match["cookie"] is None:
        return text.lower()
    attribute = f"/{match['attribute'].lower()}" if match["attribute"] else ""
    return f"header:set-cookie/{match['cookie']}{attribute}"


def _complaint(text: str) -> str:
    if text.lower().startswith("header:"):
        return 'a header rule is "header:NAME", or "header:NAME/PART" for a directive or a cookie'
    hint = f' (did you mean "$.{text.lstrip(".")}"?)' if re.match(r"\.*[A-Za-z_]", text) else ""
    return f'a rule starts with "$" or "header:", or is "status" or "body"{hint}'


def _covering(rules: Mapping[str, str], place: str) -> str | None:
    while place:
        if place in rules:
            return rules[place]
        place = place.rpartition("/")[0]
    return None


def _build(rules: list[PathRule]) -> tuple[State, ...]:
    try:
        return automaton.build(rules)
    except automaton.TooManyStates as error:
        deepest = max(rules, key=lambda rule: len(rule.path))
        raise RuleError(deepest.purpose, deepest.text, str(error)) from error
