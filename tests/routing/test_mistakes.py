"""What people are told when a file is wrong: everything, with its place and a way out."""

import re
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from strangler.compare.rules import complaint as rule_complaint
from strangler.routing import source
from strangler.routing.compile import load
from strangler.routing.edit import set_phase
from strangler.routing.mistakes import SHOWN, RoutesError
from strangler.routing.phase import Phase
from tests.routing.building import SAMPLE, document, mistakes_in


def changed(old: str, new: str) -> list[str]:
    """List the mistakes of the design's sample with one piece of it changed."""
    assert SAMPLE.count(old) == 1
    return mistakes_in(SAMPLE.replace(old, new))


WRONG = """\
version: 1
upstreams:
  monolith:
    targets: [ftp://127.0.0.1:9000]
    helth: {path: /healthz}
  datasets:
    timeouts: {connect: 5}
    timeouts: {}
monolith: monolth
domains:
  datasets:
    service: datasets
    phase: canry
    canary: {weight: 150%, key: "header:x-user-id"}
    shadow:
      ignore: $.a
      writes: dry-rum
    routes:
      - path: /api/{id:nit}
      - path: /api/v1/{id:int}
        methods: [get, PSOT]
      - path: /api/x/{a}
      - path: /api/x/{b}
      - paht: /x
  users:
    service: datsets
    phase: extracted
    routes:
      - path: /u
        phase: shadow
      - path: /u/{id}
        phase: canary
        methods: [GET]
  1bad:
    service: datasets
    routes:
"""


TOLD = """\
4:15: upstreams.monolith.targets[0]: must be http://HOST:PORT or https://HOST:PORT, without a path
5:5: upstreams.monolith.helth: unknown key; did you mean health?
6:3: upstreams.datasets.targets: is missing
7:25: upstreams.datasets.timeouts.connect: must be a time above zero, written like 250ms, 5s or 2m
8:5: upstreams.datasets.timeouts: duplicate key: it stands on line 7 too
9:11: monolith: there is no upstream monolth; did you mean monolith?
13:12: domains.datasets.phase: unknown word canry; did you mean canary?
14:22: domains.datasets.canary.weight: must be between 0% and 100%, written like 10% or 0.25%
16:15: domains.datasets.shadow.ignore: must be a list, not text
17:15: domains.datasets.shadow.writes: unknown word dry-rum; did you mean dry-run?
19:15: domains.datasets.routes[0].path: must not have the unknown type 'nit'; did you mean
  {id:int}?
21:19: domains.datasets.routes[1].methods[0]: unknown word get; did you mean GET?
21:24: domains.datasets.routes[1].methods[1]: unknown word PSOT; did you mean POST?
23:15: domains.datasets.routes[3].path: ties with the route on line 22: some requests are claimed
  by both and neither is the more specific; drop one or add a condition
24:9: domains.datasets.routes[4].paht: unknown key; did you mean path?
24:9: domains.datasets.routes[4].path: is missing
26:14: domains.users.service: there is no upstream datsets; did you mean datasets?
30:16: domains.users.routes[0].phase: gives the domain two writers: its writes here would go to
  the monolith, all others to the service; limit the route to reads (`methods: [GET, HEAD]`) or
  move the domain
32:16: domains.users.routes[1].phase: needs a weight: add `canary: {weight: 10%}` to the domain
34:3: domains.1bad: must be a name: a letter, then letters, digits, _ and -, 63 at most
36:12: domains.1bad.routes: must be a list, not nothing
"""


def test_all_mistakes_are_reported_at_once_by_place() -> None:
    told = TOLD.replace("\n  ", " ").splitlines()
    assert mistakes_in(WRONG) == [f"routes.yaml:{mistake}" for mistake in told]


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        ("version: 1\n", "version: 2\n", "2:10: version: must be 1, the one version there is"),
        ("version: 1\n", "version: '1'\n", "2:10: version: must be 1"),
        ("version: 1\n", "", "3:1: version: is missing"),
        ("monolith: monolith", "monolith: datasets", "must not be the monolith"),
        ("    service: datasets", "    service: monolith", "must not be the monolith"),
        ("    service: datasets\n", "", "15:3: domains.datasets.service: is missing"),
        (
            "writes: skip   ",
            "writes: dry-run",
            "needs the word of the service that a dry run changes nothing: add `dry_run: {promise:",
        ),
        (
            "methods: [POST]",
            "read_back: /api/v1/datasets/{body:id}/x",
            "read_back: names what no route of the domain claims for GET",
        ),
        (
            "methods: [POST]",
            "read_back: /api/v1/datasets/{id}",
            "names {id}, which /api/v1/datasets/search has not; known are body:id",
        ),
        ("weight: 10%", "weight: 10", "18:22: domains.datasets.canary.weight: must be between 0%"),
        ("weight: 10%", "weight: 0.001%", "must be between 0% and 100%"),
        ("header:x-user-id", "jwt:sub", "must be header:NAME, cookie:NAME, query:NAME or address"),
        ("idle: 60s", "idle: 0s", "must be a time above zero"),
        (
            "timeouts: {connect: 2s",
            "ejection: {shortest: 1m}\n    timeouts: {connect: 2s",
            "8:15: upstreams.monolith.ejection: shortest, 1m, is longer than longest, 30s",
        ),
        ("interval: 5s", "unhealthy_after: 0", "unhealthy_after: must be at least 1"),
        ("interval: 5s", "healthy_after: 101", "healthy_after: must be at most 100"),
        ("interval: 5s", "healthy_after: two", "must be a whole number, not text"),
        ("interval: 5s", "healthy_after: 1.5", "must be a whole number, not a number"),
        ("127.0.0.1:9000", "127.0.0.1", "must be http://HOST:PORT"),
        ("127.0.0.1:9000", "127.0.0.1:9000/x", "must be http://HOST:PORT"),
        ("127.0.0.1:9000", "127.0.0.1:70000", "must be http://HOST:PORT"),
        ("127.0.0.1:9000", "old..example:9000", "must be http://HOST:PORT"),
        ("127.0.0.1:9000", f"{'x' * 64}.example:9000", "must be http://HOST:PORT"),
        ("[http://127.0.0.1:9000]", "['http://[::zz]:1']", "must be http://HOST:PORT"),
        ("[http://127.0.0.1:9000]", "['http://[1:2]:1']", "At least 3 parts expected"),
        ("[http://127.0.0.1:9000]", "[]", "6:14: upstreams.monolith.targets: must not be empty"),
        (
            "methods: [GET]",
            "methods: GET",
            "27:18: domains.datasets.routes[1].methods: must be a list",
        ),
        ("methods: [GET]", "methods: [yes]", "unknown word True"),
        ("methods: [GET]", "hosts: [a.example:80]", "must be without a port"),
        ("methods: [GET]", "hosts: [Shop.example]", "must be in lower case"),
        ("methods: [GET]", "headers: {x-beta: 1}", "must be text, not a number: put it in quotes"),
        ("methods: [GET]", "headers: {'x beta': a}", "must be the name of a header field"),
        ("methods: [GET]", "fallback: maybe", "must be true or false, not text"),
        ("effect: read ", "effect: reads ", "unknown word reads; did you mean read?"),
        ("rewrite: {prefix: /files}", "rewrite: {prefix: /f/**}", "must be a plain path"),
        ("rewrite: {prefix: /files}", "rewrite: /files", "must be a mapping, not text"),
        ("rewrite: {prefix: /files}", "rewrite: {}", "must have either a prefix or a template"),
        (
            "rewrite: {prefix: /files}",
            "rewrite: {prefix: /a, template: /b}",
            "33:18: domains.datasets.routes[3].rewrite: must have either a prefix or a template",
        ),
        ("{prefix: /files}", "{prefix: ~}", "must have either a prefix or a template"),
        ("{prefix: /files}", "{template: ~}", "must have either a prefix or a template"),
        ("{prefix: /files}", "{template: files}", "must begin with /"),
        ("{prefix: /files}", "{template: '/a//b'}", "must not have an empty segment"),
        ("{prefix: /files}", "{template: '/a/../b'}", "must not have dot segments"),
        ("{prefix: /files}", "{template: '/a?b'}", "must not have a query: the request's own"),
        ("{prefix: /files}", "{template: '/a/{b}.c'}", "a parameter is a whole segment"),
        ("{prefix: /files}", "{template: '/{a}/{a}'}", "must not name {a} twice"),
        ('["$.tags"]', '["tags"]', "must be a path such as $.items[*].updated_at"),
        ("path: /api/v1/datasets  ", "path: 7  ", "must be text"),
        ("path: /api/v1/datasets  ", "path:  ", "must be text"),
        ("phase: canary\n", "phase: retird\n", "unknown word retird; did you mean retired?"),
        (
            "phase: canary\n",
            "phase: xyz\n",
            "known are monolith, shadow, canary, extracted, retired",
        ),
        ("phase: canary\n", "phase: !phase canary\n", "cannot be read as !phase"),
        (
            "phase: canary\n",
            "? [phase]\n    : canary\n",
            "17:7: domains.datasets: a key must be text",
        ),
    ],
)
def test_a_mistake_is_placed_and_says_what_is_wanted(old: str, new: str, mistake: str) -> None:
    found = changed(old, new)
    assert any(mistake in one for one in found), found


def test_a_canary_without_a_weight_is_told_what_to_add() -> None:
    [mistake] = changed('    canary: {weight: 10%, key: "header:x-user-id"}\n', "")
    assert mistake == (
        "routes.yaml:17:12: domains.datasets.phase: needs a weight: "
        "add `canary: {weight: 10%}` to the domain"
    )


# --- templates ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "mistake"),
    [
        ("/v2/{idd}", "names {idd}, which /api/v1/datasets/{id:int} has not; did you mean id?"),
        ("/v2/{zzz}", "names {zzz}, which /api/v1/datasets/{id:int} has not; known are id"),
        ("/v2/{id}/**", "ends in **, and /api/v1/datasets/{id:int} does not: end both in **"),
        (
            "/v2/{id:int}",
            "must not have the type of {id:int}: it stands in the route's path; write {id}",
        ),
    ],
)
def test_a_template_names_what_the_path_has(template: str, mistake: str) -> None:
    old = "methods: [GET]"
    told, *_ = changed(old, f"{old}\n        rewrite: {{template: '{template}'}}")
    assert told.startswith(
        f"routes.yaml:28:29: domains.datasets.routes[1].rewrite.template: {mistake}"
    )


# --- two writers --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("domain", "route", "refused"),
    [
        ("shadow", {"phase": "canary", "methods": ["POST"]}, False),
        ("canary", {"phase": "extracted", "methods": ["GET", "HEAD"]}, False),
        ("canary", {"phase": "extracted", "effect": "read"}, False),
        ("canary", {"phase": "extracted"}, True),
        ("canary", {"phase": "extracted", "methods": ["GET", "POST"]}, True),
        ("extracted", {"phase": "shadow", "methods": ["GET"]}, False),
        ("extracted", {"phase": "shadow", "methods": ["GET"], "effect": "write"}, True),
        ("extracted", {"phase": "retired"}, False),
    ],
)
def test_a_domain_has_one_writer(domain: str, route: dict[str, Any], refused: bool) -> None:
    data = document([{"path": "/", **route}], phase=domain, canary={"weight": "10%"})
    found = mistakes_in(yaml.safe_dump(data))
    assert any("two writers" in one for one in found) == refused
    assert len(found) == refused


# --- ties ---------------------------------------------------------------------------------------


def test_a_tie_across_domains_names_both_lines() -> None:
    text = SAMPLE + (
        "  other:\n    service: datasets\n    routes:\n"
        "      - {path: '/api/v1/datasets/{number:int}', methods: [PUT, GET]}\n"
    )
    [mistake] = mistakes_in(text)
    assert mistake.startswith("routes.yaml:37:16: domains.other.routes[0].path: ties with the ")
    assert "line 26" in mistake


@pytest.mark.parametrize(
    ("one", "other", "ties"),
    [
        ({}, {}, True),
        ({"methods": ["GET"]}, {"methods": ["POST"]}, False),
        ({"methods": ["GET", "PUT"]}, {"methods": ["POST", "PUT"]}, True),
        ({"methods": ["GET"]}, {"hosts": ["a.example"]}, True),
        ({"hosts": ["a.example", "b.example"]}, {"hosts": ["c.example", "b.example"]}, True),
        ({"hosts": ["a.example"]}, {"hosts": ["*.example"]}, False),
        ({"headers": {"X-A": "1"}}, {"headers": {"x-a": "1"}}, True),
        ({"headers": {"x-a": "1"}}, {"headers": {"x-a": "2"}}, False),
        ({"headers": {"x-a": "1"}}, {"query": {"x-a": "1"}}, True),
        ({"headers": {"x-a": "1"}}, {"headers": {"x-a": "*"}}, False),
    ],
)
def test_two_routes_tie_if_a_request_may_be_for_both(
    one: dict[str, Any], other: dict[str, Any], ties: bool
) -> None:
    data = document([{"path": "/x/{a}", **one}, {"path": "/x/{b}", **other}])
    assert len(mistakes_in(yaml.safe_dump(data))) == ties


def test_too_many_claims_on_one_path_are_refused() -> None:
    routes = [{"path": "/", "headers": {"x-tenant": str(number)}} for number in range(257)]
    assert mistakes_in(yaml.safe_dump(document(routes[:256]))) == []
    [mistake] = mistakes_in(yaml.safe_dump(document(routes)))
    assert "more than 256 claims on one path" in mistake


# --- comparison rules, whose language lies above ------------------------------------------------


def test_a_caller_that_knows_the_rules_has_their_mistakes_placed() -> None:
    def complaint(purpose: str, rule: str) -> str | None:
        return f"no {purpose} rule" if rule in {"header:date", "$.tags"} else None

    with pytest.raises(RoutesError) as refused:
        load(SAMPLE, "my.yaml", complaint)
    assert [str(mistake) for mistake in refused.value.mistakes] == [
        "my.yaml:21:41: domains.datasets.shadow.ignore[1]: no ignore rule",
        "my.yaml:22:19: domains.datasets.shadow.unordered[0]: no unordered rule",
    ]


def with_rules(text: str) -> str:
    return SAMPLE.replace("      sample: 25%\n", f"      sample: 25%\n{text}")


@pytest.mark.parametrize(
    ("rules", "mistake"),
    [
        (
            '      tolerance: {"$.a": 0}\n',
            "21:26: domains.datasets.shadow.tolerance.$.a: must be a number",
        ),
        (
            '      tolerance: {"$.a": 5}\n      keyed: {"$.b": []}\n',
            "22:22: domains.datasets.shadow.keyed.$.b: must be the name",
        ),
        (
            "      tolerance: {price: 1%}\n",
            "21:19: domains.datasets.shadow.tolerance.price: must be a path",
        ),
        (
            '      keyed: {"$.a[?x]": id}\n',
            "21:15: domains.datasets.shadow.keyed.$.a[?x]: unexpected",
        ),
    ],
)
def test_tolerances_and_keys_have_their_mistakes_placed(rules: str, mistake: str) -> None:
    with pytest.raises(RoutesError) as refused:
        load(with_rules(rules), "my.yaml", rule_complaint)
    assert [str(each)[: len(mistake) + 8] for each in refused.value.mistakes] == [
        f"my.yaml:{mistake}"
    ]


def test_tolerances_and_keys_are_compiled_as_they_are_written() -> None:
    text = with_rules(
        '      tolerance: {"$.a": 0.01, "$.b": 0.5%, "$.c": 2}\n'
        '      keyed: {"$.d": id, "$.e[?@.x]": [k, l]}\n'
    )
    shadow = load(text, complaint=rule_complaint).domains["datasets"].routes[0].shadow
    assert shadow.tolerance == (("$.a", "0.01"), ("$.b", "0.5%"), ("$.c", "2"))
    assert shadow.keyed == (("$.d", ("id",)), ("$.e[?@.x]", ("k", "l")))


# --- files that cannot be read at all -----------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("", "1:1: is empty"),
        ("# only a comment\n", "1:1: is empty"),
        ("- a\n", "1:1: must be a mapping, not a list"),
        ("text", "1:1: must be a mapping, not text"),
        ("a:\n\t- b\n", "2:1: cannot be read: a tab; YAML indents with spaces only"),
        ("a: [1, 2\nb: 3", "begins on line 1: did not find expected ',' or ']'"),
        ("a: @x", "1:4: cannot be read: "),
        ("a:\tb: @", "cannot be read: "),
        ("a: x\x00", "1:5: has the character U+0000, which YAML forbids"),
        ("é: \x07", "1:4: has the character U+0007"),
        (b"a: 1\nb\xc3\xa9: \xff", "2:5: is not UTF-8 from here on"),
        ("a: 1".encode("utf-16"), "1:1: is not UTF-8"),
        ("a: *nowhere", "1:4: cannot be read: found undefined alias"),
        ("---\na: 1\n---\nb: 1\n", "3:1: cannot be read: expected a single document"),
        ("#" * 1_048_577, "1:1: is larger than 1024 KiB"),
        ("&a [*a]", "nested more than 32 levels deep"),
        ("a: &a {b: *a}", "nested more than 32 levels deep"),
        ("a: &a {<<: *a}", "nested more than 32 levels deep"),
        ("[" * 300_000, "nested more than 32 levels deep"),
        ("- " * 300_000, "nested more than 32 levels deep"),
        ("a: !!int x\n", "1:4: a: cannot be read as !!int"),
        ("a: !!python/object/apply:os.system [ls]", "cannot be read as !!python/object"),
        ("a: 1__\n? {b: 1}\n: x", "a key must be text"),
        ("<<: 1\n", "<< merges mappings only"),
    ],
)
def test_what_cannot_be_read_is_a_mistake_with_a_place(text: str | bytes, mistake: str) -> None:
    found = mistakes_in(text)
    assert any(mistake in one for one in found), found


def test_a_yaml_bomb_is_a_mistake_and_no_outage() -> None:
    # Ten to the power of 24 values: followed to their end, this test would have none.
    levels = [f"b{n}: &b{n} [{', '.join([f'*b{n - 1}'] * 10)}]" for n in range(1, 25)]
    [mistake] = mistakes_in("\n".join(["b0: &b0 [1]", *levels]))
    assert "more than 150000 values once aliases are followed" in mistake


def test_a_huge_number_is_a_mistake() -> None:
    assert any("cannot be read as !!int" in one for one in mistakes_in("a: " + "9" * 5_000))


def test_an_error_prints_a_bounded_part_and_keeps_everything() -> None:
    with pytest.raises(RoutesError) as refused:
        load("\n".join(f"key{number}: 1" for number in range(200)))
    assert len(refused.value.mistakes) == 203
    assert len(str(refused.value).splitlines()) == SHOWN + 1
    assert str(refused.value).endswith("… and 153 more")


@pytest.fixture
def without_libyaml(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "_LOADER", yaml.SafeLoader)


@pytest.mark.usefixtures("without_libyaml")
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_parser_in_python_tells_the_same_places(end: str) -> None:
    slow = mistakes_in("\ufeff# é" + end + WRONG.replace("\n", end))
    told = TOLD.replace("\n  ", " ").splitlines()
    assert [one.split(":")[2] for one in slow] == [one.split(":")[1] for one in told]
    assert [int(one.split(":")[1]) for one in slow] == [int(one.split(":")[0]) + 1 for one in told]


@pytest.mark.usefixtures("without_libyaml")
def test_the_parser_in_python_keeps_the_bounds() -> None:
    assert "nested more than 32" in mistakes_in("[" * 300_000)[0]
    assert set_phase(SAMPLE, "datasets", Phase.SHADOW) == SAMPLE.replace(
        "    phase: canary\n", "    phase: shadow\n"
    )


# --- YAML that is unusual and right --------------------------------------------------------------


def test_anchors_and_merge_keys_mean_what_yaml_says() -> None:
    text = SAMPLE.replace("    shadow:\n", "    shadow: &careful\n") + (
        "  other:\n    service: datasets\n    shadow: {<<: *careful, sample: 1%}\n"
        "    routes: [{path: /other}]\n"
    )
    shadow = load(text).domains["other"].routes[0].shadow
    assert (shadow.sample, shadow.unordered) == (0.01, ("$.tags",))


def test_a_mistake_behind_an_alias_is_placed_where_it_is_written() -> None:
    text = SAMPLE.replace("shadow:\n      sample: 25%", "shadow: &s\n      sample: 250%") + (
        "  other: {service: datasets, shadow: *s, routes: [{path: /other}]}\n"
    )
    assert [one.split(" must")[0] for one in mistakes_in(text)] == [
        "routes.yaml:20:15: domains.datasets.shadow.sample:",
        "routes.yaml:20:15: domains.other.shadow.sample:",
    ]


def test_a_file_with_a_byte_order_mark_and_windows_line_ends_loads() -> None:
    table = load("\ufeff" + SAMPLE.replace("\n", "\r\n"))
    assert [route.line for route in table.routes] == [25, 26, 28, 30]
    assert load(("\ufeff" + SAMPLE).encode()).routes[0].line == 25


NOISE = st.text(st.sampled_from("\t\n :-[]{}&*!|>'\"%@`#?,<a1é\x85\ufeff"), max_size=6)


@given(st.integers(0, len(SAMPLE)), st.integers(0, 12), NOISE)
def test_a_damaged_file_ends_in_a_table_or_in_mistakes_that_have_a_place(
    at: int, cut: int, noise: str
) -> None:
    text = SAMPLE[:at] + noise + SAMPLE[at + cut :]
    for mistake in mistakes_in(text):
        found = re.match(r"routes\.yaml:([0-9]+):([0-9]+): ", mistake)
        assert found is not None
        assert 1 <= int(found[1]) <= len(re.split("[\n\x85]", text)) + 1
        assert int(found[2]) >= 1
