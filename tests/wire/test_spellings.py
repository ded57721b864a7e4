"""However a path is spelt, it is matched as its upstream will read it: RFC 3986 sections 5 and 6.

`/served/**` is the service's, all else the monolith's. What is forwarded is spelt as it came, but
for dot segments, which are resolved: no reader behind us may resolve them in another way.
"""

import pytest

from tests.wire.cases import cases, get
from tests.wire.conftest import Wire
from tests.wire.ends import OK, End


def rows(*spellings: tuple[str, str, str]) -> pytest.MarkDecorator:
    """Run a test with `sent` and `forwarded`, named by the source."""
    ids = [f"{source}: {sent}" for source, sent, _ in spellings]
    return pytest.mark.parametrize(("sent", "forwarded"), [row[1:] for row in spellings], ids=ids)


@rows(
    ("RFC 3986 section 3.3", "/served", "/served"),
    ("RFC 3986 section 3.3", "/served/", "/served/"),
    ("RFC 3986 section 3.4", "/served?x", "/served?x"),
    ("RFC 3986 section 3.4", "/served/a??b", "/served/a??b"),
    ("RFC 3986 section 3.4", "/served/a?b=/../../c&d=%2e%2e", "/served/a?b=/../../c&d=%2e%2e"),
    ("RFC 3986 section 6.2.2.2", "/%73erved/x", "/%73erved/x"),
    ("RFC 3986 section 6.2.2.2", "/%73%65%72%76%65%64/x", "/%73%65%72%76%65%64/x"),
    ("RFC 3986 section 6.2.2.3", "/./served/x", "/served/x"),
    ("RFC 3986 section 6.2.2.3", "/x/../served/x", "/served/x"),
    ("RFC 3986 section 6.2.2.3", "/x/y/../../served/x", "/served/x"),
    ("RFC 3986 section 6.2.2.3", "/served/x/..", "/served/"),
    ("RFC 3986 section 6.2.2.3", "/served/.", "/served/"),
    ("RFC 3986 section 5.2.4", "/../served/x", "/served/x"),
    ("RFC 3986 section 5.2.4", "/../../../served/x", "/served/x"),
    ("RFC 3986 section 5.2.4", "/served/.../x", "/served/.../x"),
    ("CVE-2019-9901 in Envoy", "/x/%2e%2e/served/x", "/served/x"),
    ("CVE-2019-9901 in Envoy", "/%2e/served/x", "/served/x"),
    ("CVE-2021-41773 in Apache", "/x/.%2e/served/x", "/served/x"),
    ("CVE-2021-41773 in Apache", "/x/%2E./served/x", "/served/x"),
    ("RFC 3986 section 3.3", "//served/x", "//served/x"),
    ("RFC 3986 section 3.3", "/served//x", "/served//x"),
    ("RFC 3986 section 3.3", "///served///x", "///served///x"),
    ("RFC 9112 section 3.2.2", "http://a/served/x", "/served/x"),
    ("RFC 9112 section 3.2.2", "http://a/x/../served/x", "/served/x"),
    ("RFC 3986 section 2.4", "/served/%252e%252e/x", "/served/%252e%252e/x"),
    ("RFC 3986 section 2.4", "/served/%25%32%65/x", "/served/%25%32%65/x"),
    ("CVE-2008-2938 in Tomcat", "/served/%C0%AE%C0%AE/x", "/served/%C0%AE%C0%AE/x"),
    ("RFC 3986 section 2.2", "/served/a;b=c,d/x", "/served/a;b=c,d/x"),
    ("RFC 3986 section 2.2", "/served/a%3bb", "/served/a%3bb"),
    ("RFC 3986 section 2.2", "/served/a%2Fb", "/served/a%2Fb"),
    ("RFC 3986 section 2.1", "/served/%ff%C3%a9", "/served/%ff%C3%a9"),
    ("RFC 3986 section 2", '/served/{a}|^`"<>', '/served/{a}|^`"<>'),
)
def test_every_spelling_of_a_route_goes_to_its_service(
    wire: Wire, sent: str, forwarded: str
) -> None:
    client = wire.client(get(b"Host: a", path=sent.encode()))
    answer(wire.service.newest_or_accept(), forwarded)

    assert client.response().status == 200


@rows(
    ("RFC 3986 section 6.2.2.3", "/served/..", "/"),
    ("RFC 3986 section 6.2.2.3", "/served/../x", "/x"),
    ("RFC 3986 section 6.2.2.3", "/served/x/../../y", "/y"),
    ("CVE-2019-9901 in Envoy", "/served/%2e%2e/x", "/x"),
    ("CVE-2021-41773 in Apache", "/served/.%2e/x", "/x"),
    ("RFC 3986 section 3.3", "/servedx", "/servedx"),
    ("RFC 3986 section 3.3", "/x/served", "/x/served"),
    ("RFC 3986 section 3.3", "/serve", "/serve"),
    ("RFC 3986 section 2.4", "/%2573erved/x", "/%2573erved/x"),
    ("RFC 9112 section 3.2.2", "http://a?/served/x", "/?/served/x"),
)
def test_what_leaves_a_route_goes_to_the_monolith(wire: Wire, sent: str, forwarded: str) -> None:
    client = wire.client(get(b"Host: a", path=sent.encode()))
    answer(wire.monolith.newest_or_accept(), forwarded)

    assert client.response().status == 200


@cases(
    ("CVE-2020-5902 in BIG-IP", "a parameter behind dots", b"/served/..;/x"),
    ("CVE-2020-5902 in BIG-IP", "a parameter with a value", b"/served/..;a=b/x"),
    ("CVE-2020-5902 in BIG-IP", "a parameter behind encoded dots", b"/served/%2e%2e;/x"),
    ("CVE-2020-5902 in BIG-IP", "a parameter behind one dot", b"/.;/served/x"),
    ("CVE-2020-5902 in BIG-IP", "an encoded semicolon behind dots", b"/x/..%3b/served/y"),
    ("CVE-2020-5902 in BIG-IP", "all of it encoded", b"/x/%2e%2E%3Ba=b/served/y"),
    ("CVE-2020-5902 in BIG-IP", "behind an encoded slash", b"/x%2f..%3b/served/y"),
    ("CVE-2021-29492 in Envoy", "an encoded slash behind dots", b"/x/..%2fserved/x"),
    ("CVE-2021-29492 in Envoy", "encoded slashes around dots", b"/x%2f..%2fserved/x"),
    ("CVE-2021-29492 in Envoy", "encoded slashes and dots", b"/x%2F%2e%2e%2Fserved/x"),
    ("CVE-2021-29492 in Envoy", "an encoded backslash behind dots", b"/x/..%5cserved/x"),
    ("CVE-2007-0450 in Tomcat", "backslashes", b"/served\\..\\x"),
    ("CVE-2007-0450 in Tomcat", "a backslash for a slash", b"/x/..\\served"),
    ("CVE-2021-42013 in Apache", "an escape within an escape", b"/served/%%32%65%%32%65/x"),
    ("RFC 3986 section 2.1", "an escape that ends too soon", b"/served/x%2"),
    ("RFC 3986 section 2.1", "a percent sign", b"/served/100%"),
    ("RFC 3986 section 2.1", "an escape of IIS", b"/served/%u002e%u002e/x"),
    ("RFC 3986 section 7.3", "an encoded NUL", b"/served/x%00.png"),
    ("CVE-2023-25690 in Apache", "an encoded line end", b"/served/x%0d%0aX:%20y"),
    ("CVE-2023-25690 in Apache", "an encoded LF", b"/served/x%0A"),
    ("CVE-2023-25690 in Apache", "a line end to rewrite", b"/rewritten/%20HTTP/1.1%0d%0aX:y"),
    ("RFC 3986 section 7.3", "other encoded controls", b"/served/%1f"),
    ("RFC 3986 section 7.3", "an encoded DEL", b"/served/%7F"),
    ("RFC 3986 section 3.5", "a fragment", b"/served/x#/../y"),
    ("RFC 3986 section 2", "octets beyond ASCII", b"/served/\xc3\xa9"),
)
def test_what_servers_read_in_two_ways_is_refused(wire: Wire, sent: bytes) -> None:
    client = wire.client(get(b"Host: a", path=sent))

    assert client.response().status == 400
    assert client.is_closed()
    assert wire.monolith.nobody_is_waiting()
    assert wire.service.nobody_is_waiting()


@cases(
    ("RFC 3986 section 3.3", "a parameter", b"/served;x"),
    ("RFC 3986 section 3.3", "a parameter before more segments", b"/served;x/y"),
    ("RFC 3986 section 3.3", "a segment of a parameter alone", b"/;/served/x"),
    ("RFC 3986 section 3.3", "parameters everywhere", b"/;a=b/;/served;c=d;e/x;f"),
    ("RFC 3986 section 3.3", "an encoded semicolon", b"/served%3bx/y"),
    ("RFC 3986 section 3.3", "a parameter at the end", b"/served;"),
    ("CVE-2021-29492 in Envoy", "an encoded slash", b"/served%2fx"),
    ("CVE-2021-29492 in Envoy", "an encoded slash in front", b"/%2fserved/x"),
    ("CVE-2021-29492 in Envoy", "encoded slashes alone", b"/%2F%2fserved%2Fx"),
    ("CVE-2021-29492 in Envoy", "an encoded backslash", b"/served%5cx"),
    ("CVE-2021-29492 in Envoy", "an encoded backslash in front", b"/%5Cserved/x"),
    ("CVE-2021-29492 in Envoy", "both in a parameter's company", b"/%5c;a%2Fserved%2F;b"),
    ("RFC 3986 section 6.2.2.1", "upper case", b"/SERVED/x"),
    ("RFC 3986 section 6.2.2.1", "one letter in upper case", b"/serveD"),
    ("RFC 3986 section 6.2.2.1", "an escaped letter in upper case", b"/%53erved/x"),
    ("RFC 3986 section 6.2.2.1", "a letter whose upper case is S", b"/%C5%BFerved/x"),
    ("RFC 3986 section 6.2.2.1", "case behind dots", b"/x/../SERVED/x"),
    ("RFC 3986 section 6.2.2.1", "case in the absolute form", b"http://a/Served/x"),
    ("RFC 3986 section 6.2.2.1", "case, a parameter, a slash", b"//SERVED;x//y"),
)
def test_no_reader_is_reached_around_a_route(wire: Wire, sent: bytes) -> None:
    """Tomcat, Jetty and Spring cut parameters, what speaks WSGI decodes slashes, IIS folds case."""
    client = wire.client(get(b"Host: a", path=sent))

    assert client.response().status == 400
    assert wire.monolith.nobody_is_waiting()
    assert wire.service.nobody_is_waiting()
    client.send(get(b"Host: a", path=b"/served/x"))  # the refusal was of one path, not of a peer
    answer(wire.service.accept(), "/served/x")
    assert client.response().status == 200


@rows(
    ("RFC 3986 section 3.3", "/cart;jsessionid=1/x", "/cart;jsessionid=1/x"),
    ("RFC 3986 section 2.2", "/a%2Fserved/x", "/a%2Fserved/x"),
    ("RFC 3986 section 2.2", "/a%5Cserved", "/a%5Cserved"),
    ("RFC 3986 section 6.2.2.1", "/Other/SERVED", "/Other/SERVED"),
    ("RFC 3986 section 6.2.2.1", "/", "/"),
)
def test_what_no_reader_takes_for_a_route_goes_to_the_monolith(
    wire: Wire, sent: str, forwarded: str
) -> None:
    client = wire.client(get(b"Host: a", path=sent.encode()))
    answer(wire.monolith.newest_or_accept(), forwarded)

    assert client.response().status == 200


@rows(
    ("RFC 3986 section 6.2.2.1", "/SAFE/x", "/SAFE/x"),
    ("RFC 3986 section 3.3", "/safe;x/y", "/safe;x/y"),
)
def test_as_long_as_the_monolith_may_answer_for_a_route_it_gets_its_spellings(
    wire: Wire, sent: str, forwarded: str
) -> None:
    before = wire.proxy.metric("strangler_ambiguous_paths_total", outcome="forwarded")
    client = wire.client(get(b"Host: a", path=sent.encode()))
    answer(wire.monolith.newest_or_accept(), forwarded)

    assert client.response().status == 200
    after = wire.proxy.metric("strangler_ambiguous_paths_total", outcome="forwarded")
    assert after == before + 1


@rows(
    ("RFC 3986 section 3.3", "/rewritten", "/"),
    ("RFC 3986 section 3.3", "/rewritten/", "/"),
    ("RFC 3986 section 3.4", "/rewritten?x=/rewritten", "/?x=/rewritten"),
    ("RFC 3986 section 6.2.2.3", "/x/../rewritten/./y", "/y"),
    ("RFC 3986 section 6.2.2.2", "/%72ewritten/%79", "/%79"),
    ("RFC 3986 section 3.3", "//rewritten/y//z", "/y//z"),
    ("CVE-2023-25690 in Apache", "/rewritten/%20HTTP/1.1%20", "/%20HTTP/1.1%20"),
)  # fmt: skip
def test_a_rewritten_path_keeps_the_spelling_of_what_is_left(
    wire: Wire, sent: str, forwarded: str
) -> None:
    client = wire.client(get(b"Host: a", path=sent.encode()))
    answer(wire.service.newest_or_accept(), forwarded)

    assert client.response().status == 200


def answer(upstream: End, target: str) -> None:
    assert upstream.request().target == target
    upstream.send(OK)
