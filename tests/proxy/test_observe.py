"""What is reported of a comparison holds nothing that a rule does not allow."""

import pickle
from dataclasses import replace
from datetime import UTC, datetime

from strangler.compare.compare import compare
from strangler.compare.redact import Redactor
from strangler.compare.response import Response
from strangler.compare.rules import Rules
from strangler.compare.verdict import Verdict
from strangler.proxy.observe import Compared, Judgement, observe
from strangler.store.observed import Observation
from tests.compare.answers import json_answer
from tests.routing.building import ask, table_of

AT = datetime(2026, 1, 2, tzinfo=UTC)
ROUTE = table_of([{"path": "/users/{id}"}], phase="shadow").routes[0]

PRIMARY = json_answer(
    {"name": "Ann SECRET", "room": 8341234, "mails": ["SECRET@example.org"], "SECRET key!": 1},
    ("X-Token", "SECRET-token"),
    ("Set-Cookie", "session=SECRET"),
)
CANDIDATE = json_answer(
    {"name": "Bob SECRET", "room": 8349999, "mails": [], "SECRET key!": 2},
    ("X-Token", "SECRET-other"),
    ("Set-Cookie", "session=SECRET2"),
)


def reported(
    primary: Response, candidate: Response, rules: Rules, *, noise: bool = False
) -> Observation:
    comparison = compare(primary, candidate, rules)
    found = comparison.differences
    judgement = Judgement(
        comparison.verdict, comparison.fired, () if noise else found, found if noise else ()
    )
    head = ask("GET", "/users/SECRET-id?token=SECRET", cookie="session=SECRET")
    compared = Compared(ROUTE, ROUTE.label, "GET", 3, head, "4f2a90c1", "new", primary, candidate)
    return observe(compared, judgement, rules, Redactor(b"key"), AT)


def test_no_value_of_either_side_is_reported() -> None:
    for noise in (False, True):
        observation = reported(PRIMARY, CANDIDATE, Rules.compile([], []), noise=noise)
        assert len(observation.sightings) > 2
        octets = pickle.dumps(observation, protocol=0)  # text, so that nothing hides
        for secret in (b"SECRET", b"834", b"Ann", b"Bob", b"example.org"):
            assert secret not in octets


def test_what_a_rule_allows_is_reported_and_nothing_beside_it() -> None:
    rules = Rules.compile([], [], ["$.room"])
    text = repr(reported(PRIMARY, CANDIDATE, rules))
    assert "8341234" in text
    assert "8349999" in text
    assert "SECRET" not in text


def test_an_observation_says_what_was_compared_under_which_revision() -> None:
    created = replace(CANDIDATE, status=201)
    observation = reported(PRIMARY, created, Rules.compile([], []))
    assert (observation.at, observation.domain, observation.revision) == (AT, "d", 3)
    assert (observation.route, observation.verdict) == ("/users/{id}", "mismatch")
    for sighting in observation.sightings:
        (example,) = sighting.examples
        assert (example.request_id, example.method, example.at) == ("4f2a90c1", "GET", AT)
        assert example.target.startswith("/users/#")
        assert (example.primary_status, example.candidate_status) == (200, 201)
        assert example.candidate_upstream == "new"


def test_each_kind_of_difference_is_a_sighting_with_its_own_differences() -> None:
    observation = reported(PRIMARY, CANDIDATE, Rules.compile([], []))
    kinds = [sighting.kind for sighting in observation.sightings]
    assert len(set(kinds)) == len(kinds)
    for sighting in observation.sightings:
        (example,) = sighting.examples
        assert {each["kind"] for each in example.differences} == {sighting.kind}
        assert {each["path"] for each in example.differences} == set(sighting.paths)


def test_noise_is_reported_as_noise() -> None:
    observation = reported(PRIMARY, CANDIDATE, Rules.compile([], []), noise=True)
    assert {sighting.noise for sighting in observation.sightings} == {True}


def test_equal_answers_are_reported_without_sightings_but_with_the_rules_that_fired() -> None:
    rules = Rules.compile(["$.at"], [])
    observation = reported(json_answer({"at": 1}), json_answer({"at": 2}), rules)
    assert (observation.verdict, observation.sightings) == (Verdict.IGNORED.value, ())
    assert observation.fired == ("$.at",)
