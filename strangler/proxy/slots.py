"""Decides which copies may be under way in one worker where not all can be."""

from typing import Final


class Slots:
    """Places for copies, which routes share fairly where they are short.

    A route may take all of them while no other needs one. Where all are taken, a route still gets
    one that has less than its share, the places by the routes that hold any; the others get none
    until they have given theirs back. So a service that is slow, or whose answers take long to
    compare, does not leave other domains without evidence. At most twice the places are taken.
    """

    __slots__ = ("_by_route", "_places", "taken")

    def __init__(self, places: int) -> None:
        """Begin with all of them free."""
        self._places: Final = places
        self._by_route: Final[dict[str, int]] = {}
        self.taken = 0

    def __repr__(self) -> str:
        """Show how many are taken, and by how many routes."""
        return f"<Slots {self.taken} of {self._places} by {len(self._by_route)} routes>"

    def take(self, route: str) -> bool:
        """Take one, if the route may have it."""
        mine = self._by_route.get(route, 0)
        if self.taken >= self._places:
            routes = len(self._by_route) + (mine == 0)
            if mine >= self._places // routes or self.taken >= 2 * self._places:
                return False
        self._by_route[route] = mine + 1
        self.taken += 1
        return True

    def give_back(self, route: str) -> None:
        """Give one back."""
        self.taken -= 1
        left = self._by_route[route] - 1
        if left:
            self._by_route[route] = left
        else:
            del self._by_route[route]
