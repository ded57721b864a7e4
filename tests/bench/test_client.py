"""The load client of our own does every work, so that a machine without wrk measures the same."""

from collections.abc import Iterator

import pytest
import uvloop

from tests.bench import browser, client
from tests.bench.works import WORKS, Work
from tests.processes import Program


@pytest.fixture(scope="module")
def origin() -> Iterator[Program]:
    with Program("tests.bench.origin") as program:
        yield program


@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.name)
def test_it_does_every_work(work: Work, origin: Program) -> None:
    if work.download:
        load = client.download(origin.port, 0.0)
    else:
        opening = work.connections / 500  # a busy machine opens as many a second
        load = uvloop.run(client.ask(work, origin.port, opening + 0.5))
    assert load.requests > 0
    assert 0 < load.p50 <= load.p99


def test_a_browser_sends_about_ten_fields_and_no_head_twice() -> None:
    heads = [browser.head(n) for n in range(1, 200)]
    assert len(set(heads)) == len(heads)
    one, other = (head.split(b"\r\n") for head in heads[:2])
    assert len(one[1:-2]) == 10
    assert sum(a != b for a, b in zip(one, other, strict=True)) >= 4
    assert all(head.endswith(b"\r\n\r\n") for head in heads)
