"""What request bodies may say: each a typed model; all mistakes of a body are told at once.

The checks and their messages are those of the public API, which clients know already.
"""

import math
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any, TypeVar

import orjson
from pydantic import BaseModel, PlainValidator, ValidationError

from extracted.datasets.refusal import Refusal

LIMIT = 1024 * 1024  # bytes; JSON is small, files are streamed elsewhere
LARGEST_INTEGER = 2**63 - 1  # what SQLite can hold


def _text(longest: int, shortest: int = 1) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if not isinstance(value, str) or not shortest <= len(value.strip()) <= longest:
            raise ValueError(f"must be a text of {shortest} to {longest} characters")
        return value.strip()

    return check


def _kind(value: Any) -> str:
    if not isinstance(value, str) or value not in {"table", "image", "archive"}:
        raise ValueError("must be one of: table, image, archive")
    return value


def _tags(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > 20:
        raise ValueError("must be a list of at most 20")
    return tuple(sorted(set(map(_text(50), value))))


def _count(value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_INTEGER:
        raise ValueError("must be a whole number, 0 or more")
    return value


def _megabytes(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ValueError("must be a number, 0 or more")
    size = round(float(value), 4)
    if not math.isfinite(size):
        raise ValueError("is too large")
    return size


NAME = PlainValidator(_text(200))
DESCRIPTION = PlainValidator(_text(2000, shortest=0))
NOTE = PlainValidator(_text(500))
FORMAT = PlainValidator(_text(20))
QUERY = PlainValidator(_text(200, shortest=0))
KIND = PlainValidator(_kind)
TAGS = PlainValidator(_tags)
COUNT = PlainValidator(_count)
MEGABYTES = PlainValidator(_megabytes)

# In the models, None means that a field was not mentioned; a null in a body is a mistake.


class Draft(BaseModel):
    """A dataset to be created."""

    name: Annotated[str, NAME]
    kind: Annotated[str, KIND]
    description: Annotated[str, DESCRIPTION] = ""
    tags: Annotated[tuple[str, ...], TAGS] = ()
    row_count: Annotated[int, COUNT] = 0
    size_mb: Annotated[float, MEGABYTES] = 0.0
    format: Annotated[str, FORMAT] = "tar.gz"


class Patch(BaseModel):
    """Changes of a dataset."""

    name: Annotated[str | None, NAME] = None
    description: Annotated[str | None, DESCRIPTION] = None
    tags: Annotated[tuple[str, ...] | None, TAGS] = None
    row_count: Annotated[int | None, COUNT] = None
    size_mb: Annotated[float | None, MEGABYTES] = None
    format: Annotated[str | None, FORMAT] = None


class TagList(BaseModel):
    """All tags of a dataset."""

    tags: Annotated[tuple[str, ...], TAGS]


class VersionDraft(BaseModel):
    """A version to be added; without a size it is as large as the dataset."""

    note: Annotated[str, NOTE]
    size_mb: Annotated[float | None, MEGABYTES] = None


class Search(BaseModel):
    """What is looked for."""

    q: Annotated[str, QUERY] = ""
    tags: Annotated[tuple[str, ...], TAGS] = ()
    kind: Annotated[str | None, KIND] = None


Body = TypeVar("Body", bound=BaseModel)


async def read_body(chunks: AsyncIterator[bytes], model: type[Body]) -> Body:
    """Read a request's body, up to a limit, and check it; a `Refusal` says what is wrong."""
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > LIMIT:
            raise Refusal(413, "TOO_LARGE", f"the body may have {LIMIT} bytes")
    return parse(bytes(body), model)


def parse(body: bytes, model: type[Body]) -> Body:
    """Decide what a body says, or refuse it."""
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refusal(400, "BAD_JSON", "the body is not JSON") from error
    if not isinstance(content, dict):
        raise Refusal(400, "BAD_JSON", "the body is not a JSON object")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        fields = {str(one["loc"][0]): _mistake(one, model) for one in error.errors()}
        raise Refusal(422, "INVALID", "some fields are not valid", fields) from error


def _mistake(error: Any, model: type[BaseModel]) -> str:
    required = model.model_fields[error["loc"][0]].is_required()
    if error["type"] == "missing" or (required and error["input"] is None):
        return "is required"
    return str(error["ctx"]["error"])
