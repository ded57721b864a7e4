"""For testers: `locust -f loadtests/locustfile.py --host http://127.0.0.1:8080`.

When the test stops, every acknowledged write is looked for once more; a lost one is a failure.
"""

import time
from typing import Any

from locust import events
from locust.env import Environment

from loadtests.client import count
from loadtests.final_look import losses_at
from loadtests.listener import Listener
from loadtests.reader import Reader
from loadtests.streamer import Streamer
from loadtests.witness import witness_of
from loadtests.writer import Writer

__all__ = ["Listener", "Reader", "Streamer", "Writer"]


@events.test_stop.add_listener
def look_once_more(environment: Environment, **_: Any) -> None:
    """Look for the writes of this process; each worker of a distributed run looks for its own."""
    for loss in losses_at(environment.host, witness_of(environment)):
        count(environment, "LOST", loss.write.what, time.perf_counter(), str(loss))
        environment.process_exit_code = 1
