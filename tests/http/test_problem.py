"""The answers that are ours are whole responses that any client can read."""

import h11
import orjson
import pytest

from strangler.http.problem import problem_response


def read(octets: bytes, method: str = "GET") -> tuple[h11.Response, bytes, h11.Connection]:
    """Read one response as another client does."""
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method=method, target="/", headers=[("Host", "a")]))
    client.send(h11.EndOfMessage())
    client.receive_data(octets)
    response = client.next_event()
    assert isinstance(response, h11.Response)
    body = b""
    while not isinstance(event := client.next_event(), h11.EndOfMessage):
        assert isinstance(event, h11.Data)
        body += event.data
    return response, body, client


@pytest.mark.parametrize("status", [400, 408, 414, 431, 501, 502, 503, 504, 505])
def test_a_problem_is_a_document_that_says_its_status(status: int) -> None:
    response, body, _ = read(problem_response(status, "why", close=False))
    headers = dict(response.headers)
    document = orjson.loads(body)
    assert headers[b"content-type"] == b"application/problem+json"
    assert (response.status_code, document["status"]) == (status, status)
    assert (document["type"], document["detail"]) == ("about:blank", "why")
    assert document["title"] == response.reason.decode()


def test_a_problem_names_the_upstream_the_stage_and_the_request() -> None:
    octets = problem_response(
        502, "x", request_id=b"id-7", close=False, extra={"upstream": "new", "stage": "connecting"}
    )
    response, body, _ = read(octets)
    document = orjson.loads(body)
    assert (document["upstream"], document["stage"]) == ("new", "connecting")
    assert document["request_id"] == "id-7"
    assert dict(response.headers)[b"x-request-id"] == b"id-7"


def test_a_problem_for_head_has_the_fields_of_the_document_and_not_the_document() -> None:
    """RFC 9110 section 9.3.2."""
    whole = problem_response(502, "x", close=False)
    octets = problem_response(502, "x", close=False, body=False)
    assert whole.startswith(octets)
    response, body, client = read(octets, "HEAD")
    assert (body, client.trailing_data[0]) == (b"", b"")
    assert dict(response.headers)[b"content-length"] == b"%d" % (len(whole) - len(octets))


def test_a_problem_says_whether_the_connection_ends_here() -> None:
    _, _, client = read(problem_response(400, "x", close=True))
    assert client.their_state is h11.MUST_CLOSE
    _, _, client = read(problem_response(502, "x", close=False))
    assert client.their_state is h11.DONE


def test_a_problem_is_never_kept_by_a_cache() -> None:
    response, _, _ = read(problem_response(502, "x", close=False))
    assert dict(response.headers)[b"cache-control"] == b"no-store"


def test_only_a_client_that_may_soon_have_luck_is_asked_to_come_again() -> None:
    """RFC 9110 section 10.2.3."""
    assert b"\r\nRetry-After: 1\r\n" in problem_response(503, "x", close=False)
    assert b"Retry-After" not in problem_response(502, "x", close=False)
