"""From two answers that differ to what an engineer reads: redacted, grouped, noise told apart."""

import itertools
from collections.abc import Iterator

import orjson
import pytest

from tests.end_to_end.site import Replica, Site
from tests.end_to_end.upstreams import Handler, Upstream
from tests.wire.proxy import eventually

ROUTES = """\
version: 1
upstreams:
  monolith: {{targets: [{monolith}]}}
  service: {{targets: [{service}]}}
monolith: monolith
domains:
  books:
    service: service
    phase: shadow
    shadow:
      ignore: ["$.items[*].updated_at"]
      plaintext: ["$.currency"]
    routes:
      - path: /books/{{id}}
      - path: /pages/{{name}}
      - path: /noisy
      - path: /fine
"""

SECRETS = {
    "in a value": "sk-live-4dc1",
    "in the other value": "sk-live-77aa",
    "as a name": "ada.8812734@example.org",
    "in the path": "isbn-9911-private",
    "in the query": "q-token-5150",
    "in a header of the request": "Bearer-b2f7",
    "in a page": "Dear-Ms-Lovelace",
    "in a cookie": "sid-e9b1f0",
    "in the other cookie": "sid-00d7c2",
}


class Library:
    """A monolith and a service with what differs between them; serials make the noise."""

    def __init__(self) -> None:
        self._serials = itertools.count(1000)

    def __repr__(self) -> str:
        return "<Library>"

    def monolith(self, handler: Handler) -> None:
        sid, token = SECRETS["in a cookie"], SECRETS["in a value"]
        self._answer(handler, sid=sid, token=token, total="10.00", currency="EUR")

    def service(self, handler: Handler) -> None:
        sid, token = SECRETS["in the other cookie"], SECRETS["in the other value"]
        self._answer(handler, sid=sid, token=token, total=10, currency="USD")

    def _answer(
        self, handler: Handler, *, sid: str, token: str, total: object, currency: str
    ) -> None:
        path = handler.path.partition("?")[0]
        serial = next(self._serials)
        if path.startswith("/pages/"):
            page = f"<p>{SECRETS['in a page']} owes {total} {currency}</p>"
            handler.answer(page.encode(), "text/html", Set_Cookie=f"sid={sid}; Path=/")
        elif path == "/noisy":
            answer_json(handler, {"served_by": f"node-{serial}", "count": 3})
        elif path == "/fine":
            answer_json(handler, {"items": [{"id": 1, "updated_at": serial}]})
        else:
            members = {SECRETS["as a name"]: token}
            answer_json(
                handler,
                {"token": token, "total": total, "currency": currency, "members": members},
            )


def answer_json(handler: Handler, document: object) -> None:
    handler.answer(orjson.dumps(document), "application/json")


class Findings:
    """A replica whose copies have all been compared and written."""

    def __init__(self, site: Site, replica: Replica) -> None:
        self.site = site
        self.replica = replica

    def __repr__(self) -> str:
        return f"<Findings {self.replica!r}>"

    def verdicts(self) -> dict[str, int]:
        (domain,) = self.site.run("status", "--json").json["domains"]
        verdicts: dict[str, int] = domain["evidence"]["verdicts"]
        return verdicts


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Findings]:
    site, library = Site(tmp_path_factory.mktemp("findings")), Library()
    with (
        Upstream("monolith", library.monolith) as monolith,
        Upstream("service", library.service) as service,
    ):
        site.write(ROUTES.format(monolith=monolith.url, service=service.url))
        with site.replica() as replica:
            found = Findings(site, replica)
            ask_for_everything(replica)
            eventually(lambda: sum(found.verdicts().values()) == 9, "all is compared and written")
            yield found


def ask_for_everything(replica: Replica) -> None:
    book = f"/books/{SECRETS['in the path']}?key={SECRETS['in the query']}"
    with replica.client() as client:
        for path, times in ((book, 3), ("/pages/welcome", 2), ("/noisy", 2), ("/fine", 2)):
            for _ in range(times):
                secret = SECRETS["in a header of the request"]
                assert client.ask(path, Authorization=secret).by == "monolith"
                # One after the other: what is known of a route's habits shall be known.
                replica.await_copies_done()


def test_each_comparison_has_its_verdict(found: Findings) -> None:
    assert found.verdicts() == {
        "match": 0,
        "mismatch": 5,
        "ignored": 4,
        "inconclusive": 0,
        "racy": 0,
    }


def test_findings_are_told_from_noise_and_listed_for_programs(found: Findings) -> None:
    real = found.site.run("diff", "list", "--json")
    noise = found.site.run("diff", "list", "--noise", "--json")

    assert (real.code, noise.code) == (2, 0)
    assert {(one["route"], one["count"]) for one in real.json} == {
        ("/books/{id}", 3),
        ("/pages/{name}", 2),
    }
    assert [(one["route"], one["paths"], one["noise"]) for one in noise.json] == [
        ("/noisy", ["$.served_by"], True)
    ]


def test_one_finding_is_shown_with_examples_that_keep_equality_and_no_values(
    found: Findings,
) -> None:
    books = [one for one in found.site.findings() if one["route"] == "/books/{id}"]
    shown = [found.site.run("diff", "show", one["id"][:12], "--json").json for one in books]
    sides = {
        each["path"]: (each["primary"], each["candidate"])
        for one in shown
        for example in one["examples"]
        for each in example["differences"]
    }

    assert sides["$.currency"] == ('"EUR"', '"USD"')  # allowed by a rule
    hashed = sides["$.token"]
    assert hashed[0].startswith("string(")
    assert hashed[0] != hashed[1]
    # The same values elsewhere have the same hashes.
    assert [pair for path, pair in sides.items() if path.startswith("$.members")] == [hashed]
    example = shown[0]["examples"][0]
    assert (example["primary_status"], example["candidate_status"]) == (200, 200)
    assert example["candidate_upstream"] == "service"


def test_no_secret_reaches_the_disk_or_the_log(found: Findings) -> None:
    """The files are read while the store is open: its write-ahead log is among them."""
    files = [path for path in found.site.database.parent.iterdir() if path.is_file()]
    assert {"strangler.db", "strangler.db-wal"} <= {path.name for path in files}
    everything = b"".join(path.read_bytes() for path in files)
    everything += found.replica.program.output.encode()
    assert b"$.currency" in everything, "the findings themselves are there"

    assert [what for what, secret in SECRETS.items() if secret.encode() in everything] == []
