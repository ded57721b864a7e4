"""`validate` and `schema`: what is wrong with a file, and what a right one may say."""

import jsonschema
import pytest
import yaml

from tests.cli.desk import ROUTES, Desk


def test_a_good_file_is_fine(desk: Desk) -> None:
    desk.write()

    ended = desk.run("validate")

    assert (ended.code, ended.out, ended.err) == (0, "routes.yaml: fine, 2 domains, 5 routes\n", "")


def test_all_mistakes_are_printed_one_a_line_by_place(desk: Desk) -> None:
    desk.write(
        ROUTES.replace("weight: 10%", "weight: 110%").replace("service: users", "servce: users")
    )

    ended = desk.run("validate")

    assert (ended.code, ended.out) == (1, "")
    lines = ended.err.splitlines()
    assert lines[0].startswith("routes.yaml:16:22: domains.datasets.canary.weight: must be between")
    assert any("did you mean service?" in line for line in lines)
    assert all(line.startswith("routes.yaml:") for line in lines)


def test_comparison_rules_are_looked_at_too(desk: Desk) -> None:
    desk.write(ROUTES.replace("{sample: 25%}", '{ignore: ["$.items[*"]}'))

    ended = desk.run("validate")

    assert ended.code == 1
    assert ended.err.startswith("routes.yaml:17:")


def test_more_mistakes_than_an_error_shows_are_all_printed(desk: Desk) -> None:
    desk.write(ROUTES + "".join(f"    extra{number}: 1\n" for number in range(70)))

    assert len(desk.run("validate").err.splitlines()) == 70


def test_the_file_may_be_named_in_three_ways(desk: Desk) -> None:
    desk.write()
    desk.routes.rename(desk.directory / "other.yaml")

    assert desk.run("validate").code == 1
    assert desk.run("validate", "other.yaml").out.startswith("other.yaml: fine")
    assert desk.run("validate", "--routes", "other.yaml").code == 0
    assert desk.run("validate", STRANGLER_ROUTES="other.yaml").code == 0


def test_json_tells_the_same_to_programs(desk: Desk) -> None:
    desk.write()
    fine = desk.run("validate", "--json")
    desk.edit("weight: 10%", "weight: 110%")
    wrong = desk.run("validate", "--json")

    assert (fine.code, fine.json["valid"], fine.json["routes"]) == (0, True, 5)
    assert (wrong.code, wrong.json["valid"], wrong.json["digest"], wrong.err) == (
        1,
        False,
        None,
        "",
    )
    (mistake,) = wrong.json["mistakes"]
    assert (mistake["line"], mistake["path"]) == (16, "domains.datasets.canary.weight")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("missing.yaml", "missing.yaml: No such file or directory; name a file with --routes"),
        (".", ".: Is a directory; name a file with --routes"),
        ("/proc/self/mem", "/proc/self/mem: Input/output error; name a file with --routes"),
        ("/dev/zero", "/dev/zero:1:1: is larger than 1024 KiB"),
    ],
)
def test_what_cannot_be_read_is_one_line(desk: Desk, name: str, said: str) -> None:
    ended = desk.run("validate", name)

    assert (ended.code, ended.err) == (1, said + "\n")


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"version: 1\nmonolith: \xff\n", "routes.yaml:2:11: is not UTF-8 from here on"),
        (b"version: [1\n", "cannot be read"),
        (b"", "is empty"),
        (b"a: \x1b[31m\n", "routes.yaml:1:4: has the character U+001B, which YAML forbids"),
    ],
)
def test_what_is_no_yaml_is_a_mistake_with_a_place(desk: Desk, raw: bytes, said: str) -> None:
    desk.routes.write_bytes(raw)

    ended = desk.run("validate")

    assert ended.code == 1
    assert said in ended.err


def test_the_schema_accepts_what_validates_and_refuses_what_does_not(desk: Desk) -> None:
    schema = desk.run("schema").json

    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load(ROUTES), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(ROUTES.replace("shadow ", "shadows ")), schema)


def test_what_is_doubtful_about_tls_is_a_warning_with_its_place(desk: Desk) -> None:
    desk.write()
    desk.edit("http://127.0.0.1:9000]}", "https://127.0.0.1:9000], tls: {ca: /nowhere/ca.pem}}")

    told, as_json = desk.run("validate"), desk.run("validate", "--json")

    assert (told.code, told.out[:17]) == (0, "routes.yaml: fine")
    assert told.err == (
        "routes.yaml:5:59: upstreams.monolith.tls.ca: /nowhere/ca.pem: No such file or directory "
        "(a warning)\n"
    )
    assert as_json.code == 0
    (warning,) = as_json.json["warnings"]
    assert (warning["line"], warning["path"]) == (5, "upstreams.monolith.tls.ca")
