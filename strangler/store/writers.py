"""Decides whether a revision needs a fence, so that no caller can forget that a writer moves."""

from strangler.migration.fence import Scope, moved_writers
from strangler.routing.mistakes import RoutesError
from strangler.store.errors import Unfenced
from strangler.store.records import Fence, Revision


def moved_by(before: Revision | None, text: str) -> Scope:
    """Find whose writer moves when a text is live after `before`.

    What no table can be read from is live nowhere, and moves nobody.
    """
    if before is None or before.text == text:
        return Scope()
    # With it comes pydantic, which those who only read the store do without.
    from strangler.routing.recent import table_of  # noqa: PLC0415

    try:
        return moved_writers(table_of(before.text), table_of(text))
    except RoutesError:
        return Scope()


def see_fenced(scope: Scope, fence: Fence | None) -> None:
    """See that the writes of all domains whose writer moves wait at the fence; else `Unfenced`."""
    if fence is None:
        covered = not scope
    else:
        covered = scope.domains <= fence.domains and (fence.everything or not scope.everything)
    if not covered:
        raise Unfenced(
            f"this moves the writer of {scope}, and their writes do not wait at a fence: nothing "
            "has changed; move it by `strangler promote`, `rollback` or `apply`"
        )
