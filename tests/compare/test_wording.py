"""Of a text in which something never rests, all that rests must be on the other side too."""

import pytest

from strangler.compare.manner import oddity
from strangler.compare.oddity import Oddity
from strangler.compare.tokens import LONGEST
from strangler.compare.wording import lost, moving, varied, wording

NOW = 1_790_000_000.0  # 2026-09-21T14:13:20Z

SECONDS = range(20, 25)


def of_day(text: str, first: int = 0) -> list[str]:
    return [text.format(second + first) for second in SECONDS]


CLOCK = "step 1 done at 14:13:{}.5, step 2 running"


@pytest.mark.parametrize(
    "another",
    [
        "step 1 done at 14:13:{}.5, step 2 failed",
        "step 1 done at 14:13:{}.5, step 3 running",
        "step 1 done at 14:13:{}.5, Step 2 running",
        "step 1 done at 14:13:{}.5; step 2 running",
        "step 1 done at 14:13:{}.5, step 2 not running",
        "step 1 done at 14:13:{}.5, step 2 running on",
        "step 1 done at 14:13:{}.5, 2 step running",
        "step 1 done at 14:13:{}.5, step  2 running",
        "step 1 done at 14:13:{}.5",
        "step 1 done at 14:13:{}, step 2 running",
        "step 1 done at 13:13:{}.5, step 2 running",
        "step 1 done at null, step 2 running",
    ],
)
def test_what_always_stands_beside_a_clock_is_not_lost(another: str) -> None:
    ours = of_day(CLOCK)
    assert oddity(ours, of_day(CLOCK, 1), now=NOW, span=1.0) is None
    assert oddity(ours, of_day(another, 1), now=NOW, span=1.0) is not None


def test_what_is_said_of_it_holds_nothing_of_the_text() -> None:
    words = lost(["secret 14:13:20", "secret 14:13:21"], ["public x", "public y"], NOW)
    assert words == Oddity("text with time of day", "text without it")
    words = lost(["secret 1", "secret 2"], ["public 3", "public 4"], NOW)
    assert words == Oddity("text with words that stay", "text without them")


def test_words_of_chance_are_not_lost_and_each_way_to_halve_the_texts_counts() -> None:
    ours = ["rain on monday", "sun on monday", "rain on friday"]
    theirs = ["sun on friday", "sun on friday", "snow on friday"]
    assert lost(ours, theirs, NOW) is None
    assert lost(["a x 1", "a x 2"], ["b x 3", "a x 4"], NOW) is None
    parted = lost(["a x r", "a y r"], ["b x r", "b y r"], NOW)
    assert parted is not None
    assert parted.among == 2  # by the first word, and by the second


def test_a_text_may_take_longer_or_come_from_others() -> None:
    ours = [f"by a{n} in {100 * n} ms, up 41 days, 3:12:1{n}" for n in range(1, 6)]
    theirs = [f"by b{n} in {n} ms, up 2 days, 0:07:1{n}" for n in range(1, 6)]
    assert oddity(ours, theirs, now=NOW, span=1.0) is None


def test_what_moves_is_held_against_what_moves_in_the_same_place() -> None:
    sides = list(moving(["a 1 x 2.5 b", "a 1 x 3.5 b"], ["a 1 x 7 b", "a 1 x 8 b"], NOW))
    assert sides == [([2.5, 3.5], [7, 8])]
    assert list(moving(["a 1", "a 2"], ["a 1 2", "a 1"], NOW)) == []


def test_the_query_of_a_reference_is_held_against_the_other_part_by_part() -> None:
    ours = [f"/login?state=9e107d9d372bb682{n}&lang=de" for n in range(10, 15)]
    again = [f"/login?state=1b107d9d372bb682{n}&lang=de" for n in range(10, 15)]
    assert oddity(ours, again, now=NOW, span=1.0) is None
    for another in (
        [ours[0].replace("9e", "1b")] * 5,
        [each.replace("=de", "=en") for each in again],
        [each.replace("&lang=de", "") for each in again],
        [each.replace("state", "nonce") for each in again],
        [each.replace("/login", "/signin") for each in again],
        [each.replace("1b10", "") for each in again],
    ):
        assert oddity(ours, another, now=NOW, span=1.0) is not None


def test_the_wording_of_a_text_keeps_words_and_what_may_move_by_its_shape() -> None:
    assert wording("Up 12 s", NOW) == wording("Up 7 s", NOW) != wording("Up 7 h", NOW)


def test_of_long_texts_what_is_not_the_same_in_all_is_read_with_what_stands_beside_it() -> None:
    around = "one and the same " * 500
    texts = [f"{around}at 14:13:{second} by a7 {around}" for second in SECONDS]
    short = varied(texts)
    assert all(len(each) < 200 and each in text for each, text in zip(short, texts, strict=True))
    assert oddity(texts, [each.replace("a7", "b7") for each in texts], now=NOW, span=1.0)
    assert not oddity(texts, [*texts[1:], texts[0]], now=NOW, span=1.0)


def test_what_all_texts_begin_and_end_with_is_left_out_once() -> None:
    texts = ["x " * 100, "x " * 101]
    assert [len(each) for each in varied(texts)] == [
        len(varied(texts)[0]),
        len(varied(texts)[0]) + 2,
    ]


def test_texts_that_differ_in_too_much_are_left_open() -> None:
    texts = [f"{n} {'y' * LONGEST} {n}" for n in SECONDS]
    assert lost(texts, [each.replace("y", "z") for each in texts], NOW) is None
    assert lost(texts, ["short"] * 5, NOW) is None
    assert lost(["a 1", "b 2"], ["", ""], NOW) is not None
