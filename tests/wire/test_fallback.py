"""The canary's safety net: the monolith steps in for reads before a first octet has left."""

import pytest

from tests.wire.conftest import Wire
from tests.wire.ends import OK

GET = b"GET /safe/x HTTP/1.1\r\nHost: a\r\n\r\n"


def test_the_monolith_answers_where_the_service_refuses_connections(wire: Wire) -> None:
    before = wire.proxy.metric("strangler_recoveries_total", recovery="fallback")
    client = wire.client(b"GET /lost/x HTTP/1.1\r\nHost: a\r\n\r\n")
    monolith = wire.monolith.accept()
    assert monolith.head().target == "/lost/x"
    monolith.send(OK)

    assert client.response().status == 200
    assert wire.proxy.metric("strangler_recoveries_total", recovery="fallback") == before + 1


def test_the_monolith_answers_where_the_service_closes_without_a_word(wire: Wire) -> None:
    client = wire.client(GET)
    service = wire.service.accept()
    service.request()
    service.close()
    monolith = wire.monolith.accept()
    assert monolith.request().target == "/safe/x"
    monolith.send(OK)

    assert client.response().body == b"ok"


def test_the_monolith_answers_where_the_service_dies_within_a_short_answer(wire: Wire) -> None:
    client = wire.client(GET)
    service = wire.service.accept()
    service.request()
    service.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nX-From: service\r\n\r\nhalf of")
    service.reset()
    monolith = wire.monolith.accept()
    monolith.request()
    monolith.send(OK)
    answer = client.response()

    assert (answer.body, "X-From" in answer) == (b"ok", False)


def test_the_monolith_answers_where_the_service_talks_nonsense(wire: Wire) -> None:
    client = wire.client(GET)
    service = wire.service.accept()
    service.request()
    service.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab")
    monolith = wire.monolith.accept()
    monolith.request()
    monolith.send(OK)

    assert client.response().body == b"ok"


def test_a_read_with_a_body_is_sent_to_the_monolith_whole(wire: Wire) -> None:
    client = wire.client(
        b"GET /safe/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3\r\nabc\r\n0\r\n\r\n"
    )
    service = wire.service.accept()
    assert service.request().body == b"abc"
    service.close()
    monolith = wire.monolith.accept()
    assert monolith.request().body == b"abc"
    monolith.send(OK)

    assert client.response().body == b"ok"


def test_an_answer_that_has_begun_is_never_repaired(wire: Wire) -> None:
    client = wire.client(GET)
    service = wire.service.accept()
    service.request()
    service.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
    client.until(b"abc\r\n")
    service.reset()

    assert b"0\r\n" not in client.rest_until_broken()
    assert wire.monolith.nobody_is_waiting()


def test_an_error_of_the_service_is_its_answer(wire: Wire) -> None:
    client = wire.client(GET)
    service = wire.service.accept()
    service.request()
    service.send(b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n")

    assert client.response().status == 500
    assert wire.monolith.nobody_is_waiting()


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_writes_of_the_canary_go_to_the_monolith_alone(wire: Wire, method: str) -> None:
    client = wire.client(
        b"%b /safe/x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi" % method.encode()
    )
    monolith = wire.monolith.accept()
    assert monolith.request().body == b"hi"
    monolith.close()

    assert client.response().status == 502
    assert wire.service.nobody_is_waiting()
