"""What all users have in common: an account, requests that are judged, writes looked for again."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import gevent
import requests
from locust import HttpUser
from locust.clients import ResponseContextManager
from locust.env import Environment
from locust.exception import StopUser

from loadtests.judgement import Unexpected, judge, judge_refusal, judge_status
from loadtests.memory import CONTENT, STATUS, Write, shown_by
from loadtests.shapes import Login, Shape
from loadtests.witness import DATASETS, witness_of

ShapeT = TypeVar("ShapeT", bound=Shape)

DATASET = f"{DATASETS}/{{id}}"
LOGIN = "/api/v1/login"
TIMEOUT = (5.0, 30.0)  # seconds to connect, and between two reads: more than any answer needs
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.5  # seconds between two looks, doubled each time


class Client(HttpUser):
    """A client of the API, logged in as a seeded user of its own.

    Built on `requests` and not on Locust's faster client, because that one asks again by itself
    when a connection breaks, and so hides the very failures we look for.
    """

    abstract = True

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.witness = witness_of(environment)
        self.memory = self.witness.memory
        self.name = self.witness.next_account()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    def on_start(self) -> None:
        """Log in; who cannot has nothing to do here."""
        credentials = {"username": self.name, "password": f"{self.name}-pw"}
        login = self.ask("POST", LOGIN, Login, json=credentials)
        if login is None:
            raise StopUser
        self.witness.tokens[self.name] = login.token
        self.client.headers["Authorization"] = f"Bearer {login.token}"
        # A canary picks its readers by this id, so it stays the same.
        self.client.headers["X-User-Id"] = login.user.id

    def ask(
        self,
        method: str,
        path: str,
        shape: type[ShapeT],
        *,
        name: str = "",
        expect: int = 200,
        check: Callable[[ShapeT], str] | None = None,
        **request: Any,
    ) -> ShapeT | None:
        """Ask for JSON and give it, or None where the answer was wrong, which is then counted.

        `check` may look closer and say what is wrong, or nothing.
        """
        with self.judged(method, path, name=name, **request) as response:
            content = judge(expect, shape, response.status_code, body_of(response))
            if check and (complaint := check(content)):
                raise Unexpected(complaint)
            return content
        return None

    def ask_in_vain(self, method: str, path: str, refusal: tuple[int, str], **request: Any) -> None:
        """Ask for something that must be refused with this status and code."""
        with self.judged(method, path, **request) as response:
            judge_refusal(*refusal, response.status_code, body_of(response))

    def delete(self, path: str, name: str) -> bool:
        """Delete something, and tell whether that was acknowledged."""
        with self.judged("DELETE", path, name=name) as response:
            judge_status(204, response.status_code, body_of(response))
            return True
        return False

    @contextmanager
    def judged(
        self, method: str, path: str, *, name: str = "", **request: Any
    ) -> Iterator[ResponseContextManager]:
        """Send a request; the block must judge its status, which is 0 if there was no answer.

        An `Unexpected` there, or a body that breaks off, ends the block and is a counted failure.
        """
        with self.client.request(
            method, path, name=name or path, catch_response=True, timeout=TIMEOUT, **request
        ) as response:
            self.witness.note_answer(method, path, response.headers)
            try:
                yield response
                response.success()
            except (Unexpected, requests.RequestException) as wrong:
                response.failure(f"no answer: {response.error!r}" if response.error else str(wrong))
            finally:
                if response.raw is not None:  # it is None where there was no answer
                    response.close()

    def look_for(self, write: Write, name: str) -> bool:
        """Look for an acknowledged write until it is seen; one not seen in time is a failure.

        What the single looks find is no failure: a replica may lag. `SEEN` counts the outcome,
        and how long it took.
        """
        began = time.perf_counter()
        pause = FIRST_PAUSE
        patience = self.witness.patience
        while (lost := self._look(write, name)) and time.perf_counter() - began < patience:
            gevent.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        count(self.environment, "SEEN", write.what, began, lost)
        return not lost

    def _look(self, write: Write, name: str) -> str:
        """Look for a write once, and say what of it is not there."""
        lost = "no answer"
        with self.judged("GET", write.path, name=name) as response:
            content_type = response.headers.get("Content-Type", "")
            shown = shown_by(response.status_code, content_type, body_of(response))
            lost = "; ".join(str(loss) for loss in write.lost_in(shown))
            if response.status_code not in {200, 404}:
                raise Unexpected(f"expected status 200 or 404, got {response.status_code}")
        return lost


def count(environment: Environment, kind: str, name: str, began: float, wrong: str) -> None:
    """Count something that is no single request; `wrong` says why it failed, if it did.

    `began` is a `time.perf_counter`.
    """
    environment.events.request.fire(
        request_type=kind,
        name=name,
        response_time=(time.perf_counter() - began) * 1000,
        response_length=0,
        exception=Unexpected(wrong) if wrong else None,
        context={},
    )


def body_of(response: ResponseContextManager) -> bytes:
    """Give the body of an answer, empty if there was none."""
    return response.content or b""


def is_gone() -> dict[str, Any]:
    """Give what a deleted thing shows."""
    return {STATUS: 404}


def has_content(sha256: str) -> dict[str, Any]:
    """Give what an uploaded file shows."""
    return {CONTENT: sha256}
