"""The proxies that are measured, each as a started process tree of one worker."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.processes import Program
from tests.wire.proxy import Proxy

ROUTES = """\
version: 1
upstreams:
  monolith: {{targets: [{origin}]}}
  service: {{targets: [{origin}]}}
monolith: monolith
domains:
  datasets:
    service: service
    phase: {phase}
    shadow: {{sample: 100%}}
    routes: [{{path: /api/v1/datasets/**}}]
"""

NGINX = """\
worker_processes 1; daemon off; pid {directory}/nginx.pid; error_log stderr;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 1000000;
  client_body_temp_path {directory}; proxy_temp_path {directory}; fastcgi_temp_path {directory};
  uwsgi_temp_path {directory}; scgi_temp_path {directory};
  upstream origin {{ server 127.0.0.1:{origin}; keepalive 64; keepalive_requests 1000000; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://origin; proxy_http_version 1.1;
      proxy_set_header Connection ""; proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Request-Id $request_id;
    }}
  }}
}}
"""

HAPROXY = """\
global
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  option forwardfor
frontend clients
  bind 127.0.0.1:{port}
  default_backend origin
backend origin
  http-reuse always
  server origin 127.0.0.1:{origin}
"""


@dataclass(frozen=True)
class Running:
    """A proxy that answers on `port`; `note` says at the end what else there is to say of it."""

    name: str
    port: int
    tree: psutil.Process
    note: Callable[[], str] = str

    def cpu_seconds(self) -> float:
        """Add up the time that its processes have spent on a core, in the kernel and out of it."""
        times = [one.cpu_times() for one in (self.tree, *self.tree.children(recursive=True))]
        return sum(one.user + one.system for one in times)


@contextmanager
def all_of_them(directory: Path, origin: Program) -> Iterator[list[Running]]:
    """Start every proxy that there is on this machine; say which are not."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(_strangler(directory / "plain", origin.url, "monolith")),
            stack.enter_context(_strangler(directory / "shadow", origin.url, "shadow")),
            stack.enter_context(_naive(origin.url)),
            *(
                stack.enter_context(_other(name, config, directory, origin.port))
                for name, config in (("nginx", NGINX), ("haproxy", HAPROXY))
                if _is_there(name)
            ),
        ]


def _is_there(name: str) -> bool:
    if shutil.which(name) is None:
        sys.stdout.write(f"  {name} is not on the PATH, so it is left out\n")
    return shutil.which(name) is not None


def _tree(program: Program) -> psutil.Process:
    assert program.process is not None
    return psutil.Process(program.process.pid)


@contextmanager
def _strangler(directory: Path, origin: str, phase: str) -> Iterator[Running]:
    directory.mkdir()
    with Proxy(directory, ROUTES.format(origin=origin, phase=phase)) as proxy:

        def shares() -> str:
            copies = "strangler_shadow_copies_total"
            answered = proxy.metric(copies, outcome="answered")
            return f"{answered / (proxy.metric(copies) or 1):.0%} of the copies were compared"

        name = "strangler" if phase == "monolith" else "strangler, 100 % shadowed"
        note = str if phase == "monolith" else shares
        yield Running(name, proxy.program.port, _tree(proxy.program), note)


@contextmanager
def _naive(origin: str) -> Iterator[Running]:
    with Program(
        "uvicorn", "tests.bench.naive:app", "--port", "0", "--no-access-log",
        ready=r"running on (?P<url>http://\S+:(?P<port>\d+))", environment={"ORIGIN": origin},
    ) as program:  # fmt: skip
        yield Running("Starlette + httpx2", program.port, _tree(program))


@contextmanager
def _other(name: str, template: str, directory: Path, origin: int) -> Iterator[Running]:
    port = _free_port()
    config = directory / f"{name}.conf"
    config.write_text(template.format(directory=directory, origin=origin, port=port))
    flags = ["-c", str(config)] if name == "nginx" else ["-db", "-f", str(config)]
    with subprocess.Popen([name, *flags], stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(port, process)
            yield Running(name, port, psutil.Process(process.pid))
        finally:
            process.terminate()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(f"{process.args} ended with exit code {process.returncode}")
