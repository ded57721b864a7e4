"""Decides whether a ledger is what was written, reading it from the beginning."""

from dataclasses import dataclass, field
from hashlib import sha256

from strangler.migration.fold import Phases
from strangler.store.chain import BEGINNING, link
from strangler.store.records import Chapter, Revision


@dataclass(slots=True)
class Verification:
    """What was found so far; each list holds one line for people about each fault.

    `broken`: revisions that do not fit the hash chain. `altered`: texts that are not what their
    digest says. `hashes`: all that were seen. `phases`: where the transitions lead to.
    """

    newest: Revision | None = None
    broken: list[str] = field(default_factory=list)
    altered: list[str] = field(default_factory=list)
    unfolded: list[str] = field(default_factory=list)
    hashes: set[str] = field(default_factory=set)
    phases: Phases = field(default_factory=Phases)

    def __repr__(self) -> str:
        """Show how far it came and what it found."""
        number = self.newest.number if self.newest else 0
        return f"<Verification to={number} broken={len(self.broken)} altered={len(self.altered)}>"

    def take(self, chapter: Chapter) -> None:
        """Look at the next revision. One that does not fit is no reason to doubt what follows."""
        revision = chapter.revision
        self._chain(chapter)
        if sha256(revision.text.encode()).hexdigest() != revision.digest:
            self.altered.append(f"revision {revision.number}: its text is not what its digest says")
        try:
            self.phases.take(move.change() for move in chapter.transitions)
        except ValueError as error:
            self.unfolded.append(f"revision {revision.number}: {error}")
        self.hashes.add(revision.hash)
        self.newest = revision

    def _chain(self, chapter: Chapter) -> None:
        last, number = self.newest, chapter.revision.number
        expected = 1 if last is None else last.number + 1
        if number != expected:
            gone = (
                f"revision {expected} is"
                if number == expected + 1
                else f"{expected} to {number - 1} are"
            )
            self.broken.append(f"{gone} gone")
        elif not chapter.revision.hash:
            self.broken.append(
                f"revision {number} has no hash: an older strangler wrote it, or a hand"
            )
        elif chapter.revision.hash != link(
            BEGINNING if last is None else last.hash, chapter.revision, chapter.transitions
        ):
            self.broken.append(f"revision {number} is not what was written: its hash does not fit")
