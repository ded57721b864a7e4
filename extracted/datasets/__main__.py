"""`python -m extracted.datasets`: one process, until SIGTERM or SIGINT."""

import contextlib
import logging
import os
import socket
import sys

import uvicorn

from extracted.datasets.app import create_app
from extracted.datasets.settings import Settings, parse_settings

# Longer than a proxy keeps an idle connection, so that it never sends into one that is closing.
KEEP_ALIVE = 75  # seconds
GRACE = 3  # seconds that answers under way get at SIGTERM


class Server(uvicorn.Server):
    """uvicorn, which says so when it listens."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then print the address, which is news if the port was 0."""
        await super().startup(sockets)
        for listener in self.servers[0].sockets:
            host, port = listener.getsockname()[:2]
            print(f"datasets listening on http://{host}:{port}", flush=True)  # noqa: T201 - the ready line


def configuration(settings: Settings) -> uvicorn.Config:
    """Decide how uvicorn serves."""
    return uvicorn.Config(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        http="httptools",
        loop="uvloop",
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        headers=[("Server", "datasets/1.0")],
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
    )


def main() -> None:
    """Serve."""
    logging.basicConfig(format="datasets: %(levelname)s: %(message)s", level=logging.WARNING)
    settings = parse_settings(sys.argv[1:], os.environ)
    with contextlib.suppress(KeyboardInterrupt):
        Server(configuration(settings)).run()


if __name__ == "__main__":
    main()
