"""What supervisor and worker say to each other arrives as it was said."""

import asyncio
from datetime import UTC, datetime

import pytest

from strangler.proxy.counters import Counters, Gauges
from strangler.proxy.listener_context import Identity
from strangler.proxy.messages import (
    Answers,
    Become,
    Counted,
    Drain,
    Message,
    Observed,
    Scrape,
    Serving,
    Start,
    Swap,
    encode,
    receive,
)
from strangler.proxy.pem import Pem
from strangler.proxy.settings import Settings
from strangler.routing.compile import load
from strangler.store.observed import Example, Observation, Sighting
from tests.routing.building import SAMPLE, ask

TABLE = load(SAMPLE)
AT = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
EXAMPLE = Example(AT, "id", "GET", "/a", 200, 200, "new", [{"path": "$.a", "primary": None}])
SEEN = Observation(
    AT, "d", "/a", 3, "mismatch", ("$.b",), (Sighting("f", "v", ("a",), False, (EXAMPLE,)),)
)
COUNTERS = Counters()
COUNTERS.exchange_done("/a", "service", 200, 0.25)

IDENTITY = Identity(Pem("cert", b"certificate"), Pem("key", b"secret"), Pem("ca", b"ca"))

DOMAIN = "  d{n}: {{service: datasets, phase: shadow, routes: [{{path: '/d{n}/**'}}]}}\n"

MESSAGES: list[Message] = [
    Start(TABLE, 7, Settings(redaction_key=b"key"), IDENTITY),
    Become(IDENTITY),
    Swap(TABLE, 8),
    Scrape(9),
    Drain(),
    Serving(8),
    Counted(9, COUNTERS, Gauges(1, 2, 3, 4, 5, {"new": (1, 2)}, {"new": {"full": 1}}, {"new": 7})),
    Observed((SEEN, SEEN)),
    Answers({("d", "/a", 3, "service", "GET", "2xx", 40): 7}),
]


async def received(*octets: bytes) -> list[Message]:
    """Everything up to the end, fed in these pieces."""
    reader = asyncio.StreamReader()
    for piece in octets:
        reader.feed_data(piece)
    reader.feed_eof()
    messages = []
    while (message := await receive(reader)) is not None:
        messages.append(message)
    return messages


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
async def test_a_message_arrives_as_it_was_said(message: Message) -> None:
    assert await received(encode(message)) == [message]


async def test_messages_arrive_in_order_however_the_pipe_cuts_them() -> None:
    octets = b"".join(map(encode, MESSAGES))
    pieces = [octets[at : at + 7] for at in range(0, len(octets), 7)]
    assert await received(*pieces) == MESSAGES


async def test_others_have_their_turn_while_a_large_table_is_read() -> None:
    """It would hold the loop for as long as a hundred requests take."""
    large = load(SAMPLE + "".join(DOMAIN.format(n=n) for n in range(500)))
    reader = asyncio.StreamReader()
    reader.feed_data(encode(Swap(large, 1)))
    reading = asyncio.create_task(receive(reader))
    turns = 0
    while not reading.done():
        turns += 1
        await asyncio.sleep(0)
    message = await reading
    assert message == Swap(large, 1)
    assert isinstance(message, Swap)
    claimed = message.table.match(ask("GET", "/d499/x"))
    assert any(route is claimed for route in message.table.routes)
    assert turns > 500 / 50


async def test_half_a_message_is_none() -> None:
    assert await received(encode(Scrape(1)) + encode(Scrape(2))[:-1]) == [Scrape(1)]
    assert await received(b"") == []


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/api/v1/datasets"),
        ("GET", "/api/v1/datasets/7"),
        ("DELETE", "/api/v1/datasets/7"),
        ("GET", "/api/v1/datasets/x/files/a/b"),
        ("POST", "/api/v1/datasets/search"),
        ("GET", "/elsewhere"),
    ],
)
async def test_a_table_that_has_crossed_matches_and_decides_as_before(
    method: str, target: str
) -> None:
    (message,) = await received(encode(Swap(TABLE, 1)))
    assert isinstance(message, Swap)
    head = ask(method, target)
    here, there = TABLE.match(head), message.table.match(head)
    assert here == there
    if here is not None and there is not None:
        assert here.plan_for(method) == there.plan_for(method)
        assert here.origin_form(head, "datasets") == there.origin_form(head, "datasets")


async def test_a_table_that_has_crossed_is_still_read_only() -> None:
    (message,) = await received(encode(Swap(TABLE, 1)))
    assert isinstance(message, Swap)
    with pytest.raises(TypeError):
        message.table.upstreams["datasets"] = None  # type: ignore[index] - the point
