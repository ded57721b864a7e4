"""Expect and interim responses end to end: RFC 9110 sections 10.1.1 and 15.2."""

import pytest

from tests.wire.cases import get, post
from tests.wire.conftest import Wire
from tests.wire.ends import OK, End

GET = get(b"Host: a", path=b"/")
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
EXPECT = b"Expect: 100-continue"


def asked(wire: Wire, request: bytes = GET) -> tuple[End, End]:
    client = wire.client(request)
    upstream = wire.monolith.accept()
    upstream.request()
    return client, upstream


@pytest.mark.parametrize("framing", [b"Content-Length: 2", b"Transfer-Encoding: chunked"])
def test_a_body_is_awaited_for_as_long_as_its_expectation(wire: Wire, framing: bytes) -> None:
    """RFC 9110 section 10.1.1: the 100 is the upstream's to give, and its alone."""
    client = wire.client(post(EXPECT, framing))
    upstream = wire.monolith.accept()
    assert upstream.head()["Expect"] == "100-continue"
    upstream.send(CONTINUE)
    client.expect(CONTINUE)
    body = b"hi" if b"Length" in framing else b"2\r\nhi\r\n0\r\n\r\n"
    client.send(body)
    upstream.expect(body)
    upstream.send(OK)

    assert client.response().body == b"ok"


@pytest.mark.parametrize(
    "value", [b"100-Continue", b"100-continue, x=y", b"x", b'x="100-continue"']
)
def test_an_expectation_is_for_the_upstream_to_judge(wire: Wire, value: bytes) -> None:
    """RFC 9110 section 10.1.1: a proxy forwards what it does not know; the 417 is passed on."""
    client = wire.client(post(b"Expect: " + value, b"Content-Length: 2", body=b"hi"))
    upstream = wire.monolith.accept()
    assert upstream.request()["Expect"] == value.decode()
    upstream.send(b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")

    assert client.response().status == 417


def test_an_old_client_is_never_told_to_continue(wire: Wire) -> None:
    """RFC 9110 section 15.2: no 1xx to an HTTP/1.0 client, whatever it expects."""
    request = b"POST / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi"
    client, upstream = asked(wire, request)
    upstream.send(CONTINUE + b"HTTP/1.1 102 Processing\r\n\r\n" + OK)

    assert client.head().line == "HTTP/1.1 200 OK"


def test_an_upstream_may_say_continue_unasked(wire: Wire) -> None:
    """RFC 9110 section 15.2: a proxy forwards interim responses it did not ask for itself."""
    client, upstream = asked(wire)
    upstream.send(CONTINUE + OK)
    answer = client.response()

    assert [interim.status for interim in answer.interim] == [100]
    assert answer.body == b"ok"


@pytest.mark.parametrize("status", [b"102 Processing", b"104 X", b"150 Wait", b"199 Almost"])
def test_interim_responses_that_nobody_knows_cross(wire: Wire, status: bytes) -> None:
    """RFC 9110 section 15: x in 1xx may be anything; the class says that more is to come."""
    client, upstream = asked(wire)
    upstream.send(b"HTTP/1.1 %b\r\nX: 1\r\n\r\n" % status)
    client.expect(b"HTTP/1.1 %b\r\nX: 1\r\n\r\n" % status)
    upstream.send(OK)

    assert client.response().body == b"ok"


def test_a_flood_of_interim_responses_is_passed_on_and_ends(wire: Wire) -> None:
    """RFC 9110 section 15.2: one or more; each is passed on, none is taken for the last."""
    client, upstream = asked(wire)
    upstream.send(b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" * 500 + OK)
    answer = client.response()

    assert len(answer.interim) == 500
    assert answer.body == b"ok"


def test_an_interim_response_in_pieces_is_one(wire: Wire) -> None:
    """RFC 8297 section 2."""
    client, upstream = asked(wire)
    for octet in b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" + OK:
        upstream.send(bytes([octet]))
    answer = client.response()

    assert [interim.fields for interim in answer.interim] == [(("Link", "<a>"),)]
    assert answer.body == b"ok"


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: 5\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    ],
)
def test_an_interim_response_with_a_body_is_a_bad_gateway(wire: Wire, fields: bytes) -> None:
    """RFC 9112 section 6.1: neither may stand in a 1xx; a reader would skip the final response."""
    client, upstream = asked(wire)
    upstream.send(b"HTTP/1.1 103 Early Hints\r\n%b\r\n" % fields + OK)

    assert client.response().status == 502
    assert upstream.is_closed()


def test_an_interim_response_and_then_nothing_is_a_bad_gateway(wire: Wire) -> None:
    """RFC 9110 section 15.2: an interim response is none, and the next request finds its own."""
    client, upstream = asked(wire)
    upstream.send(CONTINUE)
    client.expect(CONTINUE)
    upstream.close()
    assert client.response().status == 502

    client.send(GET)
    fresh = wire.monolith.accept()
    fresh.request()
    fresh.send(OK)
    assert client.response().body == b"ok"


def test_a_final_answer_without_the_body_leaves_no_body_behind(wire: Wire) -> None:
    """RFC 9110 section 10.1.1: after a final status a client may send the body or close."""
    client = wire.client(post(EXPECT, b"Content-Length: 100"))
    upstream = wire.monolith.accept()
    upstream.head()
    upstream.send(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno")
    answer = client.response()

    assert (answer.status, answer["Connection"]) == (401, "close")
    assert upstream.is_closed()  # it may still wait for a body that will not come
    assert client.is_closed()


def test_a_client_that_gives_up_waiting_frees_the_upstream(wire: Wire) -> None:
    """RFC 9110 section 10.1.1: it may also go away."""
    client = wire.client(post(EXPECT, b"Content-Length: 100"))
    upstream = wire.monolith.accept()
    upstream.head()
    client.close()

    assert upstream.is_closed()
