"""How routes share the places for copies."""

from strangler.proxy.slots import Slots

PLACES = 8


def taken_by(slots: Slots, route: str) -> int:
    """Take as many as the route may have."""
    count = 0
    while slots.take(route):
        count += 1
    return count


def test_a_route_may_take_all_places_while_no_other_needs_one() -> None:
    slots = Slots(PLACES)
    assert taken_by(slots, "GET /slow") == PLACES
    assert slots.taken == PLACES


def test_where_all_are_taken_another_route_gets_its_share_all_the_same() -> None:
    slots = Slots(PLACES)
    taken_by(slots, "GET /slow")
    assert taken_by(slots, "GET /a") == PLACES // 2


def test_who_has_more_than_a_share_gives_way_until_it_has_no_more() -> None:
    slots = Slots(PLACES)
    taken_by(slots, "GET /slow")
    taken_by(slots, "GET /a")
    for _ in range(PLACES // 2):
        slots.give_back("GET /slow")
        assert not slots.take("GET /slow")
    slots.give_back("GET /slow")
    assert slots.take("GET /slow")
    assert slots.taken == PLACES


def test_places_are_bounded_however_many_routes_want_one() -> None:
    slots = Slots(PLACES)
    for number in range(100):
        taken_by(slots, f"GET /{number}")
    assert slots.taken == 2 * PLACES


def test_what_is_given_back_is_free_for_any_route() -> None:
    slots = Slots(PLACES)
    for _ in range(taken_by(slots, "GET /slow")):
        slots.give_back("GET /slow")
    assert slots.taken == 0
    assert taken_by(slots, "GET /a") == PLACES
