"""An upstream that takes one request at a time: who waits, who is sent away, who goes elsewhere."""

import json

from tests.wire.conftest import Wire
from tests.wire.ends import OK, End
from tests.wire.proxy import eventually


def get(path: str) -> bytes:
    return b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % path.encode()


def pending(wire: Wire) -> float:
    return wire.proxy.metric("strangler_pending_requests", upstream="narrow")


def one_under_way(wire: Wire) -> tuple[End, End]:
    """Fill the only place: gives the client's end and the upstream's."""
    client = wire.client(get("/narrow/1"))
    upstream = wire.service.accept()
    assert upstream.head().target == "/narrow/1"
    return client, upstream


def one_waiting(wire: Wire, octets: bytes) -> End:
    client = wire.client(octets)
    eventually(lambda: pending(wire) == 1, "a request waits in line")
    return client


def test_a_request_waits_for_the_only_place_and_goes_out_on_the_same_connection(
    wire: Wire,
) -> None:
    first, upstream = one_under_way(wire)
    second = one_waiting(wire, get("/narrow/2"))
    assert wire.service.nobody_is_waiting()

    upstream.send(OK)
    assert first.response().body == b"ok"
    assert upstream.head().target == "/narrow/2"
    upstream.send(OK)
    assert second.response().body == b"ok"
    assert pending(wire) == 0


def test_one_more_than_may_wait_is_turned_away_and_told_when_to_come_again(wire: Wire) -> None:
    full = {"upstream": "narrow", "standing": "full"}
    shed = {"upstream": "narrow", "reason": "too many wait"}
    before = wire.proxy.metric("strangler_shed_total", **shed)
    first, upstream = one_under_way(wire)
    second = one_waiting(wire, get("/narrow/2"))
    third = wire.client(get("/narrow/3") + get("/served/4"))
    answer = third.response()

    assert (answer.status, answer["Retry-After"]) == (503, "1")
    problem = json.loads(answer.body)
    assert (problem["upstream"], problem["stage"]) == ("narrow", "choosing a target")
    assert wire.proxy.metric("strangler_shed_total", **shed) == before + 1
    assert wire.proxy.metric("strangler_targets", **full) == 1

    # It costs the client its request and not its connection.
    other = wire.service.accept()
    assert other.head().target == "/served/4"
    other.send(OK)
    assert third.response().body == b"ok"
    for client in (first, second):
        upstream.send(OK)
        assert client.response().status == 200


def test_a_body_that_arrives_while_its_request_waits_goes_out_whole(wire: Wire) -> None:
    first, upstream = one_under_way(wire)
    head = b"POST /narrow/2 HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n"
    second = one_waiting(wire, head + b"hello")
    second.send(b"world")
    upstream.send(OK)
    assert first.response().status == 200
    assert upstream.request().body == b"helloworld"
    upstream.send(OK)
    assert second.response().status == 200


def test_a_client_that_goes_away_leaves_the_line(wire: Wire) -> None:
    first, upstream = one_under_way(wire)
    one_waiting(wire, get("/narrow/gone")).reset()
    eventually(lambda: pending(wire) == 0, "the line is empty")
    third = one_waiting(wire, get("/narrow/3"))
    upstream.send(OK)
    assert first.response().status == 200
    assert upstream.head().target == "/narrow/3"
    upstream.send(OK)
    assert third.response().status == 200


def test_a_place_is_free_again_when_a_client_goes_away_or_the_upstream_breaks(wire: Wire) -> None:
    first, upstream = one_under_way(wire)
    second = one_waiting(wire, get("/narrow/2"))
    first.reset()
    assert upstream.is_closed()
    upstream = wire.service.accept()
    assert upstream.head().target == "/narrow/2"

    third = one_waiting(wire, get("/narrow/3"))
    upstream.close()
    assert second.response().status == 502
    upstream = wire.service.accept()
    assert upstream.head().target == "/narrow/3"
    upstream.send(OK)
    assert third.response().status == 200


def test_a_read_that_may_fall_back_does_not_wait_for_a_service_that_is_full(wire: Wire) -> None:
    first, upstream = one_under_way(wire)
    client = wire.client(get("/spilling/x"))
    monolith = wire.monolith.accept()
    assert monolith.head().target == "/spilling/x"
    monolith.send(OK)
    assert client.response().body == b"ok"
    upstream.send(OK)
    assert first.response().status == 200
