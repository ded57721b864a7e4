"""Who has gone while nobody read: a reset tells, the end of what is sent does not."""

import socket
import struct
from collections.abc import Iterator

import pytest

from strangler.proxy.departed import departed


@pytest.fixture
def pairs() -> Iterator[list[tuple[socket.socket, socket.socket]]]:
    """Three connections over TCP: our end, and the client's."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = []
        for _ in range(3):
            client = socket.create_connection(listener.getsockname())
            made.append((listener.accept()[0], client))
        yield made
    for ends in made:
        for end in ends:
            end.close()


def reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def test_a_reset_is_noticed_behind_what_was_sent_before(
    pairs: list[tuple[socket.socket, socket.socket]],
) -> None:
    ours = [end for end, _ in pairs]
    (_, gone), (_, ended), (_, sending) = pairs
    for client in (gone, ended, sending):
        client.sendall(b"unread")
    assert departed(ours) == []
    reset(gone)
    ended.shutdown(socket.SHUT_WR)
    assert departed(ours) == [ours[0]]


def test_an_end_that_has_closed_from_our_side_has_not_departed(
    pairs: list[tuple[socket.socket, socket.socket]],
) -> None:
    ours = [end for end, _ in pairs]
    ours[0].close()
    reset(pairs[1][1])
    assert departed(ours) == [ours[1]]


def test_nobody_paused_is_nobody_departed() -> None:
    assert departed([]) == []
