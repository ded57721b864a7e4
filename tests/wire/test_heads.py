"""The request line, Host and fields at the edges of their grammar: RFC 9112 sections 2 to 5.

Lenient readings of these have been used to show one request to a proxy and another to its upstream.
"""

import pytest

from tests.wire.cases import cases, get, post
from tests.wire.conftest import Wire
from tests.wire.ends import OK, Message


def line(text: bytes) -> bytes:
    return text + b"\r\nHost: a\r\n\r\n"


def host(value: bytes) -> bytes:
    return get(b"Host: " + value)


@cases(
    # The request line
    ("RFC 9112 section 3", "a space before the method", line(b" GET /a HTTP/1.1")),
    ("RFC 9112 section 3", "a tab for a space", line(b"GET\t/a HTTP/1.1")),
    ("RFC 9112 section 3", "a tab before the version", line(b"GET /a\tHTTP/1.1")),
    ("RFC 9112 section 3", "a space at the end", line(b"GET /a HTTP/1.1 ")),
    ("RFC 9112 section 3", "something behind the version", line(b"GET /a HTTP/1.1 x")),
    ("RFC 9112 section 3", "no target", line(b"GET HTTP/1.1")),
    ("RFC 9112 section 3", "an empty target", line(b"GET  HTTP/1.1")),
    ("RFC 9112 section 3", "no method", line(b" /a HTTP/1.1")),
    ("CVE-2013-4547 in nginx", "a space in the path", line(b"GET /a /../x HTTP/1.1")),
    ("RFC 9110 section 5.6.2", "a method that is no token", line(b"G(T /a HTTP/1.1")),
    ("RFC 9112 section 2.2", "a CR in the method", line(b"GE\rT /a HTTP/1.1")),
    ("RFC 9112 section 2.2", "a NUL in the target", line(b"GET /fi\x00rst HTTP/1.1")),
    ("RFC 9112 section 2.2", "a CR in the target", line(b"GET /fi\rrst HTTP/1.1")),
    ("RFC 9112 section 2.2", "a DEL in the target", line(b"GET /fi\x7frst HTTP/1.1")),
    ("RFC 9112 section 2.2", "CR CR LF behind the line", b"GET /a HTTP/1.1\r\r\nHost: a\r\n\r\n"),
    ("RFC 9112 section 2.2", "an LF alone behind the line", b"GET /a HTTP/1.1\nHost: a\r\n\r\n"),
    ("RFC 9112 section 2.2", "CRs alone", b"GET /a HTTP/1.1\rHost: a\r\r"),
    ("CVE-2023-45539 in HAProxy", "a fragment", line(b"GET /a#.png HTTP/1.1")),
    ("RFC 9112 section 3", "two spaces before the target", line(b"GET  /a HTTP/1.1")),
    ("RFC 9112 section 3", "two spaces before the version", line(b"GET /a  HTTP/1.1")),
    ("RFC 9112 section 2.2", "an LF before the line", b"\n" + line(b"GET /a HTTP/1.1")),
    ("RFC 9112 section 2.2", "a CR before the line", b"\r" + line(b"GET /a HTTP/1.1")),
    ("RFC 9112 section 2.2", "five empty lines before it", b"\r\n" * 5 + get(b"Host: a")),
    # The version
    ("RFC 9112 section 2.3", "RTSP", line(b"GET /a RTSP/1.0")),
    ("RFC 9112 section 2.3", "ICE", line(b"SOURCE /a ICE/1.0")),
    ("RFC 9112 section 2.3", "HTTP/1", line(b"GET /a HTTP/1")),
    ("RFC 9112 section 2.3", "HTTP/1.", line(b"GET /a HTTP/1.")),
    ("RFC 9112 section 2.3", "HTTP/1.10", line(b"GET /a HTTP/1.10")),
    ("RFC 9112 section 2.3", "HTTP/01.1", line(b"GET /a HTTP/01.1")),
    ("RFC 9112 section 2.3", "HTTP/1.2", line(b"GET /a HTTP/1.2")),
    ("RFC 9112 section 2.3", "HTTP/3.0", line(b"GET /a HTTP/3.0")),
    ("RFC 9112 section 2.3", "HTTP/+1.1", line(b"GET /a HTTP/+1.1")),
    ("RFC 9112 section 2.3", "HTTP/ 1.1", line(b"GET /a HTTP/ 1.1")),
    ("RFC 9112 section 2.3", "HTTP/1,1", line(b"GET /a HTTP/1,1")),
    ("RFC 9112 section 2.3", "Http/1.1", line(b"GET /a Http/1.1")),
    ("RFC 9112 section 2.3", "HTTP-1.1", line(b"GET /a HTTP-1.1")),
    ("CVE-2017-7656 in Jetty", "no version at all", line(b"GET /a")),
    ("RFC 9113 section 3.4", "the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    # The target
    ("CVE-2011-3368 in Apache", "a target that begins with @", line(b"GET @internal/x HTTP/1.1")),
    ("CVE-2011-3368 in Apache", "a target that begins with a colon", line(b"GET :80/x HTTP/1.1")),
    ("RFC 9112 section 3.2.3", "an authority for GET", line(b"GET a:80 HTTP/1.1")),
    ("RFC 9112 section 3.2.4", "an asterisk for POST", line(b"POST * HTTP/1.1")),
    ("RFC 9112 section 3.2.4", "an asterisk with a query", line(b"OPTIONS *?x HTTP/1.1")),
    ("RFC 9112 section 3.2.2", "another scheme", line(b"GET ftp://a/a HTTP/1.1")),
    ("RFC 9112 section 3.2.2", "a scheme without a host", line(b"GET http:///a HTTP/1.1")),
    ("RFC 9110 section 4.2.4", "a user in the target", line(b"GET http://u@a/a HTTP/1.1")),
    ("RFC 9112 section 3.2.2", "another host than Host", line(b"GET http://b/a HTTP/1.1")),
    ("RFC 9112 section 3.2.2", "another port than Host", line(b"GET http://a:81/a HTTP/1.1")),
    # Host
    ("RFC 9112 section 3.2", "an empty Host", host(b"")),
    ("RFC 9112 section 3.2", "a Host with a space", host(b"a b")),
    ("RFC 9112 section 3.2", "a Host with a tab", host(b"a\tb")),
    ("RFC 9112 section 3.2", "a Host with a port that is none", host(b"a:8x")),
    ("RFC 9112 section 3.2", "a Host with a port and a path", host(b"a:80/x")),
    ("RFC 9112 section 3.2", "a Host with two ports", host(b"a:80:81")),
    ("RFC 9112 section 3.2", "a Host with a query", host(b"a?b")),
    ("RFC 9112 section 3.2", "a Host with a fragment", host(b"a#b")),
    ("RFC 9112 section 3.2", "a Host with a backslash", host(b"a\\b")),
    ("RFC 9112 section 3.2", "a Host as a URL", host(b"http://a")),
    ("RFC 9112 section 3.2", "a Host with a user and a port", host(b"a:80@b")),
    ("RFC 9112 section 3.2", "half an IPv6 address", host(b"[::1")),
    ("RFC 9112 section 3.2", "a quoted Host", host(b'"a"')),
    ("RFC 9112 section 3.2", "a Host beyond ASCII", host(b"\xc3\xa4")),
    ("RFC 9112 section 3.2", "markup in Host", host(b"<a>")),
    ("RFC 9112 section 3.2", "a broken escape in Host", host(b"a%zz")),
    ("RFC 9112 section 3.2", "an encoded NUL in Host", host(b"a%00b")),
    ("RFC 9112 section 3.2", "a port beyond 16 bits", host(b"a:99999")),
    ("RFC 9112 section 3.2", "another Host in capitals", get(b"Host: a", b"HOST: b")),
    ("RFC 9112 section 3.2", "a Host behind a space", get(b"Host: a", b" Host: b")),
    ("RFC 9112 section 3.2", "a second Host without its colon", get(b"Host: a", b"Host")),
    ("RFC 9112 section 3.2", "two in HTTP/1.0", b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"),
    # Fields
    ("RFC 9112 section 5.2", "a folded first field", get(b" folded", b"Host: a")),
    ("RFC 9112 section 5.2", "a field folded with a tab", get(b"Host: a", b"X: 1", b"\t2")),
    ("RFC 9112 section 5.2", "a field folded to nothing", get(b"Host: a", b"X: 1", b" ")),
    ("RFC 9112 section 5.1", "a tab before the colon", get(b"Host: a", b"X\t: 1")),
    ("RFC 9112 section 5.1", "a space within a name", get(b"Host: a", b"X Y: 1")),
    ("RFC 9110 section 5.6.2", "a name beyond ASCII", get(b"Host: a", b"X\xc3\xa4: 1")),
    ("RFC 9110 section 5.6.2", "a DEL in a name", get(b"Host: a", b"X\x7f: 1")),
    ("RFC 9110 section 5.6.2", "a bracket in a name", get(b"Host: a", b"X[0]: 1")),
    ("CVE-2023-25725 in HAProxy", "an empty name", get(b"Host: a", b":", b"X: 1")),
    ("CVE-2019-20444 in Netty", "no colon", get(b"Host: a", b"X 1")),
    ("CVE-2019-9900 in Envoy", "a NUL in a value", get(b"Host: a", b"X: a\x00b")),
    ("RFC 9110 section 5.5", "a NUL for a value", get(b"Host: a", b"X: \x00")),
    ("RFC 9110 section 5.5", "a DEL in a value", get(b"Host: a", b"X: a\x7fb")),
    ("RFC 9110 section 5.5", "an escape character in a value", get(b"Host: a", b"X: \x1b[2J")),
    ("RFC 9112 section 2.2", "a CR at the end of a value", get(b"Host: a", b"X: a\r")),
    ("RFC 9112 section 2.2", "a CR before the empty line", b"GET / HTTP/1.1\r\nHost: a\r\n\r\r\n"),
    ("RFC 9112 section 2.2", "an LF for an empty line", b"GET / HTTP/1.1\r\nHost: a\r\n\nX:\r\n"),
    # Content-Length
    ("CVE-2021-32715 in hyper", "a plus", post(b"Content-Length: +2", body=b"hi")),
    ("RFC 9110 section 8.6", "minus nought", post(b"Content-Length: -0")),
    ("RFC 9110 section 8.6", "an underscore", post(b"Content-Length: 0_2", body=b"hi")),
    ("RFC 9110 section 8.6", "a space within", post(b"Content-Length: 2 2", body=b"hi")),
    ("RFC 9110 section 8.6", "a unit", post(b"Content-Length: 2b", body=b"hi")),
    ("RFC 9110 section 8.6", "a fraction", post(b"Content-Length: 2.0", body=b"hi")),
    ("RFC 9110 section 8.6", "an exponent", post(b"Content-Length: 2e0", body=b"hi")),
    ("RFC 9110 section 8.6", "an octal mark", post(b"Content-Length: 0o2", body=b"hi")),
    ("RFC 9110 section 8.6", "a parameter", post(b"Content-Length: 2;x", body=b"hi")),
    ("RFC 9110 section 8.6", "a quoted length", post(b'Content-Length: "2"', body=b"hi")),
    ("RFC 9110 section 8.6", "a no-break space", post(b"Content-Length: \xa02", body=b"hi")),
    ("RFC 9110 section 8.6", "an Arabic two", post(b"Content-Length: \xd9\xa2", body=b"hi")),
    ("RFC 9110 section 8.6", "a comma behind it", post(b"Content-Length: 2,", body=b"hi")),
    ("RFC 9110 section 8.6", "a vertical tab", post(b"Content-Length: 2\x0b", body=b"hi")),
    ("RFC 9110 section 8.6", "a nought before it", post(b"Content-Length: 02", body=b"hi")),
    ("RFC 9110 section 8.6", "two noughts", post(b"Content-Length: 00")),
    ("CVE-2014-0099 in Tomcat", "64 bits and 2", post(b"Content-Length: 18446744073709551618")),
    ("CVE-2023-40167 in Jetty", "a plus and nought", post(b"Content-Length: +0")),
)  # fmt: skip
def test_a_head_beyond_the_grammar_is_refused(wire: Wire, sent: bytes) -> None:
    client = wire.client(sent + b"GET /behind HTTP/1.1\r\nHost: a\r\n\r\n")
    answer = client.response()

    assert answer.status in {400, 501, 505}
    assert answer["Connection"] == "close"
    assert client.is_closed()
    assert wire.monolith.nobody_is_waiting()


@cases(
    ("RFC 9112 section 2.2", "an empty line before it", b"\r\n" + get(b"Host: a")),
    ("RFC 9112 section 2.2", "four empty lines before it", b"\r\n" * 4 + get(b"Host: a")),
    ("RFC 9112 section 5.1", "no space behind a colon", get(b"Host:a", b"X:1")),
    ("RFC 9112 section 5.1", "tabs around a value", get(b"Host: \t a\t ", b"X: \t 1 \t")),
    ("RFC 9110 section 5.5", "an empty value", get(b"Host: a", b"Empty:", b"X: 1")),
    ("RFC 9110 section 5.6.2", "all that names hold", get(b"Host: a", b"!#$%&'*+-.^_`|~09azAZ: 1")),
    ("RFC 9112 section 3.2", "Host behind other fields", get(b"X: 1", b"hOST: a")),
    ("RFC 9112 section 3.2.2", "the absolute form", get(b"Host: a", b"X: 1", path=b"http://a/a")),
    ("RFC 9110 section 4.2.3", "a scheme and a host in capitals", get(b"Host: a", path=b"HTTP://A/a")),
    ("RFC 9110 section 4.2.3", "the default port said", get(b"Host: a", b"X: 1", path=b"http://a:80/a")),
    ("RFC 9112 section 3.2", "an IPv6 address and a port", get(b"Host: [::1]:80", b"X: 1")),
    ("RFC 9110 section 5.3", "a field twice", get(b"Host: a", b"X: 1", b"Y: 1", b"y: 2")),
    ("RFC 9110 section 8.6", "a length behind a tab", get(b"Host: a", b"Content-Length:\t0\t")),
)  # fmt: skip
def test_a_head_at_the_edge_of_the_grammar_is_served(wire: Wire, sent: bytes) -> None:
    head = served(wire, sent)

    assert head.line == "GET /a HTTP/1.1"
    assert len(head.all("Host")) == 1
    assert head.all("X") in ([], ["1"])


def test_what_is_beyond_ascii_in_a_value_crosses_as_it_came(wire: Wire) -> None:
    """RFC 9110 section 5.5: obs-text is opaque data."""
    value = bytes(range(0x80, 0x100))
    head = served(wire, get(b"Host: a", b"X: a\t" + value))

    assert b"\r\nX: a\t%b\r\n" % value in head.raw


@pytest.mark.parametrize("name", [b"Content_Length", b"CONTENT_LENGTH", b"Host_", b"X_Real_IP"])
def test_what_would_be_read_as_another_field_behind_us_does_not_cross(
    wire: Wire, name: bytes
) -> None:
    """CVE-2024-45614 in Puma: an underscore and a hyphen are one in CGI, WSGI and Rack."""
    head = served(wire, get(b"Host: a", b"%b: 5" % name))

    assert (name.decode() in head) == (name == b"Host_")  # which is another name even then


@pytest.mark.parametrize("method", [b"PROPFIND", b"PURGE", b"M-SEARCH", b"REPORT", b"PATCH"])
def test_registered_methods_cross(wire: Wire, method: bytes) -> None:
    """RFC 9110 section 16.1."""
    assert served(wire, line(method + b" /a HTTP/1.1")).line.startswith(method.decode())


def test_options_for_a_server_by_its_url_asks_for_the_server(wire: Wire) -> None:
    """RFC 9112 section 3.2.4."""
    head = served(wire, line(b"OPTIONS http://a HTTP/1.1"))

    assert head.line == "OPTIONS * HTTP/1.1"


def test_a_trace_with_a_body_is_refused(wire: Wire) -> None:
    """RFC 9110 section 9.3.8: a client must not send one."""
    sent = post(b"Content-Length: 2", body=b"hi").replace(b"POST", b"TRACE", 1)
    client = wire.client(sent)

    assert client.response().status == 400
    assert client.is_closed()
    assert wire.monolith.nobody_is_waiting()


def test_old_requests_get_a_host_and_leave_as_new_ones(wire: Wire) -> None:
    """RFC 9112 section 3.2: every HTTP/1.1 request has one; RFC 9110 section 2.5: our version."""
    head = served(wire, b"GET http://a:81/a HTTP/1.0\r\n\r\n")

    assert (head.line, head["Host"]) == ("GET /a HTTP/1.1", "a:81")


def served(wire: Wire, sent: bytes) -> Message:
    """Send one request, give its head as the upstream sees it, and answer it."""
    client = wire.client(sent)
    upstream = wire.monolith.accept()
    head = upstream.head()
    upstream.send(OK)
    assert client.response().body == b"ok"
    return head
