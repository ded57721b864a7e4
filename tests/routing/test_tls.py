"""What `routes.yaml` says about TLS to upstreams, compiled and refused."""

from typing import Any

import pytest
import yaml

from strangler.routing.compile import load
from strangler.routing.table import Target, TlsPolicy
from tests.routing.building import mistakes_in


def written(targets: list[str], tls: dict[str, Any] | None = None) -> str:
    upstream: dict[str, Any] = {"targets": targets} | ({} if tls is None else {"tls": tls})
    document = {"version": 1, "upstreams": {"old": upstream}, "monolith": "old"}
    return yaml.safe_dump(document, sort_keys=False)


def compiled(targets: list[str], tls: dict[str, Any] | None = None) -> tuple[Target, ...]:
    return load(written(targets, tls)).upstreams["old"].targets


def test_https_is_verified_against_the_system_unless_the_file_says_otherwise() -> None:
    assert compiled(["https://shop.example:443"]) == (
        Target("shop.example", 443, TlsPolicy("shop.example")),
    )


def test_each_target_is_asked_for_its_own_host() -> None:
    targets = compiled(["https://a.example:443", "http://b.example:80", "https://[::1]:8443"])

    assert [one.tls and one.tls.server_name for one in targets] == ["a.example", None, "::1"]
    assert list(map(str, targets)) == [
        "https://a.example:443", "http://b.example:80", "https://[::1]:8443",
    ]  # fmt: skip
    assert [one.authority for one in targets] == ["a.example:443", "b.example:80", "[::1]:8443"]


def test_all_settings_arrive() -> None:
    settings = {"ca": "/ca", "cert": "/c", "key": "/k", "server_name": "s.example"}
    (target,) = compiled(["https://a.example:443"], settings)
    assert target.tls == TlsPolicy("s.example", "/ca", "/c", "/k", verify=True)

    (target,) = compiled(["https://a.example:443"], {"verify": False})
    assert target.tls == TlsPolicy("a.example", verify=False)


def test_a_setting_knows_where_it_stands_and_is_the_same_elsewhere() -> None:
    (here,) = compiled(["https://a:1"], {"ca": "/ca"})
    (there,) = compiled(["https://a:1"], {"server_name": "a", "ca": "/ca"})

    assert here.tls is not None
    assert there.tls is not None
    assert (here.tls.places["ca"], there.tls.places["ca"]) == ((7, 11), (8, 11))
    assert here == there


@pytest.mark.parametrize(
    ("target", "tls", "mistake"),
    [
        ("https://a:1/x", {}, "targets[0]: must be http://HOST:PORT or https://HOST:PORT"),
        ("https://a", {}, "targets[0]: must be http://HOST:PORT or https://HOST:PORT"),
        ("HTTPS://a:1", {}, "targets[0]: must be http://HOST:PORT or https://HOST:PORT"),
        ("http://a:1", {"verify": True}, "6:5: upstreams.old.tls: has no use: none of the targets"),
        ("https://a:1", {"cert": "/c"}, "7:7: upstreams.old.tls.cert: needs `key: FILE` beside it"),
        ("https://a:1", {"key": "/k"}, "7:7: upstreams.old.tls.key: needs `cert: FILE` beside it"),
        ("https://a:1", {"ca": "/ca", "verify": False}, "verify: leaves `ca` without a use"),
        ("https://a:1", {"ca": "ca.pem"}, "tls.ca: must be an absolute path: every replica reads"),
        ("https://a:1", {"ca": "/etc/"}, "tls.ca: must be an absolute path"),
        ("https://a:1", {"server_name": "a:1"}, "must be a host name alone, without scheme"),
        ("https://a:1", {"server_name": "a b"}, "must be a host name such as orders.example.org"),
        ("https://a:1", {"verify": "no"}, "must be true or false, not text"),
        ("https://a:1", {"insecure": True}, "unknown key; known are ca, cert, key, server_name"),
    ],
)
def test_a_setting_without_sense_is_a_mistake(
    target: str, tls: dict[str, Any], mistake: str
) -> None:
    found = mistakes_in(written([target], tls))
    assert any(mistake in one for one in found), found
