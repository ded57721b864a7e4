"""docs/routes.md tells every field, its default, and an example that holds."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from strangler.routing.map_back import MAPPED_BODY
from strangler.routing.schema import json_schema
from tests.routing.building import ask, table_of

PAGE = (Path(__file__).parent.parent.parent / "docs" / "routes.md").read_text("utf-8")
MODELS = json_schema()["$defs"]
NESTED = {"HealthConfig": "health", "TimeoutsConfig": "timeouts", "CanaryConfig": "canary"}
NESTED |= {"RewriteConfig": "rewrite", "EjectionConfig": "ejection", "LimitsConfig": "limits"}
NESTED |= {"RetriesConfig": "retries", "TlsConfig": "tls", "LagConfig": "lag"}
NESTED |= {"ReadYourWritesConfig": "read_your_writes", "FenceConfig": "fence"}
NESTED |= {"GateConfig": "gate", "LatencyConfig": "latency"}
NESTED |= {"BreachLatencyConfig": "rollback_on.latency"}
NESTED |= {"DryRunConfig": "dry_run", "RetentionConfig": "retention"}
NESTED |= {"AutopilotConfig": "autopilot", "RollbackConfig": "rollback_on"}


def fields() -> list[tuple[str, dict[str, Any]]]:
    """List every field that holds a value, as the page writes it, with its schema."""
    told = []
    for name, model in {"RoutesConfig": json_schema(), **MODELS}.items():
        for key, schema in model.get("properties", {}).items():
            if key not in NESTED.values():
                told.append((f"{NESTED[name]}.{key}" if name in NESTED else key, schema))
    return told


@pytest.mark.parametrize(("field", "schema"), fields(), ids=[field for field, _ in fields()])
def test_every_field_is_in_a_table_with_its_default(field: str, schema: dict[str, Any]) -> None:
    rows = [line.split("|") for line in PAGE.splitlines() if line.startswith(f"| `{field}` |")]
    assert rows, f"docs/routes.md has no row for {field}"
    default = schema.get("default")
    if isinstance(default, str | bool | int | list):
        word = str(default).lower() if isinstance(default, bool) else str(default)
        assert any(row[2].strip() == f"`{word}`" for row in rows), (field, default)


def test_the_bound_of_mapped_bodies_is_the_code_s() -> None:
    assert f"up to {MAPPED_BODY // 1024} KiB;" in PAGE


EXAMPLE = re.search(r"with these routes.*?```yaml\n(.*?)```.*?\|---\|\n(.*)", PAGE, re.DOTALL)
assert EXAMPLE is not None
TABLE = table_of(yaml.safe_load(EXAMPLE[1]))
LETTERS = re.findall(r"# ([A-F])$", EXAMPLE[1], re.MULTILINE)
ROW = re.compile(r"^\| `([A-Z]+) (\S+)`(?: with `X-Beta: (\w+)`)? \| (\w+) \|", re.MULTILINE)
ROWS = ROW.findall(EXAMPLE[2])


def test_the_example_is_read_whole() -> None:
    assert len(ROWS) == len(EXAMPLE[2].splitlines())
    assert len(LETTERS) == len(TABLE.routes)


@pytest.mark.parametrize(("method", "path", "beta", "letter"), ROWS)
def test_the_example_of_specificity_holds(method: str, path: str, beta: str, letter: str) -> None:
    headers = {"x_beta": beta} if beta else {}
    route = TABLE.match(ask(method, path, **headers))
    found = "none" if route is None else LETTERS[TABLE.routes.index(route)]
    assert found == letter
