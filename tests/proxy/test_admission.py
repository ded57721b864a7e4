"""Who is let in: so many in all, so many of one address."""

from strangler.http.forwarding import Peer
from strangler.proxy.admission import TOO_MANY, TOO_MANY_OF_PEER, Admission

A, B = Peer("192.0.2.1"), Peer("192.0.2.2")
LET_IN = ""


def test_as_many_are_let_in_as_there_are_places_and_another_when_one_leaves() -> None:
    admission = Admission(2, 0)
    assert [admission.enter(peer) for peer in (A, B, A)] == [LET_IN, LET_IN, TOO_MANY]
    admission.leave(B)
    assert [admission.enter(peer) for peer in (A, B)] == [LET_IN, TOO_MANY]
    assert repr(admission) == "<Admission 2/2 leaving=0>"


def test_an_address_has_its_own_bound_and_takes_nothing_of_others() -> None:
    admission = Admission(10, 2)
    assert [admission.enter(A) for _ in range(3)] == [LET_IN, LET_IN, TOO_MANY_OF_PEER]
    assert admission.enter(B) == LET_IN
    admission.leave(A)
    assert [admission.enter(A) for _ in range(2)] == [LET_IN, TOO_MANY_OF_PEER]


def test_a_trusted_peer_has_the_bound_of_all_alone() -> None:
    proxy = Peer("192.0.2.1", trusted=True)
    admission = Admission(3, 1)
    assert [admission.enter(proxy) for _ in range(4)] == [LET_IN, LET_IN, LET_IN, TOO_MANY]
    for _ in range(3):
        admission.leave(proxy)
    assert admission.inside == 0


def test_an_address_of_which_all_have_left_is_forgotten() -> None:
    """Or a worker would remember every address that it has ever seen."""
    admission = Admission(10, 1)
    admission.enter(A)
    admission.leave(A)
    assert admission._of_peer == {}
    assert admission.enter(A) == LET_IN


def test_who_was_refused_takes_no_place() -> None:
    admission = Admission(1, 1)
    assert [admission.enter(A), admission.enter(B)] == [LET_IN, TOO_MANY]
    admission.leave(A)
    assert admission.enter(B) == LET_IN
