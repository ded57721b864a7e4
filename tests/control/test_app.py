"""The admin app: its three pages, and errors as problem documents (RFC 9457)."""

from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast

import httpx2
import pytest

from strangler.control.app import Readiness, admin_app

Ask = Callable[[str, str], Awaitable[httpx2.Response]]


class Standing:
    """What readiness looks at, set by hand."""

    def __init__(self) -> None:
        self.supervisor: Any = SimpleNamespace(ready=2, wanted=2)
        self.live: Any = SimpleNamespace(
            revision=SimpleNamespace(number=7), store_available=True, from_disk=False, holds=False
        )
        self.readiness = Readiness(self.supervisor, self.live)
        self.scraping: Callable[[], bytes] = lambda: b"up 1\n"

    async def scrape(self) -> bytes:
        return self.scraping()


@pytest.fixture
def standing() -> Standing:
    return Standing()


@pytest.fixture
async def ask(standing: Standing) -> AsyncIterator[Ask]:
    app = admin_app(standing.readiness, standing.scrape)
    transport = httpx2.ASGITransport(app=cast("Any", app), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://admin") as client:
        yield client.request


async def test_it_is_alive(ask: Ask) -> None:
    answer = await ask("GET", "/livez")

    assert (answer.status_code, answer.text) == (200, "alive\n")


async def test_it_is_ready_with_one_worker_that_serves_the_live_revision(
    standing: Standing, ask: Ask
) -> None:
    standing.supervisor.ready = 1
    answer = await ask("GET", "/readyz")

    assert answer.status_code == 200
    assert answer.json() == {
        "ready": True,
        "draining": False,
        "workers_ready": 1,
        "workers": 2,
        "revision": 7,
        "store_available": True,
        "writes_held": False,
        "from_disk": False,
    }


async def test_it_is_not_ready_without_a_worker(standing: Standing, ask: Ask) -> None:
    standing.supervisor.ready = 0

    assert (await ask("GET", "/readyz")).status_code == 503


async def test_it_is_not_ready_while_it_drains(standing: Standing, ask: Ask) -> None:
    standing.readiness.draining = True

    assert (await ask("GET", "/readyz")).status_code == 503


async def test_a_store_that_is_away_stops_no_client(standing: Standing, ask: Ask) -> None:
    standing.live.store_available = False
    answer = await ask("GET", "/readyz")

    assert (answer.status_code, answer.json()["store_available"]) == (200, False)


async def test_metrics_say_their_format(ask: Ask) -> None:
    answer = await ask("GET", "/metrics")

    assert answer.content == b"up 1\n"
    assert answer.headers["content-type"].startswith("text/plain; version=")


@pytest.mark.parametrize(
    ("method", "path", "status", "title"),
    [("GET", "/nothing", 404, "Not Found"), ("POST", "/livez", 405, "Method Not Allowed")],
)
async def test_errors_are_problem_documents(
    ask: Ask, method: str, path: str, status: int, title: str
) -> None:
    answer = await ask(method, path)

    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {"type": "about:blank", "title": title, "status": status}
    assert (answer.status_code, "allow" in answer.headers) == (status, status == 405)


async def test_a_fault_of_ours_is_a_problem_document_too(standing: Standing, ask: Ask) -> None:
    def break_down() -> bytes:
        raise RuntimeError("a secret of the house")

    standing.scraping = break_down
    answer = await ask("GET", "/metrics")

    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text
