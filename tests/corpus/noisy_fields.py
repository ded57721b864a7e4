"""Makes the pairs in which one field never rests: that is noise, unless it hides a regression.

Each kind of field is a route. What a service can get wrong about it is the same list for all kinds.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.corpus.pairs import Ask, Label, Pair
from tests.corpus.values import Value

CLOCKS = {
    # What the monolith writes, and what a service writes that took another format.
    "ms": "${now utc-offset}",
    "us": "${now ms}",
    "utc-offset": "${now ms}",
    "summer": "${now ms}",
    "naive": "${now us}",
    "space": "${now naive}",
    "compact": "${now us}",
    "german": "${now us}",
    "epoch-ms": "${now epoch}",
    "epoch-us": "${now epoch-ms}",
    "epoch-float": "${now epoch-ms}",
    "dotnet": "${now ms}",
}
IDENTIFIERS = {
    "${uuid}": "${hex 32}",
    "${UUID}": "${uuid}",
    "${hex 32}": "${hex 16}",
    "${token 22}": "${digits 22}",
    "req-${hex 12}": "${hex 12}",
    "${ulid}": "${uuid}",
    "${base64 24}": "${base64 12}",
}
NUMBERS = {
    "${int 100 9999}": "${int 100000 9999999}",
    "${float 0 1 6}": "${float 0 100 6}",
    "${float 20 30 3}": "${float 20000 30000 3}",
}
NUMBER_ASKS = 8
"""Numbers of two systems differ: nobody would say after three answers that some are wrong."""

LETTERS = list("abcdefgh")

Change = Mapping[str, Value]


def pairs() -> list[Pair]:
    """Make them all."""
    return [*_clocks(), *_identifiers(), *_numbers(), *_lists()]


def _clocks() -> Iterator[Pair]:
    for style, another in CLOCKS.items():
        value = f"${{now {style}}}"
        wrong: dict[str, Value] = {
            "an-hour-late": f"${{now {style} -1h}}",
            "a-day-early": f"${{now {style} +1d}}",
            "in-another-format": another,
            "of-the-start": f"${{started {style} -90s}}",
        }
        yield from _of_kind("clocks", style, value, wrong)


def _identifiers() -> Iterator[Pair]:
    for number, (value, another) in enumerate(IDENTIFIERS.items()):
        wrong = {"of-another-shape": another, "never-changing": _constant(value)}
        yield from _of_kind("identifiers", f"kind-{number}", value, wrong)


def _constant(value: str) -> str:
    """Give an identifier of this shape that is the same each time."""
    fixed = {
        "${uuid}": "7d444840-9dc0-41d1-b245-5ffdce74fad2",
        "${UUID}": "7D444840-9DC0-41D1-B245-5FFDCE74FAD2",
        "${hex 32}": "9e107d9d372bb6826bd81d3542a419d6",
        "${token 22}": "k3Jd92LmQp0xYz81aBcDeF",
        "req-${hex 12}": "req-9d372bb6826b",
        "${ulid}": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "${base64 24}": "q83vEjRWeJASNFZ4kKvN7xI0VniQ",
    }
    return fixed[value]


def _numbers() -> Iterator[Pair]:
    for number, (value, another) in enumerate(NUMBERS.items()):
        wrong = {"a-thousand-times-as-much": another, "always-zero": 0, "as-text": f" {value}"}
        yield from _of_kind("numbers", f"kind-{number}", value, wrong)


def _of_kind(family: str, kind: str, value: Value, wrong: Change) -> Iterator[Pair]:
    wrong = {"always-null": None, "always-empty": "", **wrong}
    yield _pair(family, kind, Label.NOISE, "as-it-is", value, {})
    for name, instead in wrong.items():
        yield _pair(family, kind, Label.REGRESSION, name, value, {"set": {"moving": instead}})
    yield _pair(family, kind, Label.REGRESSION, "lost", value, {"drop": ["moving"]})


def _lists() -> Iterator[Pair]:
    """Lists in random order: the service may keep an order, but not lose or change an element."""
    for kind, elements in {
        "texts": LETTERS,
        "numbers": list(range(10, 18)),
        "objects": [{"id": number, "name": name} for number, name in enumerate(LETTERS)],
        "objects-without-id": [{"name": name, "on": name < "e"} for name in LETTERS],
    }.items():
        value = {"$shuffle": elements}
        yield _pair("lists", kind, Label.NOISE, "in-any-order", value, {})
        kept: Change = {"set": {"moving": elements}}
        yield _pair("lists", kind, Label.NOISE, "in-order-on-the-service", value, kept)
        wrong: dict[str, Change] = {
            "one-lost": {"drop": ["moving.3"]},
            "one-twice": {"again": {"moving": 2}},
            "one-more": {"append": {"moving": _another(elements[0])}},
            "none-left": {"set": {"moving": []}},
            "null": {"set": {"moving": None}},
        }
        for name, change in wrong.items():
            yield _pair("lists", kind, Label.REGRESSION, name, value, change)
        # The order that the service does not keep is the regression.
        fixed = {"shuffle": ["moving"]}
        yield _pair("lists", kind, Label.REGRESSION, "in-any-order-on-the-service", elements, fixed)


def _another(element: Value) -> Value:
    if isinstance(element, dict):
        return {**element, "name": "another"} | ({"id": 99} if "id" in element else {})
    return "another" if isinstance(element, str) else 99


def _pair(family: str, kind: str, label: Label, name: str, value: Value, change: Change) -> Pair:
    answer: dict[str, Any] = {
        "status": 200,
        "headers": {"Cache-Control": "no-store"},
        "json": {"id": 7, "title": "one that never rests", "moving": value, "state": "ready"},
    }
    return Pair(
        api="noisy",
        name=f"{family}-{kind}-{name}",
        label=label,
        route=f"/{family}/{kind}/{{id}}",
        ask=Ask(f"/{family}/{kind}/7"),
        answer=answer,
        asks=NUMBER_ASKS if family == "numbers" else 0,
        changes={"both": [], "monolith": [], "service": [change] if change else []},
        paths=("$.moving...",) if label is Label.REGRESSION else (),
    )
