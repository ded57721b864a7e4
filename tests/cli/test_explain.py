"""`explain`: what would happen to one request."""

import pytest

from tests.cli.desk import ROUTES, Desk


@pytest.fixture
def canary(desk: Desk) -> Desk:
    desk.write(ROUTES.replace("phase: shadow", "phase: canary"))
    return desk


def words(text: str) -> str:
    return " ".join(text.split())


def test_it_shows_the_route_its_line_and_why_it_won(canary: Desk) -> None:
    ended = canary.run("explain", "GET", "/api/v1/datasets/7", "--header", "X-User-Id: 12")

    assert (ended.code, ended.err) == (0, "")
    said = words(ended.out)
    assert "route /api/v1/datasets/{id:int} (routes.yaml:20)" in said
    assert (
        "passed over /api/v1/datasets/{name} (line 21): the parameter {name} is less specific "
        "than the typed parameter {id:int}" in said
    )
    assert "domain datasets, phase canary" in said
    assert "effect read" in said
    assert "canary header:x-user-id falls into bucket" in said


def test_a_key_inside_the_canary_is_answered_by_the_service_with_the_monolith_behind(
    canary: Desk,
) -> None:
    canary.edit("weight: 10%", "weight: 100%")

    told = canary.run(
        "explain", "get", "/api/v1/datasets/7?x=1", "--header", "X-User-Id: 12", "--json"
    ).json

    assert (told["primary"], told["candidate"], told["fallback"]) == (
        "datasets",
        "monolith",
        "monolith",
    )
    assert (told["sample"], told["forwarded"]) == (0.25, "/api/v1/datasets/7?x=1")
    assert told["canary"]["threshold"] == 10_000


def test_a_write_says_whether_it_is_judged_and_how(canary: Desk) -> None:
    desk = canary
    desk.edit("shadow: {sample: 25%}", "shadow: {sample: 25%, writes: read-back}")
    said = words(desk.run("explain", "PATCH", "/api/v1/datasets/7").out)
    assert "copied to nobody" in said
    assert (
        "read back GET the Location of a 201, else GET /api/v1/datasets/7 on monolith and "
        "datasets, after 25% of such requests" in said
    )

    desk.edit("writes: read-back}", "writes: dry-run}\n    dry_run: {promise: /dry-runs}")
    said = words(desk.run("explain", "PATCH", "/api/v1/datasets/7").out)
    assert (
        "copied to datasets (the service), 25% of such requests, as /api/v1/datasets/7; a dry "
        "run, while it promises at /dry-runs that those change nothing" in said
    )


def test_the_client_s_address_is_a_canary_key(canary: Desk) -> None:
    canary.edit(', key: "header:x-user-id"', "")

    def bucket(address: str) -> int:
        args = ("explain", "GET", "/api/v1/datasets", "--client", address, "--json")
        return int(canary.run(*args).json["canary"]["bucket"])

    assert bucket("192.0.2.7") == bucket("192.0.2.7")
    assert bucket("192.0.2.7") != bucket("2001:db8::1")


def test_what_no_route_claims_belongs_to_the_monolith(canary: Desk) -> None:
    ended = canary.run("explain", "POST", "/elsewhere")

    assert ended.code == 0
    assert "none claims it: it belongs to the monolith" in words(ended.out)
    assert "answered by monolith" in words(ended.out)
    assert "copied to nobody" in words(ended.out)


def test_a_whole_url_gives_the_host_unless_a_header_does(canary: Desk) -> None:
    canary.edit("- path: /users/**", "- {path: /users/**, hosts: [api.example.org]}")

    def domain(*args: str) -> str | None:
        said = canary.run("explain", "GET", *args, "--json").json["domain"]
        return None if said is None else str(said)

    assert domain("https://me@API.example.org:8443/users/7#top") == "users"
    assert domain("http://api.example.org/users?x=/") == "users"
    assert domain("http://www.example.org/users/7") is None
    assert domain("/users/7") is None
    assert domain("/users/7", "--header", "host: api.example.org") == "users"


def test_a_rewritten_path_is_shown_as_the_service_sees_it(canary: Desk) -> None:
    canary.edit("    phase: canary", "    phase: extracted")
    canary.edit(
        "- path: /api/v1/datasets/{id:int}\n",
        "- path: /api/v1/datasets/{id:int}\n        rewrite: {prefix: /sets}\n",
    )
    canary.edit("        phase: monolith\n", "")

    told = canary.run("explain", "GET", "/api/v1/datasets/7?full=1", "--json").json

    assert told["forwarded"] == "/sets/7?full=1"
    assert told["rewrite"] == {"path": "/sets/{id:int}", "leads_back": True, "json_urls": False}
    said = words(canary.run("explain", "GET", "/api/v1/datasets/7").out)
    assert "rewrite /sets/{id:int} for the service; mapped back in Location," in said


def test_a_path_that_may_mean_another_route_is_told_with_what_becomes_of_it(canary: Desk) -> None:
    told = canary.run("explain", "GET", "/API/v1/datasets/7", "--json").json
    assert (told["route"], told["primary"]) == (None, "monolith")
    assert told["ambiguity"]["route"] == "/api/v1/datasets/{id:int}"
    assert told["ambiguity"]["outcome"] == "forwarded"

    canary.edit("    phase: canary", "    phase: extracted")
    canary.edit("        phase: monolith\n", "")
    ended = canary.run("explain", "GET", "/api/v1/datasets;x/7")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        "the proxy answers 400 by itself: /api/v1/datasets;x/7 may be read as "
        "/api/v1/datasets/7, which /api/v1/datasets/{id:int} (line 20) claims: refused; "
        "`ambiguous_paths` in routes.yaml decides\n"
    )


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["GETT", "/"], "unknown method GETT; did you mean GET?"),
        (["CONNECT", "/"], "the proxy answers 501 by itself"),
        (["GET", "/a b"], "the proxy answers 400 by itself"),
        (["GET", "/%00"], "the proxy answers 400 by itself"),
        (["GET", "datasets"], "neither a path that begins with / nor an http URL"),
        (["GET", "http://[::1/x"], "is not a URL"),
        (["GET", "/", "--header", "no colon"], "--header 'no colon': write it as 'Name: value'"),
        (["GET", "/", "--client", "somewhere"], "--client 'somewhere' is not an address"),
    ],
)
def test_what_is_no_request_is_refused_in_one_line(
    canary: Desk, args: list[str], said: str
) -> None:
    ended = canary.run("explain", *args)

    assert (ended.code, ended.out) == (1, "")
    assert said in ended.err
    assert len(ended.err.splitlines()) == 1


def test_bytes_that_are_no_utf8_pass_through(canary: Desk) -> None:
    path = b"/api/v1/datasets/caf\xe9".decode("utf-8", "surrogateescape")

    ended = canary.run("explain", "GET", path, "--header", b"X-User-Id: \xe9".decode("latin-1"))

    assert ended.code == 0
    assert "/api/v1/datasets/caf%E9" in ended.out


def test_a_file_with_mistakes_explains_nothing(canary: Desk) -> None:
    canary.edit("weight: 10%", "weight: 110%")

    ended = canary.run("explain", "GET", "/")

    assert ended.code == 1
    assert ended.err.startswith("routes.yaml:16:")
