"""What is stored shows what is equal, and nothing else."""

import json
import re
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from strangler.compare.compare import compare
from strangler.compare.redact import Redactor
from strangler.compare.verdict import Difference, Kind
from tests.compare.answers import answer, compare_json, json_answer, rules
from tests.compare.test_properties import VALUES

REDACTOR = Redactor(b"a key of this test")
SECRET = "s3cr3t alice@example.org"

# Bodies with a secret somewhere: as a value, in a longer one, as a member's name.
PLANTED = st.recursive(
    st.sampled_from([SECRET, f"Bearer {SECRET}!", 1, None, "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", SECRET]), inner, max_size=3)
    ),
    max_leaves=8,
)


def stored(comparison, plaintext=()):
    return REDACTOR.differences(comparison.differences, rules(plaintext=plaintext))


@given(PLANTED, PLANTED)
def test_a_secret_in_a_body_never_reaches_the_store(primary, candidate):
    comparison = compare_json(primary, candidate)
    kept = json.dumps(stored(comparison))
    assert SECRET not in kept
    assert "alice" not in kept
    assert "alice" not in comparison.reason


@pytest.mark.parametrize(
    "header",
    [
        ("X-Api-Key", SECRET),
        ("Location", f"/users/{SECRET}"),
        ("Set-Cookie", f"sid={SECRET}; Path=/{SECRET}"),
        ("Set-Cookie", f"{SECRET}=1"),
        ("Set-Cookie", f"sid=1; {SECRET}=1"),
        (SECRET, "1"),
        ("Content-Type", f"text/plain; x={SECRET}"),
        ("Content-Encoding", SECRET),
        ("Content-Type", f"text/plain; charset={SECRET}"),
    ],
)
def test_a_secret_in_a_head_never_reaches_the_store(header):
    for left, right in [(answer(b"1", header), answer(b"2")), (answer(b"1"), answer(b"2", header))]:
        comparison = compare(left, right, rules())
        assert "alice" not in json.dumps(stored(comparison)) + comparison.reason


def test_a_secret_in_a_text_or_in_bytes_never_reaches_the_store():
    text = compare(answer(b"a"), answer(SECRET.encode()), rules())
    binary = compare(answer(b"\xff"), answer(b"\xff" + SECRET.encode()), rules())
    kept = json.dumps([*stored(text), *stored(binary)])
    assert "alice" not in kept
    assert SECRET.encode().hex(" ") not in kept


def test_a_place_that_compare_did_not_write_is_hashed_whole():
    odd = Difference(f"$.x {SECRET}", f"{SECRET}", Kind.VALUE, 1, 2)
    assert "alice" not in json.dumps(REDACTOR.differences([odd], rules()))


@given(VALUES, VALUES)
def test_values_are_hashed_alike_exactly_where_they_compare_equal(one, other):
    assume(not (isinstance(one, bool) and isinstance(other, bool)))
    parsed = [json.loads(json.dumps(v), parse_constant=Decimal) for v in (one, other)]
    equal = not compare_json(one, other).differences
    assert (REDACTOR.value(parsed[0]) == REDACTOR.value(parsed[1])) is equal


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ("x", r"string\(1\)#[0-9a-f]{10}"),
        (1.5, r"number#[0-9a-f]{10}"),
        (Decimal("1e400"), r"number#[0-9a-f]{10}"),
        ({}, r"object\(0\)#[0-9a-f]{10}"),
        ([], r"list\(0\)#[0-9a-f]{10}"),
        (None, "null"),
        (True, "true"),
        (False, "false"),
    ],
)
def test_a_value_is_stored_as_its_type_and_hash(value, shape):
    assert re.fullmatch(shape, REDACTOR.value(value))


def test_numbers_that_are_equal_are_hashed_alike_however_they_are_held():
    assert REDACTOR.value(1) == REDACTOR.value(1.0)
    assert REDACTOR.value({"a": [1]}) == REDACTOR.value({"a": [1.0]})
    assert REDACTOR.value(Decimal("1e400")) == REDACTOR.value(10**400)
    assert REDACTOR.value(2**53) != REDACTOR.value(2**53 + 1)


def test_another_key_makes_other_hashes_and_no_key_is_refused():
    assert Redactor(b"one").value("x") != Redactor(b"two").value("x")
    assert Redactor(b"k" * 100).value("x") != Redactor(b"k" * 101).value("x")
    with pytest.raises(ValueError, match="must not be empty"):
        Redactor(b"")


def test_a_very_deep_value_is_hashed_and_not_a_crash():
    deep = []
    for _ in range(5000):
        deep = [deep]
    assert REDACTOR.value(deep).startswith("list(1)#")


def test_plaintext_is_stored_only_where_a_rule_allows_it():
    comparison = compare_json({"price": 1.005, "owner": "bob"}, {"price": 1.01, "owner": "eve"})
    price, owner = stored(comparison, plaintext=["$.price"])
    assert (price["primary"], price["candidate"]) == ("1.005", "1.01")
    assert owner["primary"].startswith("string(")


def test_plaintext_is_json_and_cut_and_fit_for_utf_8():
    comparison = compare_json(["1", "x" * 300, "\ud800"], [1, "y", "z"])
    first, second, third = stored(comparison, plaintext=["$"])
    assert (first["primary"], first["candidate"]) == ('"1"', "1")
    assert second["primary"] == '"' + "x" * 199 + "…"
    assert third["primary"] == '"\\ud800"'
    json.dumps([first, second, third], ensure_ascii=False).encode()


def test_what_a_side_does_not_have_is_stored_as_nothing_and_null_as_null():
    missing, extra = stored(compare_json({"a": None}, {"b": None}))
    assert (missing["primary"], missing["candidate"]) == ("null", None)
    assert (extra["primary"], extra["candidate"]) == (None, "null")
    (header,) = stored(compare(answer(b"", ("X-A", "1")), answer(), rules()))
    assert header["candidate"] is None


def test_a_status_and_an_order_are_nobodys_data():
    (status,) = stored(compare(json_answer(1), json_answer(1, status=404), rules()))
    assert (status["primary"], status["candidate"]) == ("200", "404")
    (order,) = stored(compare_json([1, 2, 3], [3, 1, 2]))
    assert (order["primary"], order["candidate"]) == ("[0, 1, 2]", "[1, 2, 0]")


def test_a_key_that_is_data_is_hashed_in_the_place_and_absent_from_the_path():
    (entry,) = stored(compare_json({"by": {SECRET: 1}}, {"by": {SECRET: 2}}))
    assert entry["path"] == "$.by[?]"
    assert entry["place"].startswith("$.by['#")
    (again,) = stored(compare_json({"by": {SECRET: 5}}, {"by": {SECRET: 6}}))
    assert again["place"] == entry["place"]


@pytest.mark.parametrize(
    ("path", "query", "pattern", "shape"),
    [
        ("/api/v1/users/alice", "", "/api/v1/users/{name}", "/api/v1/users/#H"),
        ("/api/v1/users/alice/", "", "/api/v1/users/{name}/", "/api/v1/users/#H/"),
        ("/files/a/b/c", "", "/files/**", "/files/#H/#H/#H"),
        ("/files", "", "/files/**", "/files"),
        ("/a/b", "", "", "/#H/#H"),
        ("/s", "q=alice&page=2&flag&empty=", "/s", "/s?q=#H&page=#H&flag&empty="),
        ("/s", "filter[name]=alice", "/s", "/s?filter[name]=#H"),
        ("/reset", "kJdLmQpxYzAbCdEf", "/reset", "/reset?#H"),
        ("/reset", "k3JdL9mQpx2Yz=1", "/reset", "/reset?#H=#H"),
        ("/s", "alice@example.org", "/s", "/s?#H"),
        ("/s", "a%20b=1", "/s", "/s?#H=#H"),
    ],
)
def test_of_a_target_only_what_the_route_spells_out_is_kept(path, query, pattern, shape):
    target = REDACTOR.target(path, query, pattern)
    assert re.sub("#[0-9a-f]{10}", "#H", target) == shape


def test_equal_parameters_are_hashed_alike_however_they_are_escaped():
    first = REDACTOR.target("/u/al%69ce", "q=a+b", "/u/{name}")
    assert first == REDACTOR.target("/u/alice", "q=a%20b", "/u/{name}")
