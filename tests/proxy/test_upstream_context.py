"""What is doubtful about the TLS of a table, seen from one machine."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from strangler.proxy.upstream_context import concerns
from strangler.routing.compile import load
from tests.certificates import Authority

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def told(tls: dict[str, Any] | None, target: str = "https://a.example:1") -> list[str]:
    """Say what is doubtful about an upstream whose settings begin on line 7."""
    upstream = {"targets": [target]} | ({} if tls is None else {"tls": tls})
    text = yaml.safe_dump(
        {"version": 1, "upstreams": {"old": upstream}, "monolith": "old"}, sort_keys=False
    )
    return [str(doubt) for doubt in concerns(load(text), "routes.yaml", NOW)]


def test_nothing_is_doubtful_where_all_is_there(tmp_path: Path) -> None:
    authority = Authority()
    cert, key = authority.issue("us").write(tmp_path)
    ca = authority.write(tmp_path)

    assert told(None) == []
    assert told(None, "http://a.example:1") == []
    assert told({"ca": str(ca), "cert": str(cert), "key": str(key)}) == []


def test_unverified_is_told_with_its_place() -> None:
    (doubt,) = told({"verify": False})
    assert doubt.startswith("routes.yaml:7:15: upstreams.old.tls.verify: is off: whoever is")


def test_each_missing_file_is_told_at_its_own_place(tmp_path: Path) -> None:
    """The first that is missed, as one says no more than the others."""
    ca = str(Authority().write(tmp_path))
    (doubt,) = told({"ca": ca, "cert": "/nowhere/c.pem", "key": "/nowhere/k.pem"})
    assert doubt == (
        "routes.yaml:8:13: upstreams.old.tls.cert: /nowhere/c.pem: No such file or directory"
    )


def test_a_pair_that_is_none_is_told_at_its_key(tmp_path: Path) -> None:
    authority = Authority()
    cert, _ = authority.issue("us").write(tmp_path, "one")
    _, key = authority.issue("us").write(tmp_path, "other")
    (doubt,) = told({"cert": str(cert), "key": str(key)})
    assert doubt == (
        f"routes.yaml:8:12: upstreams.old.tls.key: {key}: is not the key of the certificate in "
        f"{cert}"
    )


def test_a_ca_file_without_a_certificate_is_told(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_text("junk")
    (doubt,) = told({"ca": str(ca)})
    assert doubt.endswith(f"tls.ca: {ca}: holds no certificate in PEM form")


@pytest.mark.parametrize(
    ("left", "word"),
    [
        (timedelta(days=15), None),
        (timedelta(days=13), "expires on 2026-12-04 00:00 UTC"),
        (timedelta(days=-1), "expired on 2026-11-20 00:00 UTC"),
    ],
)
def test_a_certificate_of_ours_is_told_before_it_expires(
    tmp_path: Path, left: timedelta, word: str | None
) -> None:
    since = NOW - timedelta(days=90)
    pair = Authority().issue("us", until=NOW + left, since=since)
    cert, key = pair.write(tmp_path)
    found = told({"cert": str(cert), "key": str(key)})

    wanted = f"routes.yaml:7:13: upstreams.old.tls.cert: {cert}: {word}"
    assert found == ([] if word is None else [wanted])
