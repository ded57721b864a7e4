"""Performs the reading of certificates and keys in PEM form, and says what is wrong with them.

Files are read once, whole, and what was read is what is used: OpenSSL, which only takes names of
files, gets the octets back through memory. So a pair that is being replaced, one file after the
other, is never half old and half new, and a worker can be given what another process has read.
"""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

MAX_BYTES = 1 << 20
"""Of one file: a system's whole collection of CAs takes a fifth of it."""


class TlsError(OSError):
    """Certificates or keys that cannot be used; the message is one line: which, why, the way out.

    An `OSError`, because to a connection it means what a refusal means: there will be none.
    """

    def __init__(self, file: str, said: str) -> None:
        """Name the file, and say what is wrong with it."""
        super().__init__(f"{file}: {said}")
        self.file = file


@dataclass(frozen=True, slots=True)
class Pem:
    """What a file held when it was read; `file` is what messages call it."""

    file: str
    octets: bytes = field(repr=False)


def read_pem(path: str, called: str = "") -> Pem:
    """Read one file, which messages call by its path where nothing else is said.

    Raises `TlsError`.
    """
    file = called or path
    try:
        with open(path, "rb") as opened:  # noqa: PTH123 - the path is the text that people wrote
            octets = opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise TlsError(file, error.strerror or str(error)) from error
    if len(octets) > MAX_BYTES:
        raise TlsError(file, f"is larger than {MAX_BYTES >> 10} KiB, as no certificates are")
    return Pem(file, octets)


def load_pair(context: ssl.SSLContext, cert: Pem, key: Pem) -> None:
    """Give a context a certificate (with its chain) and its key. Raises `TlsError`."""
    encrypted = False

    def no_passphrase() -> str:
        # Without this OpenSSL would ask for it on the terminal, and wait.
        nonlocal encrypted
        encrypted = True
        return ""

    try:
        with _in_memory(cert) as cert_file, _in_memory(key) as key_file:
            context.load_cert_chain(cert_file, key_file, password=no_passphrase)
    except (ssl.SSLError, ValueError) as error:
        if encrypted:
            raise TlsError(key.file, "is encrypted; store it without a passphrase") from None
        raise _pair_error(error, cert, key) from error


def trust(context: ssl.SSLContext, certificates: Pem) -> None:
    """Have a context believe what these certificates have signed. Raises `TlsError`."""
    try:
        with _in_memory(certificates) as file:
            context.load_verify_locations(cafile=file)
    except ssl.SSLError as error:
        raise TlsError(certificates.file, "holds no certificate in PEM form") from error


def _pair_error(error: Exception, cert: Pem, key: Pem) -> TlsError:
    reason = (error.reason if isinstance(error, ssl.SSLError) else None) or ""
    if reason == "KEY_VALUES_MISMATCH":
        return TlsError(key.file, f"is not the key of the certificate in {cert.file}")
    if reason not in {"", "PEM lib"}:  # which is all that OpenSSL says of text that it cannot read
        return TlsError(cert.file, reason.lower().replace("_", " "))
    if b"-----BEGIN CERTIFICATE-----" not in cert.octets:
        return TlsError(cert.file, "holds no certificate in PEM form")
    if b"PRIVATE KEY-----" not in key.octets:
        return TlsError(key.file, "holds no private key in PEM form")
    return TlsError(cert.file, f"is damaged, or the key in {key.file} is")


@contextmanager
def _in_memory(pem: Pem) -> Iterator[str]:
    """Give octets a file name, without a file that anyone else could open."""
    descriptor = os.memfd_create("strangler-tls")
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(pem.octets)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
