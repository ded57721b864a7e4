"""What is a secret, or looks like one, is hashed whatever rule speaks of it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.compare.compare import compare
from strangler.compare.paths import is_name
from strangler.compare.redact import Redactor
from strangler.compare.secrets import conceal, is_credential_name, is_secret_name, looks_secret
from strangler.routing.redaction import Redaction
from tests.compare.answers import answer, compare_json, rules

REDACTOR = Redactor(b"a key of this test")

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.SflKxwRJSMeKKF2QT4fwpM"
CREDENTIALS = [
    JWT,
    "Bearer abc.def-ghi",
    "Basic YWRhOnNlY3JldA==",
    "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "AKIAIOSFODNN7EXAMPLE",
    "4111 1111 1111 1111",
    "5500-0055-5555-5559",
    "9f86d081884c7d659a2feaa0c55ad015",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "https://ada:hunter2@db.example.org/x",
    "https://example.org/reset?t=abc",
    "password=hunter2",
    '{"client_secret": "hunter2"}',
    "<token>hunter2</token>",
    "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----",
]
PERSONAL = [
    "ada.lovelace+x@example.org",
    "+44 20 7946 0958",
    "(212) 555-0173",
    "078-05-1120",
    "DE89 3704 0044 0532 0130 00",
]
HARMLESS = [
    "",
    "Ocean temperatures, 1990 to 2020",
    "2026-03-01T12:00:00.123456+00:00",
    "/api/v1/datasets/search",
    "text/html; charset=utf-8",
    "no-store, max-age=3600",
    "internationalization_of_everything",
    "12345678901234567890",
    "1.2.3-rc.4",
    "10.50 EUR",
]


@pytest.mark.parametrize("text", CREDENTIALS + PERSONAL)
def test_what_looks_like_a_secret_is_taken_for_one(text):
    assert looks_secret(text)
    assert looks_secret(f"so: {text}, and more")


@pytest.mark.parametrize("text", HARMLESS)
def test_what_does_not_look_like_one_reads_as_it_is(text):
    assert not looks_secret(text)
    assert conceal(text, lambda _: "#") == text


@pytest.mark.parametrize(
    ("name", "credential", "secret"),
    [
        ("password", True, True),
        ("apiKey", True, True),
        ("X-Api-Key", True, True),
        ("set-cookie", True, True),
        ("Authorization", True, True),
        ("refresh_token", True, True),
        ("sessionId", True, True),
        ("cvv", True, True),
        ("email", False, True),
        ("contact_email", False, True),
        ("ssn", False, True),
        ("dateOfBirth", False, True),
        ("price", False, False),
        ("assignee", False, False),
        ("monkey", False, False),
        ("shipping", False, False),
        ("author", False, False),
    ],
)
def test_a_secret_is_known_by_its_name(name, credential, secret):
    assert (is_credential_name(name), is_secret_name(name)) == (credential, secret)


def test_a_key_that_is_a_secret_is_no_name():
    assert not is_name("sk_live_abcdefghijkl")
    assert not is_name("AKIAIOSFODNN7EXAMPLE")
    assert is_name("internationalization")


def stored(primary, candidate, plaintext=(), redaction=Redaction.SECRETS):
    comparison = compare_json(primary, candidate)
    return REDACTOR.differences(comparison.differences, rules(plaintext=plaintext), redaction)


def test_with_redaction_of_secrets_values_read_as_they_are_and_secrets_do_not():
    primary = {"price": 10, "user": {"name": "x", "password": "hunter2"}, "note": f"see {JWT}"}
    candidate = {"price": "10.00", "user": {"name": "y", "password": "hunter3"}, "note": "none"}
    sides = {one["path"]: (one["primary"], one["candidate"]) for one in stored(primary, candidate)}

    assert sides["$.price"] == ("10", '"10.00"')
    assert sides["$.user.name"] == ('"x"', '"y"')
    assert sides["$.user.password"][0].startswith("string(7)#")
    assert sides["$.note"][0].startswith('"see #')
    assert sides["$.note"][1] == '"none"'


@pytest.mark.parametrize("path", ["$", "$.token", "$..*"])
def test_no_rule_allows_a_credential_in_plain(path):
    ours = {"token": "hunter2", "list": [{"pin": 1234, "jwt": JWT}, JWT], "plain": "yes"}
    (one,) = stored([ours], [None], ["$"], Redaction.VALUES)
    kept = json.dumps([one, *stored(ours, {"token": "x"}, [path], Redaction.VALUES)])

    assert "yes" in kept or path == "$.token"
    assert not any(secret in kept for secret in ("hunter2", "1234", JWT))


def test_a_cookie_and_the_query_of_a_url_are_never_plain():
    ours = answer(b"", ("Set-Cookie", "sid=hunter2"), ("Location", "/next?code=hunter3&x=1"))
    plaintext = ["header:set-cookie", "header:location"]
    for redaction in Redaction:
        differences = compare(ours, answer(b""), rules()).differences
        kept = json.dumps(REDACTOR.differences(differences, rules(plaintext=plaintext), redaction))
        assert "/next?#" in kept
        assert "hunter" not in kept


def test_of_a_text_in_plain_the_first_word_may_be_the_rest_of_a_secret():
    ours, theirs = answer(b"hunter2 for all"), answer(b"hunter3 for all")
    differences = compare(ours, theirs, rules()).differences
    for one in REDACTOR.differences(differences, rules(plaintext=["body"])):
        assert one["primary"].startswith('"#')
        assert one["primary"].endswith(' for all"')
    (one,) = REDACTOR.differences(differences, rules(), Redaction.SECRETS)
    assert one["primary"].startswith("string(")


@pytest.mark.parametrize(
    ("path", "query", "pattern", "kept"),
    [
        ("/books/moby-dick", "", "/books/{title}", True),
        ("/reset/moby-dick", "", "/reset/{token}", False),
        ("/users/ada@example.org", "", "/users/{name}", False),
        (f"/files/{JWT}/x", "", "/files/**", False),
        ("/books", "q=moby-dick", "/books", False),
    ],
)
def test_path_parameters_are_plain_unless_they_are_secrets_and_query_values_never(
    path, query, pattern, kept
):
    target = REDACTOR.target(path, query, pattern, Redaction.SECRETS)
    assert (target == path) is kept
    assert ("#" in target) is not kept


@pytest.mark.parametrize(
    ("text", "kept"),
    [("8a1f0c", True), ("8a1f0c2e-1b2c-4d3e-8f4a-5b6c7d8e9f00", True), ("ada@example.org", False)],
)
def test_a_request_id_is_kept_if_it_is_nothing_more(text, kept):
    assert (REDACTOR.request_id(text) == text) is kept


# Anywhere in a body: as a value, in a longer one, as a member's name, under names of all kinds.
SEEDED = st.sampled_from(CREDENTIALS[:6])
BODIES = st.recursive(
    SEEDED | SEEDED.map(lambda s: f"x {s} y") | st.sampled_from([1, None, "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(SEEDED | st.sampled_from(["a", "token", "b c"]), inner, max_size=3)
    ),
    max_leaves=6,
)
RULES = st.lists(st.sampled_from(["$", "$..*", "$.a", "body", "header:x-a"]), max_size=2)


@given(BODIES, BODIES, RULES, st.sampled_from(Redaction))
def test_a_credential_is_stored_nowhere_under_no_rule(primary, candidate, plaintext, redaction):
    kept = json.dumps(stored(primary, candidate, plaintext, redaction), ensure_ascii=False)
    assert not [secret for secret in CREDENTIALS[:6] if secret.split()[-1] in kept]


def test_a_name_of_any_length_means_the_same_again_and_again() -> None:
    """What is asked for all the time is remembered, and what is too long for that is not."""
    long = "x" * 500
    for _ in range(2):
        assert is_secret_name(f"{long}Password")
        assert is_secret_name("firstName")
        assert not is_credential_name("firstName")
        assert not is_secret_name(long)
