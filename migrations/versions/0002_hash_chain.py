"""Chains the ledger by hash, and refuses whatever would change or take out what is in it."""

import json
from collections import defaultdict
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

GUARDED = ("revisions", "transitions")


def upgrade() -> None:
    # The default is for the revisions that are there, for a moment.
    column = sa.Column("hash", sa.String(80), nullable=False, server_default="")
    op.add_column("revisions", column)
    _chain(op.get_bind())
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def _chain(connection: sa.Connection) -> None:
    """Chain what is there, in format 1 of `strangler.store.chain` as it is for ever."""
    moves: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in connection.execute(
        sa.text("SELECT * FROM transitions ORDER BY revision, position")
    ).mappings():
        moves[row["revision"]].append(_move(row))
    numbers = connection.execute(sa.text("SELECT number FROM revisions ORDER BY number")).scalars()
    previous = ""
    for number in numbers.all():
        found = connection.execute(
            sa.text("SELECT * FROM revisions WHERE number = :number"), {"number": number}
        )
        previous = _link(previous, found.mappings().one(), moves[number])
        connection.execute(
            sa.text("UPDATE revisions SET hash = :hash WHERE number = :number"),
            {"hash": previous, "number": number},
        )


def _link(previous: str, row: sa.RowMapping, moves: list[dict[str, Any]]) -> str:
    at = row["at"] if isinstance(row["at"], datetime) else datetime.fromisoformat(row["at"])
    entry = {
        "previous": previous,
        "number": row["number"],
        "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": row["actor"],
        "reason": row["reason"],
        "digest": row["digest"],
        "text": row["text"],
        "forced": bool(row["forced"]),
        "transitions": moves,
    }
    text = json.dumps(entry, sort_keys=True, separators=(",", ":"))
    return f"1:{sha256(text.encode('ascii')).hexdigest()}"


def _move(row: sa.RowMapping) -> dict[str, Any]:
    written = {
        "domain": row["domain"],
        "route": row["route"],
        "from": row["from_phase"],
        "to": row["to_phase"],
        "detail": row["detail"],
    }
    return {name: value for name, value in written.items() if value is not None}


def _guard_sqlite() -> None:
    for table in GUARDED:
        for change in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_refuse_{change} BEFORE {change} ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'the ledger is only ever added to'); END"
            )


def _guard_postgresql() -> None:
    op.execute(
        "CREATE OR REPLACE FUNCTION strangler_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the ledger is only ever added to'; END $$"
    )
    for table in GUARDED:
        for change in ("update", "delete", "truncate"):
            op.execute(
                f"CREATE TRIGGER {table}_refuse_{change} BEFORE {change} ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION strangler_refuse()"
            )
