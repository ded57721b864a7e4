"""A word that a programmer chose is told from data that stands in its place."""

import pytest

from strangler.http.words import is_parameter


@pytest.mark.parametrize("name", ["page", "per_page", "filter[name]", "q2", "sha256", "x-y.z", "P"])
def test_the_name_of_a_parameter_with_a_value_is_shown(name: str) -> None:
    assert is_parameter(name, "1")


@pytest.mark.parametrize(
    "name", ["ada@example.org", "acct_10772", "k3JdLmQp9xYzAbC2", "a b", "größe", "", "x" * 65]
)
def test_what_looks_like_data_is_not(name: str) -> None:
    assert not is_parameter(name, "1")


def test_what_has_no_value_is_shown_only_where_it_is_a_plain_word() -> None:
    assert is_parameter("all", "")
    assert is_parameter("with-drafts", "")
    assert not is_parameter("kJdLmQpxYzAbCdEf", "")
    assert not is_parameter("abcdefghijklmnopqrst", "")
