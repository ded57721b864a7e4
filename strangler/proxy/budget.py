"""Decides how much memory the shadow work of one worker may hold, all of it together."""


class Budget:
    """Octets that are held, below a bound that nobody passes."""

    __slots__ = ("_bound", "held")

    def __init__(self, bound: int) -> None:
        """Hold nothing."""
        self._bound = bound
        self.held = 0

    def __repr__(self) -> str:
        """Show how much is held of how much."""
        return f"<Budget {self.held} of {self._bound}>"

    def take(self, octets: int) -> bool:
        """Hold so many octets more; none of them where that would pass the bound."""
        if self.held + octets > self._bound:
            return False
        self.held += octets
        return True

    def give_back(self, octets: int) -> None:
        """Hold so many octets less."""
        self.held -= octets
