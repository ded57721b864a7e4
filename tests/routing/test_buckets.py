"""The share of a canary: sticky, monotone, and near its weight."""

from hypothesis import given
from hypothesis import strategies as st

from strangler.routing.decision import BUCKETS, bucket_of, decide
from strangler.routing.phase import System
from strangler.routing.table import Route
from tests.routing.building import ask, table_of

KEYS = st.binary(min_size=1, max_size=40)
DOMAINS = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,20}", fullmatch=True)


def canary(weight: str) -> Route:
    table = table_of([{"path": "/**"}], phase="canary", canary={"weight": weight})
    return table.routes[0]


def answers(route: Route, key: bytes | None, draw: float = 0.5) -> System:
    return decide(route.reads, key, draw).system


@given(DOMAINS, KEYS)
def test_a_key_stays_in_its_bucket(domain: str, key: bytes) -> None:
    bucket = bucket_of(domain.encode(), key)
    assert 0 <= bucket < BUCKETS
    assert bucket == bucket_of(domain.encode(), bytes(key))


def test_buckets_are_the_same_in_every_process_and_version() -> None:
    # A change here would move users between the sides of running canaries.
    assert [bucket_of(b"datasets", key) for key in (b"1", b"ada", b"127.0.0.1")] == [
        7720,
        6069,
        8360,
    ]


WEIGHTS = [f"{share}%" for share in (0, 0.01, 1, 10, 33.33, 50, 99.99, 100)]
CANARIES = [canary(weight) for weight in WEIGHTS]


@given(KEYS, st.floats(0, 1, exclude_max=True))
def test_raising_the_weight_never_moves_a_key_back(key: bytes, draw: float) -> None:
    sides = [answers(route, key, draw) for route in CANARIES]
    assert sides[0] is System.MONOLITH
    assert sides[-1] is System.SERVICE
    assert sides == sorted(sides, key=list(System).index)


@given(DOMAINS, st.integers(0, BUCKETS), st.integers(0, 10**9))
def test_the_share_of_keys_is_near_the_weight(domain: str, threshold: int, start: int) -> None:
    keys = 2_000
    salt = domain.encode()
    inside = sum(bucket_of(salt, b"user-%d" % (start + n)) < threshold for n in range(keys))
    share = threshold / BUCKETS
    # Six standard deviations of a binomial share: one false alarm in 10^9 examples.
    assert abs(inside / keys - share) <= 6 * (share * (1 - share) / keys) ** 0.5 + 1e-9


def test_two_domains_do_not_pick_the_same_keys() -> None:
    keys = [b"user-%d" % n for n in range(5_000)]
    first = {key for key in keys if bucket_of(b"datasets", key) < 1_000}
    second = {key for key in keys if bucket_of(b"orders", key) < 1_000}
    # Independent picks of 10 % share 1 % of all keys: 50, give or take.
    assert 15 <= len(first & second) <= 100


def test_all_routes_of_a_domain_agree_on_a_key() -> None:
    routes = [{"path": "/a"}, {"path": "/b/**", "shadow": {"sample": "1%"}}]
    table = table_of(routes, phase="canary", canary={"weight": "50%"})
    one, other = table.routes
    for number in range(200):
        key = b"%d" % number
        assert answers(one, key) is answers(other, key)


def test_a_request_without_a_key_stays_with_the_monolith() -> None:
    assert answers(canary("100%"), None) is System.MONOLITH


def test_the_sample_is_drawn_apart_from_the_bucket() -> None:
    table = table_of(
        [{"path": "/"}], phase="canary", canary={"weight": "50%"}, shadow={"sample": "25%"}
    )
    reads = table.routes[0].plan_for("GET")
    for key in (b"%d" % n for n in range(50)):
        copied, alone = decide(reads, key, 0.2499), decide(reads, key, 0.25)
        assert copied.primary == alone.primary
        assert {copied.primary, copied.candidate} == {"old", "new"}
        assert alone.candidate is None


def test_the_key_is_read_where_the_file_says() -> None:
    request = ask(
        "GET", "/?u=%C3%A9+1&u=2&empty=", x_user_id="7", cookie="a=1; sid=s3; sid=s4", x_none=""
    )
    expected = {
        "header:X-User-Id": b"7",
        "header:x-none": None,
        "header:absent": None,
        "cookie:sid": b"s3",
        "cookie:si": None,
        "query:u": "é 1".encode(),
        "query:empty": None,
        "query:absent": None,
        "address": b"10.0.0.9",
    }
    for key, value in expected.items():
        canary = {"weight": "10%", "key": key}
        policy = table_of([{"path": "/"}], phase="canary", canary=canary).routes[0].canary
        assert policy is not None
        assert policy.key.key_of(request, "10.0.0.9") == value, key
