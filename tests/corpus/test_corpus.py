"""The labelled pairs of `apis/`, asked through a running proxy: is each judged as labelled?"""

from pathlib import Path

import pytest

from tests.corpus.all_pairs import load_all
from tests.corpus.pairs import Pair, known_wrong, secrets
from tests.corpus.running import run
from tests.corpus.score import Score, score

pytestmark = pytest.mark.timeout(600)
"""Thousands of questions, each asked again where the answers differ: longer than any other test."""

TIMES = 3
"""Asks of each pair: as many as the rarest route of a small site may see in a day."""


@pytest.fixture(scope="module")
def pairs() -> list[Pair]:
    return load_all()


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("corpus")


@pytest.fixture(scope="module")
def scored(directory: Path, pairs: list[Pair]) -> Score:
    asked = run(directory, pairs, TIMES)
    assert asked.lost == {}, "a copy was lost: the figures would prove nothing"
    return score(pairs, asked.findings, known_wrong())


def test_every_regression_is_found(scored: Score) -> None:
    assert scored.recall == 1.0, scored.table()


def test_nearly_every_finding_is_a_regression(scored: Score) -> None:
    assert scored.precision >= 0.99, scored.table()


@pytest.mark.usefixtures("scored")
def test_nothing_confidential_is_left_on_disk(directory: Path) -> None:
    written = {file: file.read_bytes() for file in directory.rglob("*") if file.is_file()}
    assert any(b"/people/{id}" in octets for octets in written.values())
    told = secrets()
    assert told
    leaks = {name for name in told if any(name.encode() in octets for octets in written.values())}
    assert leaks == set()
