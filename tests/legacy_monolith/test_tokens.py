"""The signed token, bare."""

import base64
import hashlib
import hmac
import json

import pytest

from legacy_monolith.tokens import Claims, read, sign

SECRET = b"secret"
CLAIMS = Claims(uid=3, name="ada", roles=frozenset({"editor", "admin"}), expires=1000)


def test_what_was_signed_is_read_until_it_expires() -> None:
    token = sign(SECRET, CLAIMS)
    assert read(SECRET, token, now=999.9) == CLAIMS
    assert read(SECRET, token, now=1000) is None


def test_a_partner_can_read_and_make_tokens_with_the_secret_alone() -> None:
    content, _, signature = sign(SECRET, CLAIMS).partition(".")
    assert json.loads(base64.urlsafe_b64decode(content + "==")) == {
        "uid": 3,
        "name": "ada",
        "roles": ["admin", "editor"],
        "exp": 1000,
    }
    digest = hmac.digest(SECRET, content.encode(), hashlib.sha256)
    made = base64.urlsafe_b64encode(digest).decode()
    assert made.rstrip("=") == signature
    assert read(SECRET, f"{content}.{made}", now=0) == CLAIMS


@pytest.mark.parametrize("token", ["", ".", "a.b", "é.ü", "x" * 10_000])
def test_what_was_not_signed_is_not_read(token: str) -> None:
    assert read(SECRET, token, now=0) is None


def test_another_secret_or_another_content_is_not_believed() -> None:
    token = sign(SECRET, CLAIMS)
    assert read(b"other", token, now=0) is None
    _, _, signature = token.partition(".")
    king = base64.urlsafe_b64encode(b'{"uid":1,"name":"x","roles":["admin"],"exp":9999}').decode()
    assert read(SECRET, f"{king}.{signature}", now=0) is None
