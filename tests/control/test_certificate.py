"""The watch over the listener's certificate: what is taken, what is refused, what is said."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from strangler.control.certificate import ListenerCertificate, TlsFiles
from strangler.proxy.listener_context import Identity
from strangler.proxy.pem import TlsError
from tests.certificates import Authority, Pair

NOW = datetime(2026, 11, 21, tzinfo=UTC)


class Place:
    """Files with a pair in them, and a clock."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.now = NOW
        self.authority = Authority()
        self.put(self.pair())
        self.files = TlsFiles(directory / "server.pem", directory / "server.key")

    def pair(self, days: int = 90, since: int = -1) -> Pair:
        """Make a pair that holds for some days from now."""
        return self.authority.issue(
            "localhost",
            since=self.now + timedelta(days=since),
            until=self.now + timedelta(days=days),
        )

    def put(self, pair: Pair) -> None:
        pair.write(self.directory)

    def certificate(self) -> ListenerCertificate:
        return ListenerCertificate(self.files, lambda: self.now)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_nothing_happens_while_the_files_stay_as_they_are(place: Place) -> None:
    certificate = place.certificate()
    place.put(Pair(place.files.cert.read_bytes(), place.files.key.read_bytes()))

    assert not certificate.look()
    assert certificate.reloads == {"reloaded": 0, "refused": 0}


def test_another_pair_is_taken_and_told(place: Place) -> None:
    certificate = place.certificate()
    before = certificate.certificate
    place.put(place.pair(days=200))
    with structlog.testing.capture_logs() as logged:
        assert certificate.look()
        assert not certificate.look()

    assert certificate.certificate.serial != before.serial
    assert certificate.reloads == {"reloaded": 1, "refused": 0}
    (line,) = logged
    assert (line["event"], line["serial"]) == ("tls_reloaded", certificate.certificate.serial)
    assert line["expires"] == "2027-06-09T00:00:00+00:00"


@pytest.mark.parametrize("first", ["cert", "key"])
def test_a_pair_comes_one_file_after_the_other(place: Place, first: str) -> None:
    certificate = place.certificate()
    before, other = certificate.identity, place.pair()
    contents = {"cert": (place.files.cert, other.cert), "key": (place.files.key, other.key)}
    file, octets = contents.pop(first)
    with structlog.testing.capture_logs() as logged:
        file.write_bytes(octets)
        assert not certificate.look()
        assert not certificate.look()
        assert certificate.identity is before

        ((file, octets),) = contents.values()
        file.write_bytes(octets)
        assert certificate.look()

    assert [line["event"] for line in logged] == ["tls_refused", "tls_reloaded"]
    assert certificate.reloads == {"reloaded": 1, "refused": 1}


def test_a_file_that_is_away_for_a_moment_harms_nobody(place: Place) -> None:
    certificate = place.certificate()
    octets = place.files.cert.read_bytes()
    place.files.cert.unlink()
    with structlog.testing.capture_logs() as logged:
        assert not certificate.look()
        place.files.cert.write_bytes(octets)
        assert not certificate.look()
        place.files.cert.unlink()
        assert not certificate.look()

    said = f"--tls-cert {place.files.cert}: No such file or directory"
    assert [line["said"] for line in logged] == [said, said], "once each time it goes"


@pytest.mark.parametrize(
    ("days", "since", "said"),
    [
        (-1, -90, "expired on 2026-11-20 00:00 UTC; renew it"),
        (90, 1, "is not valid before 2026-11-22 00:00 UTC; is this machine's clock right?"),
    ],
)
def test_what_clients_would_refuse_is_refused(
    place: Place, days: int, since: int, said: str
) -> None:
    certificate = place.certificate()
    place.put(place.pair(days, since))
    with structlog.testing.capture_logs() as logged:
        assert not certificate.look()
    assert logged[0]["said"] == f"--tls-cert {place.files.cert}: {said}"

    with pytest.raises(TlsError, match="--tls-cert"):
        place.certificate()


def test_what_is_not_valid_yet_is_taken_once_it_is(place: Place) -> None:
    certificate = place.certificate()
    place.put(place.pair(90, since=1))
    assert not certificate.look()
    place.now += timedelta(days=1)
    assert certificate.look()


def test_who_asks_is_answered_though_nothing_is_new(place: Place) -> None:
    certificate = place.certificate()
    with structlog.testing.capture_logs() as logged:
        assert not certificate.look(asked=True)
        place.files.key.write_text("junk")
        certificate.look(asked=True)
        certificate.look()
        certificate.look(asked=True)

    events = [line["event"] for line in logged]
    assert events == ["tls_unchanged", "tls_refused", "tls_refused"]


def test_it_is_told_once_a_day_that_a_certificate_is_about_to_expire(place: Place) -> None:
    place.put(place.pair(days=16))
    with structlog.testing.capture_logs() as logged:
        certificate = place.certificate()
        for _ in range(4 * 24):
            place.now += timedelta(hours=1)
            certificate.look()
    assert [line["event"] for line in logged] == ["tls_expires_soon"] * 3

    with structlog.testing.capture_logs() as logged:
        place.put(place.pair(days=90))
        certificate.look()
        place.now += timedelta(days=2)
        certificate.look()
    assert [line["event"] for line in logged] == ["tls_reloaded"]


def test_another_one_that_is_about_to_expire_is_told_of_at_once(place: Place) -> None:
    certificate = place.certificate()
    place.put(place.pair(days=3))
    with structlog.testing.capture_logs() as logged:
        certificate.look()
    assert [line["event"] for line in logged] == ["tls_reloaded", "tls_expires_soon"]


def test_clients_cas_are_watched_too(place: Place) -> None:
    ca = Authority().write(place.directory)
    place.files = TlsFiles(place.files.cert, place.files.key, ca)
    certificate = place.certificate()
    assert certificate.identity.client_ca is not None

    Authority().write(place.directory)
    assert certificate.look()
    ca.write_text("junk")
    assert not certificate.look()


class Workers:
    """What a supervisor is asked."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[Identity] = asyncio.Queue()

    def become(self, identity: Identity) -> None:
        self.told.put_nowait(identity)


async def test_workers_are_told_of_what_is_new(place: Place) -> None:
    certificate = place.certificate()
    workers: Any = Workers()
    watching = asyncio.create_task(certificate.watch(workers))
    for asked in (True, False):
        place.put(place.pair())
        if asked:
            certificate.look_now()
        identity = await asyncio.wait_for(workers.told.get(), 10)
        assert identity.cert.octets == place.files.cert.read_bytes()
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    assert workers.told.empty()
