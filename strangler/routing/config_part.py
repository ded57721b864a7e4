"""What all parts of `routes.yaml` share, as people write it."""

from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.config import JsonDict

# pydantic puts the pattern of a mapping's keys into the schema, but allows all others beside it.
NAMES_ONLY: JsonDict = {"additionalProperties": False}


def no_null(schema: dict[str, Any]) -> None:
    """Offer editors no null: it stands for a key that is left out, and may not be written."""
    schema.pop("default")
    schema |= next(kind for kind in schema.pop("anyOf") if kind["type"] != "null")


class Config(BaseModel):
    """What all parts share: no unknown keys, no guessing between text and numbers.

    The text below a field is for readers of the schema, which finds it by itself: pydantic would
    parse this file whenever a process starts.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
