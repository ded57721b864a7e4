"""`python -m extracted.datasets`: one process, until SIGTERM or SIGINT."""

import contextlib
import logging
import os
import socket
import sqlite3
import sys

import uvicorn
from starlette.applications import Starlette

from extracted.datasets.app import create_app
from extracted.datasets.contents import Contents
from extracted.datasets.database import Database
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
            sys.stdout.write(f"datasets listening on http://{host}:{port}\n")
        sys.stdout.flush()


def configuration(app: Starlette, settings: Settings) -> uvicorn.Config:
    """Decide how uvicorn serves."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http="httptools",
        loop="uvloop",
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        proxy_headers=False,  # X-Forwarded-Proto is read where absolute URLs are made
        server_header=False,
        headers=[("Server", "datasets/1.0")],
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
    )


def main() -> None:
    """Open what there is and serve; or say why that is not possible."""
    logging.basicConfig(format="datasets: %(levelname)s: %(message)s", level=logging.WARNING)
    settings = parse_settings(sys.argv[1:], os.environ)
    try:
        contents = Contents(settings.contents)
        database = Database(settings.database, contents)
    except (OSError, sqlite3.Error) as error:
        sys.exit(f"datasets: cannot open the database {settings.database}: {error}")
    with contextlib.suppress(KeyboardInterrupt):
        Server(configuration(create_app(settings, contents, database), settings)).run()


if __name__ == "__main__":
    main()
