"""Errors that clients get to see."""

from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException


class ApiError(HTTPException):
    """An answer other than the one that was asked for."""

    def __init__(
        self, status: int, code: str, message: str = "", fields: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, message)
        self.code = code
        self.fields = fields

    def body(self) -> dict[str, Any]:
        """Give the JSON that says so."""
        error: dict[str, Any] = {"code": self.code, "message": self.detail}
        if self.fields is not None:
            error["fields"] = dict(self.fields)
        return {"error": error}


def invalid(fields: Mapping[str, str]) -> ApiError:
    """Refuse a body for what is wrong with its fields."""
    return ApiError(422, "INVALID", "some fields are not valid", fields)
