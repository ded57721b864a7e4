"""Performs the watch over the listener's certificate: read, tried, handed to workers, replaced.

The files are read every so often and held against what is in use, so that it does not matter how
they are replaced: written over, renamed into place, or by a symbolic link to another directory, as
Kubernetes does. What is not good enough is refused, and what is in use stays.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from strangler.control.supervisor import Supervisor
from strangler.proxy.certificate import EXPIRES_SOON, Certificate, read_certificate
from strangler.proxy.listener_context import Identity, server_context
from strangler.proxy.pem import TlsError, read_pem

log = structlog.get_logger()

LOOK = 1.0
"""Seconds between two looks at the files."""

WARN_AGAIN = timedelta(days=1)
"""Between two warnings that a certificate is about to expire."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where the listener's certificate, its key and, if clients need one, their CA lie."""

    cert: Path
    key: Path
    client_ca: Path | None = None

    def read(self) -> Identity:
        """Read them all. Raises `TlsError`, whose message names flag and file."""
        cert = read_pem(str(self.cert), f"--tls-cert {self.cert}")
        key = read_pem(str(self.key), f"--tls-key {self.key}")
        if self.client_ca is None:
            return Identity(cert, key)
        return Identity(
            cert, key, read_pem(str(self.client_ca), f"--tls-client-ca {self.client_ca}")
        )


def vetted(identity: Identity, now: datetime) -> Certificate:
    """Try what clients would be shown; give which it is and how long it holds.

    Raises `TlsError`.
    """
    server_context(identity)
    certificate = read_certificate(identity.cert)
    if now >= certificate.not_after:
        said = f"expired on {certificate.not_after:%Y-%m-%d %H:%M} UTC; renew it"
        raise TlsError(identity.cert.file, said)
    if now < certificate.not_before:
        said = f"is not valid before {certificate.not_before:%Y-%m-%d %H:%M} UTC"
        raise TlsError(identity.cert.file, f"{said}; is this machine's clock right?")
    return certificate


class ListenerCertificate:
    """The certificate in use, and whether its files hold another."""

    def __init__(
        self, files: TlsFiles, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """Read the files and try them. Raises `TlsError`."""
        self._files = files
        self._clock = clock
        self._asked = asyncio.Event()
        self._refusal = ""
        self._warned_at = datetime.min.replace(tzinfo=UTC)
        self.identity = files.read()
        self.certificate = vetted(self.identity, clock())
        self.reloads: Counter[str] = Counter(reloaded=0, refused=0)
        self._warn()

    def __repr__(self) -> str:
        """Show which is in use."""
        return f"<ListenerCertificate {self.certificate.serial}>"

    def look_now(self) -> None:
        """Look at the files at once, and say what came of it (SIGHUP)."""
        self._asked.set()

    async def watch(self, supervisor: Supervisor) -> None:
        """Look at the files, for ever; give workers what is new and good in them."""
        while True:
            try:
                async with asyncio.timeout(LOOK):
                    await self._asked.wait()
            except TimeoutError:
                pass
            asked = self._asked.is_set()
            self._asked.clear()
            if self.look(asked=asked):
                supervisor.become(self.identity)

    def look(self, *, asked: bool = False) -> bool:
        """Look once; tells whether another certificate is to be shown from now on."""
        self._warn()
        try:
            identity = self._files.read()
            if identity == self.identity:
                self._refusal = ""
                if asked:
                    log.info("tls_unchanged", **self._described())
                return False
            certificate = vetted(identity, self._clock())
        except OSError as error:
            self._refuse(str(error), asked=asked)
            return False
        self.identity, self.certificate = identity, certificate
        self._refusal = ""
        self.reloads["reloaded"] += 1
        log.info("tls_reloaded", **self._described())
        self._warn(again=True)
        return True

    def _refuse(self, said: str, *, asked: bool) -> None:
        """Say once what is wrong: between one file and the other no pair is one."""
        if said != self._refusal or asked:
            self.reloads["refused"] += 1
            log.error("tls_refused", said=said, in_use=self.certificate.serial)
        self._refusal = said

    def _warn(self, *, again: bool = False) -> None:
        """Say that the certificate in use is about to expire, once a day."""
        now = self._clock()
        soon = now >= self.certificate.not_after - EXPIRES_SOON
        if soon and (again or now >= self._warned_at + WARN_AGAIN):
            self._warned_at = now
            log.warning("tls_expires_soon", **self._described())

    def _described(self) -> dict[str, str]:
        return {
            "file": str(self._files.cert),
            "serial": self.certificate.serial,
            "expires": self.certificate.not_after.isoformat(),
        }
