"""What can go wrong between us and an upstream, as values, and what the client is told.

An upstream that is down is part of normal life, not an exception: a failure names the upstream, the
stage and the cause, and `recovery` decides what is done about it.
"""

import ssl
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from strangler.proxy.descriptors import lacks_room
from strangler.proxy.pem import TlsError


class Stage(StrEnum):
    """How far the exchange with the upstream had come."""

    CHOOSING = "choosing a target"
    CONNECTING = "connecting"
    SENDING = "sending the request"
    WAITING = "waiting for the response"
    READING = "reading the response"


class Cause(StrEnum):
    """Why it went no further."""

    NO_ROOM = "there is no room here for another connection"
    UNAVAILABLE = "no target is available"
    OVERLOADED = "all targets are full"
    REFUSED = "the connection failed"
    HANDSHAKE = "TLS could not be set up"
    UNTRUSTED = "its certificate was not accepted"
    TIMEOUT = "it took too long"
    CLOSED = "the connection was closed"
    INVALID = "the response is not valid HTTP"


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed try at one upstream. `detail` is for our log, never for the client."""

    upstream: str
    stage: Stage
    cause: Cause
    detail: str = ""

    @property
    def unsent(self) -> bool:
        """Whether nothing of the request has left: it may go elsewhere, whatever it asks."""
        return self.stage in {Stage.CHOOSING, Stage.CONNECTING}

    @property
    def broke_off(self) -> bool:
        """Whether the upstream had the request, and what it made of it is no answer.

        One that takes too long may have too much to do; this one will fail at the same again.
        """
        asked = self.stage in {Stage.WAITING, Stage.READING}
        return asked and self.cause in {Cause.CLOSED, Cause.INVALID}

    @property
    def status(self) -> int:
        """Decide the status for the client (RFC 9110 sections 15.6.3 to 15.6.5)."""
        match self.cause:
            case Cause.NO_ROOM | Cause.UNAVAILABLE | Cause.OVERLOADED:
                return 503
            case Cause.TIMEOUT:
                return 504
            case Cause.REFUSED | Cause.HANDSHAKE | Cause.UNTRUSTED | Cause.CLOSED | Cause.INVALID:
                return 502
            case _:
                assert_never(self.cause)

    def members(self) -> dict[str, str]:
        """Give what a problem document says of it: the upstream and the stage, no addresses."""
        return {"upstream": self.upstream, "stage": self.stage.value}

    def for_log(self) -> str:
        """Say it with all that is known, for operators."""
        return f"{self.cause} while {self.stage}" + (self.detail and f": {self.detail}")

    def __str__(self) -> str:
        """Say it in one line for people."""
        return f"{self.upstream}: {self.cause} while {self.stage}"


def cause_of(error: OSError) -> Cause:
    """Tell why there is no connection, from what connecting raised."""
    if isinstance(error, TimeoutError):
        return Cause.TIMEOUT
    if lacks_room(error):
        return Cause.NO_ROOM
    if isinstance(error, ssl.SSLCertVerificationError):
        return Cause.UNTRUSTED
    if isinstance(error, ssl.SSLError | TlsError):
        return Cause.HANDSHAKE
    return Cause.REFUSED
