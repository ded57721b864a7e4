"""How the time of a match grows with the number of routes."""

import random
import time
from statistics import median

from strangler.http.message import RequestHead
from strangler.http.target import parse_target
from strangler.routing.compile import load
from strangler.routing.table import RouteTable

ROUNDS = 20
REQUESTS = 2_000


def _table(routes: int) -> RouteTable:
    """A table of this many routes: collections, their members, and what is below these."""
    shapes = ("", "/{id:int}", "/{id}/files/**", "/search")
    lines = [f"      - path: /api/v1/things{n // 4}{shapes[n % 4]}\n" for n in range(routes)]
    return load(
        "version: 1\nupstreams:\n  old: {targets: [http://127.0.0.1:1]}\n"
        "  new: {targets: [http://127.0.0.1:2]}\nmonolith: old\n"
        "domains:\n  d:\n    service: new\n    routes:\n" + "".join(lines)
    )


def _requests(routes: int) -> list[RequestHead]:
    pick = random.Random(1)
    shapes = ("", "/4711", "/abc/files/2024/a.csv", "/search", "/nothing/here")
    paths = (
        f"/api/v1/things{pick.randrange(max(1, routes // 4))}{pick.choice(shapes)}"
        for _ in range(REQUESTS)
    )
    return [RequestHead("GET", parse_target(path.encode()), "a", []) for path in paths]


def ratio(few: int, many: int) -> float:
    """Give how many times longer a match takes among `many` routes than among `few`."""
    cases = [(_table(count), _requests(count)) for count in (few, many)]
    took: list[list[float]] = [[], []]
    for _ in range(ROUNDS):
        for times, (table, heads) in zip(took, cases, strict=True):
            start = time.perf_counter()
            for head in heads:
                table.match(head)
            times.append(time.perf_counter() - start)
    return median(took[1]) / median(took[0])
