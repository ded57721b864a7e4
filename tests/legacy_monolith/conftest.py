"""One monolith for all tests that only need one to be there, and clients of it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeAlias

import httpx2
import pytest

from tests.processes import Program

LogIn: TypeAlias = Callable[[str], httpx2.Client]
Dataset: TypeAlias = dict[str, Any]

INTERNAL = {"X-Internal-Token": "internal-token"}


def monolith_at(directory: Path, *arguments: str) -> Program:
    """Make a monolith, not yet started, whose data are in a directory."""
    database = str(directory / "monolith.db")
    return Program("legacy_monolith", "--port", "0", "--db", database, *arguments)


def client_at(url: str, headers: Mapping[str, str] | None = None) -> httpx2.Client:
    """Make a client; without TLS, as loading certificates takes longer than most tests."""
    return httpx2.Client(base_url=url, headers=headers, verify=False, trust_env=False)


def log_in_as(client: httpx2.Client, name: str) -> None:
    """Log a user of the seed in, with a bearer token that the client then sends."""
    credentials = {"username": name, "password": f"{name}-pw"}
    token = client.post("/api/v1/login", json=credentials).json()["token"]
    client.headers["Authorization"] = f"Bearer {token}"


@pytest.fixture(scope="session")
def monolith(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with monolith_at(tmp_path_factory.mktemp("monolith")) as program:
        yield program


@pytest.fixture
def anyone(monolith: Program) -> Iterator[httpx2.Client]:
    """A client that has not logged in."""
    with client_at(monolith.url) as client:
        yield client


@pytest.fixture
def log_in(monolith: Program) -> Iterator[LogIn]:
    """Logs users of the seed in, each with a client of their own."""
    with ExitStack() as clients:

        def client_of(name: str) -> httpx2.Client:
            client = clients.enter_context(client_at(monolith.url))
            log_in_as(client, name)
            return client

        yield client_of


@pytest.fixture
def editor(log_in: LogIn) -> httpx2.Client:
    return log_in("user07")


@pytest.fixture
def partner(monolith: Program) -> Iterator[httpx2.Client]:
    """A client that knows the internal token."""
    with client_at(monolith.url, INTERNAL) as client:
        yield client


@pytest.fixture
def dataset(editor: httpx2.Client) -> Dataset:
    """A dataset of the editor's, made for one test."""
    fields = {"name": "Trams", "kind": "archive", "tags": ["open", "raw", "geo"], "size_mb": 10.5}
    response = editor.post("/api/v1/datasets", json=fields)
    assert response.status_code == 201
    item: Dataset = response.json()
    return item
