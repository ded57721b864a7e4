"""Holds the data of a `routes.yaml` against its models, and says in people's words what is off."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from strangler.routing.config import METHODS, DomainConfig, RouteConfig, RoutesConfig
from strangler.routing.mistakes import KeyPath, Mistake, did_you_mean
from strangler.routing.source import Data, Source

_WANTED = {
    "bool_type": "must be true or false",
    "dict_type": "must be a mapping",
    "int_type": "must be a whole number",
    "list_type": "must be a list",
    "model_type": "must be a mapping",
    "string_type": "must be text",
}
_KINDS: dict[type, str] = {
    NoneType: "nothing",
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "a mapping",
}
_QUOTE = {bool, int, float}
"""What YAML makes of some texts that stand without quotes."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a file whose own shape is right; `whole` is there if nothing else is in it.

    Of each domain, `domains` holds what stands outside its `routes`; those are in `routes`.
    """

    whole: RoutesConfig | None
    domains: Mapping[str, DomainConfig]
    routes: tuple[tuple[KeyPath, RouteConfig], ...]


def read_shape(source: Source) -> tuple[Parts, list[Mistake]]:
    """Give the parts that are right by themselves, and a mistake for all else."""
    try:
        config = RoutesConfig.model_validate(source.data)
    except ValidationError as error:
        details = error.errors(include_url=False)
        mistakes = [_mistake(source, detail) for detail in details]
        return _sound_parts(source.data, {_path_of(detail) for detail in details}), mistakes
    routes = tuple(
        (route_path(name, index), route)
        for name, domain in config.domains.items()
        for index, route in enumerate(domain.routes)
    )
    return Parts(config, config.domains, routes), []


def route_path(domain: str, index: int) -> KeyPath:
    """Give the key path of one route."""
    return ("domains", domain, "routes", index)


def _sound_parts(data: Data, wrong: set[KeyPath]) -> Parts:
    domains: dict[str, DomainConfig] = {}
    routes: list[tuple[KeyPath, RouteConfig]] = []
    # What is wrong in a route is wrong in that route only: the head of its domain stands.
    heads = {path[1] for path in wrong if len(path) > 1 and path[2:3] != ("routes",)}
    broken = {path[:4] for path in wrong}
    listing = data.get("domains") if isinstance(data, dict) else None
    for name, raw in listing.items() if isinstance(listing, dict) else ():
        if isinstance(raw, dict) and name not in heads:
            domains[name] = DomainConfig.model_validate({**raw, "routes": [{"path": "/"}]})
        items = raw.get("routes") if isinstance(raw, dict) else None
        for index, item in enumerate(items) if isinstance(items, list) else ():
            path = route_path(name, index)
            if path not in broken:
                routes.append((path, RouteConfig.model_validate(item)))
    return Parts(None, domains, tuple(routes))


def _path_of(detail: ErrorDetails) -> KeyPath:
    return tuple(step for step in detail["loc"] if step != "[key]")


def _mistake(source: Source, detail: ErrorDetails) -> Mistake:
    path = _path_of(detail)
    match detail["type"]:
        case "extra_forbidden":
            known = known_keys(path[:-1])
            return source.at_key(path, f"unknown key; {did_you_mean(path[-1], known)}")
        case "missing":
            return source.at_key(path, "is missing")
    message = _message(detail, path)
    return (source.at_key if detail["loc"] != path else source.at_value)(path, message)


def _message(detail: ErrorDetails, path: KeyPath) -> str:
    kind = detail["type"]
    given = detail["input"]
    if path == ("version",):
        return "must be 1, the one version there is"
    if kind in _WANTED:
        quote = ": put it in quotes" if kind == "string_type" and type(given) in _QUOTE else ""
        return f"{_WANTED[kind]}, not {_KINDS.get(type(given), 'this')}{quote}"
    if kind in {"enum", "literal_error"}:
        known = re.findall(r"'([^']+)'", detail["ctx"]["expected"])
        word = str(given).upper() if known == list(METHODS) else given
        return f"unknown word {given}; {did_you_mean(word, known)}"
    if kind == "greater_than_equal":
        return f"must be at least {detail['ctx']['ge']}"
    if kind == "less_than_equal":
        return f"must be at most {detail['ctx']['le']}"
    if kind == "too_short":
        return "must not be empty"
    if kind == "value_error":
        return str(detail["ctx"]["error"])
    return detail["msg"]


def known_keys(path: KeyPath) -> Sequence[str]:
    """Give the keys that the model at a key path has, in the order of the docs; none elsewhere."""
    model: Any = RoutesConfig
    for step in path:
        if _is_model(model):
            field = model.model_fields.get(step)
            model = None if field is None else field.annotation
        else:  # of a mapping or a list: its values
            model = next(reversed(get_args(model)), None)
        if NoneType in get_args(model):  # optional: what it is where it is given
            model = get_args(model)[0]
    return tuple(model.model_fields) if _is_model(model) else ()


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
