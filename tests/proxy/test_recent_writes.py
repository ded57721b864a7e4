"""Which writes may have changed what a comparison reads."""

import pytest

from strangler.proxy.recent_writes import MOST, UNENDED, RecentWrites, may_change


@pytest.mark.parametrize(
    ("method", "written", "read", "may"),
    [
        ("PUT", "/books/7", "/books/7", True),
        ("PUT", "/books/7", "/books/7/", True),
        ("PUT", "/books/7", "/books", True),
        ("POST", "/books", "/books", True),
        ("POST", "/books/7/reviews", "/books/7", True),
        ("PUT", "/books/7", "/books/70", False),
        ("PUT", "/books/7", "/books/8", False),
        ("POST", "/books", "/books/8", False),
        ("DELETE", "/books", "/books/8", True),
        ("POST", "/", "/", True),
        ("PATCH", "/", "/books/8", True),
    ],
)
def test_a_write_concerns_what_it_lies_in_and_what_lies_in_it(
    method: str, written: str, read: str, may: bool
) -> None:
    assert may_change(method, written, read) is may


def test_a_write_counts_while_it_is_under_way() -> None:
    writes = RecentWrites()
    write = writes.begin("books", "PUT", "/books/7", 100.0)
    assert writes.passed("books", "/books/7", 110.0)
    write.ended = 111.0
    assert writes.passed("books", "/books/7", 110.9)
    assert not writes.passed("books", "/books/7", 111.5)
    assert not writes.passed("films", "/books/7", 110.0)


def test_a_write_that_never_ended_well_is_over_some_time() -> None:
    writes = RecentWrites()
    writes.begin("books", "PUT", "/books/7", 100.0)
    assert writes.passed("books", "/books/7", 99.0 + UNENDED)
    assert not writes.passed("books", "/books/7", 101.0 + UNENDED)


def test_many_writes_take_no_more_memory_than_some() -> None:
    writes = RecentWrites()
    for number in range(2 * MOST):
        writes.begin("books", "PUT", f"/books/{number}", 100.0)
    assert not writes.passed("books", "/books/0", 100.0)
    assert writes.passed("books", f"/books/{2 * MOST - 1}", 100.0)
