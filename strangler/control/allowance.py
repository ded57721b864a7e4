"""Decides how much may be done: so much a second in the long run, and a rest's worth at once."""


class Allowance:
    """What is left of it. It may be overdrawn, by whoever knows the price only afterwards."""

    __slots__ = ("_a_second", "_most", "left")

    def __init__(self, a_second: float, most: float) -> None:
        """Begin with the `most` there ever is."""
        self._a_second = a_second
        self._most = most
        self.left = most

    def __repr__(self) -> str:
        """Show what is left."""
        return f"<Allowance {self.left:g} of {self._most:g}>"

    def grow(self, seconds: float) -> None:
        """Let time pass."""
        self.left = min(self._most, self.left + seconds * self._a_second)

    def spend(self, price: float) -> None:
        """Take what was done off."""
        self.left -= price
