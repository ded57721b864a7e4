"""Reads of an X.509 certificate what an operator asks about it: which it is, and how long it holds.

Python's `ssl` tells that of a peer's certificate only. These are the first fields of a certificate
(RFC 5280 section 4.1), in DER: each a tag, a length, and so many octets.
"""

import re
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from strangler.proxy.pem import Pem, TlsError

EXPIRES_SOON = timedelta(days=14)
"""What renews certificates does so after two thirds of their time, a month before the end of the
usual three: with two weeks left, something is wrong with it."""

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_VERSION = 0xA0  # [0], which a certificate of version 1 leaves out
_UTC_TIME = 0x17


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate's number in hex, as `openssl x509 -serial` writes it, and when it is valid."""

    serial: str
    not_before: datetime
    not_after: datetime


def read_certificate(pem: Pem) -> Certificate:
    """Read the first certificate of a chain, which is whose the chain is. Raises `TlsError`."""
    found = _PEM.search(pem.octets)
    if found is None:
        raise TlsError(pem.file, "holds no certificate in PEM form")
    try:
        return _certificate(ssl.PEM_cert_to_DER_cert(found[0].decode("ascii")))
    except ValueError as error:
        raise TlsError(pem.file, f"holds no certificate that can be read: {error}") from error


def _certificate(der: bytes) -> Certificate:
    whole = _element(der)
    fields = _elements(_element(whole.content).content)
    if fields[0].tag == _VERSION:
        del fields[0]
    serial, _signature, _issuer, validity = fields[:4]
    not_before, not_after = _elements(validity.content)
    return Certificate(_hex(serial.content), _moment(not_before), _moment(not_after))


class _Element(NamedTuple):
    tag: int
    content: bytes
    rest: bytes


def _element(der: bytes) -> _Element:
    """Take the first element off."""
    if len(der) < 2:
        raise ValueError("a certificate that ends too early")
    tag, size = der[:2]
    begin = 2
    if size & 0x80:  # the length of the length
        begin += size & 0x7F
        size = int.from_bytes(der[2:begin], "big")
    return _Element(tag, der[begin : begin + size], der[begin + size :])


def _elements(der: bytes) -> list[_Element]:
    found = []
    while der:
        element = _element(der)
        found.append(element)
        der = element.rest
    return found


def _hex(serial: bytes) -> str:
    digits = f"{int.from_bytes(serial, 'big', signed=True):X}"
    return digits if len(digits) % 2 == 0 else f"0{digits}"


def _moment(time: _Element) -> datetime:
    """Read a time: two digits of the year up to 2049, four beyond (RFC 5280 section 4.1.2.5)."""
    text = time.content.decode("ascii")
    if time.tag == _UTC_TIME:
        century = "20" if int(text[:2]) < 50 else "19"
        text = century + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
