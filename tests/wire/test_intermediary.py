"""What a proxy owes to both sides, beside the framing: RFC 9110 sections 6.5, 7.6 and 10.1.4."""

import pytest

from tests.wire.cases import chunked, get
from tests.wire.conftest import Wire
from tests.wire.ends import OK, End, Message

GET = get(b"Host: a", path=b"/")


def crossed(wire: Wire, *lines: bytes) -> Message:
    """Send a GET with these fields and give its head as the upstream sees it."""
    wire.client(get(b"Host: a", *lines))
    return wire.monolith.accept().head()


@pytest.mark.parametrize(
    "name",
    [
        b"Host",
        b"Authorization",
        b"Cookie",
        b"Content-Type",
        b"Expect",
        b"Via",
        b"X-Forwarded-For",
        b"X-Forwarded-Proto",
        b"X-Forwarded-Host",
        b"X-Request-Id",
        b"Traceparent",
    ],
)
@pytest.mark.parametrize(
    "connection", [b"%b", b"close, %b", b"keep-alive,%b ,", b"x\r\nConnection: %b"]
)
def test_a_client_cannot_have_us_drop_what_guards_an_upstream(
    wire: Wire, name: bytes, connection: bytes
) -> None:
    """CVE-2022-31813 in Apache, CVE-2024-45410 in Traefik, CVE-2022-45059 in Varnish."""
    wire.client(
        b"POST / HTTP/1.1\r\nHost: a\r\nAuthorization: b\r\nCookie: c\r\nContent-Type: d\r\n"
        b"Expect: 100-continue\r\nVia: 1.1 e\r\nX-Request-Id: f\r\nTraceparent: g\r\n"
        b"Content-Length: 2\r\nConnection: %b\r\n\r\nhi" % (connection % name)
    )
    request = wire.monolith.accept().request()

    assert name.decode() in request
    assert "Connection" not in request
    assert request.body == b"hi"


@pytest.mark.parametrize("name", [b"Content-Length", b"Transfer-Encoding"])
def test_a_client_cannot_have_us_drop_the_framing(wire: Wire, name: bytes) -> None:
    """CVE-2022-45059 in Varnish: without its length the body would be the next request."""
    framing, body = b"Content-Length: 2", b"hi"
    if name == b"Transfer-Encoding":
        framing, body = b"Transfer-Encoding: chunked", b"2\r\nhi\r\n0\r\n\r\n"
    wire.client(
        b"POST / HTTP/1.1\r\nHost: a\r\nConnection: %b\r\n%b\r\n\r\n%b" % (name, framing, body)
    )

    assert wire.monolith.accept().request().body == b"hi"


def test_what_a_client_nominates_ends_at_us_however_it_is_spelt(wire: Wire) -> None:
    """RFC 9110 section 7.6.1: names in any case, in any of the fields, empty members between."""
    head = crossed(
        wire, b"Connection: ,x-one, ,", b"X-ONE: 1", b"CONNECTION: X-Two,X-Three", b"x-two: 2",
        b"X-three: 3", b"X-one: 4", b"X-Four: 5",
    )  # fmt: skip

    assert [name for name in ("X-One", "X-Two", "X-Three", "Connection") if name in head] == []
    assert head["X-Four"] == "5"


def test_what_an_upstream_nominates_ends_at_us_too(wire: Wire) -> None:
    """RFC 9110 section 7.6.1."""
    client, upstream = asked(wire)
    upstream.send(
        b"HTTP/1.1 200 OK\r\nConnection: X-Inner, close\r\nX-Inner: 1\r\nX-Outer: 2\r\n"
        b"Content-Length: 0\r\n\r\n"
    )
    answer = client.response()

    assert ("X-Inner" in answer, answer["X-Outer"], "Connection" in answer) == (False, "2", False)


@pytest.mark.parametrize(
    "name",
    [
        b"X-Strangler-Shadow",
        b"x-strangler-anything",
        b"X_Strangler_Shadow",
        b"X-Strangler_Shadow",
        b"X_Forwarded_For",
        b"X-Forwarded_For",
        b"x_forwarded_proto",
        b"Forwarded",
        b"X-Real-IP",
        b"X-Forwarded-Port",
        b"X-Forwarded-Prefix",
    ],
)
def test_a_stranger_says_nothing_that_is_ours_to_say(wire: Wire, name: bytes) -> None:
    """RFC 7239 section 8.1, and CVE-2024-45614 in Puma where underscores stand for hyphens."""
    head = crossed(wire, b"%b: 6.6.6.6" % name)

    assert "6.6.6.6" not in head.raw.decode("latin-1")


@pytest.mark.parametrize("te", [b"trailers", b"Trailers", b"gzip;q=0.5, trailers", b"trailers;q=1"])
def test_a_client_that_takes_trailers_says_so_through_us(wire: Wire, te: bytes) -> None:
    """RFC 9110 section 10.1.4: hop by hop, and so said anew with its connection option."""
    head = crossed(wire, b"Connection: TE", b"TE: " + te)

    assert (head["TE"], head["Connection"]) == ("trailers", "TE")


@pytest.mark.parametrize("te", [b"gzip", b"xtrailers", b""])
def test_codings_that_only_the_client_takes_are_not_offered(wire: Wire, te: bytes) -> None:
    """RFC 9110 section 10.1.4."""
    head = crossed(wire, b"Connection: TE", b"TE: " + te)

    assert ("TE" in head, "Connection" in head) == (False, False)


FORBIDDEN = [
    b"Host: evil",
    b"Authorization: evil",
    b"Cookie: evil",
    b"Set-Cookie: evil=1",
    b"Connection: evil",
    b"Upgrade: evil",
    b"TE: evil",
    b"Trailer: evil",
    b"Content-Type: evil",
    b"Content-Encoding: evil",
    b"Cache-Control: evil",
    b"Expect: evil",
    b"X-Forwarded-For: 6.6.6.6",
    b"X_Forwarded_For: 6.6.6.6",
    b"Forwarded: for=6.6.6.6",
    b"X-Strangler-Shadow: evil",
    b"Via: 1.1 evil",
]


@pytest.mark.parametrize("field", FORBIDDEN, ids=repr)
def test_a_trailer_never_says_what_a_head_must(wire: Wire, field: bytes) -> None:
    """CVE-2013-5704 in Apache: trailers that became fields; RFC 9110 section 6.5.1."""
    wire.client(chunked(b"2\r\nhi\r\n0\r\n%b\r\nX-Sum: 1\r\n\r\n" % field))
    request = wire.monolith.accept().request()

    assert (request.body, request.trailers) == (b"hi", (("X-Sum", "1"),))
    assert "X-Sum" not in request
    assert field.partition(b": ")[2] not in request.raw


@pytest.mark.parametrize("field", FORBIDDEN, ids=repr)
def test_a_trailer_of_a_response_never_says_what_a_head_must(wire: Wire, field: bytes) -> None:
    """RFC 9110 section 6.5.1."""
    client, upstream = asked(wire)
    upstream.send(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"2\r\nok\r\n0\r\n%b\r\nX-Sum: 1\r\n\r\n" % field
    )
    answer = client.response()

    assert (answer.body, answer.trailers) == (b"ok", (("X-Sum", "1"),))


@pytest.mark.parametrize("field", [b"Content-Length: 99", b"Transfer-Encoding: chunked"])
def test_a_trailer_never_frames_anything(wire: Wire, field: bytes) -> None:
    """RFC 9110 section 6.5.1: left out or refused, but never seen by an upstream."""
    client = wire.client(chunked(b"2\r\nhi\r\n"))
    upstream = wire.monolith.accept()
    upstream.until(b"hi\r\n")
    client.send(b"0\r\n%b\r\n\r\n" % field)

    assert upstream.until_or_end(b"0\r\n\r\n") in {b"0\r\n\r\n", b""}


def test_trailers_cross_in_their_order_with_duplicates(wire: Wire) -> None:
    """RFC 9112 section 7.1.2: they are kept apart from the head's fields, as they came."""
    client, upstream = asked(wire)
    upstream.send(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: a, B\r\na: head\r\n\r\n"
        b"0\r\nB: 1\r\na: 2\r\nB:3 \r\n\r\n"
    )
    answer = client.response()

    assert (answer["Trailer"], answer["a"]) == ("a, B", "head")
    assert answer.trailers == (("B", "1"), ("a", "2"), ("B", "3"))


@pytest.mark.parametrize("amount", [200, 5000])
def test_trailers_without_bound_are_refused(wire: Wire, amount: int) -> None:
    """CVE-2013-4322 in Tomcat: trailers of any size; CVE-2023-46589: beyond the bound, smuggled."""
    client = wire.client(chunked(b"2\r\nhi\r\n0\r\n"))
    upstream = wire.monolith.accept()
    upstream.until(b"hi\r\n")
    client.send_as_much_as_is_taken(b"X-Trailer: %b\r\n" % (b"x" * 200) * amount + b"\r\n" + GET)

    assert client.response().status in {400, 431}
    assert client.is_closed()
    assert b"0\r\n" not in upstream.rest_in_any_case()


def test_a_date_is_added_where_an_upstream_has_none(wire: Wire) -> None:
    """RFC 9110 section 6.6.1; one that is there stays."""
    client, upstream = asked(wire)
    upstream.send(OK)
    assert client.response()["Date"].endswith(" GMT")
    client.send(GET)
    upstream.request()
    upstream.send(b"HTTP/1.1 200 OK\r\nDate: then\r\nServer: x/1\r\nContent-Length: 0\r\n\r\n")
    answer = client.response()

    assert (answer["Date"], answer["Server"]) == ("then", "x/1")


def test_order_case_and_duplicates_of_fields_cross(wire: Wire) -> None:
    """RFC 9110 section 5.3: the order of fields of one name has a meaning."""
    head = crossed(wire, b"b: 1", b"A: 2", b"B: 3", b"a: 4", b"b: 1")
    fields = [field for field in head.fields if field[0] in "aAbB"]

    assert fields == [("b", "1"), ("A", "2"), ("B", "3"), ("a", "4"), ("b", "1")]


@pytest.mark.parametrize("via", [b"1.1 strangler2", b"1.1 my-strangler", b"1.1 a (strangler)"])
def test_a_name_that_is_only_like_ours_is_no_loop(wire: Wire, via: bytes) -> None:
    """RFC 9110 section 7.6.3."""
    head = crossed(wire, b"Via: " + via)

    assert head.all("Via") == [via.decode(), "1.1 strangler"]


def asked(wire: Wire) -> tuple[End, End]:
    client = wire.client(GET)
    upstream = wire.monolith.accept()
    upstream.request()
    return client, upstream


@pytest.mark.parametrize("name", [b"Proxy", b"Proxy-Authorization", b"Via", b"Proxy_Connection"])
def test_what_does_not_cross_in_a_head_does_not_cross_in_trailers(wire: Wire, name: bytes) -> None:
    """RFC 9110 section 6.5.1, CVE-2016-5385 in PHP, CVE-2013-5704 in Apache."""
    wire.client(chunked(b"2\r\nhi\r\n0\r\n%b: x\r\nX-Sum: 1\r\n\r\n" % name, b"TE: trailers"))
    request = wire.monolith.accept().request()

    assert request.trailers == (("X-Sum", "1"),)


@pytest.mark.parametrize("nominated", [b"Content-Length", b"close, cOnTeNt-length"])
def test_an_upstream_cannot_have_us_drop_the_framing(wire: Wire, nominated: bytes) -> None:
    """CVE-2022-45059 in Varnish, the other way: the next response would be part of this one."""
    client, upstream = asked(wire)
    upstream.send(b"HTTP/1.1 200 OK\r\nConnection: %b\r\nContent-Length: 2\r\n\r\nok" % nominated)
    response = client.response()

    assert (response["Content-Length"], response.body) == ("2", b"ok")


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 2", b"Transfer-Encoding: chunked", b"Content-Length: 99999"]
)
def test_a_response_to_head_ends_with_its_head_and_the_next_is_whole(
    wire: Wire, framing: bytes
) -> None:
    """RFC 9112 section 6.3: whatever its fields say that a GET would get."""
    client = wire.client(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + GET)
    upstream = wire.monolith.accept()
    upstream.head()
    upstream.send(b"HTTP/1.1 200 OK\r\n%b\r\n\r\n" % framing)
    assert client.response("HEAD").status == 200
    upstream.head()
    upstream.send(OK)
    assert client.response().body == b"ok"


def test_no_body_behind_a_response_to_head_becomes_the_next_response(wire: Wire) -> None:
    """RFC 9112 section 6.3, CVE-2026-6733 in undici."""
    client = wire.client(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
    upstream = wire.monolith.accept()
    upstream.head()
    upstream.send(OK.replace(b"ok", b"no") + OK)
    assert client.response("HEAD").status == 200
    client.send(GET)
    again = wire.monolith.accept()
    again.head()
    again.send(OK)
    assert client.response().body == b"ok"


def test_proxy_connection_keeps_nothing_open(wire: Wire) -> None:
    """RFC 9112 section 9.3: only Connection persists, for a client of HTTP/1.0 above all."""
    client = wire.client(b"GET / HTTP/1.0\r\nProxy-Connection: keep-alive\r\n\r\n")
    upstream = wire.monolith.accept()
    upstream.head()
    upstream.send(OK)
    assert client.response().body == b"ok"
    assert client.is_closed()
