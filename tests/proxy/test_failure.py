"""What a client is told of an upstream that failed."""

import pytest

from strangler.proxy.failure import Cause, Failure, Stage


@pytest.mark.parametrize(
    ("cause", "status"),
    [
        (Cause.UNAVAILABLE, 503),
        (Cause.OVERLOADED, 503),
        (Cause.REFUSED, 502),
        (Cause.HANDSHAKE, 502),
        (Cause.UNTRUSTED, 502),
        (Cause.TIMEOUT, 504),
        (Cause.CLOSED, 502),
        (Cause.INVALID, 502),
    ],
)
def test_the_cause_decides_the_status(cause: Cause, status: int) -> None:
    """RFC 9110 sections 15.6.3 to 15.6.5."""
    assert Failure("new", Stage.READING, cause).status == status


def test_every_cause_has_a_status() -> None:
    assert {Failure("new", Stage.WAITING, cause).status for cause in Cause} == {502, 503, 504}


def test_a_client_learns_the_upstream_and_the_stage_and_no_address() -> None:
    failure = Failure("new", Stage.CONNECTING, Cause.REFUSED, "http://10.0.0.5:9101 refused")
    assert failure.members() == {"upstream": "new", "stage": "connecting"}
    assert str(failure) == "new: the connection failed while connecting"
    assert failure.for_log() == (
        "the connection failed while connecting: http://10.0.0.5:9101 refused"
    )
    assert "10.0.0.5" not in f"{failure}{failure.members()}"
