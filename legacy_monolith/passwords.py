"""Passwords: salted, and slow to guess."""

import hashlib
import hmac
import os

# Some milliseconds per guess. Not the strongest setting there is: a burst of logins must not
# keep everybody else waiting.
COST, BLOCK, LANES = 2**11, 8, 1


def scramble(password: str) -> str:
    """Give what is kept of a password."""
    salt = os.urandom(16)
    return f"{salt.hex()}${_derive(password, salt).hex()}"


def matches(password: str, kept: str) -> bool:
    """Tell whether a password is the one that was scrambled."""
    salt, _, derived = kept.partition("$")
    return hmac.compare_digest(_derive(password, bytes.fromhex(salt)), bytes.fromhex(derived))


def _derive(password: str, salt: bytes) -> bytes:
    # "surrogatepass": any text that can be sent can be a password.
    secret = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(secret, salt=salt, n=COST, r=BLOCK, p=LANES)
