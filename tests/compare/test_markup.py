"""XML and HTML are compared by their structure."""

import time

import pytest

from strangler.compare.verdict import Verdict
from tests.compare.answers import answer, compare, compare_as, rules, told

XML = "application/xml"
HTML = "text/html; charset=utf-8"
PAGE = (
    "<!DOCTYPE html><html><head><title>Shop</title></head><body class='wide plain'>"
    "<ul><li>One</li> <li>Two</li></ul><p>Hello <b>big</b> world</p></body></html>"
)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("<a x='1' y='2'/>", '<a  y="2" x="1" ></a>'),
        ("<a><b>1</b><c/></a>", "<?xml version='1.0'?>\n<a>\n  <b>1</b>\n  <c></c>\n</a>\n"),
        ("<a xmlns='u'><b/></a>", "<p:a xmlns:p='u'><p:b/></p:a>"),
        ("<a>x &amp; y</a>", "<a><![CDATA[x & y]]></a>"),
        ("<a>é</a>", "<a>&#233;</a>"),
        ("<a>1<!-- one --></a>", "<a>1</a>"),
        ("<a> </a>", "<a/>"),
        (
            "<a xmlns:i='http://www.w3.org/2001/XMLSchema-instance' xmlns:t='u' i:type='t:B'/>",
            "<a xmlns:x='http://www.w3.org/2001/XMLSchema-instance' xmlns:s='u' x:type='s:B'/>",
        ),
    ],
)
def test_xml_that_means_the_same_is_a_match(left, right):
    assert compare_as(XML, left, right).verdict is Verdict.MATCH
    assert compare_as("application/soap+xml", left, right).verdict is Verdict.MATCH


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("<a><b>1</b></a>", "<a><b>2</b></a>", ("value", "$.a.b[0]['#text']")),
        ("<a x='1'/>", "<a/>", ("missing", "$.a['@x']")),
        ("<a><b/><c/></a>", "<a><c/><b/></a>", ("order", "$.a")),
        ("<a><b/><c/></a>", "<a><c/></a>", ("missing", "$.a.b")),
        ("<a><b/><b/></a>", "<a><b/></a>", ("missing", "$.a.b[1]")),
        ("<a xmlns='u'/>", "<a xmlns='v'/>", ("value", "$.a['@xmlns']")),
        ("<a>x</a>", "<a> x </a>", ("value", "$.a['#text']")),
        ("<a>t<b/>u</a>", "<a>tu<b/></a>", ("value", "$.a['#text']")),
        (
            "<a><i id='1'>x</i><i id='2'>y</i><i id='3'>z</i></a>",
            "<a><i id='1'>x</i><i id='3'>z</i></a>",
            ("missing", "$.a.i[1]"),
        ),
        ("<a><b></a>", "<a></a>", ("body", "body (line 1)")),  # no XML
    ],
)
def test_xml_that_means_something_else_differs_in_one_place(left, right, expected):
    assert told(compare_as(XML, left, right)) == [expected]


@pytest.mark.parametrize(
    "change",
    [
        ("'wide plain'", '"plain  wide"'),
        ("</li> <li>", "</li>\n\n<li>"),
        ("<p>", "<!-- greeting --><p>"),
        ("Hello <b>", "Hello\n<b>"),
        ("</head>", "</head>\n"),
        ("<ul>", "<UL>"),
        ("Hello", "&#72;ello"),
    ],
)
def test_a_page_that_shows_the_same_is_a_match(change):
    assert compare_as(HTML, PAGE, PAGE.replace(*change)).verdict is Verdict.MATCH


@pytest.mark.parametrize(
    ("change", "places"),
    [
        (("Two", "2"), [("value", "$.html.body[0].ul[0].li[1]['#text']")]),
        (("<li>Two</li>", ""), [("missing", "$.html.body[0].ul[0].li[1]")]),
        (("wide ", ""), [("value", "$.html.body[0]['@class']")]),
        (("<!DOCTYPE html>", ""), [("value", "$['#doctype']")]),
        (("Hello <b>", "Hello<b>"), [("value", "$.html.body[0].p[0]['#text']")]),
        (("<p>", "<p hidden>"), [("extra", "$.html.body[0].p[0]['@hidden']")]),
    ],
)
def test_a_page_differs_where_it_differs(change, places):
    assert told(compare_as(HTML, PAGE, PAGE.replace(*change))) == places


def test_white_space_counts_between_words_and_in_what_is_preformatted():
    assert compare_as(HTML, "<b>a</b> <b>b</b>", "<b>a</b><b>b</b>").verdict is Verdict.MISMATCH
    assert compare_as(HTML, "<pre>a\n b</pre>", "<pre>a\nb</pre>").verdict is Verdict.MISMATCH
    assert compare_as(HTML, "<p>a</p> <p>b</p>", "<p>a</p><p>b</p>").verdict is Verdict.MATCH


def test_a_flag_may_be_written_out():
    left, right = "<input checked>", "<input checked='checked'>"
    assert compare_as(HTML, left, right).verdict is Verdict.MATCH


def test_a_page_declares_its_charset_in_its_head_too():
    page = "<html><head><meta charset='{}'></head><body>Grüße</body></html>"
    latin, utf8 = page.format("iso-8859-1").encode("cp1252"), page.format("utf-8").encode()
    assert told(compare_as("text/html", latin, utf8)) == [
        ("value", "$.html.head[0].meta[0]['@charset']")
    ]


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "windows-1252", "utf-16", "klingon"])
def test_the_charset_in_the_head_is_above_the_one_in_the_document(charset):
    octets = "utf-8" if charset == "klingon" else charset
    documents = [f"<?xml version='1.0'?><a>{text}</a>" for text in ("é", "è", "&#233;")]
    left, other, same = (document.encode(octets) for document in documents)
    kind = f"{XML}; charset={charset}"
    assert told(compare_as(kind, left, other)) == [("value", "$.a['#text']")]
    assert compare_as(kind, left, same).verdict is Verdict.MATCH


def test_rules_speak_of_elements_and_attributes():
    left = "<r><t>10:00</t><e at='1'>x</e><e at='2'>y</e></r>"
    right = "<r><t>11:00</t><e at='2'>y</e><e at='3'>x</e></r>"
    comparison = compare(
        answer(left.encode(), ("Content-Type", XML)),
        answer(right.encode(), ("Content-Type", XML)),
        rules(["$.r.t", "$..['@at']"], ["$.r.e"]),
    )
    assert comparison.verdict is Verdict.IGNORED
    assert set(comparison.fired) == {"$.r.t", "$..['@at']", "$.r.e"}


def test_the_rule_body_covers_whatever_is_not_json():
    for kind in (XML, HTML):
        comparison = compare_as(kind, "<a>1</a>", "<a>2</a>", ["body"])
        assert (comparison.verdict, comparison.fired) == (Verdict.IGNORED, ("body",))


LAUGHS = "<!DOCTYPE a [<!ENTITY l0 'lol'>{}]><a>&l9;</a>".format(
    "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 10))
)
OUTSIDE = "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><a>&x;</a>"
REMOTE = "<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/a.dtd'><a>1</a>"
EXPLAINED_ELSEWHERE = "<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/a.dtd'><a>1 &x; 2</a>"


@pytest.mark.parametrize("document", [LAUGHS, OUTSIDE, EXPLAINED_ELSEWHERE])
def test_entities_are_never_expanded_and_their_documents_are_text(document):
    started = time.monotonic()
    comparison = compare_as(XML, document, document + "\n<!-- -->")
    assert told(comparison) == [("body", "body (line 2)")]
    assert time.monotonic() - started < 5  # expanded, they would take gigabytes


def test_a_type_definition_elsewhere_is_not_fetched():
    assert told(compare_as(XML, REMOTE, REMOTE.replace("1</a>", "2</a>"))) == [
        ("value", "$.a['#text']")
    ]


@pytest.mark.parametrize("kind", [XML, HTML])
@pytest.mark.parametrize("depth", [60, 250, 20_000])
def test_deep_nesting_is_never_a_crash(kind, depth):
    deep = "<div>" * depth + "{}" + "</div>" * depth
    comparison = compare_as(kind, deep.format(1), deep.format(2))
    assert comparison.verdict in {Verdict.INCONCLUSIVE, Verdict.MISMATCH}


def test_much_markup_is_a_bound():
    comparison = compare_as(XML, "<a>" + "<b/>" * 600_000 + "</a>", "<a/>")
    assert comparison.verdict is Verdict.INCONCLUSIVE
    assert comparison.reason == "more values than are compared"
