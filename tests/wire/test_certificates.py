"""The certificate of a real `strangler serve`: how it changes, and what becomes of connections."""

import os
import re
import signal
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.certificates import Authority, Pair
from tests.wire.proxy import eventually
from tests.wire.secure import GET, Secure, secure_proxy, serial_of


@pytest.fixture(scope="module")
def _session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    with secure_proxy(tmp_path_factory.mktemp("tls"), Authority(), "--workers", "2") as secure:
        yield secure


@pytest.fixture
def secure(_session: Secure) -> Iterator[Secure]:
    yield _session
    _session.monolith.settle()
    eventually(
        lambda: _session.proxy.metric("strangler_open_connections") == 0, "all clients are gone"
    )


def test_another_certificate_is_shown_while_connections_go_on(secure: Secure) -> None:
    with secure.client() as client:
        first = serial_of(client)
        replace_both(secure, secure.authority.issue("localhost"))
        eventually(lambda: secure.serial() != first, "another certificate is shown")
        # Each worker has a queue of its own, so ask more often than there are workers.
        second = {secure.serial() for _ in range(8)}
        assert first not in second
        assert len(second) == 1

        secure.exchange(client)
    expiry = secure.proxy.metric("strangler_tls_certificate_expiry_seconds")
    assert expiry > time.time()


def replace_both(secure: Secure, pair: Pair) -> None:
    secure.key.write_bytes(pair.key)
    secure.cert.write_bytes(pair.cert)


def test_sighup_reads_the_files_at_once_and_a_pair_that_is_none_is_refused(
    secure: Secure,
) -> None:
    shown, other = secure.serial(), secure.authority.issue("localhost")
    refused = secure.proxy.metric("strangler_tls_reloads_total", outcome="refused")
    secure.cert.write_bytes(other.cert)
    hang_up(secure)
    eventually(
        lambda: secure.proxy.metric("strangler_tls_reloads_total", outcome="refused") > refused,
        "the pair is refused",
    )
    assert secure.serial() == shown
    why = f"--tls-key {secure.key}: is not the key of the certificate in --tls-cert"
    eventually(lambda: secure.says(why), "why is told")

    secure.key.write_bytes(other.key)
    hang_up(secure)
    eventually(lambda: secure.serial() != shown, "the other certificate is shown")
    hang_up(secure)
    eventually(lambda: secure.says("tls_unchanged"), "nothing new is told, too")


def hang_up(secure: Secure) -> None:
    assert secure.proxy.program.process is not None
    secure.proxy.program.process.send_signal(signal.SIGHUP)


def test_a_worker_that_is_replaced_shows_what_the_others_show(secure: Secure) -> None:
    """The files may hold half of a new pair just then."""
    shown = secure.serial()
    kept = secure.cert.read_bytes()
    secure.cert.write_bytes(b"half of a new")
    restarts = secure.proxy.metric("strangler_worker_restarts_total")
    os.kill(secure.proxy.workers[0], signal.SIGKILL)
    eventually(
        lambda: (
            secure.proxy.metric("strangler_worker_restarts_total") > restarts
            and secure.proxy.metric("strangler_workers_ready") == 2
        ),
        "the worker is replaced",
    )
    assert {secure.serial() for _ in range(8)} == {shown}
    secure.cert.write_bytes(kept)


def test_files_may_be_changed_by_a_symbolic_link(tmp_path: Path) -> None:
    """Kubernetes moves a link from one directory to the next, certbot links to the newest file."""
    authority = Authority()
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        authority.issue("localhost").write(tmp_path / name)
    link = tmp_path / "live"
    link.symlink_to("old")
    live = ("--tls-cert", str(link / "server.pem"), "--tls-key", str(link / "server.key"))
    with secure_proxy(tmp_path, authority, *live) as secure:
        first = secure.serial()
        (tmp_path / "beside").symlink_to("new")
        (tmp_path / "beside").rename(link)
        eventually(lambda: secure.serial() != first, "the other certificate is shown")


def test_clients_must_show_a_certificate_where_they_are_told_to(tmp_path: Path) -> None:
    clients = Authority()
    ca = str(clients.write(tmp_path))
    with secure_proxy(tmp_path, Authority(), "--tls-client-ca", ca) as secure:
        with secure.client(clients.issue("someone")) as client:
            secure.exchange(client)
        secure.monolith.settle()
        assert not is_answered(secure)
        assert secure.monolith.nobody_is_waiting()


def is_answered(secure: Secure) -> bool:
    """Ask without a certificate. A client of TLS 1.3 learns only when it reads that it failed."""
    try:
        with secure.client() as client:
            client.send(GET % b"/")
            return bool(client.take(1))
    except (ssl.SSLError, ConnectionError, AssertionError):
        return False


def test_the_end_waits_for_no_client_that_has_its_answer(tmp_path: Path) -> None:
    """A client that keeps its connection for later reads nothing, so it never agrees to the end."""
    with secure_proxy(tmp_path, Authority(), "--drain", "60") as secure:
        client = secure.client()
        secure.exchange(client)
        assert secure.proxy.program.stop(patience=20) == 0
        assert client.rest() == b""
        client.close()
        assert not re.search("Traceback|unclosed", secure.proxy.program.output)
