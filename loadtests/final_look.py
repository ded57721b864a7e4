"""Looks for every remembered write once more, when the traffic is over."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Self

import gevent
import requests
from gevent.pool import Pool

from loadtests.client import TIMEOUT
from loadtests.memory import Loss, Place, shown_by
from loadtests.witness import Witness

LOOKERS = 6  # at a time: enough to keep one core busy
PAUSE = 0.2  # seconds between two rounds

Look = Callable[[Place], Mapping[str, object]]


def losses_at(host: str, witness: Witness) -> list[Loss]:
    """Look for every write at `host`; what is not there is looked for again until patience ends."""
    deadline = time.monotonic() + witness.patience
    places = witness.memory.places()
    with Sessions(host, witness.tokens) as sessions:
        while True:
            lost = _look_at_all(places, sessions.look)
            if not lost or time.monotonic() > deadline:
                return [loss for losses in lost.values() for loss in losses]
            gevent.sleep(PAUSE)
            places = [place for place in places if place.path in lost]


def _look_at_all(places: Iterable[Place], look: Look) -> dict[str, list[Loss]]:
    """Look at each place once, a few at a time; give what is lost, by path."""
    found = Pool(LOOKERS).imap(lambda place: (place, place.lost_in(look(place))), places)
    return {place.path: lost for place, lost in found if lost}


class Sessions:
    """Keep-alive connections for the looks, each used by one greenlet at a time."""

    def __init__(self, host: str, tokens: Mapping[str, str]) -> None:
        self._host = host
        self._tokens = tokens
        self._idle: list[requests.Session] = []

    def __repr__(self) -> str:
        return f"<Sessions at {self._host}: {len(self._idle)} idle>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for session in self._idle:
            session.close()

    def look(self, place: Place) -> Mapping[str, object]:
        """Give what a place shows now to its user; nothing at all if there is no answer."""
        session = self._idle.pop() if self._idle else _session()
        headers = {"Authorization": f"Bearer {self._tokens[place.user]}"}
        try:
            answer = session.get(f"{self._host}{place.path}", headers=headers, timeout=TIMEOUT)
        except requests.RequestException:
            return {}
        finally:
            self._idle.append(session)
        content_type = answer.headers.get("Content-Type", "")
        return shown_by(answer.status_code, content_type, answer.content)


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # proxies of the environment are not what we test
    return session
