"""Noise is what the primary shows against itself, or what is gone when asked again."""

from datetime import UTC, datetime
from random import Random

import pytest

from strangler.compare.compare import compare
from strangler.compare.learned import Learned
from strangler.compare.looks import Look
from strangler.compare.noise import Asked, conclude, enough, trace
from strangler.compare.surprise import ASKS
from strangler.compare.verdict import Kind, Verdict
from tests.compare.answers import answer, json_answer, rules

NOW = 1_790_000_000.0
TEXT = ("Content-Type", "text/plain; charset=utf-8")


def confirmed(*answers, written=False, quiet=(), learned=None):
    """Ask in turns, primary and candidate, with these answers; the last of both come again."""
    learned = Learned() if learned is None else learned
    ours, theirs = answers[::2], answers[1::2]
    none = rules()
    look = Look(compare(ours[0], theirs[0], none))
    for number in range(1, ASKS):
        mine, its = ours[min(number, len(ours) - 1)], theirs[min(number, len(theirs) - 1)]
        assert not look.add(
            compare(ours[0], mine, none), compare(ours[0], its, none), compare(mine, its, none)
        )
        asked = Asked(NOW, 0.3 * number, written, quiet[:number])
        traced = trace(look, asked)
        if enough(look, traced, learned):
            break
    return conclude(look, traced, learned, asked)


def bodies(*values, **more):
    return confirmed(*map(json_answer, values), **more)


def paths(differences):
    return [each.path for each in differences]


def test_a_clock_is_noise_and_a_wrong_price_is_not():
    found = bodies(
        {"at": 1, "price": 1.005}, {"at": 2, "price": 1.01},
        {"at": 3, "price": 1.005}, {"at": 4, "price": 1.01},
    )  # fmt: skip
    assert paths(found.confirmed) == ["$.price"]
    assert paths(found.noise) == ["$.at"]
    assert found.verdict is Verdict.MISMATCH


def test_what_only_the_candidate_changes_from_ask_to_ask_is_a_finding():
    found = bodies({"a": 1}, {"a": 2}, {"a": 1}, {"a": 3}, {"a": 1}, {"a": 4}, {"a": 1}, {"a": 2})
    assert paths(found.confirmed) == ["$.a"]


def test_what_is_gone_on_the_second_ask_was_a_moments():
    found = bodies({"count": 8}, {"count": 7}, {"count": 8}, {"count": 8})
    assert paths(found.racy) == ["$.count"]
    assert found.verdict is Verdict.RACY
    settled = bodies({"a": 1, "b": 1}, {"a": 1, "b": 2}, {"a": 1, "b": 1}, {"a": 1, "b": 1})
    assert settled.verdict is Verdict.RACY


def test_a_change_of_the_data_between_the_two_first_answers_was_a_moments():
    found = bodies({"count": 8}, {"count": 9}, {"count": 9}, {"count": 9})
    assert found.verdict is Verdict.RACY


def test_what_a_write_may_have_made_is_neither_noise_nor_a_finding():
    moved = bodies({"count": 8}, {"count": 9}, {"count": 9}, {"count": 9}, written=True)
    assert (moved.confirmed, paths(moved.racy)) == ((), ["$.count"])
    arrived = bodies({"count": 9}, {"count": 8}, {"count": 9}, {"count": 9}, written=True)
    assert (arrived.confirmed, paths(arrived.racy)) == ((), ["$.count"])


def test_the_present_time_is_noise_beside_any_write():
    def at(seconds):
        return {"at": datetime.fromtimestamp(NOW + seconds, UTC).isoformat()}

    found = bodies(*(at(0.05 + number / 10) for number in range(2 * ASKS)), written=True)
    assert found.verdict is Verdict.IGNORED


def test_what_no_ask_makes_agree_is_a_finding_beside_any_write():
    found = bodies({"count": 8}, {"count": 9}, written=True)
    assert (paths(found.confirmed), found.racy) == (["$.count"], ())


def test_a_finding_is_told_beside_what_was_gone():
    found = bodies({"a": 1, "b": 1}, {"a": 2, "b": 2}, {"a": 1, "b": 1}, {"a": 1, "b": 2})
    assert (paths(found.confirmed), paths(found.racy)) == (["$.b"], ["$.a"])
    assert found.verdict is Verdict.MISMATCH


def test_a_value_that_never_rests_does_not_excuse_one_that_is_missing():
    found = bodies(
        {"at": 1, "a": 1}, {"a": 1}, {"at": 2, "a": 1}, {"a": 1}, {"at": 3, "a": 1}, {"a": 1}
    )
    assert paths(found.confirmed) == ["$.at"]


def test_a_counter_does_not_excuse_another_type():
    found = bodies({"hits": 1}, {"hits": "1"}, {"hits": 2}, {"hits": "2"})
    assert paths(found.confirmed) == ["$.hits"]


def test_a_list_in_no_fixed_order_does_not_excuse_what_its_elements_say():
    a, b, wrong = {"id": 1, "x": 1}, {"id": 2, "x": 1}, {"id": 2, "x": 9}
    found = bodies([a, b], [wrong, a], [b, a], [a, wrong], [a, b], [wrong, a])
    assert paths(found.confirmed) == ["$[*].x"]
    assert paths(found.noise) == ["$"]


def test_a_member_that_comes_and_goes_is_noise_whichever_side_lacks_it():
    found = bodies({"a": 1}, {}, {}, {"a": 1})
    assert paths(found.noise) == ["$.a"]
    turned = bodies({}, {"a": 1}, {"a": 1}, {})
    assert paths(turned.noise) == ["$.a"]


@pytest.mark.parametrize(("candidate", "kept"), [("n-9", False), (None, True)])
def test_a_header_that_never_rests_excuses_another_value_but_not_its_absence(candidate, kept):
    def page(nonce):
        return answer(b"", *([("X-Nonce", nonce)] if nonce else []))

    mine = [page(f"n-{number}") for number in range(1, 6)]
    found = confirmed(*(each for one in mine for each in (one, page(candidate))))
    assert bool(found.confirmed) is kept


def test_a_row_that_never_rests_does_not_excuse_another_row():
    rows = [{"values": [n, 7]} for n in range(5)]
    wrong = [{"values": [n + 50, 8]} for n in range(5)]
    answers = [each for pair in zip(rows, wrong, strict=True) for each in pair]
    learned = Learned()
    bodies(*answers, learned=learned)  # one of two rows may be alone by accident; twice is none
    found = bodies(*answers, learned=learned)
    assert [each.place for each in found.confirmed] == ["$.values[1]"]
    assert [each.place for each in found.noise] == ["$.values[0]"]


def test_a_line_that_moves_otherwise_is_told_beside_lines_that_move_alike():
    def lines(first, level):
        stamps = [f"2026-09-21T14:13:{second:02}Z" for second in range(first, first + 5)]
        return [answer(f"{at} INFO up\n{at} {level} slow\n".encode(), TEXT) for at in stamps]

    answers = [
        each for pair in zip(lines(1, "WARN"), lines(2, "ERROR"), strict=True) for each in pair
    ]
    learned = Learned()
    confirmed(*answers, learned=learned)  # one of two lines may be odd by accident; twice is none
    found = confirmed(*answers, learned=learned)
    assert [(each.place, each.kind) for each in found.confirmed] == [("body (line 2)", Kind.MANNER)]
    assert [each.place for each in found.noise] == ["body (line 1)"]


def test_of_pairs_in_a_long_list_the_half_that_rests_is_judged():
    """More values move than are kept; what stands before the last of them was looked at too."""

    def series(first, now):
        return json_answer([[first + n, now + 0.01 * n] for n in range(60)])

    answers = [each for n in range(5) for each in (series(1000, n / 7), series(4600, 1 + n / 9))]
    learned = Learned()
    confirmed(*answers, learned=learned)
    found = confirmed(*answers, learned=learned)
    assert "$[0][0]" in [each.place for each in found.confirmed]
    assert "$[0][1]" in [each.place for each in found.noise]


def test_of_many_rows_that_flicker_one_may_hold_still_by_accident():
    ours = [[n % 2, *[(n * k) % 3 % 2 for k in range(1, 4)], 0] for n in range(5)]
    theirs = [[(n + 1) % 2, *[(n + k) % 2 for k in range(1, 4)], 1] for n in range(5)]
    found = bodies(*[each for pair in zip(ours, theirs, strict=True) for each in pair])
    assert found.confirmed == ()


def test_a_status_that_flaps_is_noise():
    ok, broken, busy = json_answer({}), json_answer({}, status=500), json_answer({}, status=503)
    assert paths(confirmed(broken, ok, ok, busy).noise) == ["status"]
    assert paths(confirmed(broken, ok, broken, ok).confirmed) == ["status"]


def test_an_error_of_the_candidate_is_no_moments_if_it_comes_again():
    ok, broken = json_answer({}), json_answer({}, status=500)
    learned = Learned()
    found = [
        confirmed(ok, broken, ok, ok, ok, ok, ok, ok, ok, broken, learned=learned).verdict
        for _ in range(9)
    ]
    assert found[0] is Verdict.RACY
    assert found[-1] is Verdict.MISMATCH


def test_a_second_ask_that_cannot_be_compared_tells_nothing():
    fine, cut = json_answer({"a": 1}), answer(b"x", ("Content-Encoding", "compress"))
    none = rules()
    look = Look(compare(fine, json_answer({"a": 2}), none))
    same = compare(fine, fine, none)
    said = look.add(same, compare(fine, cut, none), same)
    assert said.startswith("candidate, asked again: candidate: ")


def by_chance(random, elements):
    return {"items": random.sample(elements, 4)}


def looks(theirs, *, ours=None):
    """Three looks at lists of chance; the candidate draws from elements of its own."""
    random = Random(7)
    ours = ours or [{"id": n, "reason": "a", "by": {"x": n}} for n in range(8)]
    learned = Learned()
    for _ in range(3):
        drawn = [(by_chance(random, ours), theirs(random, ours)) for _ in range(ASKS)]
        found = bodies(*(each for pair in drawn for each in pair), learned=learned)
    return found


def each_as(change):
    return lambda random, elements: by_chance(random, [change(each) for each in elements])


@pytest.mark.parametrize(
    ("theirs", "path", "kind"),
    [
        (lambda *_: {"items": []}, "$.items[*]", Kind.MISSING),
        (lambda _, elements: {"items": elements}, "$.items[*]", Kind.EXTRA),
        (each_as(lambda each: each | {"id": str(each["id"])}), "$.items[*].id", Kind.TYPE),
        (each_as(lambda each: each | {"by": {}}), "$.items[*].by.x", Kind.MISSING),
        (each_as(lambda each: each | {"more": 1}), "$.items[*].more", Kind.EXTRA),
        (each_as(lambda each: each | {"by": None}), "$.items[*].by", Kind.TYPE),
    ],
)
def test_what_no_element_of_chance_is_like_is_told(theirs, path, kind):
    assert (path, kind) in {(each.path, each.kind) for each in looks(theirs).confirmed}


def test_elements_of_chance_are_noise_whatever_is_in_some_of_them():
    some = [{"id": n} | ({"reason": "a"} if n % 3 else {"by": n}) for n in range(8)]
    assert looks(by_chance, ours=some).confirmed == ()


def test_a_limit_that_only_the_primary_meets_says_nothing_of_a_clock():
    limited = answer(b"{}", status=429)
    answers = [json_answer({"items": [{"at": 0}]}), json_answer({"items": [{"at": 1}]})]
    for number in range(2, ASKS + 1):
        answers += [limited, json_answer({"items": [{"at": number}]})]
    assert confirmed(*answers).confirmed == ()


def stamped(seconds, text="made at {} by a7"):
    return {"at": text.format(datetime.fromtimestamp(NOW + seconds, UTC).isoformat())}


def test_known_noise_of_a_text_explains_no_other_words():
    learned = Learned()
    for _ in range(25):
        bodies(*(stamped(number) for number in range(2 * ASKS)), learned=learned)

    def explained(theirs):
        pair = json_answer(stamped(1)), json_answer(theirs)
        return learned.explain(compare(*pair, rules()), NOW)

    assert explained(stamped(2))
    assert not explained(stamped(2, "made at {} by b7"))
    assert not explained(stamped(2, "made at {}"))


def test_a_clock_that_is_wrong_is_a_finding_beside_any_write():
    answers = [each for n in range(ASKS) for each in (stamped(n / 10), stamped(n / 10 - 3600))]
    found = bodies(*answers, written=True)
    assert [(each.path, each.kind) for each in found.confirmed] == [("$.at", Kind.MANNER)]


def test_a_number_that_only_writes_move_is_not_held_against_one_that_none_reach():
    learned = Learned()
    answers = [each for n in (41, 7, 88, 63, 12) for each in ({"x": n}, {"x": 0})]
    found = [bodies(*answers, written=True, learned=learned) for _ in range(5)]
    assert [each.confirmed for each in found] == [()] * 5


def test_what_moves_while_no_write_passes_is_noise_beside_writes_from_the_second_look_on():
    learned = Learned()
    answers = [{"id": f"{n}b107d9d372bb682"} for n in range(2 * ASKS)]
    looks = [bodies(*answers, written=True, quiet=(True,) * ASKS, learned=learned) for _ in "123"]
    assert [each.verdict for each in looks] == [Verdict.RACY, Verdict.IGNORED, Verdict.IGNORED]


def test_what_moves_only_where_a_write_may_have_passed_is_never_learned():
    learned = Learned()
    answers = [{"id": f"{n}b107d9d372bb682"} for n in range(2 * ASKS)]
    for _ in range(5):
        found = bodies(*answers, written=True, quiet=(False,) * ASKS, learned=learned)
        assert found.verdict is Verdict.RACY
