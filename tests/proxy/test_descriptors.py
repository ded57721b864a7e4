"""How many clients so many descriptors suffice for, and what is noticed when none is left."""

import errno
import os
from collections.abc import Iterator

import pytest

from strangler.proxy.descriptors import (
    KEPT_BACK,
    MOST_CONNECTIONS,
    OUR_OWN,
    Descriptors,
    connections_that_fit,
    descriptor_limit,
    lacks_room,
)
from tests.descriptors import descriptors_left

NO_LIMIT = -1


@pytest.mark.parametrize(
    ("wanted", "limit", "fit"),
    [
        (0, OUR_OWN + 1000, 750),
        (0, 10**7, MOST_CONNECTIONS),
        (0, NO_LIMIT, MOST_CONNECTIONS),
        (0, OUR_OWN, 1),
        (0, 3, 1),
        (500, OUR_OWN + 1000, 500),
        (1000, OUR_OWN + 1000, 1000),
        (1001, OUR_OWN + 1000, 1000),
        (200_000, NO_LIMIT, 200_000),
    ],
)
def test_as_many_clients_are_let_in_as_descriptors_suffice_for(
    wanted: int, limit: int, fit: int
) -> None:
    assert connections_that_fit(wanted, limit) == fit


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
def test_what_fails_for_want_of_room_is_told_from_what_others_do(number: int) -> None:
    lack = OSError(number, os.strerror(number))
    told = OSError("monolith.example: it has no address")
    told.__cause__ = lack
    assert lacks_room(lack)
    assert lacks_room(told)
    for other in (ConnectionRefusedError(errno.ECONNREFUSED, ""), TimeoutError(), OSError("no")):
        assert not lacks_room(other)


@pytest.fixture
def descriptors() -> Iterator[Descriptors]:
    made = Descriptors()
    yield made
    made.close()


def test_the_last_descriptor_is_missed_before_anybody_fails_for_want_of_it(
    descriptors: Descriptors,
) -> None:
    told: list[str] = []
    descriptors.ran_out = lambda: told.append("ran out")
    assert descriptors.recover()
    with descriptors_left(1):
        descriptors.look()
        assert (told, descriptors.short) == ([], False)
    with descriptors_left(0):
        descriptors.look()
        assert (told, descriptors.short) == (["ran out"], True)
        os.close(os.dup(0))  # what was kept back is free for others
        descriptors.look()
        assert told == ["ran out"]


def test_what_was_given_up_is_kept_again_once_there_is_enough(descriptors: Descriptors) -> None:
    with descriptors_left(2 * KEPT_BACK) as taken:
        kept = min(KEPT_BACK, descriptor_limit() // 16)
        assert descriptors.recover()
        taken += [os.dup(taken[0]) for _ in range(2 * KEPT_BACK - kept)]
        assert descriptors.run_out()
        assert not descriptors.run_out()  # there is nothing left to give up
        assert not descriptors.recover()
        assert descriptors.short
        for _ in range(kept):
            os.close(taken.pop())
        assert descriptors.recover()
        assert not descriptors.short
        assert repr(descriptors) == f"<Descriptors kept={kept} short=False>"


def test_who_keeps_nothing_back_never_runs_out() -> None:
    descriptors = Descriptors()
    with descriptors_left(0):
        descriptors.look()
        assert not descriptors.run_out()
    assert not descriptors.short
