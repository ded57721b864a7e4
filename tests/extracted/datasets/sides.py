"""The two systems under test as their clients see them, each a real process."""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx2

from tests.processes import Program

Result = TypeVar("Result")

ALWAYS_CHANGING = {"generated_at", "computed_at", "took_ms"}
UNORDERED = {"tags", "hits", "files"}
DATASETS = "/api/v1/datasets"
PARTNER = {"X-Internal-Token": "internal-token"}


class Side:
    """One system: asks it, as a logged-in editor where that is wanted."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.token = ""
        self._client = httpx2.Client(trust_env=False, timeout=10.0, verify=False)

    def __repr__(self) -> str:
        return f"<Side {self.program!r}>"

    def ask(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Send one request; `token` replaces the editor's own, "" sends none."""
        token = options.pop("token", self.token)
        headers = {"Host": "data.example", **options.pop("headers", {})}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        # The address is taken anew each time: a restarted program may have another port.
        return self._client.request(method, self.program.url + path, headers=headers, **options)

    def get(self, path: str) -> Any:
        """Read what must be there."""
        response = self.ask("GET", path)
        assert response.status_code == 200, (path, response.text)
        return response.json()

    def create(self, **fields: Any) -> Any:
        """Create a dataset."""
        response = self.ask("POST", "/api/v1/datasets", json={"kind": "table", **fields})
        assert response.status_code == 201, response.text
        return response.json()

    def outbox(self, after: int = 0) -> Any:
        """Read the partner feed."""
        query = {"after": after, "limit": 1000}
        return self.ask("GET", "/internal/outbox", params=query, headers=PARTNER).json()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def start_monolith(directory: Path, port: int = 0, datasets: int = 12) -> Program:
    """Start a monolith on the data in a directory."""
    database = str(directory / "monolith.db")
    arguments = ("--port", str(port), "--db", database, "--seed-datasets", str(datasets))
    program = Program("legacy_monolith", *arguments)
    program.start()
    return program


def start_service(directory: Path, monolith: Program, *flags: str) -> Program:
    """Start a service on the data in a directory."""
    database = str(directory / "datasets.db")
    arguments = ("--port", "0", "--db", database, "--monolith", monolith.url, *flags)
    program = Program("extracted.datasets", *arguments)
    program.start()
    return program


@contextmanager
def sides(directory: Path, *flags: str) -> Iterator[tuple[Side, Side]]:
    """Run a monolith and a service that has filled; log in at the monolith for both."""
    monolith = Side(start_monolith(directory))
    service = None
    try:
        service = Side(start_service(directory, monolith.program, *flags))
        until(lambda: service.ask("GET", "/healthz").status_code == 200)
        monolith.token = service.token = log_in(monolith, "ben")
        yield monolith, service
    finally:
        for side in filter(None, (service, monolith)):
            side.close()
            side.program.stop()


def log_in(monolith: Side, user: str) -> str:
    """Get a token."""
    body = {"username": user, "password": f"{user}-pw"}
    token: str = monolith.ask("POST", "/api/v1/login", json=body).json()["token"]
    return token


def until(condition: Callable[[], Result], patience: float = 20.0) -> Result:
    """Ask until the answer is yes; fails when it never is."""
    end = time.monotonic() + patience
    while not (answer := condition()):
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)
    return answer


def comparable(value: Any) -> Any:
    """Leave out what always changes, and sort what has no order."""
    match value:
        case dict():
            return {
                name: sorted(map(repr, map(comparable, item)))
                if name in UNORDERED and isinstance(item, list)
                else comparable(item)
                for name, item in value.items()
                if name not in ALWAYS_CHANGING
            }
        case list():
            return [comparable(item) for item in value]
        case _:
            return value


def answers_alike(one: Side, other: Side, method: str, path: str, **options: Any) -> int:
    """Check that both give the same status, the same JSON and the same headers that matter."""
    first, second = one.ask(method, path, **options), other.ask(method, path, **options)
    assert second.status_code == first.status_code, (method, path, first.text, second.text)
    for name in ("content-type", "location", "allow", "etag", "x-checksum-sha256"):
        # Starlette writes `Allow` from a set.
        values = [sorted(side.headers.get(name, "").split(", ")) for side in (first, second)]
        assert values[0] == values[1], (method, path, name)
    if first.headers.get("content-type") == "application/json" and first.content:
        assert comparable(second.json()) == comparable(first.json()), (method, path)
    else:
        assert second.content == first.content, (method, path)
    return int(first.status_code)


def directory_of(side: Side) -> Path:
    """Give the directory of a side's data."""
    arguments = side.program.command
    return Path(arguments[arguments.index("--db") + 1]).parent


def everything(side: Side) -> dict[str, Any]:
    """Read all that a side has, contents of files included."""
    listed = side.get(f"{DATASETS}?per_page=100")
    content: dict[str, Any] = {"list": listed}
    for item in listed["items"]:
        path = f"{DATASETS}/{item['id']}"
        for part in ("", "/versions", "/stats", "/files"):
            content[path + part] = side.get(path + part)
        for file in content[f"{path}/files"]["files"]:
            name = f"{path}/files/{file['name']}"
            digest = hashlib.sha256(side.ask("GET", name).content).hexdigest()
            assert digest == file["sha256"]
            content[name] = digest
    return {path: comparable(value) for path, value in content.items()}
