"""Beginning and ending `strangler serve`: what stops it from starting, and what signals do."""

import os
import signal
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.end_to_end.site import Client, Site, is_running
from tests.end_to_end.upstreams import Handler, Upstream, answers_the_same, hangs
from tests.wire.ends import DEADLINE
from tests.wire.proxy import eventually

ROUTES = """\
version: 1
upstreams:
  monolith: {{targets: [{monolith}]}}
monolith: monolith
"""
FREE = ("--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0")


@pytest.fixture
def ready(site: Site, monolith: Upstream) -> Site:
    """A site that could start."""
    site.write(ROUTES.format(monolith=monolith.url))
    return site


def routes_are_a_directory(site: Site) -> None:
    site.routes.unlink()
    site.routes.mkdir()


def routes_are_missing(site: Site) -> None:
    site.routes.unlink()


def routes_are_no_text(site: Site) -> None:
    site.routes.write_bytes(b"\x00\xff\xfe")


def store_is_a_directory(site: Site) -> None:
    site.database.mkdir(parents=True)


def store_lies_below_a_file(site: Site) -> None:
    site.database.parent.write_text("not a directory")


def store_is_no_database(site: Site) -> None:
    site.database.parent.mkdir()
    site.database.write_text("a list of things to do" * 100)


def store_is_another_program_s(site: Site) -> None:
    site.database.parent.mkdir()
    with closing(sqlite3.connect(site.database)) as database:
        database.execute("CREATE TABLE users (name TEXT)")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (routes_are_a_directory, "routes.yaml: Is a directory; check --routes"),
        (routes_are_missing, "routes.yaml: No such file or directory; check --routes"),
        (routes_are_no_text, "routes.yaml:1:2: is not UTF-8"),
        (store_is_a_directory, "strangler.db"),
        (store_lies_below_a_file, "strangler.db cannot be opened"),
        (store_is_no_database, "strangler.db"),
        (store_is_another_program_s, "holds another program's tables; check --store"),
    ],
)
def test_what_prevents_serving_is_told_in_one_line(
    ready: Site, spoil: Callable[[Site], None], said: str
) -> None:
    spoil(ready)
    ended = ready.run("serve", "--routes", "routes.yaml", *FREE)

    assert (ended.code, ended.out) == (1, "")
    (line,) = ended.err.splitlines()
    assert said in line


def test_what_is_kept_is_for_its_owner_alone(ready: Site) -> None:
    with ready.replica():
        kept = ready.database.parent
        modes = {path.name: path.stat().st_mode & 0o777 for path in [kept, *kept.iterdir()]}

    assert modes.pop(kept.name) == 0o700
    assert {"strangler.db", "strangler.key"} <= modes.keys()
    assert set(modes.values()) == {0o600}


def test_the_port_of_a_running_replica_is_in_use_and_the_replica_does_not_mind(
    ready: Site,
) -> None:
    with ready.replica("--workers", "2") as replica:
        listen, admin = f"127.0.0.1:{replica.program.port}", f"127.0.0.1:{replica.admin}"
        for ports in ((listen, "127.0.0.1:0"), ("127.0.0.1:0", admin)):
            ended = ready.run(
                "serve", "--routes", "routes.yaml", "--listen", ports[0], "--admin", ports[1]
            )
            assert (ended.code, ended.out) == (1, "")
            assert "the port is in use" in ended.err
            assert len(ended.err.splitlines()) == 1
        assert all(replica.ask("/x").by == "monolith" for _ in range(10))


class Gate:
    """An upstream's behaviour that waits until the test lets it answer."""

    def __init__(self) -> None:
        self._open = threading.Event()

    def __call__(self, handler: Handler) -> None:
        self._open.wait(DEADLINE)
        answers_the_same(handler)

    def open(self) -> None:
        self._open.set()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_what_is_under_way_finish_and_closes_what_is_idle(
    ready: Site, monolith: Upstream, number: signal.Signals
) -> None:
    gate = Gate()
    monolith.behaviour = gate
    with ready.replica("--workers", "2") as replica:
        workers = replica.workers
        with replica.client() as busy, replica.client() as idle, Client(replica.admin) as scraper:
            busy.send("/busy")
            eventually(lambda: monolith.asked_for("/busy"), "the request is under way")
            assert scraper.ask("/readyz").status == 200
            # A terminal's Ctrl-C goes to the workers too.
            for pid in (*workers, replica.pid) if number is signal.SIGINT else (replica.pid,):
                os.kill(pid, number)

            eventually(lambda: replica.control("/readyz").status == 503, "it is not ready")
            assert replica.control("/readyz").json["draining"] is True
            assert replica.control("/livez").status == 200
            assert idle.is_closed_by_the_other_side()
            eventually(replica.refuses_connections, "nobody new is let in")
            gate.open()
            answer = busy.receive()
            assert (answer.status, answer.by) == (200, "monolith")
            assert answer.headers["Connection"] == "close"

            assert replica.program.process is not None
            assert replica.program.process.wait(DEADLINE) == 0
        assert not any(map(is_running, workers))


def test_what_does_not_end_by_itself_is_cut_off_and_its_client_can_tell(
    ready: Site, monolith: Upstream
) -> None:
    monolith.behaviour = begins_and_hangs
    with ready.replica("--drain", "0.3") as replica:
        with replica.client() as silent, replica.client() as half:
            half.send("/half")
            assert half.begun().status == 200
            monolith.behaviour = hangs
            silent.send("/silent")
            eventually(lambda: monolith.asked_for("/silent"), "both are under way")
            os.kill(replica.pid, signal.SIGTERM)

            for client in (silent, half):
                with pytest.raises(ConnectionResetError):
                    client.receive()
        assert replica.program.process is not None
        assert replica.program.process.wait(DEADLINE) == 0


def begins_and_hangs(handler: Handler) -> None:
    handler.begin(1000)
    handler.wfile.write(b"half of")
    handler.wfile.flush()
    hangs(handler)


def test_a_replica_that_is_killed_finishes_what_is_under_way_and_the_next_goes_on_from_there(
    ready: Site, monolith: Upstream
) -> None:
    gate = Gate()
    monolith.behaviour = gate
    with ready.replica("--workers", "2") as replica:
        workers = replica.workers
        with replica.client() as client:
            client.send("/x")
            eventually(lambda: monolith.asked_for("/x"), "the request is under way")
            os.kill(replica.pid, signal.SIGKILL)
            eventually(replica.refuses_connections, "the port is free")
            gate.open()
            assert client.receive().by == "monolith"
        eventually(lambda: not any(map(is_running, workers)), "the workers have ended")
        port = replica.program.port

    with ready.replica("--listen", f"127.0.0.1:{port}", routes=False) as successor:
        assert successor.program.port == port
        assert successor.ask("/x").by == "monolith"
        assert successor.metric("strangler_live_revision") == 1


SILENT = """\
import os, sys, time
if "strangler.proxy.worker" in sys.orig_argv:
    try:
        os.open({mark!r}, os.O_CREAT | os.O_EXCL)
    except FileExistsError:
        pass
    else:
        time.sleep(600)
else:
    from strangler.control import supervisor
    supervisor.START_WITHIN = 3.0
"""
"""Has the first worker of all live on and never come to serve."""


def test_a_worker_that_lives_and_never_serves_ends_the_start(ready: Site, tmp_path: Path) -> None:
    code = tmp_path / "code"
    code.mkdir()
    (code / "sitecustomize.py").write_text(SILENT.format(mark=str(tmp_path / "one is silent")))
    serve = ("serve", "--routes", "routes.yaml", "--workers", "2", *FREE)
    ended = ready.run(*serve, PYTHONPATH=str(code))

    assert (ended.code, ended.out) == (1, "")
    said = ended.err.splitlines()[-1]
    assert "1 of 2 workers serve, and no other has come to it within 3 s (pid " in said
    assert "Look whether the machine is short of CPU or memory" in said
    assert not [pid for pid in running() if str(code) in environment_of(pid)]


def running() -> list[str]:
    return [entry.name for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def environment_of(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/environ").read_text(errors="replace")
    except OSError:  # it has ended, or is not ours
        return ""
