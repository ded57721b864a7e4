"""Asking both sides again for a finding: shown, told, exported as a test, and never stored."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from strangler.compare.finding import cluster
from strangler.compare.verdict import Difference, Kind
from strangler.store.observed import Sighting
from tests.cli.desk import Desk
from tests.end_to_end.upstreams import Handler, Upstream
from tests.store.sample import example, observation

ROUTES = """\
version: 1
upstreams:
  monolith: {{targets: [{monolith}]}}
  books: {{targets: [{service}]}}
monolith: monolith
domains:
  books:
    service: books
    phase: shadow
    routes:
      - path: /books
      - path: /books/{{id}}
        rewrite: {{prefix: /b}}
  loans:
    service: books
    phase: shadow
    shadow: {{writes: read-back}}
    routes:
      - path: /loans
        methods: [POST]
      - path: /loans/{{id:int}}
      - path: /loans/{{id:int}}/renew
        methods: [POST]
        read_back: /loans/{{id}}
      - path: /returns
        methods: [POST]
        read_back: /loans/{{body:loan}}
"""

RIGHT = {"items": [{"price": 10, "title": "Emma"}], "total": 1}
WRONG = {"items": [{"price": "10", "title": "Emma"}], "total": 1}
SHOWN = Difference("$.items[*].price", "$.items[0].price", Kind.TYPE, 10, "10")


@dataclass
class Shop:
    """Two systems and a store with a finding on each route."""

    desk: Desk
    monolith: Upstream
    service: Upstream
    answer: dict
    asked: list

    def id_on(self, route: str) -> str:
        return cluster(route, [SHOWN])[0].signature

    def found(self, route: str, target: str, method: str = "GET") -> str:
        """Have a finding on a route of the loans, and give its id."""
        seen = sighting(route, target, method)
        self.desk.observe(
            observation(domain="loans", route=route, verdict="mismatch", sightings=(seen,))
        )
        return self.id_on(route)

    @property
    def paths_asked(self) -> set[str]:
        return {path for path, _ in self.asked}


def sighting(route: str, target: str, method: str = "GET") -> Sighting:
    found = cluster(route, [SHOWN])[0]
    seen = example(
        method=method, target=target, candidate_upstream="books", request_id=f"of {target}"
    )
    return Sighting(found.signature, found.kind.value, found.paths, False, (seen,), found.change)


@pytest.fixture
def shop(desk: Desk) -> Iterator[Shop]:
    answer, asked = {"now": WRONG}, []

    def respond(handler: Handler, document: dict) -> None:
        asked.append((handler.path, handler.headers.get("Authorization")))
        handler.answer(json.dumps(document).encode(), "application/json")

    with (
        Upstream("monolith", lambda handler: respond(handler, RIGHT)) as monolith,
        Upstream("books", lambda handler: respond(handler, answer["now"])) as service,
    ):
        desk.write(ROUTES.format(monolith=monolith.url, service=service.url))
        desk.go_live()
        for route, target in (("/books", "/books"), ("/books/{id}", "/books/#0b8e1f22c4")):
            seen = sighting(route, target)
            desk.observe(
                observation(domain="books", route=route, verdict="mismatch", sightings=(seen,))
            )
        yield Shop(desk, monolith, service, answer, asked)


def test_a_recheck_says_whether_both_sides_still_differ(shop: Shop) -> None:
    still = shop.desk.run("diff", "recheck", shop.id_on("/books"))
    shop.answer["now"] = RIGHT
    gone = shop.desk.run("diff", "recheck", shop.id_on("/books"))

    assert (still.code, gone.code) == (2, 0)
    assert "number became string): still so, at $.items[*].price" in still.err
    assert "no longer so\nif it is mended: `strangler diff fixed " in gone.err


def test_what_was_asked_is_stored_redacted_so_the_engineer_says_what_to_ask(shop: Shop) -> None:
    id_ = shop.id_on("/books/{id}")
    refused = shop.desk.run("diff", "recheck", id_)
    mine = ["--header", "Authorization: Bearer mine"]
    asked = shop.desk.run("diff", "recheck", id_, "--path", "/books/7", *mine)
    elsewhere = shop.desk.run("diff", "recheck", id_, "--path", "/books")

    assert refused.code == 1
    assert "is stored redacted (/books/#0b8e1f22c4): give a request" in refused.err
    assert asked.code == 2
    assert set(shop.asked) == {("/books/7", "Bearer mine"), ("/b/7", "Bearer mine")}
    assert "/books is claimed by the route /books, and the finding is on /books/{id}" in (
        elsewhere.err
    )


@pytest.mark.parametrize(
    "route",
    [
        pytest.param("POST /loans", id="found by Location"),
        pytest.param("/loans/{id:int}", id="found by its own path"),
        pytest.param("POST /loans/{id:int}/renew", id="found by a template"),
        pytest.param("POST /returns", id="found by a template and the answer"),
    ],
)
def test_what_a_write_has_changed_is_read_on_both_sides_again(shop: Shop, route: str) -> None:
    """Where the path is stored whole it is enough, whatever it was that named it."""
    id_ = shop.found(route, "/loans/7")
    still = shop.desk.run("diff", "recheck", id_)
    shown = shop.desk.run("diff", "show", id_, "--live")
    shop.answer["now"] = RIGHT
    gone = shop.desk.run("diff", "recheck", id_)

    assert (still.code, shown.code, gone.code) == (2, 0, 0), still.err
    assert "still so, at $.items[*].price" in still.err
    assert '$.items[0].price type 10 "10"' in " ".join(shown.out.split())
    assert shop.paths_asked == {"/loans/7"}
    assert {asked.method for asked in (*shop.monolith.asked, *shop.service.asked)} == {"GET"}


@pytest.mark.parametrize(
    ("route", "because"),
    [
        ("POST /loans", ""),
        (
            "POST /loans/{id:int}/renew",
            ", as POST /loans/{id:int}/renew is read back at /loans/{id}",
        ),
        (
            "POST /returns",
            ", as POST /returns is read back at /loans/{body:loan} and its answers are not kept",
        ),
    ],
)
def test_what_was_read_back_and_is_stored_redacted_is_asked_for(
    shop: Shop, route: str, because: str
) -> None:
    id_ = shop.found(route, "/loans/#0b8e1f22c4?by=#17c4ab0911")
    refused = shop.desk.run("diff", "recheck", id_)
    told = "what was asked is stored redacted (/loans/#0b8e1f22c4?by=#17c4ab0911)"
    hint = "give a request of the same kind, as in --path '/loans/7?by=7'"
    assert refused.code == 1
    assert f"{told}{because}: {hint}" in refused.err

    assert shop.desk.run("diff", "recheck", id_, "--path", "/loans/7?by=7").code == 2
    assert shop.paths_asked == {"/loans/7?by=7"}


def test_only_a_read_that_could_have_shown_it_is_asked(shop: Shop) -> None:
    renewed = shop.found("POST /loans/{id:int}/renew", "/loans/#0b8e1f22c4")
    dry = shop.found("POST /loans", "/loans", method="POST")
    elsewhere = shop.desk.run("diff", "recheck", renewed, "--path", "/books/7")
    itself = shop.desk.run("diff", "recheck", renewed, "--path", "/loans/7/renew")
    write = shop.desk.run("diff", "recheck", dry)

    assert (elsewhere.code, itself.code, write.code) == (1, 1, 1)
    of = "and the finding is on POST /loans/{id:int}/renew, which is read back at /loans/{id}"
    assert f"/books/7 is claimed by the route /books/{{id}}, {of}" in elsewhere.err
    assert f"/loans/7/renew is claimed by no route, {of}" in itself.err
    assert "POST /loans writes: it is not asked again" in write.err
    assert shop.asked == []


def test_a_route_that_is_no_more_is_named(shop: Shop) -> None:
    id_ = shop.id_on("/books")
    shop.desk.edit("      - path: /books\n", "")
    shop.desk.go_live()
    gone = shop.desk.run("diff", "recheck", id_)
    assert (gone.code, "/books is no route of the live table any longer" in gone.err) == (1, True)


def test_live_values_are_shown_and_not_stored(shop: Shop) -> None:
    shop.answer["now"] = WRONG | {"total": "hunter2"}
    shown = shop.desk.run("diff", "show", shop.id_on("/books"), "--live")

    assert shown.code == 0
    words = " ".join(shown.out.split())
    assert '$.items[0].price type 10 "10"' in words
    assert '"hunter2"' in words
    files = Path(shop.desk.directory / "store").iterdir()
    assert not [file for file in files if b"hunter2" in file.read_bytes()]


def test_what_is_shown_live_is_for_people_and_never_taken_for_what_is_stored(shop: Shop) -> None:
    refused = shop.desk.run("diff", "show", shop.id_on("/books"), "--live", "--json")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err == "--json gives what is stored: leave it out, or --live and --curl\n"
    assert shop.asked == []


def test_both_requests_are_printed_as_commands(shop: Shop) -> None:
    args = ["--curl", "--path", "/books/it's", "--header", "X-A: b c"]
    lines = shop.desk.run("diff", "show", shop.id_on("/books/{id}"), *args).out.splitlines()

    assert lines == [
        f"curl -sS -i -X GET -H 'X-A: b c' '{shop.monolith.url}/books/it'\"'\"'s'",
        f"curl -sS -i -X GET -H 'X-A: b c' '{shop.service.url}/b/it'\"'\"'s'",
    ]


def test_a_side_that_is_away_is_named(shop: Shop) -> None:
    shop.desk.edit(shop.service.url, "http://127.0.0.1:1")
    shop.desk.go_live()
    ended = shop.desk.run("diff", "recheck", shop.id_on("/books"))

    assert ended.code == 1
    assert "books at http://127.0.0.1:1: " in ended.err


def test_an_exported_test_fails_until_the_service_is_right(shop: Shop) -> None:
    shop.desk.run("diff", "export", shop.id_on("/books"), "--pytest", "--out", "test_price.py")
    file = shop.desk.directory / "test_price.py"

    def run(**environment: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(file)]
        return subprocess.run(
            [*command, "--rootdir", str(shop.desk.directory)],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    buggy = run()
    assert (buggy.returncode, "1 failed" in buggy.stdout) == (1, True)
    assert "$.items[*].price" in buggy.stdout
    same = run(BOOKS_URL=shop.monolith.url)
    assert same.returncode == 0, "where the systems are is told by the environment"
    shop.answer["now"] = RIGHT
    assert run().returncode == 0


def test_an_export_says_what_it_wants(shop: Shop) -> None:
    id_ = shop.id_on("/books")
    assert "say as what: --pytest" in shop.desk.run("diff", "export", id_).err
    secret = shop.desk.run("diff", "export", id_, "--pytest", "--header", "A: b")
    assert "set STRANGLER_HEADERS" in secret.err
