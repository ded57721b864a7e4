"""Compiles tables, and remembers the last ones: whoever moves one looks at it in several places.

A table never changes, and its text is all that it depends on.
"""

from strangler.routing.check import Complaint
from strangler.routing.compile import digest_of, load
from strangler.routing.table import RouteTable

REMEMBERED = 3
"""Tables: the one that is live, the one that takes its place, and one that does not."""

_tables: dict[str, RouteTable] = {}  # by the digest of its text, the oldest first


def table_of(
    text: str | bytes, name: str = "routes.yaml", complaint: Complaint | None = None
) -> RouteTable:
    """Compile a text as `load` does, unless that was done a moment ago. Raises `RoutesError`.

    What is to be held against a `complaint` is compiled in any case.
    """
    digest = digest_of(text)
    table = _tables.get(digest) if complaint is None else None
    if table is None:
        table = load(text, name, complaint)
        _tables.pop(digest, None)
        _tables[digest] = table
        for oldest in list(_tables)[:-REMEMBERED]:
            _tables.pop(oldest, None)
    return table
