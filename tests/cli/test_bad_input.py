"""Whatever is wrong, the message says where, what and how to mend it, and nothing is changed."""

import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.desk import ROUTES, Desk
from tests.cli.test_history import words

WHY = ("-m", "why")
CHANGED = ROUTES.replace("10%", "20%")

VERBS = {
    "plan": ("plan",),
    "apply": ("apply", "routes.yaml", *WHY),
    "promote": ("promote", "datasets", *WHY),
    "rollback": ("rollback", "datasets", *WHY),
    "rollback to a revision": ("rollback", "--revision", "1", *WHY),
    "history": ("history",),
    "status": ("status",),
    "replica list": ("replica", "list"),
    "replica forget": ("replica", "forget", "web-1", *WHY),
    "gate": ("gate", "datasets"),
    "gate anew": ("gate", "datasets", "--anew", *WHY),
    "doctor": ("doctor",),
}


# --- stores -------------------------------------------------------------------------------------


def of_another_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE wp_posts (id)")


def of_schema(number: str) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        shutil.copy(path.parent / "store" / "strangler.db", path)
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("UPDATE strangler_schema SET version_num = ?", [number])

    return make


def cut_short(path: Path) -> None:
    path.write_bytes((path.parent / "store" / "strangler.db").read_bytes()[:6000])


STORES: dict[str, tuple[Callable[[Path], object], str]] = {
    "not there": (lambda _: None, "does not exist; start `strangler serve` once, or check --store"),
    "a directory": (Path.mkdir, "cannot be opened; check that the file and its directory"),
    "empty": (Path.touch, "has no tables yet; start `strangler serve` once, or check --store"),
    "another program's": (of_another_program, "holds another program's tables; check --store"),
    "a text": (lambda path: path.write_text("a text\n" * 200), "is not an SQLite database; check"),
    "newer": (of_schema("9999"), "was made by a newer strangler (schema 9999, this one knows"),
    "older": (of_schema("0003"), "is of an older strangler (schema 0003, not"),
    "damaged": (cut_short, "is damaged; put a back-up in its place"),
}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_says_that_the_store_is_of_a_newer_strangler(live: Desk, verb: str) -> None:
    refuses(live, *STORES["newer"], verb)


@pytest.mark.parametrize("store", sorted(STORES.keys() - {"newer"}))
def test_a_store_that_cannot_be_used_is_named_with_the_way_out(live: Desk, store: str) -> None:
    for verb in ("plan", "doctor"):
        refuses(live, *STORES[store], verb)


def refuses(desk: Desk, make: Callable[[Path], object], said: str, verb: str) -> None:
    path = desk.directory / "s.db"
    if not path.exists():
        make(path)
    ended = desk.run(*VERBS[verb], "--store", f"sqlite:///{path}")

    assert ended.code == 1
    assert said in words(ended.out + ended.err)
    assert str(path) in (ended.out + ended.err).replace("\n                 ", "")
    assert desk.newest().number == 1


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("here", "--store 'here' is not a URL; write sqlite:///path/to.db or postgresql://"),
        ("mysql://x/y", "--store cannot be 'mysql'; write sqlite:///path/to.db or postgresql://"),
        ("sqlite:///", "names no file"),
        ("postgresql://ada:secret@127.0.0.1:1/db", "ada:***@127.0.0.1:1/db cannot be reached"),
    ],
)
def test_a_store_that_is_no_place_is_told_without_its_password(
    live: Desk, url: str, said: str
) -> None:
    ended = live.run("status", "--store", url)
    assert (ended.code, said in ended.err, "secret" in ended.err) == (1, True, False)


# --- files --------------------------------------------------------------------------------------

FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "not there": (lambda _: None, "FILE: No such file or directory; name a"),
    "a directory": (Path.mkdir, "FILE: Is a directory; name a"),
    "a circle of links": (lambda path: path.symlink_to(path.name), "FILE: Too many levels of sym"),
    "empty": (Path.touch, "FILE:1:1: is empty: begin with `version: 1`"),
    "no UTF-8": (lambda path: path.write_bytes(b"\xff\xfe\0"), "FILE:1:1: is not UTF-8 from here"),
    "broken": (lambda path: path.write_text("version: [\n"), "FILE:2:1: cannot be read: "),
    "a word": (lambda path: path.write_text("hello\n"), "FILE:1:1: must be a mapping, not text"),
}


@pytest.mark.parametrize("file", FILES)
def test_a_file_that_cannot_be_used_is_told_by_line_and_changes_nothing(
    live: Desk, file: str
) -> None:
    make, said = FILES[file]
    make(live.directory / "FILE")
    # `plan` reads as `apply` does, and `rollback` as `promote`.
    for args in (("apply", "FILE", *WHY), ("promote", "datasets", *WHY, "--routes", "FILE")):
        ended = live.run(*args)
        assert (ended.code, ended.out) == (1, "")
        assert said in ended.err, args
    assert live.run("status", "--routes", "FILE").code == 0, "what is live is told all the same"
    assert live.newest().number == 1


PLANS: dict[str, tuple[dict[str, object], str]] = {
    "of nothing": ({"base": []}, "the plan is damaged; make it anew with --out"),
    "of no number": ({"base": {"number": "x", "hash": 1}}, "the plan is damaged; make it anew"),
    "of another format": ({"strangler_plan": "x"}, "the plan is of another strangler; make it"),
    "without a text": ({"text": None}, "the text is not the planned one; make the plan anew"),
    "with another text": ({"text": ROUTES}, "the text is not the planned one; make the plan anew"),
    "without a digest": ({"digest": None}, "the text is not the planned one; make the plan anew"),
    "of another store": (
        {"base": {"number": 1, "hash": "1:beef"}},
        "was planned against another store: its revision 1 is not ours; check --store",
    ),
    "of a revision to come": (
        {"base": {"number": 99, "hash": "1:beef"}},
        "was planned against another store: its revision 99 is not ours; check --store",
    ),
}


@pytest.mark.parametrize("plan", PLANS)
def test_a_plan_that_is_not_what_was_written_is_refused(live: Desk, plan: str) -> None:
    changes, said = PLANS[plan]
    live.write(CHANGED)
    assert live.run("plan", "--out", "PLAN").code == 2
    path = live.directory / "PLAN"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | changes))

    ended = live.run("apply", "PLAN", *WHY, "--force")
    assert (ended.code, ended.out, live.newest().number) == (1, "", 1)
    assert ended.err.startswith("PLAN")
    assert said in ended.err


@pytest.mark.parametrize(
    ("out", "said"),
    [
        ("store", "store: Is a directory; name another file with --out"),
        (".", ".: Is a directory; name another file with --out"),
        ("/", "/: Is a directory; name another file with --out"),
        ("", ".: Is a directory; name another file with --out"),
        ("nowhere/x", "nowhere/x: No such file or directory; name another file with --out"),
        ("routes.yaml/x", "routes.yaml/x: Not a directory; name another file with --out"),
        ("x" * 300, "x: File name too long; name another file with --out"),
    ],
)
def test_a_plan_that_cannot_be_written_says_where(live: Desk, out: str, said: str) -> None:
    live.write(CHANGED)
    ended = live.run("plan", "--out", out)
    assert (ended.code, said in ended.err, live.left_over()) == (1, True, [])


# --- words --------------------------------------------------------------------------------------

NO_DOMAIN = "there is no domain datset; did you mean datasets?"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("promote", "datset", *WHY), NO_DOMAIN),
        (("rollback", "datset", *WHY), NO_DOMAIN),
        (("gate", "datset"), NO_DOMAIN),
        (("gate", "datset", "--anew", *WHY), NO_DOMAIN),
        (("history", "datset"), NO_DOMAIN),
        (("promote", "", *WHY), "there is no domain ; known are datasets, users"),
        (("promote", "datasets", "-m", " "), "-m must not be empty: say why"),
        (("promote", "datasets"), "Missing option '-m'"),
        (("promote", "datasets", *WHY, "--to", "gone"), "not one of 'monolith', 'shadow'"),
        (("promote", "datasets", *WHY, "--weight", "much"), "must be between 0% and 100%"),
        (("promote", "datasets", *WHY, "--to", "retired"), "skips canary and extracted"),
        (("rollback", "users", *WHY), "users is in monolith"),
        (("rollback", "--revision", "7", *WHY), "there is no revision 7; the newest is 1"),
        (("rollback", "--revision", "0", *WHY), "greater than or equal to 1"),
        (("rollback", "--revision", "9" * 20, *WHY), "less than or equal to 2147483647"),
        (("apply", "changed.yaml", *WHY, "--onto", "7"), "--onto 7: revision 1 is the newest"),
        (("apply", "changed.yaml", *WHY, "--onto", "9" * 20), "less than or equal to 2147483647"),
        (("history", "--limit", "9" * 20), "less than or equal to 2147483647"),
        (("history", "--since", "soon"), "--since soon: write 2026-03-01,"),
        (("history", "--since", "999999d"), "--since 999999d: write 2026-03-01,"),
        (("history", "--until", "0001-01-01T00:00+14:00"), "write 2026-03-01,"),
        (("history", "--phase", "gone"), "not one of 'monolith', 'shadow'"),
        (("replica", "forget", "web-1", *WHY), "there is no replica web-1; no replica serves"),
        (("replica", "forget", "web-1", "-m", ""), "-m must not be empty"),
        (("gate", "datasets", "--anew"), "-m must not be empty: say why"),
        (("doctor", "--anchor", "1:beef"), "no revision has the hash 1:beef"),
    ],
)
def test_what_cannot_be_meant_is_told_and_changes_nothing(
    live: Desk, args: tuple[str, ...], said: str
) -> None:
    (live.directory / "changed.yaml").write_text(CHANGED)
    ended = live.run(*args)
    assert ended.code == 1
    assert said in words(ended.out + ended.err)
    assert (live.newest().number, live.routes.read_text()) == (1, ROUTES)


# --- what may not be read or written ------------------------------------------------------------

# Root may read and write all; without these it may what the modes say.
HUMBLE = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--")


def run_humbly(desk: Desk, *args: str) -> tuple[int, str]:
    command = desk.command(*args)
    if os.geteuid() == 0:
        command["args"] = [*HUMBLE, *command["args"]]
    done = subprocess.run(
        **command, env=desk.environment, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    return done.returncode, words(done.stdout + done.stderr)


@pytest.mark.skipif(
    os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root may do all, always"
)
@pytest.mark.parametrize(
    ("closed", "mode", "args", "said"),
    [
        ("store/strangler.db", 0, VERBS["status"], "cannot be opened; check"),
        ("store/strangler.db", 0, VERBS["doctor"], "cannot be opened; check"),
        ("store/strangler.db", 0o400, VERBS["gate anew"], "cannot be written; check the owner"),
        ("routes.yaml", 0, VERBS["plan"], "'routes.yaml' is not readable"),
        ("routes.yaml", 0, VERBS["apply"], "'routes.yaml' is not readable"),
        (".", 0o500, (*VERBS["promote"], "--force"), "routes.yaml cannot be replaced (Permission"),
        (".", 0o500, ("plan", "changed.yaml", "--out", "PLAN"), "PLAN: Permission denied; name"),
    ],
)
def test_what_may_not_be_read_or_written_is_named(
    live: Desk, closed: str, mode: int, args: tuple[str, ...], said: str
) -> None:
    (live.directory / "changed.yaml").write_text(CHANGED)
    before = (live.directory / closed).stat().st_mode
    (live.directory / closed).chmod(mode)
    try:
        code, told = run_humbly(live, *args)
    finally:
        (live.directory / closed).chmod(before)
    assert (code, said in told, live.newest().number) == (1, True, 1), told
