"""What the system's resolver is asked, and what needs no asking."""

import pytest

from strangler.proxy.resolver import is_literal, system_resolve


@pytest.mark.parametrize(
    ("host", "literal"),
    [("127.0.0.1", True), ("::1", True), ("localhost", False), ("db1", False), ("1.2.3", False)],
)
def test_an_address_is_told_from_a_name(host: str, literal: bool) -> None:
    assert is_literal(host) is literal


async def test_the_system_knows_where_localhost_is() -> None:
    found = await system_resolve("localhost", 80)
    assert set(found) <= {"127.0.0.1", "::1"}
    assert len(found) == len(set(found)) > 0


async def test_a_name_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(OSError):  # noqa: PT011 - the system says it in its own words
        await system_resolve("no-such-name.invalid", 80)
