"""Tokens of clients: what they say, who may have made them, and that nobody else sees them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.routing.compile import load
from strangler.routing.mistakes import RoutesError
from strangler.routing.own_writes import MOST_TOKENS, SKEW, OwnWrites
from tests.routing.building import ask

KEY = b"k" * 32
NOW = 1_800_000_000.0
OWN = OwnWrites("books", b"written", in_cookie=True, bound=10.0, path=b"/books")
BY_HEADER = OwnWrites("books", b"X-Written", in_cookie=False, bound=10.0, path=b"/books")


def token(own: OwnWrites = OWN, at: float = NOW, key: bytes = KEY) -> str:
    line = own.line(key, at, secure=False).decode()
    value = line.partition(": ")[2].strip()
    return value.partition(";")[0].partition("=")[2] if own.in_cookie else value


def given_by(cookie: str, now: float = NOW, own: OwnWrites = OWN, key: bytes = KEY) -> float | None:
    return own.given(ask("GET", "/books", cookie=f"a=1; written={cookie}; b=2"), key, now)


def test_a_token_says_when_its_bearer_wrote() -> None:
    assert given_by(token()) == NOW
    assert BY_HEADER.given(ask("GET", "/", x_written=token(BY_HEADER)), KEY, NOW) == NOW


def test_it_says_nothing_once_it_is_old_nor_to_another_domain_nor_under_another_key() -> None:
    films = OwnWrites("films", b"written", in_cookie=True, bound=10.0, path=b"/")

    assert given_by(token(), NOW + OWN.bound + SKEW) is None
    assert given_by(token(), own=films) is None
    assert given_by(token(), key=b"other") is None


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=';,=\\"')))
def test_nobody_makes_one_up(text: str) -> None:
    for forged in (text, f"{text}.{text}", token().replace(".", f"{text}."), token() + text):
        assert given_by(forged) in {None, NOW}
        assert forged == token() or given_by(forged) is None or text == ""


def test_of_several_the_last_write_counts_whatever_else_is_called_so() -> None:
    older, newer = token(at=NOW - 5), token()

    assert given_by(f"{older}; written={newer}; written=; written=x") == NOW
    assert given_by(f"{newer}; written={older}") == NOW
    assert given_by(f"x.y; written={older}") == NOW - 5


def test_no_more_of_them_are_looked_at_than_a_browser_sends() -> None:
    forged = "; written=".join(["0.0"] * (MOST_TOKENS - 1))

    assert given_by(f"{forged}; written={token()}") == NOW
    assert given_by(f"{forged}; written=0.0; written={token()}") is None


def test_its_bearer_may_miss_a_write_until_the_other_side_has_surely_caught_up() -> None:
    assert OWN.may_miss(NOW, 0.0)
    assert OWN.may_miss(NOW, NOW + SKEW)
    assert not OWN.may_miss(NOW, NOW + SKEW + 0.001)


def test_the_cookie_is_for_nobody_else() -> None:
    line = OWN.line(KEY, NOW, secure=True)

    assert line.startswith(b"Set-Cookie: written=")
    assert line.endswith(b"; Path=/books; Max-Age=12; HttpOnly; SameSite=Lax; Secure\r\n")
    assert b"Secure" not in OWN.line(KEY, NOW, secure=False)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a=1; written=x; b=2", b"a=1; b=2"),
        (b"written=x;b=2", b"b=2"),
        (b"written=x; written=y", None),
        (b"unwritten=x", b"unwritten=x"),
        (b"a=written", b"a=written"),
    ],
)
def test_upstreams_do_not_see_it(before: bytes, after: bytes | None) -> None:
    crossing = [b"Cookie: %b\r\n" % before, b"Accept: */*\r\n"]
    OWN.strip(crossing)

    kept = [] if after is None else [b"Cookie: %b\r\n" % after]
    assert crossing == [*kept, b"Accept: */*\r\n"]


def test_nor_do_they_see_it_in_a_header() -> None:
    crossing = [b"x-written: abc\r\n", b"Accept: */*\r\n", b"Cookie: X-Written=1\r\n"]
    BY_HEADER.strip(crossing)

    assert crossing == [b"Accept: */*\r\n", b"Cookie: X-Written=1\r\n"]


ROUTES = """\
version: 1
upstreams:
  old: {targets: [http://127.0.0.1:9000]}
  new: {targets: [http://127.0.0.1:9001]}
monolith: old
domains:
  books:
    service: new
    phase: PHASE
    canary: {weight: 50%}
    read_your_writes: {}
    routes:
      - path: /api/books
      - {path: /api/loans/**, methods: [GET], phase: shadow}
  films: {service: new, phase: canary, canary: {weight: 1%}, routes: [{path: /films}]}
"""


@pytest.mark.parametrize(
    ("phase", "path", "fresh"),
    [
        ("canary", "/api/books", "old"),
        ("shadow", "/api/books", None),
        ("extracted", "/api/books", None),
        ("extracted", "/api/loans/7", "new"),
        ("canary", "/films", None),
    ],
)
def test_only_reads_that_could_miss_a_write_may_go_elsewhere(
    phase: str, path: str, fresh: str | None
) -> None:
    route = load(ROUTES.replace("PHASE", phase)).match(ask("GET", path))
    assert route is not None
    decision = route.reads.fresh

    assert (None if decision is None else decision.primary) == fresh
    assert decision is None or (decision.candidate, decision.fallback) == (None, None)
    assert route.writes.marks is (route.domain == "books")


def test_a_domain_without_the_wish_pays_nothing() -> None:
    route = load(ROUTES.replace("PHASE", "canary")).match(ask("POST", "/films"))

    assert route is not None
    assert route.writes.plain
    assert route.own_writes is None


TWO = ROUTES.replace("films: {", "films: {read_your_writes: {OF_FILMS}, ")


def test_each_domain_has_a_cookie_of_its_own_lest_one_token_take_the_place_of_another() -> None:
    table = load(TWO.replace("OF_FILMS", "").replace("PHASE", "canary"))
    names = {route.own_writes.name for route in table.routes if route.own_writes is not None}

    assert names == {b"strangler-written-books", b"strangler-written-films"}


def test_two_domains_cannot_name_the_same_cookie() -> None:
    text = TWO.replace("OF_FILMS", "kept_in: cookie:strangler-written-books")
    with pytest.raises(RoutesError) as refused:
        load(text.replace("PHASE", "canary"))
    (mistake,) = refused.value.mistakes
    assert "domains.films.read_your_writes.kept_in: is where books keeps its tokens" in str(mistake)

    load(
        text.replace("PHASE", "canary").replace("cookie:strangler-written-books", "header:x-wrote")
    )


def test_the_cookie_is_sent_to_what_the_routes_have_in_common() -> None:
    table = load(ROUTES.replace("PHASE", "canary"))
    own = table.routes[0].own_writes

    assert own is not None
    assert (own.path, own.name) == (b"/api", b"strangler-written-books")
