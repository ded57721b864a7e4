"""The prediction: what a recorded head tells is what the router then does, always."""

from collections.abc import Mapping
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strangler.http.message import RequestHead
from strangler.http.target import parse_target, plainly_spelt
from strangler.migration.recording import Hashing, HeadRecorder, Lexicon
from strangler.migration.replay import REFUSED, Amount, Hands, Prophet, Untold, Weighed, replay
from strangler.routing.ambiguity import Outcome, ambiguity
from strangler.routing.decision import decide
from strangler.routing.phase import effect_of
from strangler.routing.table import RouteTable
from tests.migration.drawing import tables
from tests.routing.building import ask, table_of

HASHING = Hashing(b"a key of the tests")
UUID = "3f2c1e52-6a0f-4a0e-9d5e-6f1f5f1c2b11"

PLAIN = ["a", "b", "c", "7", "42", "007", "~a", "caf%C3%A9", UUID, UUID.upper(), ""]
DOUBTFUL = ["A", "CAF%C3%89", "caf%c3%a9", "x%2Fy", "X%2fy", "a;x", "7;v=1", ";", "a%5Cb", "a%20b"]
segments = st.sampled_from([*PLAIN, *DOUBTFUL, "a%2F7", "%7Ea", "%2A"])
targets = st.builds(
    lambda path, query: "/" + "/".join(path) + query,
    st.lists(segments, max_size=4),
    st.sampled_from(["", "?v=2", "?v=3", "?v=3&v=2", "?u=7", "?u=7&v=2", "?other-name=1", "?v"]),
)
heads = st.builds(
    lambda method, target, host, fields: RequestHead(
        method, parse_target(target.encode()), host, fields
    ),
    st.sampled_from(["GET", "POST", "HEAD"]),
    targets,
    st.sampled_from(["shop.example", "deep.shop.example", "other.test"]),
    st.lists(
        st.sampled_from(
            [
                (b"X-A", b"1"),
                (b"x-a", b"2"),
                (b"X-User", b"ann"),
                (b"X-User", b"bob"),
                (b"Cookie", b"sid=1; u=2"),
                (b"Cookie", b"sid=77"),
                (b"X-Other", b"1"),
            ]
        ),
        max_size=3,
    ),
)
addresses = st.sampled_from(["192.0.2.1", "192.0.2.7", "2001:db8::1"])


def routed(table: RouteTable, head: RequestHead, address: str, draw: float) -> Hands:
    """Do what the proxy does with a request (`proxy/beginning.py`)."""
    route = table.match(head)
    found = None
    if table.cased or not plainly_spelt(head.target.path):
        found = ambiguity(table, head, route)
    if found is not None and found.outcome is Outcome.REFUSED:
        effect = effect_of(head.method, route.effect if route else None)
        other = found.reading.route
        return Hands(REFUSED, None, other.domain, other.label, effect)
    if found is not None and found.outcome is Outcome.ROUTED:
        route = found.reading.route
    plan = table.fallthrough if route is None else route.plan_for(head.method)
    key = None
    if plan.threshold and route is not None and route.canary is not None:
        key = route.canary.key.key_of(head, address)
    decision = decide(plan, key, draw)
    effect = effect_of(head.method, route.effect if route else None)
    domain, label = (None, None) if route is None else (route.domain, route.label)
    return Hands(decision.primary, decision.system, domain, label, effect)


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])  # tables take a while
@given(tables(), tables(), st.lists(heads, min_size=1, max_size=8), addresses, st.floats(0, 0.999))
def test_what_is_told_of_a_recorded_head_is_what_the_router_does(
    live: RouteTable, new: RouteTable, asked: list[RequestHead], address: str, draw: float
) -> None:
    recorder = HeadRecorder(live, HASHING)
    lexicon = Lexicon([live, new], HASHING)
    for head in asked:
        kept = recorder.record(head, address)
        assert kept is not None
        recalled = lexicon.read(kept)
        told = Prophet(live).tell(recalled)
        assert told == routed(live, head, address, draw), "of the live table all is known"
        told = Prophet(new).tell(recalled)
        if not isinstance(told, Untold):
            assert told == routed(new, head, address, draw)


def requests(amounts: Mapping[Any, Amount]) -> float:
    return sum(amount.requests for amount in amounts.values())


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(tables(), tables(), st.lists(heads, min_size=1, max_size=8), addresses)
def test_what_changes_hands_adds_up(
    live: RouteTable, new: RouteTable, asked: list[RequestHead], address: str
) -> None:
    recorder = HeadRecorder(live, HASHING)
    kept = [Weighed(one, 2.0) for head in asked if (one := recorder.record(head, address))]
    shift = replay(live, new, kept, HASHING)

    assert shift.all.heads == len(asked)
    assert shift.all.requests == 2 * len(asked)
    moved = sum(
        routed(live, head, address, 0).upstream != routed(new, head, address, 0).upstream
        for head in asked
    )
    told = requests(shift.moved) / 2
    assert told <= moved <= told + requests(shift.untold) / 2
    assert not replay(live, live, kept, HASHING).moved
    assert not replay(live, live, kept, HASHING).untold


def test_without_new_questions_nothing_is_left_untold() -> None:
    live = table_of([{"path": "/a/{id:int}"}], phase="canary", canary={"weight": "1%"})
    new = table_of(
        [{"path": "/a/{id:int}"}, {"path": "/a/secret"}, {"path": "/b/{x:uuid}"}],
        phase="extracted",
    )
    recorder = HeadRecorder(live, HASHING)
    heads = [recorder.record(ask("GET", path), "192.0.2.1") for path in PLACES]
    shift = replay(live, new, [Weighed(head, 1.0) for head in heads if head], HASHING)

    assert not shift.untold
    assert requests(shift.moved) == 3  # the int, the uuid, and the literal that is new


PLACES = ["/a/7", "/a/secret", "/a/other", f"/b/{UUID}", "/b/7", "/c"]


def test_a_question_that_nobody_asked_before_is_told_as_such() -> None:
    live = table_of([{"path": "/a"}])
    recorder = HeadRecorder(live, HASHING)
    head = recorder.record(ask("GET", "/a?v=2", x_new="1"), "192.0.2.1")
    assert head is not None

    def told(**route: object) -> list[Untold]:
        new = table_of([{"path": "/a", "methods": ["GET"], **route}], phase="shadow")
        return list(replay(live, new, [Weighed(head, 1.0)], HASHING).untold)

    assert told(headers={"x-new": "1"}) == [Untold.HEADER]
    assert told(query={"v": "2"}) == [Untold.PARAMETER]
    assert told(query={"v": "*"}) == told(query={"w": "2"}) == []
    assert told(headers={"x-new": "1"}, methods=["POST"]) == []


def test_another_canary_key_is_told_as_such_and_no_side_guessed() -> None:
    route = {"path": "/a"}
    live = table_of([route], phase="canary", canary={"weight": "10%", "key": "header:x-user"})
    new = table_of([route], phase="canary", canary={"weight": "10%", "key": "cookie:sid"})
    head = HeadRecorder(live, HASHING).record(ask("GET", "/a", x_user="ann"), "192.0.2.1")
    assert head is not None

    assert list(replay(live, new, [Weighed(head, 1.0)], HASHING).untold) == [Untold.BUCKET]


def test_a_domain_without_a_canary_is_foretold_for_the_keys_that_the_table_names() -> None:
    live = table_of([{"path": "/a"}], phase="shadow")
    new = table_of([{"path": "/a"}], phase="canary", canary={"weight": "100%"})
    head = HeadRecorder(live, HASHING).record(ask("GET", "/a"), "192.0.2.1")
    assert head is not None
    shift = replay(live, new, [Weighed(head, 30.0)], HASHING)

    ((was, becomes),) = shift.moved
    assert (was.upstream, becomes.upstream, requests(shift.moved)) == ("old", "new", 30.0)


def test_what_a_table_begins_to_refuse_changes_hands_and_what_it_refused_is_told_again() -> None:
    live = table_of([{"path": "/served/{id}"}], phase="shadow")
    new = table_of([{"path": "/served/{id}"}], phase="extracted")
    asked = [ask("GET", path) for path in ("/SERVED/7", "/served;x/7", "/served/7", "/other;x")]

    def moves(old: RouteTable, becomes: RouteTable) -> set[tuple[str, str, str | None]]:
        recorder = HeadRecorder(old, HASHING)
        kept = [Weighed(one, 1.0) for head in asked if (one := recorder.record(head, "192.0.2.1"))]
        moved = replay(old, becomes, kept, HASHING).moved
        return {(was.upstream, now.upstream, now.domain or was.domain) for was, now in moved}

    assert moves(live, new) == {("old", REFUSED, "d"), ("old", "new", "d")}
    assert moves(new, live) == {(REFUSED, "old", "d"), ("new", "old", "d")}
