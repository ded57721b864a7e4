"""What a client is told instead of what it asked for."""

from collections.abc import Mapping
from typing import Any


class Refusal(Exception):  # noqa: N818 - an answer like others, not a fault
    """An error that a client gets to see, with its status."""

    def __init__(
        self, status: int, code: str, message: str, fields: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.fields = fields

    def body(self) -> dict[str, Any]:
        """Give the JSON that says so."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.fields is not None:
            error["fields"] = dict(self.fields)
        return {"error": error}


class Missing(Refusal):
    """Nothing is known here under that name; the monolith may know more."""

    def __init__(self, code: str, message: str, status: int = 404) -> None:
        super().__init__(status, code, message)
