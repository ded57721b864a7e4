"""Reads XML and HTML as JSON, so that both are compared, and spoken of in rules, like JSON.

An element is an object. Its members are its attributes (`@id`), for each name of its children the
list of those children, and its own text (`#text`), in which each child shows as one `CHILD`. Not
kept is what means nothing: comments, processing instructions, the order of attributes, prefixes
(the namespace is kept, as `@xmlns`, where it is not the parent's), and white space between
elements. Everything is bounded: nothing outside is fetched, no entity is expanded.
"""

import re
from typing import Any, TypeAlias

from lxml import etree

from strangler.compare.budget import Budget
from strangler.compare.content import Media, Order, Text, text_of
from strangler.compare.verdict import JSON

CHILD = "\ufffc"  # OBJECT REPLACEMENT CHARACTER

_OCTETS_PER_VALUE = 8
_VALUES_PER_TAG = 3
"""What reading markup costs, in JSON values walked: some 3 µs an element, less for what is text."""

_NAMESPACES = {
    "http://www.w3.org/XML/1998/namespace": "xml:",
    "http://www.w3.org/2001/XMLSchema-instance": "xsi:",
    "http://www.w3.org/1999/xlink": "xlink:",
}
_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"

# Phrasing content of HTML (section 3.2.5.2.5): white space beside these shows as a space.
_INLINE = frozenset(
    {
        *("a", "abbr", "b", "bdi", "bdo", "br", "button", "cite", "code", "data", "del", "dfn"),
        *("em", "i", "img", "input", "ins", "kbd", "label", "mark", "meter", "output", "progress"),
        *("q", "s", "samp", "select", "small", "span", "strong", "sub", "sup", "time", "u", "var"),
    }
)
_AS_WRITTEN = frozenset({"pre", "script", "style", "textarea"})
_TOKEN_SETS = frozenset({"class", "rel"})
_META_CHARSET = re.compile(
    rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9._:-]{1,40})", re.IGNORECASE
)
_SNIFFED = 1024
"""How far into a page its charset may be declared (HTML section 4.2.5.4)."""

_Element: TypeAlias = Any  # lxml is not typed


class NotMarkup(ValueError):  # noqa: N818 - reads as what it says
    """The bytes are no XML, or none that may be read: it declares entities of its own."""


def cost_of(body: bytes) -> int:
    """Say what reading a document will cost, in JSON values walked, before anything is read."""
    return body.count(b"<") * _VALUES_PER_TAG + len(body) // _OCTETS_PER_VALUE


def xml_of(body: bytes, media: Media, budget: Budget) -> JSON:
    """Read an XML document. Raises `NotMarkup`, or `Inconclusive` past the budget."""
    budget.spend(cost_of(body), 0)
    text = None if media.charset is None else text_of(body, media)
    parser = etree.XMLParser(
        # A charset in the head is above what the document says of itself (RFC 7303 section 3).
        encoding=None if text is None else "utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(body if text is None else text.encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise NotMarkup from error
    declared = root.getroottree().docinfo.internalDTD
    if declared is not None and any(True for _ in declared.iterentities()):
        raise NotMarkup
    return {_parted(root)[1]: _xml_element(root, "", budget, 1)}


def html_of(body: bytes, media: Media, budget: Budget) -> JSON:
    """Read an HTML page as browsers do. Raises `NotMarkup`, or `Inconclusive` past the budget."""
    budget.spend(cost_of(body), 0)
    page: dict[str, JSON] = {}
    text = _page_text(body, media)
    if text is None:
        raise NotMarkup
    if media.charset is None and _declared_charset(body) is None and not _is_utf_8(body):
        page["#charset"] = "guessed"  # a page of the same text in UTF-8 reads otherwise
    parser = etree.HTMLParser(
        encoding="utf-8",
        default_doctype=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise NotMarkup from error
    if root is None:  # nothing but white space and comments
        raise NotMarkup
    page["#doctype"] = root.getroottree().docinfo.doctype.lower()
    page[_parted(root)[1]] = _html_element(root, budget, 1)
    return page


def _xml_element(element: _Element, around: str, budget: Budget, level: int) -> dict[str, JSON]:
    budget.spend(0, level)
    namespace = _parted(element)[0]
    value: dict[str, JSON] = {}
    if namespace != around:
        value["@xmlns"] = Text(namespace)
    for name, written in element.items():
        meant = _expanded(element, written) if name == _XSI_TYPE else written
        value[_attribute(name)] = meant if name == "id" else Text(meant)
    children = list(element)
    for child in children:
        _add_child(value, child, _xml_element(child, namespace, budget, level + 2))
    _add_order(value, children)
    pieces = [element.text, *[child.tail for child in children]]
    _add_text(value, [piece if piece and piece.strip() else "" for piece in pieces])
    return value


def _html_element(element: _Element, budget: Budget, level: int) -> dict[str, JSON]:
    budget.spend(0, level)
    value: dict[str, JSON] = {}
    for name, written in element.items():
        value[f"@{name}"] = _html_attribute(name, written)
    children = list(element)
    for child in children:
        _add_child(value, child, _html_element(child, budget, level + 2))
    _add_order(value, children)
    pieces = [element.text or "", *[child.tail or "" for child in children]]
    if element.tag in _AS_WRITTEN:
        pieces = [piece.replace("\r\n", "\n").strip("\n") for piece in pieces]
    else:
        inline = [False, *[child.tag in _INLINE for child in children], False]
        pieces = [_collapsed(piece, inline[n], inline[n + 1]) for n, piece in enumerate(pieces)]
    _add_text(value, pieces)
    return value


def _add_child(value: dict[str, JSON], child: _Element, read: dict[str, JSON]) -> None:
    """Add a child to those of its name."""
    members = value.setdefault(_parted(child)[1], [])
    if isinstance(members, list):
        members.append(read)


def _add_order(value: dict[str, JSON], children: list[_Element]) -> None:
    """Keep the order of the children apart where it is not that of one list."""
    if len(children) > 1 and len({child.tag for child in children}) > 1:
        names = [_parted(child)[1] for child in children]
        if len(set(names)) > 1:
            value["#order"] = Order(" ".join(names))


def _add_text(value: dict[str, JSON], pieces: list[str]) -> None:
    """Add an element's own text, in which a mark stands for each child."""
    if any(pieces):
        value["#text"] = Text(CHILD.join(pieces))


def _collapsed(piece: str, after_inline: bool, before_inline: bool) -> str:
    """Write white space as a browser shows it: as one space, and none at the edge of a block."""
    if not piece:
        return ""
    text = " ".join(piece.split())
    if not piece[:1].strip() and after_inline:
        text = f" {text}"
    if text.strip() and not piece[-1:].strip() and before_inline:
        text = f"{text} "
    return text if text.strip() or (after_inline and before_inline) else ""


def _html_attribute(name: str, written: str) -> str:
    if name == "id":
        return written.strip()
    words = written.split()
    if name in _TOKEN_SETS:
        return Text(" ".join(sorted(set(words))))
    meant = " ".join(words)
    return Text("" if meant.lower() == name else meant)  # checked="checked" is checked


def _attribute(name: str) -> str:
    if not name.startswith("{"):
        return f"@{name}"
    namespace, _, local = name[1:].rpartition("}")
    prefix = _NAMESPACES.get(namespace, f"{{{namespace}}}")
    return f"@{prefix}{local}"


def _expanded(element: _Element, written: str) -> str:
    """Give the name that `xsi:type` holds with its namespace in place of its prefix."""
    prefix, _, local = written.strip().rpartition(":")
    return f"{{{element.nsmap.get(prefix or None, '')}}}{local}"


def _parted(element: _Element) -> tuple[str, str]:
    """Part the name of an element into namespace and local name.

    Raises `NotMarkup` for what stands in the place of one: an entity that only a DTD explains.
    """
    tag = element.tag
    if not isinstance(tag, str):
        raise NotMarkup
    if not tag.startswith("{"):
        return "", tag
    namespace, _, local = tag[1:].rpartition("}")
    return namespace, local


def _page_text(body: bytes, media: Media) -> str | None:
    declared = None if media.charset is not None else _declared_charset(body)
    return text_of(body, media if declared is None else media._replace(charset=declared))


def _declared_charset(body: bytes) -> str | None:
    """Find the charset that a page declares within itself, if it is a known one and true."""
    found = _META_CHARSET.search(body, 0, _SNIFFED)
    if found is None:
        return None
    charset = found[1].decode("ascii")
    return None if text_of(body, Media("text/html", charset)) is None else charset


def _is_utf_8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
