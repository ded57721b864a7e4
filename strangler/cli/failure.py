"""What a verb says when it cannot do what was asked."""

from typing import ClassVar


class VerbError(Exception):
    """Ends a verb with exit code 1. `lines` are for people: what, where, and the way out."""

    code: ClassVar[int] = 1

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class GateShutError(VerbError):
    """Ends a verb with exit code 3: a gate is not open."""

    code = 3
