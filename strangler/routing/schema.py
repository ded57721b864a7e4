"""The JSON Schema of `routes.yaml`, for editors: shapes and spellings, not how they fit."""

from typing import Any

from strangler.routing.config import RoutesConfig


def json_schema() -> dict[str, Any]:
    """Give the schema (draft 2020-12); `strangler validate` says what only the whole file tells."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **RoutesConfig.model_json_schema(),
        "title": "strangler routes.yaml, version 1",
    }
