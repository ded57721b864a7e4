"""The JSON Schema for editors says what the models say."""

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from strangler.routing.config import RoutesConfig
from strangler.routing.schema import json_schema
from tests.routing.building import SAMPLE

DOCS = Path(__file__).parent.parent.parent / "docs"
VALIDATOR = Draft202012Validator(json_schema())
# Every key that there is, at least once.
FULL: dict[str, Any] = yaml.safe_load(SAMPLE)
FULL["domains"]["datasets"]["fallback"] = True
FULL["domains"]["datasets"]["shadow"] |= {"plaintext": ["$.id"], "confirm": True, "reversed": False}
FULL["domains"]["datasets"]["shadow"] |= {"read_back_within": "5s"}
FULL["domains"]["datasets"]["shadow"] |= {"retention": {"age": "90d", "findings": 500}}
FULL["redaction"] = "secrets"
FULL["domains"]["datasets"]["dry_run"] = {"promise": "/dry-runs", "every": "5s", "timeout": "1s"}
FULL["upstreams"]["monolith"]["timeouts"]["keepalive"] = "4s"
FULL["upstreams"]["monolith"]["health"] |= {"timeout": "1s"}
FULL["upstreams"]["monolith"]["health"] |= {"healthy_after": 1, "unhealthy_after": 2}
FULL["upstreams"]["monolith"] |= {
    "ejection": {"after": 5, "share": "50%", "shortest": "1s", "longest": "30s"},
    "slow_start": "10s",
    "limits": {"in_flight": 1, "pending": 0, "wait": "1s"},
    "retries": {"budget": "20%", "floor": 3},
    "resolve": "30s",
}
FULL["domains"]["datasets"]["routes"].append(
    {
        "path": "/full",
        "methods": ["GET", "PUT"],
        "hosts": ["*.example.org"],
        "headers": {"x-beta": "*"},
        "query": {"page": "1"},
        "phase": "shadow",
        "effect": "write",
        "rewrite": {"prefix": "/x"},
        "shadow": {"sample": "1%"},
        "fallback": False,
    }
)
FULL["domains"]["datasets"]["routes"].append(
    {
        "path": "/full/{id}",
        "rewrite": {"template": "/x/{id}", "json_urls": True},
        "read_back": "/full/{body:id}",
    },
)
VALUES = [None, True, 0, 1, 2, -1.5, "", "x", "/x", "10%", "5s", "GET", "shadow", "read", "address"]
VALUES += [[], ["x"], ["GET"], ["$.a"], {}, {"x": "y"}, {"weight": "10%"}]
VALUES += [{"prefix": "/x"}, {"template": "/x"}, {"prefix": "/x", "template": "/x"}]
VALUES += [{"prefix": None}, {"prefix": "/x", "template": None}]


def places(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    listed = enumerate(data) if isinstance(data, list) else ()
    inner = data.items() if isinstance(data, dict) else listed
    for key, value in inner:
        yield from places(value, (*path, key))


def holder_of(data: Any, path: tuple[Any, ...]) -> Any:
    for key in path[:-1]:
        data = data[key]
    return data


def fits_models(data: Any) -> bool:
    try:
        RoutesConfig.model_validate(data)
    except ValidationError:
        return False
    return True


def test_the_schema_is_a_valid_schema() -> None:
    Draft202012Validator.check_schema(json_schema())


def test_the_schema_accepts_the_sample_of_the_design() -> None:
    VALIDATOR.validate(yaml.safe_load(SAMPLE))
    VALIDATOR.validate(FULL)
    assert fits_models(FULL)


@given(st.sampled_from(list(places(FULL))[1:]), st.sampled_from(VALUES))
def test_schema_and_models_agree_on_any_changed_value(path: tuple[Any, ...], value: Any) -> None:
    data = deepcopy(FULL)
    holder_of(data, path)[path[-1]] = value
    assert VALIDATOR.is_valid(data) == fits_models(data)


@given(st.sampled_from(list(places(FULL))[1:]))
def test_schema_and_models_agree_on_what_may_be_left_out(path: tuple[Any, ...]) -> None:
    data = deepcopy(FULL)
    del holder_of(data, path)[path[-1]]
    assert VALIDATOR.is_valid(data) == fits_models(data)


@given(st.sampled_from(list(places(FULL))), st.sampled_from(["extra", "1bad", "a b"]))
def test_schema_and_models_agree_on_any_added_key(path: tuple[Any, ...], key: str) -> None:
    data = deepcopy(FULL)
    mapping = holder_of(data, (*path, key))
    if isinstance(mapping, dict):
        mapping[key] = deepcopy(next(iter(mapping.values())))
        assert VALIDATOR.is_valid(data) == fits_models(data)


def test_every_key_says_what_it_is_for() -> None:
    schema = json_schema()
    for name, model in {"": schema, **schema["$defs"]}.items():
        for key, value in model.get("properties", {}).items():
            assert value.get("description"), f"{name}.{key}"


def test_the_schema_in_the_docs_is_current() -> None:
    written = (DOCS / "routes.schema.json").read_text("utf-8")
    assert written == json.dumps(json_schema(), indent=2) + "\n", (
        "write it again: strangler schema > docs/routes.schema.json"
    )
