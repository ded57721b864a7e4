"""Which peers are proxies of ours."""

from ipaddress import ip_network

import pytest

from strangler.proxy.settings import Settings

OURS = Settings(trusted=(ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")))


@pytest.mark.parametrize(
    ("address", "trusted"),
    [
        ("10.1.2.3", True),
        ("11.1.2.3", False),
        ("2001:db8::7", True),
        ("2001:db9::7", False),
        ("fe80::1%eth0", False),
        ("unknown", False),
        ("", False),
        ("10.1.2.3.example.org", False),
    ],
)
def test_a_peer_is_trusted_by_its_network(address: str, trusted: bool) -> None:
    assert OURS.trusts(address) is trusted


def test_nobody_is_trusted_unless_named() -> None:
    assert not Settings().trusts("127.0.0.1")


def test_the_redaction_key_is_not_shown() -> None:
    assert "secret" not in repr(Settings(redaction_key=b"secret"))
