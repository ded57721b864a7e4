"""Accounts for how far one comparison has gone."""

from strangler.compare.bounds import Bounds, Inconclusive


class Budget:
    """What is left of one comparison's bounds."""

    __slots__ = ("_depth", "_values")

    def __init__(self, bounds: Bounds) -> None:
        self._values = bounds.values
        self._depth = bounds.depth

    def __repr__(self) -> str:
        return f"<Budget {self._values} values, {self._depth} levels>"

    def spend(self, values: int, level: int) -> None:
        """Account for looking at some values at some level. Raises `Inconclusive`."""
        self.afford(values)
        self._values -= values
        if level > self._depth:
            raise Inconclusive(f"JSON nested more than {self._depth} levels deep")

    def afford(self, values: int) -> None:
        """Make sure that so many values can still be looked at. Raises `Inconclusive`."""
        if values > self._values:
            raise Inconclusive("more values than are compared")
