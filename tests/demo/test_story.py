"""The story must notice when the system does not do what it claims."""

from pathlib import Path
from typing import Any

import pytest

from demo.story import EXPECTED, Story
from demo.system import System


class QuietSystem(System):
    """A system that runs nothing and says what the test lets it say."""

    def __init__(self, home: Path, findings: list[dict[str, Any]]) -> None:
        super().__init__(home)
        self.findings = findings

    def read(self, *arguments: str) -> Any:
        noise = [{"paths": ["$.generated_at"]}, {"paths": ["$.computed_at"]}]
        return noise if "--noise" in arguments else self.findings


FINDINGS = [
    {"id": f"{number:016x}", "route": "/", "kind": kind, "paths": list(paths), "count": 3}
    for number, (kind, paths) in enumerate(EXPECTED)
]
ANOTHER = {"id": "f" * 16, "route": "/", "kind": "value", "paths": ["$.name"], "count": 1}


@pytest.mark.parametrize(
    ("findings", "held"),
    [(FINDINGS, True), (FINDINGS[1:], False), ([*FINDINGS, ANOTHER], False)],
    ids=["three", "two", "four"],
)
def test_it_claims_three_findings_no_more_and_no_fewer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, findings: list[dict[str, Any]], held: bool
) -> None:
    story = Story(QuietSystem(tmp_path / "home", findings))
    monkeypatch.setattr(story, "_compared", lambda: 1000)
    monkeypatch.setattr(story.screen, "until", lambda *_: True)

    story.shadow_the_buggy_service()
    story.close()

    assert story.checks.made[0].held is held
