"""Noise is what an upstream shows against itself, or what is gone when asked again."""

import pytest

from strangler.compare.compare import compare
from strangler.compare.noise import confirm
from strangler.compare.verdict import Verdict
from tests.compare.answers import answer, json_answer, rules


def confirmed(p1, c1, p2, c2):
    """Ask both sides twice, with these answers."""
    none = rules()
    return confirm(
        compare(p1, c1, none), compare(p1, p2, none), compare(c1, c2, none), compare(p2, c2, none)
    )


def bodies(p1, c1, p2, c2):
    return confirmed(*map(json_answer, (p1, c1, p2, c2)))


def paths(differences):
    return [each.path for each in differences]


def test_a_clock_is_noise_and_a_wrong_price_is_not():
    found = bodies(
        {"at": 1, "price": 1.005}, {"at": 2, "price": 1.01},
        {"at": 3, "price": 1.005}, {"at": 4, "price": 1.01},
    )  # fmt: skip
    assert paths(found.confirmed) == ["$.price"]
    assert paths(found.noise) == ["$.at"]
    assert found.comparison.verdict is Verdict.MISMATCH
    assert found.comparison.differences == found.confirmed


def test_what_only_the_candidate_changes_from_ask_to_ask_is_noise_too():
    found = bodies({"a": 1}, {"a": 2}, {"a": 1}, {"a": 3})
    assert paths(found.noise) == ["$.a"]
    assert found.comparison.verdict is Verdict.IGNORED


def test_what_is_gone_on_the_second_ask_was_a_moments():
    found = bodies({"count": 8}, {"count": 7}, {"count": 8}, {"count": 8})
    assert paths(found.noise) == ["$.count"]
    settled = bodies({"a": 1, "b": 1}, {"a": 1, "b": 2}, {"a": 1, "b": 1}, {"a": 1, "b": 1})
    assert settled.comparison.verdict is Verdict.IGNORED


def test_a_value_that_never_rests_does_not_excuse_one_that_is_missing():
    found = bodies({"at": 1, "a": 1}, {"a": 1}, {"at": 2, "a": 1}, {"a": 1})
    assert paths(found.confirmed) == ["$.at"]


def test_a_counter_does_not_excuse_another_type():
    found = bodies({"hits": 1}, {"hits": "1"}, {"hits": 2}, {"hits": "2"})
    assert paths(found.confirmed) == ["$.hits"]


def test_a_list_in_no_fixed_order_does_not_excuse_what_its_elements_say():
    a, b, wrong = {"id": 1, "x": 1}, {"id": 2, "x": 1}, {"id": 2, "x": 9}
    found = bodies([a, b], [wrong, a], [b, a], [a, wrong])
    assert paths(found.confirmed) == ["$[*].x"]
    assert paths(found.noise) == ["$"]


def test_a_member_that_comes_and_goes_is_noise_whichever_side_lacks_it():
    found = bodies({"a": 1}, {}, {}, {})
    assert paths(found.noise) == ["$.a"]
    turned = bodies({}, {"a": 1}, {"a": 1}, {"a": 1})
    assert paths(turned.noise) == ["$.a"]


@pytest.mark.parametrize(("candidate", "kept"), [("n-9", False), (None, True)])
def test_a_header_that_never_rests_excuses_another_value_but_not_its_absence(candidate, kept):
    def page(nonce):
        return answer(b"", *([("X-Nonce", nonce)] if nonce else []))

    found = confirmed(page("n-1"), page(candidate), page("n-2"), page(candidate))
    assert bool(found.confirmed) is kept


def test_a_status_that_flaps_is_noise():
    ok, broken = json_answer({}), json_answer({}, status=500)
    assert paths(confirmed(broken, ok, ok, ok).noise) == ["status"]
    assert paths(confirmed(broken, ok, broken, ok).confirmed) == ["status"]


def test_a_second_ask_that_fails_tells_nothing():
    fine, cut = json_answer({"a": 1}), answer(b"\x1f\x8b", ("Content-Encoding", "gzip"))
    found = confirmed(fine, json_answer({"a": 2}), fine, cut)
    assert found.comparison.verdict is Verdict.INCONCLUSIVE
    assert found.comparison.reason.startswith("candidate against itself: candidate: ")
    assert (found.confirmed, found.noise) == ((), ())


def test_rules_that_fired_on_the_first_ask_are_kept():
    own = rules(["$.x"])
    first = compare(json_answer({"x": 1, "a": 1}), json_answer({"x": 2, "a": 2}), own)
    same = compare(json_answer({}), json_answer({}), own)
    assert confirm(first, same, same, first).comparison.fired == ("$.x",)
