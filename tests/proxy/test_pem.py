"""What is wrong with a file of certificates or keys, in one line that names it."""

import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from strangler.proxy.pem import MAX_BYTES, Pem, TlsError, load_pair, read_pem, trust
from tests.certificates import Authority

AUTHORITY = Authority()
PAIR, OTHER = AUTHORITY.issue("a.example"), AUTHORITY.issue("a.example")


def encrypted(form: PrivateFormat) -> bytes:
    key = load_pem_private_key(PAIR.key, None)
    return key.private_bytes(Encoding.PEM, form, BestAvailableEncryption(b"secret"))


def complaint(cert: bytes, key: bytes) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with pytest.raises(TlsError) as caught:
        load_pair(context, Pem("C", cert), Pem("K", key))
    return str(caught.value)


@pytest.mark.parametrize(
    ("cert", "key", "said"),
    [
        (PAIR.cert, OTHER.key, "K: is not the key of the certificate in C"),
        (b"", PAIR.key, "C: holds no certificate in PEM form"),
        (PAIR.key, PAIR.cert, "C: holds no certificate in PEM form"),
        (PAIR.cert, b"", "K: holds no private key in PEM form"),
        (PAIR.cert, PAIR.cert, "K: holds no private key in PEM form"),
        (PAIR.cert[:200], PAIR.key, "C: is damaged, or the key in K is"),
        (PAIR.cert, PAIR.key[:100], "C: is damaged, or the key in K is"),
        (PAIR.cert.replace(b"MII", b"MI!"), PAIR.key, "C: is damaged, or the key in K is"),
        (PAIR.cert, encrypted(PrivateFormat.PKCS8), "K: is encrypted; store it without a"),
        (PAIR.cert, encrypted(PrivateFormat.TraditionalOpenSSL), "K: is encrypted; store it with"),
    ],
)
def test_a_pair_that_cannot_be_used_says_which_file_and_why(
    cert: bytes, key: bytes, said: str
) -> None:
    told = complaint(cert, key)
    assert told.startswith(said)
    assert "\n" not in told


def test_a_pair_may_lie_in_one_file() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    both = Pem("both", PAIR.key + PAIR.cert)
    load_pair(context, both, both)


def test_what_is_to_be_trusted_must_hold_certificates() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust(context, Pem("CA", AUTHORITY.pem + Authority().pem))
    assert context.cert_store_stats()["x509_ca"] == 2

    for octets in (b"", b"junk", PAIR.key):
        with pytest.raises(TlsError, match="CA: holds no certificate in PEM form"):
            trust(context, Pem("CA", octets))


def test_a_file_that_cannot_be_read_is_called_as_the_caller_says(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.pem")
    with pytest.raises(TlsError, match=f"^{missing}: No such file or directory$"):
        read_pem(missing)
    with pytest.raises(TlsError, match=f"^--tls-key {missing}: No such file or directory$"):
        read_pem(missing, f"--tls-key {missing}")
    with pytest.raises(TlsError, match="Is a directory"):
        read_pem(str(tmp_path))


def test_a_file_without_end_is_not_read_to_it() -> None:
    with pytest.raises(TlsError, match=f"is larger than {MAX_BYTES >> 10} KiB"):
        read_pem("/dev/zero")


def test_no_key_shows_in_what_is_logged(tmp_path: Path) -> None:
    _, key = PAIR.write(tmp_path)
    assert "PRIVATE" not in repr(read_pem(str(key)))


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_no_descriptor_stays_open() -> None:
    before = open_descriptors()
    load_pair(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), Pem("C", PAIR.cert), Pem("K", PAIR.key))
    complaint(PAIR.cert, OTHER.key)
    assert open_descriptors() == before
