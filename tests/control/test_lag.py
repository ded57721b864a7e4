"""What a lag probe may answer, and what of it counts as nothing on its way."""

import pytest

from strangler.control.lag import LARGEST, ask_lag, read_lag
from strangler.routing.compile import load
from strangler.routing.table import LagProbe
from tests.end_to_end.upstreams import Behaviour, Handler, Upstream, floods, hangs, resets

ROUTES = """\
version: 1
upstreams:
  old: {{targets: [{url}]}}
monolith: old
"""


@pytest.mark.parametrize("content", [b"0", b"0\n", b"0.0", b" 0 "])
def test_a_plain_zero_is_settled(content: bytes) -> None:
    assert read_lag("http://x/lag", content, None).settled


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"1", "reports 1 unconsumed changes"),
        (b"0.5", "reports 0.5 unconsumed changes"),
        (b"-1", "less than nothing"),
        (b"", "is no number"),
        (b"none", "is no number"),
        (b"null", "is no number"),
        (b"false", "is no number"),
        (b'"0"', "is no number"),
        (b"[0]", "is no number"),
        (b"NaN", "is no number"),
        (b"1e999", "is no number"),
        (b'{"lag": 0}', "is no number"),
        (b"0" * (LARGEST + 1), "octets"),
    ],
)
def test_whatever_else_is_not_and_says_why(content: bytes, said: str) -> None:
    reading = read_lag("http://x/lag", content, None)

    assert not reading.settled
    assert said in str(reading)
    assert "http://x/lag" in str(reading)


@pytest.mark.parametrize(
    ("content", "settled"),
    [(b'{"lag": 0}', True), (b'{"lag": 2}', False), (b'{"other": 0}', False), (b"0", False)],
)
def test_the_number_may_be_a_member_of_an_object(content: bytes, settled: bool) -> None:
    assert read_lag("http://x/lag", content, "lag").settled is settled


async def probe(behaviour: Behaviour) -> str:
    with Upstream("old", behaviour) as upstream:
        table = load(ROUTES.format(url=upstream.url))
        (reading,) = await ask_lag(LagProbe("old", "/lag", timeout=0.3), table)
        return "settled" if reading.settled else str(reading)


def fails(handler: Handler) -> None:
    handler.answer(b"0", status=500)


def redirects(handler: Handler) -> None:
    handler.answer(b"0", status=302, Location="/elsewhere")


async def test_an_endpoint_that_says_nought_is_settled() -> None:
    assert await probe(lambda handler: handler.answer(b"0")) == "settled"


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        (hangs, "did not answer within 0.3 s"),
        (resets, "failed: "),
        (fails, "answered 500"),
        (redirects, "answered 302"),
        (floods, "octets"),
    ],
)
async def test_one_that_hangs_breaks_fails_or_floods_is_named(
    behaviour: Behaviour, said: str
) -> None:
    assert said in await probe(behaviour)


async def test_one_that_is_gone_is_named() -> None:
    upstream = Upstream("old")
    table = load(ROUTES.format(url=upstream.url))
    (reading,) = await ask_lag(LagProbe("old", "/lag"), table)
    upstream._reservation.close()

    assert "failed: " in str(reading)
