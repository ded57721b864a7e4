"""The listener: writes notes to itself and waits until they arrive over its WebSocket."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from locust import between, task

from loadtests.client import Client, count
from loadtests.judgement import Unexpected
from loadtests.memory import Write
from loadtests.shapes import AnyMessage, Notification, Pong, Pushed
from loadtests.subscription import PATH, ServerWent, Subscription

NOTES = "/api/v1/notifications"
HANDSHAKE_WITHIN = 10.0  # seconds


class Listener(Client):
    """Keeps a WebSocket open for long, and opens another when the server closes it.

    That alone is no failure, as servers are restarted; but what was acknowledged meanwhile must
    be there when we are back.
    """

    weight = 2
    wait_time = between(0.2, 0.5)

    def on_start(self) -> None:
        """Log in and listen."""
        self._subscription: Subscription | None = None
        super().on_start()
        self._listen()

    def on_stop(self) -> None:
        """Hang up."""
        self.hang_up()

    @task(8)
    def write_a_note(self) -> None:
        """Write a note to oneself, and wait until it arrives."""
        subscription = self._listen()
        if subscription is None:
            return
        began, text = time.perf_counter(), f"note {random.random()}"
        note = self.ask("POST", NOTES, Notification, expect=201, json={"text": text})
        if note is None:
            return
        shows = {"id": note.id, "text": text}
        write = Write(self.name, f"POST {NOTES}", f"{NOTES}/{note.id}", shows)
        self.memory.acknowledge(write)
        with self._listening_anew_if_it_went():
            self._await(subscription, "note", began, lambda said: _is_note(said, note))
        self.look_for(write, f"{NOTES}/{{id}}")

    @task(3)
    def ping(self) -> None:
        """Ask for a sign of life."""
        subscription = self._listen()
        if subscription is None:
            return
        began, pong = time.perf_counter(), Pong(type="pong", n=random.randrange(10**6))
        with self._listening_anew_if_it_went():
            subscription.send({"type": "ping", "n": pong.n})
            self._await(subscription, "ping", began, lambda said: said == pong)

    @task(1)
    def hang_up(self) -> None:
        """Leave; whatever comes next listens anew."""
        if self._subscription is not None:
            self._subscription.close()
            self._subscription = None

    @contextmanager
    def _listening_anew_if_it_went(self) -> Iterator[None]:
        """Who comes back is told only what is new; what was written meanwhile can be looked up."""
        try:
            yield
        except ServerWent:
            self.hang_up()
            self._listen()

    def _await(
        self,
        subscription: Subscription,
        what: str,
        began: float,
        is_it: Callable[[AnyMessage], bool],
    ) -> None:
        """Wait for a message; one that does not come in time, or is malformed, is a failure."""
        deadline = time.monotonic() + self.witness.patience
        wrong = f"did not arrive within {self.witness.patience:g} s"
        try:
            while (said := subscription.receive(deadline)) is not None:
                self.witness.websocket_messages += 1
                if is_it(said):
                    wrong = ""
                    break
        except Unexpected as unexpected:
            wrong = str(unexpected)
        count(self.environment, "WS", f"{PATH} {what}", began, wrong)

    def _listen(self) -> Subscription | None:
        """Give the subscription, a new one where there is none; no handshake is a failure."""
        if self._subscription is not None:
            return self._subscription
        began, wrong = time.perf_counter(), ""
        headers = {name: self.client.headers[name] for name in ("Authorization", "X-User-Id")}
        try:
            self._subscription = Subscription(
                self.client.base_url, self.name, headers, HANDSHAKE_WITHIN
            )
            self.witness.websocket_messages += 1
        except Unexpected as unexpected:
            wrong = str(unexpected)
        except ServerWent:
            return None  # it was just being closed; the next task tries again
        count(self.environment, "WS", f"{PATH} open", began, wrong)
        return self._subscription


def _is_note(said: AnyMessage, note: Notification) -> bool:
    return isinstance(said, Pushed) and (said.id, said.text) == (note.id, note.text)
