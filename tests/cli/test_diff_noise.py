"""`diff noise`: what never rests, of what kind, and on what evidence."""

from datetime import UTC, datetime, timedelta

from tests.cli.desk import Desk
from tests.store.test_noise import seen


def test_noise_is_listed_with_kind_evidence_and_form(live: Desk) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    one = seen(primary="ISO 8601, T, UTC (Z)", first_seen=now, last_seen=now)
    live.ask(lambda store: store.add_noise((one,), now))

    (told,) = live.run("diff", "noise", "--json").json
    said = " ".join(live.run("diff", "noise").out.split())

    assert (told["path"], told["kind"], told["looks"], told["moved"]) == ("$.at", "time", 3, 2)
    expires = datetime.fromisoformat(told["expires"])
    assert expires == now + timedelta(days=7)
    assert "$.at on GET /api/v1/datasets" in said
    assert "2 of 3" in said
    assert "primary: ISO 8601, T, UTC" in said


def test_nothing_known_is_said(live: Desk) -> None:
    ended = live.run("diff", "noise", "--domain", "datasets")
    assert (ended.code, ended.err.strip()) == (0, "no noise is known")
