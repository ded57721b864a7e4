"""The pure parts: ids, who may write, settings, pauses."""

import base64
import hashlib
import hmac
import itertools
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extracted.datasets.changes import next_id
from extracted.datasets.identity import Identity, identify
from extracted.datasets.outages import pauses
from extracted.datasets.regressions import FIXED, REGRESSED
from extracted.datasets.settings import parse_settings

SECRET = "a secret"
NOW = 1_800_000_000.0
CLAIMS = {"uid": 3, "name": "ada", "roles": ["editor"], "exp": NOW + 1}


def token(claims: Any, secret: str = SECRET, padding: bytes = b"=") -> str:
    first = base64.urlsafe_b64encode(orjson.dumps(claims)).rstrip(padding)
    digest = hmac.digest(secret.encode(), first, hashlib.sha256)
    return (first + b"." + base64.urlsafe_b64encode(digest).rstrip(padding)).decode()


@given(st.floats(1.7e9, 9e9), st.integers(0, 10**6))
def test_an_id_is_above_all_others_and_exact_in_any_json_parser(now: float, highest: int) -> None:
    assert highest < next_id(now, highest) < 2**53


def test_ids_made_in_the_same_millisecond_count_up() -> None:
    first = next_id(NOW, 40)
    assert first == int(NOW) * 1_000_000
    assert next_id(NOW, first) == first + 1
    assert next_id(NOW - 60, first + 1) == first + 2  # a clock that was set back
    assert next_id(NOW + 0.001, first + 2) == first + 1000


@pytest.mark.parametrize("padding", [b"=", b""])
def test_a_token_tells_who_asks(padding: bytes) -> None:
    identity = identify(token(CLAIMS, padding=padding), SECRET, NOW)
    assert identity == Identity("3", frozenset({"editor"}))


@pytest.mark.parametrize(
    "wrong",
    [
        token(CLAIMS, secret="another"),
        token({**CLAIMS, "exp": NOW}),
        token({**CLAIMS, "exp": "never"}),
        token({**CLAIMS, "roles": None}),
        token({"uid": 3}),
        token([]),
        token("text"),
        token(CLAIMS).partition(".")[0],
        token(CLAIMS) + "A",
        "x" + token(CLAIMS),
        "",
        ".",
        "..",
        "ü.ü",
    ],
)
def test_a_token_that_is_not_right_is_nobodys(wrong: str) -> None:
    assert identify(wrong, SECRET, NOW) is None


@pytest.mark.parametrize(
    ("roles", "may_write"),
    [(["editor"], True), (["admin"], True), (["reader"], False), ([], False), (["Admin"], False)],
)
def test_editors_and_admins_may_write(roles: list[str], may_write: bool) -> None:
    assert Identity("1", frozenset(roles)).may_write is may_write


def test_a_flag_beats_the_environment_and_that_beats_the_default() -> None:
    environment = {"DATASETS_PORT": "1", "DATASETS_DB": "/data/d.db", "DATASETS_REGRESSIONS": "1"}
    settings = parse_settings(["--port", "2", "--monolith", "http://m:1/"], environment)
    assert (settings.port, settings.database) == (2, Path("/data/d.db"))
    assert (settings.host, settings.monolith) == ("127.0.0.1", "http://m:1")
    assert settings.regressions
    assert settings.contents == Path("/data/d.db.files")
    assert not parse_settings([], {"DATASETS_REGRESSIONS": "0"}).regressions
    assert not parse_settings([], {}).regressions


def test_secrets_come_from_the_environment_and_stay_out_of_logs() -> None:
    environment = {"SESSION_SECRET": "s3cret", "INTERNAL_TOKEN": "t0ken"}
    settings = parse_settings([], environment)
    assert (settings.session_secret, settings.internal_token) == ("s3cret", "t0ken")
    assert "s3cret" not in repr(settings)
    assert "t0ken" not in repr(settings)


@pytest.mark.parametrize("port", ["-1", "x", "65536", ""])
def test_a_wrong_port_is_told_and_not_a_traceback(
    port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse_settings([f"--port={port}"], {})
    assert "is not a port number" in capsys.readouterr().err


def test_the_fixed_build_has_none_of_the_three_mistakes() -> None:
    assert (FIXED.mean_size_decimals, FIXED.unlisted, FIXED.missing_version_status) == (4, {}, 404)
    assert FIXED != REGRESSED


def test_pauses_double_up_to_two_seconds() -> None:
    assert list(itertools.islice(pauses(), 7)) == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]
