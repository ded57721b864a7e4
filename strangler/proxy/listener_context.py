"""Makes what TLS to clients needs, and lets it be replaced while the listener stands."""

import ssl
from collections import Counter
from dataclasses import dataclass
from typing import Any, Self

from strangler.proxy.pem import Pem, load_pair, trust
from strangler.proxy.secure_transport import AGREES_WITHIN

# For TLS 1.2, what Mozilla's "intermediate" configuration has (version 5.7), less what needs
# Diffie-Hellman parameters of one's own. Those of TLS 1.3 are all good and stay as they are.
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we are to clients: a certificate with its chain, and its key.

    `client_ca` are the certificates of which one must have signed each client's; None where clients
    need none.
    """

    cert: Pem
    key: Pem
    client_ca: Pem | None = None


def server_context(identity: Identity) -> ssl.SSLContext:
    """Make the context of a server's handshakes. Raises `TlsError`.

    Each has ticket keys of its own, so that no session outlives the context it was made in: after a
    change a client proves anew who it is.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.set_alpn_protocols(["http/1.1"])
    # A client that asks for one handshake after the other on one connection would cost us more
    # than itself (CVE-2011-1473).
    context.options |= ssl.OP_NO_RENEGOTIATION
    load_pair(context, identity.cert, identity.key)
    if identity.client_ca is not None:
        trust(context, identity.client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


class ListenerContext(ssl.SSLContext):
    """The context that a listener is given for good: each handshake is begun by the present one.

    Loading another certificate into a context that is in use would leave it with neither where the
    pair is no pair; replaced whole, it is always one or the other. Loops begin handshakes with
    `wrap_bio`, those of asyncio and of uvloop.
    """

    present: ssl.SSLContext
    _counted: type[ssl.SSLObject]

    def __new__(cls, identity: Identity, handshakes: "Counter[str]") -> Self:
        """Begin with an identity; `handshakes` counts how they end."""
        made = super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)
        made._counted = _counted_in(handshakes)
        made.become(identity)
        return made

    def __repr__(self) -> str:
        """Show which context begins the next handshake."""
        return f"<ListenerContext {self.present!r}>"

    def become(self, identity: Identity) -> None:
        """Be somebody else from the next handshake on. Raises `TlsError`."""
        context = server_context(identity)
        context.sslobject_class = self._counted
        self.present = context

    def arguments(self, handshake: float) -> dict[str, Any]:
        """Give what `create_server` needs for TLS; `handshake` bounds each one, in seconds.

        It is the bound on a head: whoever drips the one may as well drip the other.
        """
        return {
            "ssl": self,
            "ssl_handshake_timeout": handshake,
            "ssl_shutdown_timeout": AGREES_WITHIN,
        }

    def wrap_bio(self, *arguments: Any, **more: Any) -> ssl.SSLObject:
        """Begin a handshake."""
        return self.present.wrap_bio(*arguments, **more)


def _counted_in(handshakes: "Counter[str]") -> type[ssl.SSLObject]:
    """Make a class of connections that count how their handshakes end: nobody else is told."""

    class Counted(ssl.SSLObject):
        outcome = ""

        def do_handshake(self) -> None:
            try:
                super().do_handshake()
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                raise
            except ssl.SSLError as error:
                self._ended((error.reason or "failed").lower())
                raise
            self._ended("completed")

        def _ended(self, outcome: str) -> None:
            self.outcome = outcome
            handshakes[outcome] += 1

        def __del__(self) -> None:
            if not self.outcome:
                self._ended("given_up")

    return Counted
