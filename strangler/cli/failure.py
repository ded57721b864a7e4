"""What a verb says when it cannot do what was asked."""


class VerbError(Exception):
    """Ends a verb with exit code 1. `lines` are for people: what, where, and the way out."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines
