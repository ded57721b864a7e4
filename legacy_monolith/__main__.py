"""Run the monolith: `python -m legacy_monolith --port 9000 --db monolith.db`."""

import socket
import sqlite3
import sys

import uvicorn

from legacy_monolith.app import application
from legacy_monolith.monolith import Monolith
from legacy_monolith.quirks import SERVER
from legacy_monolith.seed import seed
from legacy_monolith.settings import read_settings

KEEP_ALIVE = 75  # seconds; uvicorn's 5 would close connections that a proxy is about to reuse
GRACE = 3  # seconds for exchanges under way when the process is asked to end


class Server(uvicorn.Server):
    """Says when it is ready, and lets nobody who waits for news hold up its end."""

    def __init__(self, config: uvicorn.Config, monolith: Monolith) -> None:
        super().__init__(config)
        self._monolith = monolith

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and print where."""
        await super().startup(sockets)
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        sys.stdout.write(f"legacy_monolith listening on http://{host}:{port}\n")
        sys.stdout.flush()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the long polls and streams, then the connections."""
        self._monolith.announcements.close()
        await super().shutdown(sockets)


def serve(monolith: Monolith) -> None:
    """Serve until a signal comes."""
    config = uvicorn.Config(
        application(monolith),
        host=monolith.settings.host,
        port=monolith.settings.port,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        log_level="error",
        access_log=False,
        proxy_headers=False,  # X-Forwarded-Proto is read where absolute URLs are made
        server_header=False,
        headers=[("Server", SERVER)],
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
    )
    Server(config, monolith).run()


def main() -> None:
    """Open what there is, fill it if it is new, and serve; or say why that is not possible."""
    settings = read_settings()
    try:
        monolith = Monolith.open(settings)
        seed(monolith.database, monolith.contents, settings.seed_datasets)
    except (OSError, sqlite3.Error) as error:
        sys.exit(f"legacy_monolith: cannot open the database {settings.database}: {error}")
    serve(monolith)


if __name__ == "__main__":
    main()
