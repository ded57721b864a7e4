"""What the service is started with: flags beat the environment, the environment beats defaults."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """One start of the service. `database` is its own file; file contents lie beside it."""

    host: str
    port: int
    database: Path
    monolith: str
    regressions: bool
    session_secret: str = field(repr=False)
    internal_token: str = field(repr=False)

    @property
    def contents(self) -> Path:
        """Give the directory of the file contents."""
        return self.database.with_name(self.database.name + ".files")


def parse_settings(arguments: Sequence[str], environment: Mapping[str, str]) -> Settings:
    """Decide the settings of one start; ends the program with a usage message if one is wrong."""
    parser = argparse.ArgumentParser(prog="extracted.datasets", description=__doc__)

    def option(name: str, default: str, meaning: str) -> None:
        variable = f"DATASETS_{name.upper()}"
        parser.add_argument(
            f"--{name}",
            default=environment.get(variable, default),
            help=f"{meaning} (or {variable}; default {default})",
        )

    option("host", "127.0.0.1", "address to listen on")
    option("port", "9101", "port to listen on, 0 for a free one")
    option("db", "datasets.db", "path of the SQLite database")
    option("monolith", "http://127.0.0.1:9000", "URL of the monolith")
    parser.add_argument(
        "--regressions",
        action="store_true",
        default=environment.get("DATASETS_REGRESSIONS", "").lower() in {"1", "true", "yes", "on"},
        help="be the buggy build (or DATASETS_REGRESSIONS=1)",
    )
    chosen = parser.parse_args(arguments)
    if not str(chosen.port).isdecimal() or int(chosen.port) > 65535:
        parser.error(f"--port: {chosen.port!r} is not a port number")
    return Settings(
        host=chosen.host,
        port=int(chosen.port),
        database=Path(chosen.db),
        monolith=chosen.monolith.rstrip("/"),
        regressions=chosen.regressions,
        session_secret=environment.get("SESSION_SECRET", "legacy-secret"),
        internal_token=environment.get("INTERNAL_TOKEN", "internal-token"),
    )
