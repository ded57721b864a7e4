"""What the client is told when an upstream fails: which one, at which stage, and no addresses."""

import json

import pytest

from tests.wire.conftest import Wire
from tests.wire.ends import OK, End
from tests.wire.proxy import eventually


def get(path: str) -> bytes:
    return b"GET %b HTTP/1.1\r\nHost: a\r\nX-Request-Id: r-1\r\n\r\n" % path.encode()


def problem_of(client: End, status: int) -> dict[str, str]:
    answer = client.response()
    assert (answer.status, answer["Content-Type"]) == (status, "application/problem+json")
    assert answer["X-Request-Id"] == "r-1"
    document: dict[str, str] = json.loads(answer.body)
    assert document["request_id"] == "r-1"
    return document


def test_a_refused_connection_is_a_bad_gateway(wire: Wire) -> None:
    problem = problem_of(wire.client(get("/refused/x")), 502)

    assert (problem["upstream"], problem["stage"]) == ("refusing", "connecting")
    assert "127.0.0.1" not in json.dumps(problem)


def test_an_upstream_without_a_healthy_target_is_unavailable(wire: Wire) -> None:
    eventually_sick(wire)
    client = wire.client(get("/sick/x"))
    answer = client.response()

    assert (answer.status, answer["Retry-After"]) == (503, "1")
    problem = json.loads(answer.body)
    assert (problem["upstream"], problem["stage"]) == ("sick", "choosing a target")


def eventually_sick(wire: Wire) -> None:
    eventually(
        lambda: wire.proxy.metric("strangler_healthy_targets", upstream="sick") == 0,
        "the health check has failed",
    )


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_upstream_that_does_not_answer_in_time_is_a_timeout(wire: Wire, method: str) -> None:
    client = wire.client(
        b"%b /impatient/x HTTP/1.1\r\nHost: a\r\nX-Request-Id: r-1\r\nContent-Length: 2\r\n\r\nhi"
        % method.encode()
    )
    upstream = wire.service.accept()
    upstream.request()
    problem = problem_of(client, 504)

    assert (problem["upstream"], problem["stage"]) == ("impatient", "waiting for the response")
    assert upstream.is_closed()
    assert wire.service.nobody_is_waiting()  # what is slow once is not asked twice


def test_a_response_that_stops_in_the_middle_is_broken_off(wire: Wire) -> None:
    client = wire.client(get("/impatient/x"))
    upstream = wire.service.accept()
    upstream.request()
    upstream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello")
    client.until(b"hello")

    assert client.rest_until_broken() == b""
    assert upstream.is_closed()


def test_a_request_that_stops_in_the_middle_is_a_timeout_of_its_client(wire: Wire) -> None:
    slow = "strangler_refusals_total"
    before = wire.proxy.metric(slow, status="408")
    client = wire.client(
        b"POST /impatient/x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhello"
    )
    upstream = wire.service.accept()
    upstream.head()
    answer = client.response()

    assert (answer.status, answer["Connection"]) == (408, "close")
    assert client.is_closed()
    assert wire.proxy.metric(slow, status="408") == before + 1


def test_a_read_goes_to_another_target_where_one_refuses(wire: Wire) -> None:
    for _ in range(8):  # the first choice is random
        client = wire.client(get("/half/x"))
        upstream = wire.service.newest_or_accept()
        upstream.request()
        upstream.send(OK)
        assert client.response().status == 200


def test_a_write_goes_to_another_target_where_one_refused_before_anything_was_sent(
    wire: Wire,
) -> None:
    for _ in range(8):
        client = wire.client(b"POST /half/x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
        upstream = wire.service.newest_or_accept()
        assert upstream.request().body == b"hi"
        upstream.send(OK)
        assert client.response().status == 200


def test_failures_are_counted_by_upstream_stage_and_cause(wire: Wire) -> None:
    labels = {"upstream": "refusing", "stage": "connecting", "cause": "the connection failed"}
    before = wire.proxy.metric("strangler_upstream_failures_total", **labels)
    wire.client(get("/refused/x")).response()

    assert wire.proxy.metric("strangler_upstream_failures_total", **labels) == before + 1
