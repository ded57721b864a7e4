"""`serve`: the command line hands over to the control plane; the other verbs steer it."""

import time
from datetime import UTC, datetime

import pytest

from tests.certificates import Authority
from tests.cli.desk import Desk
from tests.processes import Program

FREE = ("--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0")


def await_output(program: Program, text: str, patience: float = 30.0) -> None:
    end = time.monotonic() + patience
    while text not in program.output:
        assert program.running, program.output
        assert time.monotonic() < end, program.output
        time.sleep(0.05)


def test_a_promotion_reaches_a_running_proxy_without_watch(desk: Desk) -> None:
    desk.write()
    serving = Program(
        "strangler",
        "serve",
        "--routes",
        "routes.yaml",
        *FREE,
        ready=r"\bserving\b",
        environment={"STRANGLER_STORE": desk.url},
        cwd=desk.directory,
    )
    with serving:
        assert desk.run("promote", "datasets", "-m", "go", "--force").code == 0
        await_output(serving, "revision=2")
        assert desk.run("rollback", "datasets", "-m", "back").code == 0
        await_output(serving, "revision=3")

        assert serving.stop() == 0

    assert [row["reason"] for row in desk.run("history", "--json").json[:2]] == ["back", "go"]


def test_a_watched_file_that_a_promotion_edits_is_no_revision_of_its_own(desk: Desk) -> None:
    desk.write()
    serving = Program(
        "strangler",
        "serve",
        *FREE,
        ready=r"\bserving\b",
        environment={
            "STRANGLER_STORE": desk.url,
            "STRANGLER_ROUTES": "routes.yaml",
            "STRANGLER_WATCH": "1",
        },
        cwd=desk.directory,
    )
    with serving:
        assert desk.run("promote", "datasets", "-m", "go", "--force").code == 0
        await_output(serving, "revision=2")
        desk.edit("weight: 10%", "weight: 20%")
        await_output(serving, "revision=3")

    assert [row["reason"] for row in desk.run("history", "--json").json[1:2]] == ["go"]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--watch"], "--watch needs a file to watch: add --routes FILE"),
        (["--listen", "nowhere"], "--listen 'nowhere': write it as HOST:PORT"),
        (["--routes", "missing.yaml", *FREE], "missing.yaml"),
        (["--trusted-proxy", "everyone", *FREE], "--trusted-proxy"),
        (FREE, "the store holds no revision yet"),
        (["--tls-cert", "c.pem"], "TLS needs a certificate and its key: add --tls-cert FILE --tls"),
        (["--tls-key", "k.pem"], "TLS needs a certificate and its key"),
        (["--tls-client-ca", "ca.pem"], "TLS needs a certificate and its key"),
    ],
)
def test_what_cannot_be_served_is_one_line(desk: Desk, args: list[str], said: str) -> None:
    ended = desk.run("serve", *args)

    assert (ended.code, ended.out) == (1, "")
    assert said in ended.err


def test_a_file_with_mistakes_does_not_start(desk: Desk) -> None:
    desk.write()
    desk.edit("weight: 10%", "weight: 110%")
    desk.edit("service: users", "service: user")

    ended = desk.run("serve", "--routes", "routes.yaml", *FREE)

    assert ended.code == 1
    assert [line.partition(" ")[0] for line in ended.err.splitlines()] == [
        "routes.yaml:16:22:",
        "routes.yaml:26:14:",
    ]


@pytest.mark.parametrize(
    ("cert", "key", "said"),
    [
        ("missing.pem", "one.key", "--tls-cert missing.pem: No such file or directory\n"),
        ("one.pem", "missing.key", "--tls-key missing.key: No such file or directory\n"),
        ("one.pem", "other.key", "--tls-key other.key: is not the key of the certificate in"),
        ("one.key", "one.key", "--tls-cert one.key: holds no certificate in PEM form\n"),
        ("past.pem", "past.key", "--tls-cert past.pem: expired on 2020-01-01 00:00 UTC; renew it"),
    ],
)
def test_a_certificate_that_cannot_be_shown_is_one_line(
    desk: Desk, cert: str, key: str, said: str
) -> None:
    desk.write()
    authority = Authority()
    past = datetime(2020, 1, 1, tzinfo=UTC)
    for name, until in (("one", None), ("other", None), ("past", past)):
        pair = authority.issue("localhost", until=until, since=datetime(2019, 1, 1, tzinfo=UTC))
        pair.write(desk.directory, name)

    ended = desk.run(
        "serve", "--routes", "routes.yaml", *FREE, "--tls-cert", cert, "--tls-key", key
    )

    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith(said)
    assert ended.err.count("\n") == 1
