"""Systems that are told things in confidence, each in a place of its own, and the search for them.

Every place that a secret can stand in has one: in requests, and in answers that are the same, that
never rest, and that differ. Then each file that the proxy has written is searched.
"""

import base64
import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TypeAlias

from tests.end_to_end.site import Client, Replica, Site
from tests.end_to_end.upstreams import Handler, Upstream
from tests.store import postgres
from tests.wire.proxy import eventually

ROUTES = """\
version: 1
redaction: {redaction}
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
        self._plain: set[str] = set()

    def __repr__(self) -> str:
        return f"<Hidden {len(self._places)} secrets>"

    def __call__(self, place: str) -> str:
        """Give the secret of a place: letters and digits, as any encoding leaves them.

        It looks as a key does, which has six digits at least.
        """
        drawn = (_hash(f"{place}{again}") for again in itertools.count())
        secret = "zq" + next(each for each in drawn if sum(map(str.isdigit, each)) >= 6)
        self._places[secret] = place
        return secret

    def word(self, place: str) -> str:
        """Give a secret that looks like any word."""
        word = _word(place)
        self._places[word] = place
        return word

    def plain(self, place: str) -> str:
        """Give a word that is no secret."""
        word = _word(place)
        self._plain.add(word)
        return word

    def found_in(self, text: bytes) -> set[str]:
        """Name the places whose secrets are in a text, as they are or in base64."""
        decoded = (_decoded(each) for each in _BASE64.findall(text))
        found = {each for part in (text, *decoded) for each in _SECRET.findall(part)}
        return {place for each in found if (place := self._places.get(each.decode()))}

    def shown_in(self, text: bytes) -> set[str]:
        """Give the words in a text that are no secret."""
        return {each.decode() for each in _SECRET.findall(text)} & self._plain


_SECRET = re.compile(rb"zq[0-9a-f]{18}|xq[g-v]{12}")
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{24,2000}")


def _hash(text: str) -> str:
    return blake2b(text.encode(), digest_size=9).hexdigest()


def _word(place: str) -> str:
    return "xq" + "".join(chr(ord("g") + int(digit, 16)) for digit in _hash(place)[:12])


@dataclass(frozen=True)
class Places:
    """What one side has for each place of an answer: secrets, and what is none."""

    hidden: Hidden
    among: str

    def __call__(self, place: str) -> str:
        return self.hidden(f"{place} of {self.among}")

    def word(self, place: str) -> str:
        return self.hidden.word(f"{place} of {self.among}")

    def plain(self, place: str) -> str:
        return self.hidden.plain(f"{place} of {self.among}")


def _decoded(text: bytes) -> bytes:
    return base64.b64decode(text[: len(text) // 4 * 4])


@dataclass(frozen=True)
class Told:
    """What one side answers."""

    body: str
    type: str = "application/json"
    status: int = 200
    fields: tuple[tuple[str, str], ...] = ()


Telling: TypeAlias = Callable[["Places"], Told]
"""Makes an answer out of what one side has for each place."""


def as_json(value: object, **told: object) -> Told:
    return Told(json.dumps(value), **told)  # type: ignore[arg-type] - fields of its own


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

    def __init__(self, hidden: Hidden, answers: Mapping[str, Telling]) -> None:
        self.hidden = hidden
        self.answers = answers
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
        telling = self.answers.get(kind)
        told = Told("") if telling is None else telling(Places(self.hidden, f"{kind}, {among}"))
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


@contextmanager
def search(
    directory: Path, database: str, redaction: str, answers: Mapping[str, Telling]
) -> Iterator[Searched]:
    """Have all kinds of answers compared, and give what is left behind."""
    site, hidden = Site(directory), Hidden()
    vault = Vault(hidden, answers)
    with (
        postgres_or_none(database) as server,
        Upstream("monolith", vault.monolith) as monolith,
        Upstream("service", vault.service) as service,
    ):
        if server is not None:
            site.use(server.new_database())
        urls = {"monolith": monolith.url, "service": service.url}
        site.write(ROUTES.format(redaction=redaction, **urls))
        places = [site.directory] if server is None else [site.directory, server.home]
        with site.replica("--record", "600", "--state", "state") as replica:
            number = ask_for_everything(replica, vault)
            eventually(lambda: verdicts(site) == number, "all is compared and written")
            texts = {"metrics": replica.control("/metrics").body}
            # The store is open: its write-ahead log is among the files.
            texts |= {f"{name}, open": text for name, text in files(places)}
        texts |= dict(files(places))
        texts["log"] = replica.program.output.encode()
        texts["list"] = site.run("diff", "list", "--all", "--json").out.encode()
        texts["report"] = site.run("diff", "report", "--html", "report.html").out.encode()
        texts["report.html"] = (site.directory / "report.html").read_bytes()
        yield Searched(hidden, texts)


@contextmanager
def postgres_or_none(wanted: str) -> Iterator[postgres.PostgresServer | None]:
    if wanted != "postgresql":
        yield None
        return
    with postgres.started() as server:
        yield server


def ask_for_everything(replica: Replica, vault: "Vault") -> int:
    """Ask for each kind of answer in each way; give how many copies there are to compare."""
    copies = 0
    with replica.client() as client:
        for how, kind in itertools.product(("same", "noisy", "other"), vault.answers):
            for time in range(TIMES):
                copies += _ask(client, vault.hidden, how, kind, time)
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
