"""Certificates that a test makes for itself, and both ends of TLS that use them."""

import ssl
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile

import trustme

from strangler.proxy.listener_context import Identity
from strangler.proxy.pem import Pem


@dataclass(frozen=True)
class Pair:
    """A certificate with its chain, and its key, in PEM form."""

    cert: bytes
    key: bytes

    @property
    def identity(self) -> Identity:
        """What a proxy is given to show."""
        return Identity(Pem("cert", self.cert), Pem("key", self.key))

    def write(self, directory: Path, name: str = "server") -> tuple[Path, Path]:
        """Put both into files: the certificate first."""
        cert, key = directory / f"{name}.pem", directory / f"{name}.key"
        cert.write_bytes(self.cert)
        key.write_bytes(self.key)
        return cert, key

    def load_into(self, context: ssl.SSLContext) -> ssl.SSLContext:
        with NamedTemporaryFile() as file:
            file.write(self.key + self.cert)
            file.flush()
            context.load_cert_chain(file.name)
        return context


class Authority:
    """A CA of the test's own."""

    def __init__(self) -> None:
        self._ca = trustme.CA()
        self.pem: bytes = self._ca.cert_pem.bytes()

    def __repr__(self) -> str:
        return "<Authority>"

    def issue(
        self, *names: str, until: datetime | None = None, since: datetime | None = None
    ) -> Pair:
        """Certify these names or addresses, for ever or between two moments."""
        leaf = self._ca.issue_cert(*names, not_before=since, not_after=until)
        chain = b"".join(blob.bytes() for blob in leaf.cert_chain_pems)
        return Pair(chain, leaf.private_key_pem.bytes())

    def write(self, directory: Path, name: str = "ca.pem") -> Path:
        path = directory / name
        path.write_bytes(self.pem)
        return path

    def server(self, *names: str, clients: "Authority | None" = None) -> ssl.SSLContext:
        """Give the context of a server with these names; one that asks for certificates of
        `clients`, if that is given."""
        context = self.issue(*names).load_into(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
        if clients is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cadata=clients.pem.decode("ascii"))
        return context

    def client(self, pair: Pair | None = None) -> ssl.SSLContext:
        """Give the context of a client that trusts nobody else."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=self.pem.decode("ascii"))
        return context if pair is None else pair.load_into(context)
