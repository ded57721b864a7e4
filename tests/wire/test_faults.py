"""Upstreams that are killed, cut off, reset, stalled or garbled at every stage of a response.

What the client sees is a 502, a 504 or a break it can notice, never a lie in good form; the next
request is answered, and nothing is left of the exchange. RFC 9112 section 8 (incomplete messages),
RFC 9110 section 15.6.
"""

from collections.abc import Iterator

import pytest

from tests.wire.cases import get, post
from tests.wire.conftest import Wire
from tests.wire.doomed import Doomed
from tests.wire.ends import OK, End
from tests.wire.proxy import eventually
from tests.wire.readings import Reading, response_in
from tests.wire.test_back_pressure import pour, small_buffers

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

BEFORE = {
    "before the head": b"",
    "within the version": b"HTTP/1",
    "within the status": b"HTTP/1.1 20",
    "behind the status line": b"HTTP/1.1 200 OK\r\n",
    "within a name": b"HTTP/1.1 200 OK\r\nContent-Le",
    "within a value": b"HTTP/1.1 200 OK\r\nContent-Length: 1",
    "before the empty line": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n",
    "within an interim response": b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n",
    "behind an interim response": b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n",
}
WITHIN = {
    "before the body": LENGTH,
    "within the body": LENGTH + b"hello",
    "one octet before the end": LENGTH + b"hello you",
    "before the first chunk": CHUNKED,
    "within a chunk's size": CHUNKED + b"a",
    "within a chunk's extension": CHUNKED + b"a;b=",
    "behind a chunk's size": CHUNKED + b"a\r\n",
    "within a chunk": CHUNKED + b"a\r\nhello",
    "behind a chunk's octets": CHUNKED + b"5\r\nhello",
    "within a chunk's end": CHUNKED + b"5\r\nhello\r",
    "between chunks": CHUNKED + b"5\r\nhello\r\n",
    "within the last chunk": CHUNKED + b"5\r\nhello\r\n0",
    "behind the last chunk": CHUNKED + b"5\r\nhello\r\n0\r\n",
    "within a trailer": CHUNKED + b"5\r\nhello\r\n0\r\nX-Su",
    "behind a trailer": CHUNKED + b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n",
    "within the very end": CHUNKED + b"5\r\nhello\r\n0\r\n\r",
}
GARBAGE = b"\x00\xff\r\nnonsense \x7f\r\n\r\n"
MEANT_AS_DATA = {"before the body", "within the body", "behind a chunk's size", "within a chunk"}

AT_A_STAGE_BEFORE = pytest.mark.parametrize("said", BEFORE.values(), ids=BEFORE.keys())
AT_A_STAGE_WITHIN = pytest.mark.parametrize("said", WITHIN.values(), ids=WITHIN.keys())
ENDS = pytest.mark.parametrize("fault", ["killed", "closed", "reset"])


@pytest.fixture(autouse=True)
def nothing_is_left(wire: Wire) -> Iterator[None]:
    """Hold after each test that no exchange and no tunnel is left, whoever still is connected."""
    yield
    for gauge in ("strangler_exchanges_in_flight", "strangler_tunnels"):
        eventually(lambda gauge=gauge: wire.proxy.metric(gauge) == 0, f"{gauge} is nought again")


@ENDS
@AT_A_STAGE_BEFORE
def test_an_end_before_the_head_is_whole_is_a_bad_gateway(
    wire: Wire, said: bytes, fault: str
) -> None:
    """RFC 9110 section 15.6.3."""
    client = wire.client(get(b"Host: a", path=b"/served/x"))
    suffer(wire, said, fault)

    assert client.response().status == 502
    is_answered(wire, client)


@ENDS
@AT_A_STAGE_WITHIN
def test_an_end_within_a_response_is_seen_by_the_client(
    wire: Wire, said: bytes, fault: str
) -> None:
    """RFC 9112 section 8."""
    client = wire.client(get(b"Host: a", b"Connection: close", path=b"/served/x"))
    suffer(wire, said, fault)

    assert tells_of_failure(client)
    is_answered(wire, wire.client())


@AT_A_STAGE_BEFORE
def test_silence_before_the_head_is_whole_is_a_gateway_timeout(wire: Wire, said: bytes) -> None:
    """RFC 9110 section 15.6.5."""
    client = wire.client(get(b"Host: a", path=b"/impatient/x"))
    upstream = speak(wire, said)

    assert client.response().status == 504
    assert upstream.is_closed()
    is_answered(wire, client)


@AT_A_STAGE_WITHIN
def test_silence_within_a_response_is_broken_off(wire: Wire, said: bytes) -> None:
    """RFC 9112 section 8."""
    client = wire.client(get(b"Host: a", b"Connection: close", path=b"/impatient/x"))
    upstream = speak(wire, said)

    assert tells_of_failure(client)
    assert upstream.is_closed()
    is_answered(wire, wire.client())


@AT_A_STAGE_BEFORE
def test_garbage_before_the_head_is_whole_is_a_bad_gateway(wire: Wire, said: bytes) -> None:
    """RFC 9110 section 15.6.3."""
    client = wire.client(get(b"Host: a", path=b"/served/x"))
    upstream = speak(wire, said + GARBAGE)

    assert client.response().status == 502
    assert upstream.is_closed()
    is_answered(wire, client)


@pytest.mark.parametrize("stage", [stage for stage in WITHIN if stage not in MEANT_AS_DATA])
def test_garbage_within_a_response_is_seen_by_the_client(wire: Wire, stage: str) -> None:
    """RFC 9112 section 8."""
    client = wire.client(get(b"Host: a", b"Connection: close", path=b"/served/x"))
    upstream = speak(wire, WITHIN[stage])
    upstream.send_as_much_as_is_taken(GARBAGE)

    if stage == "one octet before the end":  # one of garbage completes it; the others are surplus
        assert client.response().body == b"hello you\0"
    else:
        assert tells_of_failure(client)
    assert upstream.is_closed()
    is_answered(wire, wire.client())


@pytest.mark.parametrize("fault", ["killed", "reset"])
def test_an_upstream_that_dies_during_an_upload_is_a_bad_gateway(wire: Wire, fault: str) -> None:
    """RFC 9110 section 15.6.3, RFC 9112 section 9.6: what still comes of the body is dropped."""
    client = wire.client(post(b"Content-Length: 1000000", body=b"x" * 1000, path=b"/served/x"))
    suffer(wire, b"", fault)
    answer = client.response()

    assert (answer.status, answer["Connection"]) == (502, "close")
    client.send_as_much_as_is_taken(b"x" * 999_000)
    assert client.is_closed()
    is_answered(wire, wire.client())


def test_an_upstream_that_dies_while_both_sides_speak_is_seen_by_the_client(wire: Wire) -> None:
    """RFC 9112 section 8."""
    client = wire.client(post(b"Content-Length: 1000000", body=b"x" * 1000, path=b"/served/x"))
    suffer(wire, CHUNKED + b"5\r\nhello\r\n", "killed")

    assert tells_of_failure(client)
    is_answered(wire, wire.client())


def test_an_upstream_that_reads_no_more_of_an_upload_is_a_gateway_timeout(wire: Wire) -> None:
    """RFC 9110 section 15.6.5."""
    client = wire.client(post(b"Content-Length: 100000000", path=b"/impatient/x"))
    upstream = small_buffers(wire.service.accept())
    upstream.head()
    pour(client, 100_000_000)

    assert client.response().status == 504
    is_answered(wire, wire.client())


@pytest.mark.parametrize("method", [b"GET", b"POST"])
def test_an_upstream_that_dies_between_two_requests_is_not_missed(
    wire: Wire, method: bytes
) -> None:
    """RFC 9112 section 9.3.1: the connection is found closed before anything is sent on it."""
    client = wire.client(get(b"Host: a", path=b"/served/x"))
    with Doomed(wire.service, OK) as doomed:
        doomed.has_spoken()
        assert client.response().body == b"ok"
        kept = wire.proxy.descriptors()
    eventually(lambda: wire.proxy.descriptors() < kept, "the death was noticed")
    client.send(method + b" /served/x HTTP/1.1\r\nHost: a\r\n\r\n")
    upstream = wire.service.accept()
    upstream.request()
    upstream.send(OK)

    assert client.response().body == b"ok"


def test_an_upstream_that_dies_within_a_tunnel_ends_it(wire: Wire) -> None:
    """RFC 6455 section 7.1.5: the client sees an abnormal closure."""
    upgrade = (b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13")
    client = wire.client(get(b"Host: a", *upgrade, path=b"/served/ws"))
    agreed = (
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    )
    with Doomed(wire.service, agreed + b"\x81\x7e\x01\x00half a frame") as doomed:
        doomed.has_spoken()
        assert client.head().status == 101
        client.until(b"half a frame")
        assert wire.proxy.metric("strangler_tunnels") == 1
    assert client.is_closed()
    client.close()  # until then its own direction stands
    is_answered(wire, wire.client())


@pytest.mark.parametrize("says", [b"", LENGTH + b"hello", CHUNKED + b"5\r\nhello\r\n"])
def test_a_client_that_goes_away_frees_its_upstream_at_every_stage(wire: Wire, says: bytes) -> None:
    """RFC 9112 section 9.6: the upstream is told by closing, before it says another word."""
    client = wire.client(get(b"Host: a", path=b"/served/x"))
    upstream = speak(wire, says)
    if says:
        client.until(b"hello")
    client.reset()

    assert upstream.is_closed()


def suffer(wire: Wire, said: bytes, fault: str) -> None:
    """Have the service take a request, say this much, and end in one way or the other."""
    if fault == "killed":
        with Doomed(wire.service, said) as doomed:
            doomed.has_spoken()
        return
    upstream = speak(wire, said)
    upstream.close() if fault == "closed" else upstream.reset()


def speak(wire: Wire, said: bytes) -> End:
    """Have the service take a request, say this much, and fall silent."""
    upstream = wire.service.accept()
    upstream.head()
    upstream.send_as_much_as_is_taken(said)
    return upstream


def tells_of_failure(client: End) -> bool:
    """Tell whether the answer is a 5xx of ours, or visibly not whole."""
    received, broken = client.rest_and_whether_broken()
    answer: Reading | None = response_in(received, ended=not broken).final
    return answer is None or answer.first[0].startswith(b"5") or not answer.whole


def is_answered(wire: Wire, client: End) -> None:
    client.send(get(b"Host: a", path=b"/served/next"))
    upstream = wire.service.accept()
    assert upstream.request().target == "/served/next"
    upstream.send(OK)
    assert client.response().body == b"ok"
