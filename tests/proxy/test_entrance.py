"""Who is asked to leave where others need the descriptor."""

from types import SimpleNamespace
from typing import Any

from strangler.proxy.descriptors import KEPT_BACK
from strangler.proxy.entrance import SILENT_FOR, may_leave
from strangler.proxy.settings import Settings

SETTINGS = Settings()
NOW = 1000.0


def client(silent_for: float, begun: int = 1, *, idle: bool = True) -> Any:
    """Stand in for a connection: its deadline was set when it fell silent."""
    return SimpleNamespace(idle=idle, begun=begun, deadline=NOW - silent_for + SETTINGS.idle)


def test_whoever_is_silent_between_two_requests_may_leave_and_nobody_else() -> None:
    silent = client(SILENT_FOR)
    others = [client(SILENT_FOR / 2), client(SILENT_FOR, idle=False), client(SILENT_FOR, begun=0)]
    assert may_leave([*others, silent], NOW, SETTINGS) == [silent]


def test_who_has_asked_for_nothing_yet_has_as_long_as_a_head_may_take() -> None:
    fresh = client(SETTINGS.head, begun=0)
    assert may_leave([client(SETTINGS.head / 2, begun=0), fresh], NOW, SETTINGS) == [fresh]


def test_few_leave_at_a_time_the_most_silent_first() -> None:
    clients = [client(SILENT_FOR + seconds) for seconds in range(3 * KEPT_BACK)]
    assert may_leave(clients, NOW, SETTINGS) == clients[: -KEPT_BACK - 1 : -1]
