"""What waits for a report: exchanges that show nothing are counted, the others kept."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from strangler.proxy.unreported import Unreported
from strangler.store.bounds import EXAMPLES
from strangler.store.observed import Example, Observation, Sighting

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LATER = AT + timedelta(seconds=1)
CLEAN = Observation(AT, "d", "/a", 3, "match", method="GET", status="2xx")
EXAMPLE = Example(AT, "id", "GET", "/a", 200, 200, "new", [])
SHOWN = replace(
    CLEAN, verdict="mismatch", sightings=(Sighting("f", "value", ("$.a",), False, (EXAMPLE,)),)
)


def test_exchanges_that_show_nothing_are_told_by_their_number_when_it_is_taken() -> None:
    waiting = Unreported(5)
    other = replace(CLEAN, fired=("header:date",))
    for observation in (CLEAN, other, CLEAN):
        assert waiting.add(observation)
    assert waiting.count(("d", "/a", 3, "match", (), "GET", "2xx"))
    counted, once = waiting.take(LATER)
    assert counted == replace(CLEAN, at=LATER, count=3)
    assert once == replace(other, at=LATER)
    assert waiting.take(LATER) == ()


def test_exchanges_that_show_the_same_are_told_by_their_number_and_a_few_examples() -> None:
    waiting = Unreported(5)
    for number in range(100):
        example = replace(EXAMPLE, request_id=f"request {number}")
        seen = (replace(SHOWN.sightings[0], examples=(example,)),)
        assert waiting.add(replace(SHOWN, sightings=seen))
    (told,) = waiting.take(LATER)
    assert (told.count, len(told.sightings[0].examples)) == (100, EXAMPLES)
    assert waiting.take(LATER) == ()


def test_what_has_no_room_is_refused_and_what_is_only_counted_has_room() -> None:
    waiting = Unreported(1)
    assert waiting.add(SHOWN)
    assert not waiting.add(replace(SHOWN, route="/b"))
    assert waiting.add(SHOWN)
    assert waiting.add(CLEAN)
    assert waiting.add(CLEAN)
    assert not waiting.add(replace(CLEAN, route="/b"))
    assert [each.count for each in waiting.take(LATER)] == [2, 2]
