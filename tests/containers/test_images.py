"""The Dockerfiles, held against the code that they wrap."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.containers.system import SERVICES
from tests.processes import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
OWN = {"strangler", "legacy_monolith", "extracted", "loadtests"}
SOURCES = {
    "monolith": "legacy_monolith",
    "datasets": "extracted/datasets",
    "loadtests": "loadtests",
}
"""What each image installs by itself; strangler's is installed from pyproject.toml."""

each_image = pytest.mark.parametrize("name", SERVICES)


@each_image
def test_everything_copied_exists_and_is_sent_to_the_build(name: str) -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    sent = [line[1:] for line in lines if line.startswith("!")]
    assert "*" in lines
    for source in SERVICES[name].image.copied:
        assert (ROOT / source).exists(), source
        assert any(fnmatch(source, pattern) or source.startswith(f"{pattern}/") for pattern in sent)


def test_nothing_is_sent_to_a_build_that_no_image_copies() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    copied = {source.rstrip("/") for s in SERVICES.values() for source in s.image.copied}
    for pattern in (line[1:] for line in lines if line.startswith("!")):
        assert any(source == pattern or source.startswith(f"{pattern}/") for source in copied)


@each_image
def test_its_python_is_one_that_the_project_supports(name: str) -> None:
    for image in SERVICES[name].image.all("FROM"):
        version = re.match(r"python:(\d+\.\d+)-slim\b", image)
        assert version, image
        assert version[1] in Requirement(f"python{PROJECT['requires-python']}").specifier
        assert f"Programming Language :: Python :: {version[1]}" in PROJECT["classifiers"]


@each_image
def test_it_does_not_run_as_root(name: str) -> None:
    image = SERVICES[name].image
    assert image.last("USER") not in {"root", "0"}
    created = re.search(
        rf"useradd [^&]*\b{re.escape(image.last('USER'))}\b", " ".join(image.all("RUN"))
    )
    assert created, "the user is not made"
    order = [instruction for instruction, _ in image.instructions]
    last_user = len(order) - 1 - order[::-1].index("USER")
    assert not {"RUN", "COPY"} & {*order[last_user:]}, "something is made after it became the user"


@each_image
def test_what_runs_is_in_exec_form_so_that_signals_arrive(name: str) -> None:
    assert SERVICES[name].command
    assert all(isinstance(word, str) for word in SERVICES[name].command)


@pytest.mark.parametrize("name", SOURCES)
def test_what_the_program_imports_is_installed(name: str) -> None:
    available = closure(SERVICES[name].image.installed)
    known = packages_distributions()
    for module in {*imports_below(ROOT / SOURCES[name])} - OWN - {*sys.stdlib_module_names}:
        brought_by = {canonicalize_name(distribution) for distribution in known[module]}
        assert brought_by & available, f"{module} is imported and not installed"


@pytest.mark.parametrize("name", SOURCES)
def test_only_locked_distributions_are_installed(name: str) -> None:
    lock = (ROOT / "requirements.lock").read_text()
    for distribution in SERVICES[name].image.installed:
        assert re.search(rf"^{re.escape(distribution)}==", lock, re.MULTILINE), distribution


@each_image
def test_the_pattern_that_makes_constraints_of_the_lock_finds_every_version(name: str) -> None:
    [pattern] = re.findall(r"grep [^']*'([^']+)'", " ".join(SERVICES[name].image.all("RUN")))
    lock = (ROOT / "requirements.lock").read_text()
    found = re.findall(pattern.replace("^", "(?m)^", 1), lock)
    assert len(found) == len(re.findall(r"(?m)^\S+==", lock))
    assert all(re.fullmatch(r"[\w.-]+==[\w.+!]+", line) for line in found)


def test_stranglers_image_is_installed_from_the_project_with_what_it_needs_to_build() -> None:
    image = SERVICES["strangler"].image
    assert image.installed == [".[postgres]"]
    assert "postgres" in PROJECT["optional-dependencies"]
    needed = {
        "pyproject.toml",
        PROJECT["readme"],
        *PROJECT["license-files"],
        "strangler",
        "migrations",
    }
    assert needed <= {*image.copied}


def imports_below(directory: Path) -> Iterator[str]:
    """The first names of all that the modules below a directory import."""
    for path in directory.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module.partition(".")[0]


def closure(distributions: list[str]) -> set[str]:
    """These distributions with all that they need, as installed here."""
    found: set[str] = set()
    todo = [canonicalize_name(name) for name in distributions]
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            needs = (Requirement(text) for text in requires(name) or [])
            todo += [
                canonicalize_name(need.name)
                for need in needs
                if need.marker is None or need.marker.evaluate({"extra": ""})
            ]
    return found
