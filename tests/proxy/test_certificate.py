"""What an operator asks about a certificate, read from its octets: held against `cryptography`."""

import ssl
from datetime import UTC, datetime

import pytest
from cryptography.x509 import load_pem_x509_certificate

from strangler.proxy.certificate import Certificate, read_certificate
from strangler.proxy.pem import Pem, TlsError
from tests.certificates import Authority

EPOCHS = [
    datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(2026, 11, 21, 12, 0, 1, tzinfo=UTC),
    datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(2050, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
]


def read(octets: bytes) -> Certificate:
    return read_certificate(Pem("a.pem", octets))


@pytest.mark.parametrize("until", EPOCHS, ids=lambda until: f"{until:%Y}")
def test_times_are_read_in_both_of_their_spellings(until: datetime) -> None:
    """RFC 5280 section 4.1.2.5: a year has two digits up to 2049, and four from 2050."""
    since = datetime(1996, 2, 29, 1, 2, 3, tzinfo=UTC)
    found = read(Authority().issue("a.example", until=until, since=since).cert)

    assert (found.not_before, found.not_after) == (since, until)


def test_numbers_are_those_that_others_read() -> None:
    authority = Authority()
    for _ in range(20):
        pair = authority.issue("a.example")
        number = load_pem_x509_certificate(pair.cert).serial_number
        found = read(pair.cert)

        assert int(found.serial, 16) == number
        assert len(found.serial) % 2 == 0


def test_the_first_certificate_of_a_chain_is_read_whatever_stands_around_it() -> None:
    authority = Authority()
    pair = authority.issue("a.example")
    alone = read(pair.cert)

    assert read(b"a comment\n" + pair.key + pair.cert + authority.pem) == alone
    assert read(authority.pem) != alone


@pytest.mark.parametrize("pem", [b"", b"junk", Authority().issue("a.example").key])
def test_what_holds_no_certificate_says_so(pem: bytes) -> None:
    with pytest.raises(TlsError, match=r"a\.pem: holds no certificate in PEM form"):
        read(pem)


@pytest.mark.parametrize("der", [b"", b"0", b"0\x00", b"0\x04\x30\x02\x02\x00", bytes(400)])
def test_what_is_no_certificate_inside_is_one_line_too(der: bytes) -> None:
    with pytest.raises(TlsError, match=r"a\.pem: holds no certificate that can be read"):
        read(ssl.DER_cert_to_PEM_cert(der).encode())
