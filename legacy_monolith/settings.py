"""What the monolith is told at its start."""

import argparse
import os
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """Where to listen, where the data are, and the two secrets shared with partners."""

    host: str
    port: int
    database: Path
    seed_datasets: int
    session_secret: bytes = field(repr=False)
    internal_token: str = field(repr=False)


def read_settings(arguments: list[str] | None = None) -> Settings:
    """Read the command line; what it leaves out comes from the environment, then the defaults.

    The secrets come from the environment alone: a command line can be read by every process.
    """
    given = os.environ.get
    parser = argparse.ArgumentParser(prog="legacy_monolith", description=__doc__)
    parser.add_argument("--host", default=given("MONOLITH_HOST", "127.0.0.1"))
    parser.add_argument("--port", type=int, default=given("MONOLITH_PORT", "9000"))
    parser.add_argument("--db", type=Path, default=given("MONOLITH_DB", "monolith.db"))
    parser.add_argument("--seed-datasets", type=int, default=40, metavar="N")
    options = parser.parse_args(arguments)
    return Settings(
        host=options.host,
        port=options.port,
        database=options.db,
        seed_datasets=options.seed_datasets,
        session_secret=given("SESSION_SECRET", "legacy-secret").encode(),
        internal_token=given("INTERNAL_TOKEN", "internal-token"),
    )
