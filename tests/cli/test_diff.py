"""`diff list` and `diff show`: what the service answers otherwise."""

import pytest

from tests.cli.desk import Desk
from tests.store.sample import example, mismatch, observation, sighting

OTHER = "77aa00bb11cc22dd"
NOISE = "99aa00bb11cc22dd"

FAR_AHEAD = 100 * 365 * 86_400
"""Seconds after which a test is over for certain."""


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture
def found(live: Desk) -> Desk:
    """Two findings in two domains, and noise."""
    live.observe(
        mismatch(0),
        mismatch(60),
        mismatch(90, OTHER, domain="users", route="/users/**"),
        mismatch(120, NOISE, noise=True),
    )
    return live


def test_no_findings_is_fine(live: Desk) -> None:
    live.observe(mismatch(0, NOISE, noise=True))

    ended = live.run("diff", "list")

    assert (ended.code, ended.out, ended.err) == (0, "", "no findings\n")
    assert live.run("diff", "list", "--json").json == []


@pytest.mark.parametrize(
    "verb",
    [
        ("list",),
        ("noise",),
        ("rules",),
        ("report", "--json"),
        ("purge", "--keep", "0"),
    ],
)
def test_a_domain_that_is_none_is_not_taken_for_one_without_findings(
    live: Desk, verb: tuple[str, ...]
) -> None:
    misspelt = live.run("diff", *verb, "--domain", "dataset")
    assert (misspelt.code, misspelt.out) == (1, "")
    assert misspelt.err == "there is no domain dataset; did you mean datasets?\n"
    assert live.run("diff", *verb, "--domain", "datasets").code == 0


def test_a_route_that_is_none_is_told_the_nearest(live: Desk) -> None:
    misspelt = live.run("diff", "list", "--domain", "users", "--route", "/user/**")
    assert misspelt.code == 1
    assert misspelt.err == "there is no route /user/** in users; did you mean /users/**?\n"


def test_a_table_is_as_wide_as_columns_says(found: Desk) -> None:
    wide, narrow = (found.run("diff", "list", COLUMNS=width).out for width in ("120", "60"))
    assert len(wide.splitlines()) < len(narrow.splitlines())
    assert max(map(len, narrow.splitlines())) <= 60
    assert "2 times" in narrow
    assert all(row["id"][:8] in narrow for row in found.run("diff", "list", "--json").json)
    assert max(map(len, found.run("diff", "list", COLUMNS="wide").out.splitlines())) <= 80


def test_findings_are_listed_newest_first_and_are_differences(found: Desk) -> None:
    ended = found.run("diff", "list")

    assert ended.code == 2
    assert ended.out.index(OTHER[:8]) < ended.out.index("3fa9c1d2")
    assert "`size`: another value GET /api/v1/datasets" in words(ended.out)
    assert "2026-03-01 12:01 " in ended.out
    assert NOISE[:7] not in ended.out
    assert ended.err.startswith("2 findings; ")


def test_json_tells_the_same_with_the_same_exit_code(found: Desk) -> None:
    ended = found.run("diff", "list", "--json")

    assert ended.code == 2
    assert [(row["id"], row["count"], row["noise"]) for row in ended.json] == [
        (OTHER, 1, False),
        ("3fa9c1d2e4b5a697", 2, False),
    ]


def test_noise_is_listed_when_asked_for_and_is_no_difference(found: Desk) -> None:
    noise = found.run("diff", "list", "--noise")
    everything = found.run("diff", "list", "--all")

    assert (noise.code, "noise, `of_" in noise.out) == (0, True)
    assert everything.code == 2
    assert everything.err.startswith("3 findings")


def test_a_domain_or_a_route_narrows_the_list(found: Desk) -> None:
    by_domain = found.run("diff", "list", "--domain", "users", "--json")
    by_route = found.run("diff", "list", "--route", "GET /api/v1/datasets", "--json")

    assert [row["domain"] for row in by_domain.json] == ["users"]
    assert [row["domain"] for row in by_route.json] == ["datasets"]


def test_a_limit_says_that_there_may_be_more(found: Desk) -> None:
    ended = found.run("diff", "list", "--limit", "1")

    assert "perhaps more" in ended.err


def test_one_finding_is_shown_with_its_examples(live: Desk) -> None:
    differences = [
        {
            "place": "$.items[3].size",
            "path": "$.items[*].size",
            "kind": "missing",
            "primary": "number#0a",
            "candidate": None,
        }
    ]
    first = example(0, request_id="first-request", differences=differences, candidate_status=206)
    later = example(30, request_id="later-request", omitted=7)
    for seen in (first, later):
        live.observe(observation(verdict="mismatch", sightings=(sighting(examples=(seen,)),)))

    ended = live.run("diff", "show", "3fa9")

    assert (ended.code, ended.err.count("\n")) == (0, 1)
    assert ended.err.startswith("`strangler diff show 3fa9c1d2 --live` shows the values; ")
    said = words(ended.out)
    assert "finding 3fa9c1d2e4b5a697" in said
    assert "seen 2 times" in said
    assert "request id first-request" in said
    assert "primary 200, candidate 206 from datasets" in said
    assert "$.items[3].size missing number#0a (absent)" in said
    assert "and 7 differences more, left out" in said
    assert said.index("first-request") < said.index("later-request")
    shown = live.run("diff", "show", "3fa9", "--json").json
    assert shown["examples"][0]["differences"] == differences
    assert shown["count"] == 2


def test_noise_is_shown_as_noise(found: Desk) -> None:
    said = words(found.run("diff", "show", "n" + NOISE[:4]).out)

    assert "noise: an upstream shows it against itself too" in said


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("0000000", "there is no finding 0000000; see `strangler diff list --all`"),
        ("3fa", "too short"),
        ("%", "too short"),
    ],
)
def test_an_id_that_names_none_is_an_error(found: Desk, wanted: str, said: str) -> None:
    ended = found.run("diff", "show", wanted)

    assert (ended.code, ended.out) == (1, "")
    assert said in ended.err


def test_the_start_of_several_ids_lists_them(live: Desk) -> None:
    live.observe(mismatch(0), mismatch(1, "3fa9000000000000"))

    ended = live.run("diff", "show", "3fa9")

    assert ended.code == 1
    assert "3fa9000000000000" in ended.err
    assert "3fa9c1d2e4b5a697" in ended.err


# --- states -------------------------------------------------------------------------------------

ID = "3fa9c1d2e4b5a697"


def states(desk: Desk) -> dict[str, str]:
    return {row["id"]: row["state"] for row in desk.run("diff", "list", "--all", "--json").json}


def test_the_share_is_of_the_comparisons_since_it_was_first_seen(live: Desk) -> None:
    live.observe(*(observation(second) for second in range(10)))
    live.observe(mismatch(20), *(observation(20 + second) for second in range(3)))

    (row,) = live.run("diff", "list", "--json").json
    assert (row["share"], row["title"]) == (0.25, "`size`: another value")
    assert "25%" in live.run("diff", "list").out
    assert "seen 1 time, 25% of the comparisons since then" in words(
        live.run("diff", "show", ID).out
    )


def test_an_accepted_finding_leaves_the_list_and_says_who_and_why(found: Desk) -> None:
    said = found.run(
        "diff", "accept", "3fa9", "-m", "bytes now", "--actor", "ada", "--until", "30d"
    )

    assert (said.code, said.out) == (0, "")
    assert said.err.startswith(f"{ID} (`size`: another value) is now accepted until ")
    assert ID not in [row["id"] for row in found.run("diff", "list", "--json").json]
    assert "besides 1 accepted: --all shows them" in found.run("diff", "list").err
    (row,) = found.run("diff", "list", "--state", "accepted", "--json").json
    assert (row["id"], row["state"]) == (ID, "accepted")
    assert found.run("diff", "list", "--state", "accepted").code == 0
    assert "by ada: bytes now" in words(found.run("diff", "show", ID).out)


def test_what_is_reopened_is_a_difference_again(found: Desk) -> None:
    found.run("diff", "accept", "3fa9", "-m", "bytes now")
    assert found.run("diff", "reopen", "3fa9", "-m", "no, kilobytes").code == 0

    assert states(found)[ID] == "open"
    history = found.run("diff", "show", ID, "--json").json["history"]
    assert [(said["state"], said["reason"]) for said in history] == [
        ("accepted", "bytes now"),
        ("open", "no, kilobytes"),
    ]


def test_what_was_fixed_is_open_again_when_it_is_seen_again(found: Desk) -> None:
    assert found.run("diff", "fixed", "3fa9", "-m", "deployed").code == 0
    found.observe(mismatch(300))  # seen before it was said: on its way to the store meanwhile
    assert states(found)[ID] == "fixed"
    found.observe(mismatch(FAR_AHEAD))

    assert states(found)[ID] == "open"
    last = found.run("diff", "show", ID, "--json").json["history"][-1]
    assert (last["actor"], last["reason"]) == (
        "strangler",
        "seen again after it was said to be fixed",
    )


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["fixed", "3fa9", "-m", " "], "-m must not be empty"),
        (["reopen", "3fa9", "-m", "why"], f"the finding {ID} is open already"),
        (["accept", "3fa9", "-m", "why", "--until", "2020-01-01"], "that is over already"),
        (["accept", "3fa9", "-m", "why", "--until", "soon"], "--until soon: write 2026-03-01"),
        (["accept", "ffff", "-m", "why"], "there is no finding ffff"),
        (["accept", f"n{NOISE}", "-m", "why"], "is noise, which counts for nothing"),
    ],
)
def test_what_cannot_be_said_is_refused(found: Desk, args: list[str], said: str) -> None:
    ended = found.run("diff", *args)

    assert (ended.code, ended.out) == (1, "")
    assert said in ended.err
    assert states(found)[ID] == "open"


# --- rules and retention ------------------------------------------------------------------------


def test_every_rule_is_listed_with_how_often_it_fired(live: Desk) -> None:
    text = live.routes.read_text().replace(
        "{sample: 25%}",
        '{ignore: ["$.at", "header:x-node"], unordered: ["$.tags"], '
        'keyed: {"$.orders": id}, tolerance: {"$.price": 0.01}}',
    )
    live.go_live(text)
    fired = observation(
        route="/api/v1/datasets", fired=("$.at", "header:date", "$.gone", "$.orders"), count=3
    )
    live.observe(fired)

    rows = live.run("diff", "rules", "--route", "/api/v1/datasets", "--json").json
    assert [(row["rule"], row["purpose"], row["count"]) for row in rows] == [
        ("$.at", "ignore", 3),
        ("header:x-node", "ignore", 0),
        ("$.tags", "unordered", 0),
        ("$.orders", "keyed", 3),
        ("$.price", "tolerance", 0),
        ("$.gone", "not in the table any more", 3),
        ("header:date", "built in", 3),
    ]
    assert "3 $.at ignore /api/v1/datasets" in words(live.run("diff", "rules").out)


def test_purging_says_how_many_went_and_wants_to_be_told_which(found: Desk) -> None:
    refused = found.run("diff", "purge")
    assert (refused.code, refused.err) == (
        1,
        "say which: --before TIME, or --keep N (--keep 0 for all)\n",
    )
    assert found.run("diff", "purge", "--keep", "0", "--domain", "users").err.startswith("1 ")
    assert found.run("diff", "purge", "--before", "1m").err == "2 findings taken out\n"
    assert found.run("diff", "list", "--all", "--json").json == []
