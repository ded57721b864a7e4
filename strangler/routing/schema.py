"""The JSON Schema of `routes.yaml`, for editors: shapes and spellings, not how they fit."""

import ast
import inspect
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from strangler.routing import config, gate_config, upstream_config

_MODULES = (config, gate_config, upstream_config)
"""Where the models are written."""


def json_schema() -> dict[str, Any]:
    """Give the schema (draft 2020-12); `strangler validate` says what only the whole file tells."""
    schema = config.RoutesConfig.model_json_schema()
    texts = dict(_texts())
    for name, model in {**schema["$defs"], config.RoutesConfig.__name__: schema}.items():
        fields = model.get("properties", {})
        for field, said in fields.items():
            origins = [(origin.__name__, field) for origin in _model(name).__mro__]
            text = next(texts[origin] for origin in origins if origin in texts)
            fields[field] = dict(sorted({**said, "description": text}.items()))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "strangler routes.yaml, version 1",
    }


def _model(name: str) -> type:
    model: type = next(getattr(module, name) for module in _MODULES if hasattr(module, name))
    return model


def _texts() -> Iterator[tuple[tuple[str, str], str]]:
    """Give, by model and field, the text that stands below each field of the models."""
    written = [each for module in _MODULES for each in ast.parse(inspect.getsource(module)).body]
    for model in [one for one in written if isinstance(one, ast.ClassDef)]:
        for field, below in pairwise(model.body):
            match field, below:
                case (
                    ast.AnnAssign(target=ast.Name(id=name)),
                    ast.Expr(value=ast.Constant(value=str(text))),
                ):
                    yield (model.name, name), inspect.cleandoc(text)
