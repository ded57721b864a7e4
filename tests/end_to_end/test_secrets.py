"""What clients and systems say in confidence is nowhere on disk, in no log and in no metric.

Every place that a secret can stand in is given one of its own: in requests, and in answers that are
the same, that never rest, and that differ. Then each file that the proxy has written is searched.
"""

import base64
import itertools
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.end_to_end.site import Client, Replica, Site
from tests.end_to_end.upstreams import Handler, Upstream
from tests.store import postgres
from tests.wire.proxy import eventually

ROUTES = """\
version: 1
upstreams:
  monolith: {{targets: [{monolith}]}}
  service: {{targets: [{service}]}}
monolith: monolith
domains:
  vault:
    service: service
    phase: shadow
    routes:
      - path: /answers/{{kind}}/{{id}}
      - path: /forms/**
        effect: read
"""

TIMES = 3
"""Asks of each kind of answer: the later ones meet what the first has left behind."""


class Hidden:
    """Makes secrets, one for each place, and tells which of them are found in a text."""

    def __init__(self) -> None:
        self._places: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"<Hidden {len(self._places)} secrets>"

    def __call__(self, place: str) -> str:
        """Give the secret of a place: letters and digits, as any encoding leaves them."""
        secret = "zq" + blake2b(place.encode(), digest_size=9).hexdigest()
        self._places[secret] = place
        return secret

    def found_in(self, text: bytes) -> set[str]:
        """Name the places whose secrets are in a text, as they are or in base64."""
        decoded = (_decoded(each) for each in _BASE64.findall(text))
        found = {each for part in (text, *decoded) for each in _SECRET.findall(part)}
        return {place for each in found if (place := self._places.get(each.decode()))}


_SECRET = re.compile(rb"zq[0-9a-f]{18}")
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{24,2000}")


def _decoded(text: bytes) -> bytes:
    return base64.b64decode(text[: len(text) // 4 * 4])


@dataclass(frozen=True)
class Told:
    """What one side answers."""

    body: str
    type: str = "application/json"
    status: int = 200
    fields: tuple[tuple[str, str], ...] = ()


Telling: TypeAlias = Callable[[Callable[[str], str]], Told]
"""Makes an answer out of the secrets of one side."""


def _json(value: object, **told: object) -> Told:
    return Told(json.dumps(value), **told)  # type: ignore[arg-type] - fields of its own


ANSWERS: dict[str, Telling] = {
    "values": lambda s: _json({"token": s("a value"), "deep": [{"pin": s("a deep value")}]}),
    "keys": lambda s: _json({"members": {f"{s('a key')}@example.org": {"since": 2019}}}),
    "numbers": lambda s: _json({"card": int.from_bytes(s("a number").encode()[:7], "big")}),
    "one-sided": lambda s: _json({s("a key alone"): s("a value alone")}),
    "lists": lambda s: _json({"codes": [s("an element"), s("another element"), "x"]}),
    "lines": lambda s: Told(f'{{"at": "{s("a line")}"}}\n', "application/x-ndjson"),
    "text": lambda s: Told(
        f"Dear {s('a text')},\nyour code is {s('a line of text')}", "text/plain"
    ),
    "csv": lambda s: Told(f"id;name\n1;{s('a cell')}\n", "text/csv"),
    "xml": lambda s: Told(
        f"<a b='{s('an attribute')}'><c>{s('an element of XML')}</c></a>", "text/xml"
    ),
    "html": lambda s: Told(f"<p id='{s('an id')}'>{s('a paragraph')}</p>", "text/html"),
    "form": lambda s: Told(f"access_token={s('a field')}&x=1", "application/x-www-form-urlencoded"),
    "events": lambda s: Told(
        f"id: {s('an event')}\ndata: {s('its data')}\n\n", "text/event-stream"
    ),
    "octets": lambda s: Told(f"\x01{s('octets')}", "application/octet-stream"),
    "broken": lambda s: Told(f'{{"token": "{s("broken JSON")}"', "application/json"),
    "problem": lambda s: _json(
        {"detail": s("a problem")}, type="application/problem+json", status=422
    ),
    "fields": lambda s: Told(
        "{}",
        fields=(
            ("Set-Cookie", f"sid={s('a cookie that is set')}; Path=/{s('its path')}"),
            ("Set-Cookie", f"{s('the name of a cookie')}=1"),
            ("Location", f"http://u:{s('a password')}@a/{s('a path')}?t={s('a query')}"),
            ("Link", f'</{s("a link")}>; rel="next"'),
            ("ETag", f'"{s("an etag")}"'),
            ("WWW-Authenticate", f'Basic realm="{s("a realm")}"'),
            ("X-Customer", s("a field of the head")),
        ),
    ),
}


def asked(hidden: Hidden, kind: str) -> dict[str, str]:
    """Give the head of a request with a secret in each field."""
    basic = base64.b64encode(f"ada:{hidden('a password of ' + kind)}".encode()).decode()
    return {
        "Authorization": f"Basic {basic}",
        "Cookie": f"sid={hidden('a cookie of ' + kind)}; {hidden('its name of ' + kind)}=1",
        "X-Api-Key": hidden("a key of " + kind),
        "Referer": f"http://a/{hidden('a referer of ' + kind)}",
        "User-Agent": hidden("an agent of " + kind),
    }


class Vault:
    """Both systems, and what they have been told in confidence."""

    def __init__(self, hidden: Hidden) -> None:
        self.hidden = hidden
        self._serials = itertools.count()

    def __repr__(self) -> str:
        return f"<Vault {self.hidden}>"

    def monolith(self, handler: Handler) -> None:
        self._answer(handler, "the monolith")

    def service(self, handler: Handler) -> None:
        self._answer(handler, "the service")

    def _answer(self, handler: Handler, side: str) -> None:
        parts = handler.path.partition("?")[0].split("/")
        how, _, kind = (parts[2] if len(parts) > 2 else "").partition(".")
        # The same on both sides, another one for each answer, or another one on each side.
        among = {
            "same": "both",
            "noisy": f"answer {next(self._serials)}",
        }.get(how, side)
        telling = ANSWERS.get(kind, ANSWERS["values"])
        told = telling(lambda place: self.hidden(f"{place} of {kind}, {among}"))
        body = told.body.encode()
        handler.send_response(told.status)
        for name, value in (("Content-Type", told.type), *told.fields):
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)


@dataclass(frozen=True)
class Searched:
    """All that was left behind: the secrets, and each text in which they may not be."""

    hidden: Hidden
    texts: dict[str, bytes]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def searched(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Searched]:
    site, hidden = Site(tmp_path_factory.mktemp("vault")), Hidden()
    vault = Vault(hidden)
    with (
        postgres_or_none(request.param) as server,
        Upstream("monolith", vault.monolith) as monolith,
        Upstream("service", vault.service) as service,
    ):
        if server is not None:
            site.use(server.new_database())
        site.write(ROUTES.format(monolith=monolith.url, service=service.url))
        places = [site.directory] if server is None else [site.directory, server.home]
        with site.replica("--record", "600", "--state", "state") as replica:
            number = ask_for_everything(replica, hidden)
            eventually(lambda: verdicts(site) == number, "all is compared and written")
            texts = {"metrics": replica.control("/metrics").body}
            # The store is open: its write-ahead log is among the files.
            texts |= {f"{name}, open": text for name, text in files(places)}
        texts |= dict(files(places))
        texts["log"] = replica.program.output.encode()
        texts["list"] = site.run("diff", "list", "--all", "--json").out.encode()
        yield Searched(hidden, texts)


@contextmanager
def postgres_or_none(wanted: str) -> Iterator[postgres.PostgresServer | None]:
    if wanted != "postgresql":
        yield None
        return
    with postgres.started() as server:
        yield server


def ask_for_everything(replica: Replica, hidden: Hidden) -> int:
    """Ask for each kind of answer in each way; give how many copies there are to compare."""
    copies = 0
    with replica.client() as client:
        for how, kind in itertools.product(("same", "noisy", "other"), ANSWERS):
            for time in range(TIMES):
                copies += _ask(client, hidden, how, kind, time)
            replica.await_copies_done()
    return copies


def _ask(client: Client, hidden: Hidden, how: str, kind: str, time: int) -> int:
    name = f"{how} {kind} {time}"
    query = f"?key={hidden('a query of ' + name)}&{hidden('a bare query of ' + name)}"
    number = hidden("a parameter of " + name)
    head = asked(hidden, name)
    client.send(f"/answers/{how}.{kind}/{number}{query}", headers=head)
    client.receive()
    form = f"password={hidden('a field of a form of ' + name)}"
    form_head = {**head, "Content-Type": "application/x-www-form-urlencoded"}
    client.send(f"/forms/{how}.{kind}/{number}", "POST", form.encode(), form_head)
    client.receive()
    # What no route claims is counted by its shape, and recorded.
    client.send(f"/elsewhere/{how}.{kind}/{number}{query}", headers=head)
    client.receive()
    return 2


def verdicts(site: Site) -> int:
    (domain,) = site.run("status", "--json").json["domains"]
    return sum(domain["evidence"]["verdicts"].values())


def files(places: list[Path]) -> Iterator[tuple[str, bytes]]:
    for place in places:
        for path in place.rglob("*"):
            if path.is_file():
                yield str(path.relative_to(place)), path.read_bytes()


def test_no_secret_is_left_anywhere(searched: Searched) -> None:
    leaks = {name: searched.hidden.found_in(text) for name, text in searched.texts.items()}
    assert {name: places for name, places in leaks.items() if places} == {}


def test_what_was_searched_holds_what_was_found(searched: Searched) -> None:
    """A search that looks in the wrong place finds nothing either."""
    everything = b"".join(text for name, text in searched.texts.items() if name != "list")
    assert all(each in everything for each in (b"$.deep[*].pin", b"header:x-customer", b"/forms/"))
    listed = json.loads(searched.texts["list"])
    assert {finding["route"] for finding in listed} >= {"/answers/{kind}/{id}", "/forms/**"}
