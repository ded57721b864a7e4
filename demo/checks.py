"""What the story claims, and whether it held."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Check:
    """One claim of one chapter; `detail` is what was measured."""

    chapter: str
    claim: str
    held: bool
    detail: str


@dataclass
class Checks:
    """All claims in the order they were made."""

    made: list[Check] = field(default_factory=list)

    @property
    def held(self) -> bool:
        """Whether there were claims and all of them held."""
        return bool(self.made) and all(check.held for check in self.made)

    def add(self, check: Check) -> None:
        """Remember one."""
        self.made.append(check)
