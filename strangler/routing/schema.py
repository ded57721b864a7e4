"""The JSON Schema of `routes.yaml`, for editors: shapes and spellings, not how they fit."""

from typing import Any

from strangler.routing.config import RoutesConfig


def json_schema() -> dict[str, Any]:
    """Give the schema (draft 2020-12). What only the whole file tells, `strangler validate` says."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **RoutesConfig.model_json_schema(),
        "title": "strangler routes.yaml, version 1",
    }
