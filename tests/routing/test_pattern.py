import pytest

from strangler.routing.pattern import MAX_SEGMENTS, PatternError, parse_pattern
from tests.routing.building import ask, table_of


def claims(pattern: str, path: str) -> bool:
    return table_of([{"path": pattern}]).match(ask("GET", path)) is not None


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("/api", "/api"),
        ("/", "/"),
        ("/api/", "/api/"),
        ("/api/{id}", "/api/x"),
        ("/api/{id:int}", "/api/017"),
        ("/api/{id:uuid}", "/api/0B8C5C4e-1111-2222-3333-444455556666"),
        ("/api/**", "/api"),
        ("/api/**", "/api/"),
        ("/api/**", "/api/x"),
        ("/api/**", "/api/x/y/"),
        ("/**", "/"),
        ("/**", "/anything/at/all"),
        ("/{a}/{b}/c", "/x/y/c"),
    ],
)
def test_a_pattern_claims_what_it_says(pattern: str, path: str) -> None:
    assert claims(pattern, path)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("/api", "/api/"),
        ("/api", "/API"),
        ("/api", "/ap"),
        ("/api/", "/api"),
        ("/api/{id}", "/api/"),
        ("/api/{id}", "/api"),
        ("/api/{id}", "/api/x/y"),
        ("/api/{id:int}", "/api/-1"),
        ("/api/{id:int}", "/api/1a"),
        ("/api/{id:int}", "/api/%D9%A1"),  # an Arabic one is a digit to Python, not to a path
        ("/api/{id:uuid}", "/api/0B8C5C4e-1111-2222-3333-44445555666"),
        ("/api/**", "/apix"),
        ("/api/**", "/"),
        ("/api/{a}/**", "/api"),
    ],
)
def test_a_pattern_claims_no_more_than_it_says(pattern: str, path: str) -> None:
    assert not claims(pattern, path)


@pytest.mark.parametrize(
    "spelling",
    [
        "/api/v1/café",
        "/api/v1/caf%C3%A9",
        "/api/v1/caf%c3%a9",
        "//api//v1/caf%C3%A9",
        "/api/%76%31/caf%C3%A9",
        "/x/../api/./v1/caf%C3%A9",
        "/x/%2E%2e/api/%2e/v1/caf%C3%A9",
    ],
)
@pytest.mark.parametrize("pattern", ["/api/v1/café", "/api/v1/caf%c3%a9", "/%61pi/v1/caf%C3%A9"])
def test_no_spelling_reaches_a_route_around_its_match(pattern: str, spelling: str) -> None:
    assert claims(pattern, spelling)


def test_an_encoded_slash_is_data_inside_its_segment() -> None:
    assert claims("/api/{name}", "/api/a%2fb")
    assert not claims("/api/{a}/{b}", "/api/a%2fb")
    assert claims("/api/a%2Fb", "/api/a%2fb")


def test_options_asterisk_names_no_path() -> None:
    assert not claims("/**", "*")


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("", "must begin with /"),
        ("api", "must begin with /"),
        ("*", "must begin with /"),
        ("/api//x", "empty segment"),
        ("/api//**", "empty segment"),
        ("/api/**/x", "** only as its last segment"),
        ("/api/x*", "** only as its last segment"),
        ("/api/***", "** only as its last segment"),
        ("/api/{id}.json", "a parameter is a whole segment"),
        ("/api/{}", "a parameter is a whole segment"),
        ("/api/{1d}", "a parameter is a whole segment"),
        ("/api/{id:nit}", "did you mean {id:int}?"),
        ("/api/{id:regex}", "known are int, uuid"),
        ("/{id}/x/{id:int}", "name {id} twice"),
        ("/api?x=1", "conditions under `query`"),
        ("/api/../x", "dot segments"),
        ("/api/%2e%2E", "dot segments"),
        ("/a b", "a control character, space"),
        ("/a\\b", "backslash"),
        ("/a%zz", "two hexadecimal digits"),
        ("/a%00", "an encoded control character"),
        ("/x" * (MAX_SEGMENTS + 1), "more than 64 segments"),
    ],
)
def test_what_is_no_pattern_is_refused_with_the_reason(pattern: str, why: str) -> None:
    with pytest.raises(PatternError) as refused:
        parse_pattern(pattern)
    assert why in str(refused.value)
