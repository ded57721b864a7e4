"""One change to an answer is one difference, which names what was changed and nothing else."""

import copy
import json
import random
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.compare import paths
from strangler.compare.compare import compare
from strangler.compare.verdict import Kind, Verdict
from tests.compare.answers import JSON_TYPE, answer, compare_json, json_answer, rules

Steps: TypeAlias = tuple[str | int, ...]

NAMES = st.sampled_from(["name", "size", "state", "owner", "price", "at", "note", "flag"])
SCALARS = (
    st.booleans()
    | st.integers(-1000, 1000)
    | st.floats(-1e6, 1e6)
    | st.text(st.characters(codec="ascii"), max_size=8)
    | st.sampled_from(["2024-03-01T09:15:00Z", "119.90", "true", "0", "ü", "a b"])
)
RECORDS = st.dictionaries(NAMES, SCALARS, min_size=1, max_size=5)
ROWS = st.lists(RECORDS, min_size=2, max_size=5).map(
    lambda rows: [{"id": number, **row} for number, row in enumerate(rows, 100)]
)
DOCUMENTS = st.fixed_dictionaries(
    {"items": ROWS, "meta": RECORDS, "deep": st.fixed_dictionaries({"er": RECORDS})},
    optional={"tags": st.lists(st.sampled_from("abcdef"), min_size=2, unique=True)},
)


def members(value: Any, steps: Steps = ()) -> Iterator[Steps]:
    """Name each member that holds a scalar, but for those by which rows are told apart."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if isinstance(inner, dict | list):
                yield from members(inner, (*steps, name))
            elif name != "id":
                yield (*steps, name)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from members(inner, (*steps, index))


def at(document: Any, steps: Steps) -> Any:
    for step in steps:
        document = document[step]
    return document


def another(value: Any) -> Any:
    """Another value of the same type."""
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int | float) else value + "x"


def of_another_type(value: Any) -> Any:
    return json.dumps(value) if not isinstance(value, str) else len(value)


def set_to(change: Callable[[Any], Any]) -> Callable[[dict[str, Any], str], str]:
    def apply(record: dict[str, Any], name: str) -> str:
        record[name] = change(record[name])
        return name

    return apply


def dropped(record: dict[str, Any], name: str) -> str:
    del record[name]
    return name


def added(record: dict[str, Any], name: str) -> str:  # noqa: ARG001 - as the others
    record["brand_new"] = 1
    return "brand_new"


MUTATIONS: dict[str, tuple[Callable[[dict[str, Any], str], str], Kind]] = {
    "another value": (set_to(another), Kind.VALUE),
    "another type": (set_to(of_another_type), Kind.TYPE),
    "null": (set_to(lambda _: None), Kind.TYPE),
    "a list of it": (set_to(lambda value: [value]), Kind.TYPE),
    "dropped": (dropped, Kind.MISSING),
    "added": (added, Kind.EXTRA),
}


@pytest.mark.parametrize("mutation", MUTATIONS)
@given(document=DOCUMENTS, chance=st.randoms(use_true_random=False))
def test_a_changed_member_is_the_one_difference(
    mutation: str, document: dict[str, Any], chance: random.Random
) -> None:
    change, kind = MUTATIONS[mutation]
    steps = chance.choice(list(members(document)))
    mutated = copy.deepcopy(document)
    place = (*steps[:-1], change(at(mutated, steps[:-1]), str(steps[-1])))

    comparison = compare_json(document, mutated)
    assert comparison.verdict is Verdict.MISMATCH
    found = [(each.kind, each.path, each.place) for each in comparison.differences]
    assert found == [(kind, paths.collapse(place), paths.write(place))]


@given(document=DOCUMENTS, chance=st.randoms(use_true_random=False))
def test_a_row_that_is_lost_or_new_is_the_one_difference(
    document: dict[str, Any], chance: random.Random
) -> None:
    fewer = copy.deepcopy(document)
    del fewer["items"][chance.randrange(len(fewer["items"]))]

    for pair, kind in (((document, fewer), Kind.MISSING), ((fewer, document), Kind.EXTRA)):
        found = [(each.kind, each.path) for each in compare_json(*pair).differences]
        assert found == [(kind, "$.items[*]")]


@given(document=DOCUMENTS)
def test_rows_in_another_order_are_the_one_difference(document: dict[str, Any]) -> None:
    turned = {**document, "items": document["items"][::-1]}

    found = [(each.kind, each.path) for each in compare_json(document, turned).differences]
    assert found == [(Kind.ORDER, "$.items")]


def respelt(value: Any, chance: random.Random) -> str:
    """Write a value so that it means the same: members, spaces, escapes, forms of numbers."""
    space = chance.choice(["", " ", "\n\t"])
    if isinstance(value, dict):
        names = chance.sample(list(value), len(value))
        inner = [f"{respelt(name, chance)}:{respelt(value[name], chance)}" for name in names]
        return f"{space}{{{space}{f'{space},'.join(inner)}}}{space}"
    if isinstance(value, list):
        return f"[{','.join(respelt(each, chance) for each in value)}{space}]"
    if isinstance(value, str) and chance.random() < 0.5:
        return '"' + "".join(f"\\u{ord(letter):04x}" for letter in value) + '"'
    if isinstance(value, bool | str):
        return space + json.dumps(value, ensure_ascii=False)
    written = repr(value)
    return space + chance.choice([written] if "e" in written else [written, f"{written}E+00"])


@given(document=DOCUMENTS, chance=st.randoms(use_true_random=False))
def test_what_is_only_written_otherwise_is_no_difference(
    document: dict[str, Any], chance: random.Random
) -> None:
    text = respelt(document, chance)
    assert json.loads(text) == document
    comparison = compare(json_answer(document), answer(text.encode(), JSON_TYPE), rules())
    assert (comparison.verdict, comparison.differences) == (Verdict.MATCH, ())
