"""Performs the reading of certificates and keys in PEM form, and says what is wrong with them.

Files are read once, whole, and what was read is what is used: OpenSSL, which only takes names of
files, gets the octets back through memory. So a pair that is being replaced, one file after the
other, is never half old and half new, and a worker can be given what another process has read.
"""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

MAX_BYTES = 1 << 20
"""Of one file: a system's whole collection of CAs takes a fifth of it."""


class TlsError(OSError):
    """Certificates or keys that cannot be used; the message is one line: which, why, the way out.

    An `OSError`, because to a connection it means what a refusal means: there will be none.
    """

    def __init__(self, file: str, said: str) -> None:
        """Name the file, or the flag that names it, and say what is wrong with it."""
        super().__init__(f"{file}: {said}")
        self.file = file
        self.said = said


def read_pem(path: str) -> bytes:
    """Read one file. Raises `TlsError`."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - the path is the text that people wrote
            octets = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise TlsError(path, error.strerror or str(error)) from error
    if len(octets) > MAX_BYTES:
        raise TlsError(path, f"is larger than {MAX_BYTES >> 10} KiB, as no certificates are")
    return octets


def load_pair(
    context: ssl.SSLContext, cert: bytes, key: bytes, cert_name: str, key_name: str
) -> None:
    """Give a context a certificate (with its chain) and its key. Raises `TlsError`.

    The names are what messages call the two.
    """
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
            raise TlsError(key_name, "is encrypted; store it without a passphrase") from None
        raise _pair_error(error, cert, key, cert_name, key_name) from error


def trust(context: ssl.SSLContext, certificates: bytes, name: str) -> None:
    """Have a context believe what these certificates have signed. Raises `TlsError`."""
    try:
        with _in_memory(certificates) as file:
            context.load_verify_locations(cafile=file)
    except ssl.SSLError as error:
        raise TlsError(name, "holds no certificate in PEM form") from error


def _pair_error(
    error: Exception, cert: bytes, key: bytes, cert_name: str, key_name: str
) -> TlsError:
    reason = (error.reason if isinstance(error, ssl.SSLError) else None) or ""
    if reason == "KEY_VALUES_MISMATCH":
        return TlsError(key_name, f"is not the key of the certificate in {cert_name}")
    if reason not in {"", "PEM lib"}:  # which is all that OpenSSL says of text that it cannot read
        return TlsError(cert_name, reason.lower().replace("_", " "))
    if b"-----BEGIN CERTIFICATE-----" not in cert:
        return TlsError(cert_name, "holds no certificate in PEM form")
    if b"PRIVATE KEY-----" not in key:
        return TlsError(key_name, "holds no private key in PEM form")
    return TlsError(cert_name, f"is damaged, or the key in {key_name} is")


@contextmanager
def _in_memory(octets: bytes) -> Iterator[str]:
    """Give octets a file name, without a file that anyone else could open."""
    descriptor = os.memfd_create("strangler-tls")
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(octets)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
