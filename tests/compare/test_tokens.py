"""A text is read as tokens, so that what moves in it is told from what stands beside it."""

import pytest

from strangler.compare.shape import Sort
from strangler.compare.tokens import LONGEST, tokens_of

NOW = 1_790_000_000.0  # 2026-09-21T14:13:20Z


def forms(text: str) -> list[str]:
    return [each.shape.form for each in tokens_of(text, NOW) if each.text.strip()]


@pytest.mark.parametrize(
    "time",
    [
        "2026-09-21T14:13:20.101Z",
        "2026-09-21 14:13:20",
        "2026-09-21T16:13+02:00",
        "2026-09-21",
        "Mon, 21 Sep 2026 14:13:20 GMT",
        "20260921T141320Z",
        "21.09.2026 14:13:20",
        "14:13:20.5",
        "16:13:20",
        "1790000000",
    ],
)
def test_a_time_is_one_token_wherever_it_stands(time: str) -> None:
    for text in (time, f"at {time}.", f"[{time}] up", f'"{time}", said he'):
        (found,) = [each for each in tokens_of(text, NOW) if each.shape.sort is Sort.TIME]
        assert found.text == time


@pytest.mark.parametrize(
    "identifier",
    [
        "7d444840-9dc0-41d1-b245-5ffdce74fad2",
        "9e107d9d372bb6826bd81d3542a419d6",
        "q83vEjRWeJ+SNFZ4kK/N7xI0VniQ==",
        "k3Jd92LmQp0xYz81aBcDeF",
    ],
)
def test_an_identifier_is_one_token_wherever_it_stands(identifier: str) -> None:
    for text in (identifier, f"id={identifier}&x=1", f"of {identifier} it is"):
        (found,) = [each for each in tokens_of(text, NOW) if each.shape.sort is Sort.IDENTIFIER]
        assert found.text == identifier


@pytest.mark.parametrize(
    "duration", ["41 days, 3:12:07", "41d 3h 12m 7s", "2 hours and 7 minutes", "P1DT2H3.5S"]
)
def test_a_duration_of_several_parts_is_one_token(duration: str) -> None:
    assert forms(f"up {duration} now") == ["word", "duration", "word"]


@pytest.mark.parametrize(
    ("text", "number"),
    [("12", 12), ("-12", -12), ("x=-0.5", -0.5), ("a-12", 12), ("1,200.50", None), ("1.2.3", None)],
)
def test_a_number_is_read_where_it_is_written_plainly(text: str, number: float | None) -> None:
    (found,) = [each for each in tokens_of(text, NOW) if each.shape.sort is Sort.NUMBER]
    assert found.number == number


def test_a_path_is_no_identifier() -> None:
    assert forms("/Files/2024/Report/final") == [
        *("/", "word", "/", "number like 9", "/", "word", "/", "word"),
    ]


def test_tokens_are_the_text() -> None:
    text = "á — 12 s, 3d 4h;\n\t{x:'2026-13-77T99:99:99Z'}"
    assert "".join(each.text for each in tokens_of(text, NOW)) == text
    assert tokens_of("x" * (LONGEST + 1), NOW) == ()
