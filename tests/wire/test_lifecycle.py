"""Starting, draining, dying: what an operator's signals and a worker's death do to clients."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wire.ends import DEADLINE, OK, Listener
from tests.wire.proxy import Proxy, eventually

ROUTES = """\
version: 1
upstreams:
  monolith: {{targets: [{monolith}], timeouts: {{response: 20s, keepalive: 20s}}}}
monolith: monolith
"""
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture
def monolith() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.close()


def serve(directory: Path, monolith: Listener, *args: str) -> Proxy:
    return Proxy(directory, ROUTES.format(monolith=monolith.url), *args)


def test_what_is_under_way_is_finished_before_the_exit(tmp_path: Path, monolith: Listener) -> None:
    with serve(tmp_path, monolith, "--workers", "2") as proxy:
        assert proxy.program.process is not None
        with proxy.client() as busy, proxy.client() as streaming, proxy.client() as idle:
            streaming.send(GET)
            stream = monolith.accept()
            stream.request()
            stream.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
            streaming.until(b"ab\r\n")
            busy.send(GET)
            upstream = monolith.accept()
            upstream.request()
            idle.send(GET)
            other = monolith.accept()
            other.request()
            other.send(OK)
            idle.response()

            proxy.program.process.send_signal(signal.SIGTERM)
            assert idle.is_closed()
            assert refuses_connections(proxy)

            upstream.send(OK)
            answer = busy.response()
            assert (answer.body, answer["Connection"]) == (b"ok", "close")
            assert busy.is_closed()
            stream.send(b"2\r\ncd\r\n0\r\n\r\n")
            assert streaming.rest() == b"2\r\ncd\r\n0\r\n\r\n"
        assert proxy.program.process.wait(DEADLINE) == 0


def refuses_connections(proxy: Proxy) -> bool:
    def refused() -> bool:
        try:
            socket.create_connection(proxy.address, DEADLINE).close()
        except ConnectionError:
            return True
        return False

    eventually(refused, "the port is closed")
    return True


def test_what_does_not_end_in_time_is_cut_off(tmp_path: Path, monolith: Listener) -> None:
    with serve(tmp_path, monolith, "--drain", "0.2") as proxy:
        assert proxy.program.process is not None
        with proxy.client() as client:
            client.send(GET)
            upstream = monolith.accept()
            upstream.request()
            upstream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello")
            client.until(b"hello")
            proxy.program.process.send_signal(signal.SIGTERM)

            assert client.rest_until_broken() == b""
        assert proxy.program.process.wait(DEADLINE) == 0


def test_a_tunnel_does_not_hold_up_the_end(tmp_path: Path, monolith: Listener) -> None:
    with serve(tmp_path, monolith) as proxy:
        assert proxy.program.process is not None
        with proxy.client() as client:
            client.send(
                b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
            )
            upstream = monolith.accept()
            upstream.request()
            upstream.send(
                b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                b"Upgrade: websocket\r\n\r\nlast words"
            )
            client.head()
            proxy.program.process.send_signal(signal.SIGTERM)

            assert client.rest() == b"last words"  # no frames, so no Close may stand behind them
            assert upstream.take(2) == b"\x88\x82"
            assert len(upstream.rest()) == 6
        assert proxy.program.process.wait(DEADLINE) == 0


def test_a_second_signal_ends_it_at_once(tmp_path: Path, monolith: Listener) -> None:
    with serve(tmp_path, monolith, "--drain", "60") as proxy:
        assert proxy.program.process is not None
        with proxy.client() as client:
            client.send(GET)
            monolith.accept().request()
            proxy.program.process.send_signal(signal.SIGTERM)
            eventually(lambda: "draining" in proxy.program.output, "the first was heard")
            proxy.program.process.send_signal(signal.SIGINT)

            assert client.is_closed()
        assert proxy.program.process.wait(DEADLINE) == 0


def test_a_worker_that_dies_is_replaced_and_who_waited_is_answered(
    tmp_path: Path, monolith: Listener
) -> None:
    with serve(tmp_path, monolith) as proxy:
        (worker,) = proxy.workers
        with proxy.client() as served:
            served.send(GET)
            upstream = monolith.accept()
            upstream.request()
            upstream.send(OK)
            served.response()
            os.kill(worker, signal.SIGSTOP)  # nobody accepts
            with proxy.client() as waiting:
                waiting.send(GET)
                os.kill(worker, signal.SIGKILL)
                assert served.is_closed()
                assert upstream.is_closed()
                upstream = monolith.accept()
                upstream.request()
                upstream.send(OK)

                assert waiting.response().body == b"ok"
        assert proxy.metric("strangler_worker_restarts_total") == 1
        assert "worker_died" in proxy.program.output
        assert b'"ready":true' in proxy.get("/readyz")


def test_a_worker_whose_supervisor_is_killed_does_not_hold_the_port(
    tmp_path: Path, monolith: Listener
) -> None:
    proxy = serve(tmp_path, monolith)
    proxy.program.start()
    proxy.program.kill()

    assert refuses_connections(proxy)


def test_workers_share_the_port_and_add_up_in_the_metrics(
    tmp_path: Path, monolith: Listener
) -> None:
    with serve(tmp_path, monolith, "--workers", "2") as proxy:
        assert len(proxy.workers) == 2
        for _ in range(20):
            with proxy.client() as client:
                client.send(b"GET / HTTP/1.1\r\n\r\n")
                assert client.response().status == 400

        assert proxy.metric("strangler_refusals_total", status="400") == 20
        assert proxy.metric("strangler_client_connections_total") == 20
        assert proxy.metric("strangler_workers_ready") == 2


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("flag", ["--listen", "--admin"])
def test_a_port_in_use_is_one_line_and_exit_1(tmp_path: Path, flag: str, workers: str) -> None:
    (tmp_path / "routes.yaml").write_text(ROUTES.format(monolith="http://127.0.0.1:1"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        code, lines = fails_to_serve(tmp_path, workers, flag, where)

    assert code == 1
    assert lines == [
        f"{flag} {where}: the port is in use; stop the other program or choose another port"
    ]


def test_a_second_proxy_cannot_share_the_port_of_one_with_workers(
    tmp_path: Path, monolith: Listener
) -> None:
    with serve(tmp_path, monolith, "--workers", "2") as proxy:
        code, lines = fails_to_serve(tmp_path, "2", "--listen", f"127.0.0.1:{proxy.program.port}")

    assert (code, len(lines)) == (1, 1)
    assert "the port is in use" in lines[0]


def fails_to_serve(directory: Path, workers: str, flag: str, where: str) -> tuple[int, list[str]]:
    addresses = {"--listen": "127.0.0.1:0", "--admin": "127.0.0.1:0", flag: where}
    options = {"--routes": "routes.yaml", "--store": "sqlite:///other.db", "--workers": workers}
    done = subprocess.run(
        [sys.executable, "-m", "strangler", "serve"]
        + [part for pair in (options | addresses).items() for part in pair],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=3 * DEADLINE,  # it starts, which takes long on a busy machine
        check=False,
    )
    return done.returncode, done.stderr.splitlines()
