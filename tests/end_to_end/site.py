"""An operator's site: a `routes.yaml`, a store, replicas of `strangler serve`, and clients."""

import http.client
import re
import socket
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.cli.desk import SCRIPT, Desk
from tests.processes import Program
from tests.wire.ends import DEADLINE
from tests.wire.proxy import eventually

READY = r"\bserving\b.*admin=\S+:(?P<admin>\d+) .*listen=\S+:(?P<port>\d+)"


@dataclass(frozen=True)
class Answer:
    """What a client got."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def by(self) -> str | None:
        """The name of the upstream that answered, None where it was the proxy itself."""
        return self.headers["Server"]

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


class Client:
    """One connection of one client."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
        self._connection.connect()
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._response: http.client.HTTPResponse | None = None
        # A connection that was closed is an error here and never opened again in silence.
        self._connection.auto_open = 0

    def __repr__(self) -> str:
        return f"<Client {self._connection.sock}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def ask(
        self, path: str, method: str = "GET", body: bytes | None = None, **headers: str
    ) -> Answer:
        """Send one request; underscores in the names of headers stand for hyphens."""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        self.send(path, method, body, fields)
        return self.receive()

    def send(
        self,
        path: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        self._connection.request(method, path, body, headers or {})

    def receive(self) -> Answer:
        """Give the answer, whole; one that breaks off is a `ConnectionError`."""
        response, self._response = self.begun(), None
        return Answer(response.status, response.headers, response.read())

    def begun(self) -> http.client.HTTPResponse:
        """Give the answer as soon as its head is there; `receive` may still ask for the whole."""
        if self._response is None:
            self._response = self._connection.getresponse()
        return self._response

    def is_closed_by_the_other_side(self) -> bool:
        """Wait until the connection ends; False where something came first."""
        return self._connection.sock.recv(1) == b""


class Metrics:
    """One reading of `/metrics`."""

    def __init__(self, text: str) -> None:
        self.families: list[Metric] = list(text_string_to_metric_families(text))

    def __repr__(self) -> str:
        return f"<Metrics {len(self.families)} families>"

    def sum(self, name: str, **labels: str) -> float:
        """Add up the samples that have these labels."""
        return sum(
            sample.value
            for family in self.families
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )


class Replica:
    """One `strangler serve`, started through its console script."""

    def __init__(self, directory: Path, *args: str, **environment: str) -> None:
        free = ("--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0")
        self.program = Program(
            "strangler", "serve", *free, *args, ready=READY, environment=environment, cwd=directory
        )
        self.program.command[:3] = [str(SCRIPT)]
        self.admin = 0
        """The control port."""

    def __repr__(self) -> str:
        return f"<Replica {self.program!r}>"

    def __enter__(self) -> Self:
        self.program.start()
        found = re.search(READY, self.program.output)
        assert found is not None
        self.admin = int(found["admin"])
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.program.stop()

    @property
    def pid(self) -> int:
        assert self.program.process is not None
        return self.program.process.pid

    @property
    def workers(self) -> list[int]:
        return children(self.pid)

    def client(self) -> Client:
        return Client(self.program.port)

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """Ask once, on a connection of its own."""
        with self.client() as client:
            return client.ask(path, method, **headers)

    def refuses_connections(self) -> bool:
        try:
            self.client().__exit__()
        except ConnectionError:
            return True
        return False

    def control(self, path: str) -> Answer:
        """Ask the control port."""
        with Client(self.admin) as client:
            return client.ask(path)

    def metrics(self) -> Metrics:
        return Metrics(self.control("/metrics").body.decode())

    def metric(self, name: str, **labels: str) -> float:
        return self.metrics().sum(name, **labels)

    def await_metric(self, value: float, name: str, **labels: str) -> None:
        """Wait until a metric is exactly this."""
        what = f"{name}{labels or ''} is {value:g}"
        eventually(lambda: self.metric(name, **labels) == value, what)

    def await_revision(self, number: int) -> None:
        """Wait until every worker serves this revision."""

        def live() -> bool:
            metrics = self.metrics()
            wanted = self.control("/readyz").json["workers"]
            return (
                metrics.sum("strangler_live_revision") == number
                and metrics.sum("strangler_workers_ready") == wanted
            )

        eventually(live, f"revision {number} is live")

    def await_copies_done(self) -> None:
        """Wait until no copy is under way."""
        self.await_metric(0, "strangler_shadow_copies_in_flight")


class Site(Desk):
    """A desk with replicas."""

    def replica(self, *args: str, routes: bool = True, **environment: str) -> Replica:
        """Make a replica; without `routes` it follows the store alone."""
        self.make_store()
        file = ("--routes", "routes.yaml") if routes else ()
        return Replica(self.directory, *file, *args, STRANGLER_STORE=self.url, **environment)

    @property
    def database(self) -> Path:
        return Path(self.url.removeprefix("sqlite:///"))

    def findings(self, *args: str) -> list[dict[str, Any]]:
        """List what `strangler diff list --json` lists."""
        found: list[dict[str, Any]] = self.run("diff", "list", "--json", *args).json
        return found


def children(pid: int) -> list[int]:
    """Give the processes that a process has started and that still run."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in found.split()]


def is_running(pid: int) -> bool:
    """Tell whether a process runs; one that has ended and was not asked for its code does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
