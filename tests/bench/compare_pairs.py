"""How long comparing a pair takes, as a multiple of parsing it.

    .venv/bin/python tests/bench/compare_pairs.py [ROUNDS]

Parsing both bodies (with orjson, or lxml) is the least that comparing two bodies of other bytes can
cost; it is measured in turns with each comparison, so that a busy machine slows down both.
"""

import copy
import random
import sys
import time
from collections.abc import Callable
from statistics import median

import orjson
from lxml import etree

from strangler.compare.compare import compare
from strangler.compare.response import Response
from strangler.compare.rules import Rules

ITEMS = [
    {
        "id": n,
        "name": f"dataset {n}",
        "tags": ["climate", "daily", "open"],
        "size_mb": n * 1.5,
        "updated_at": "2024-03-01T10:15:00",
        "owner": {"id": 3, "name": "Ann"},
        "public": True,
    }
    for n in range(70)
]
NO_RULES = Rules.compile([], [])
RULES = Rules.compile(["$.items[*].updated_at"], ["$.items", "$..tags"])


def response(items: list[dict[str, object]], date: str = "1") -> Response:
    """A page of these items."""
    head = ((b"Content-Type", b"application/json"), (b"Date", date.encode()), (b"Allow", b"GET"))
    return Response(200, head, orjson.dumps({"items": items, "total": len(items)}))


def changed(change: Callable[[list[dict[str, object]]], None]) -> Response:
    """The page after a change of its items."""
    items = copy.deepcopy(ITEMS)
    change(items)
    return response(items, "2")


def two(items: list[dict[str, object]]) -> None:
    """Two values in two places."""
    items[3]["size_mb"] = 4.0
    items[60]["name"] = "other"


def a_few(items: list[dict[str, object]]) -> None:
    """Three causes in three places."""
    two(items)
    del items[30]["owner"]


def every_date(items: list[dict[str, object]]) -> None:
    """One difference in each item."""
    for item in items:
        item["updated_at"] = "2024-03-01T09:15:00Z"


def all_at_once(items: list[dict[str, object]]) -> None:
    """Other dates, another order, and three real differences."""
    a_few(items)
    every_date(items)
    random.Random(1).shuffle(items)


def unnamed(items: list[dict[str, object]]) -> None:
    """The rows in another order, and without anything to tell them apart by."""
    for item in items:
        del item["id"], item["name"]
    random.Random(1).shuffle(items)


HTML = (
    "<!doctype html><html><head><title>Datasets</title></head><body><table>{}</table></body></html>"
)
HTML_ROW = "<tr class='row'><td id='r{0}'>{0}</td><td><a href='/d/{0}'>dataset {1}</a></td></tr>"
XML = "<?xml version='1.0'?><items>{}</items>"
XML_ROW = "<item id='{0}'><name>dataset {1}</name><size unit='mb'>{0}.5</size><tag>a</tag></item>"


def document(kind: str, whole: str, row: str, other: int) -> Response:
    """A page or document of rows, of which one may be called otherwise."""
    rows = "".join(row.format(n, "other" if n == other else n) for n in range(120))
    head = ((b"Content-Type", kind.encode()), (b"Date", b"%d" % other))
    return Response(200, head, whole.format(rows).encode())


def documents(kind: str, whole: str, row: str) -> tuple[Response, Response, Rules]:
    """Two that differ in two rows."""
    return document(kind, whole, row, 0), document(kind, whole, row, 60), NO_RULES


PARSERS: dict[bytes, Callable[[bytes], object]] = {
    b"application/json": orjson.loads,
    b"text/html": lambda body: etree.fromstring(body, etree.HTMLParser()),
    b"application/xml": etree.fromstring,
}
PRIMARY = response(ITEMS)
PAIRS = {
    "equal bytes": (PRIMARY, changed(lambda _: None), NO_RULES),
    "two differences": (PRIMARY, changed(two), NO_RULES),
    "differs in a few places": (PRIMARY, changed(a_few), NO_RULES),
    "differs in a few places, rules": (PRIMARY, changed(a_few), RULES),
    "every date differs, ignored": (PRIMARY, changed(every_date), RULES),
    "reordered and all of that, rules": (PRIMARY, changed(all_at_once), RULES),
    "no identity, reordered, rules": (
        changed(lambda items: [item.pop(k) for item in items for k in ("id", "name")] and None),
        changed(unnamed),
        RULES,
    ),
    "HTML, two differences": documents("text/html", HTML, HTML_ROW),
    "XML, two differences": documents("application/xml", XML, XML_ROW),
}


def seconds(work: Callable[[], object]) -> float:
    """The time of one run."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main(rounds: int) -> None:
    """Measure each kind of pair in turns with parsing, and write the least and the medians."""
    size = len(PRIMARY.body) / 1000
    sys.stdout.write(f"{size:.1f} kB on each side, least and medians of {rounds} rounds\n")
    sys.stdout.write(f"{'':34}{'least':>11}{'compare':>11}{'parse both':>13}{'ratio':>8}\n")
    for name, (left, right, rules) in PAIRS.items():
        took, parsing = [], []
        parse = PARSERS[left.headers[0][1]]
        for _ in range(rounds):
            took.append(seconds(lambda: compare(left, right, rules)))  # noqa: B023 - run at once
            parsing.append(seconds(lambda: (parse(left.body), parse(right.body))))  # noqa: B023
        least, one, other = min(took) * 1e6, median(took) * 1e6, median(parsing) * 1e6
        figures = f"{least:8.1f} µs{one:8.1f} µs{other:10.1f} µs{one / other:8.2f}"
        sys.stdout.write(f"{name:34}{figures}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
