"""The replicas that serve, and those that somebody said to be dead."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.String(32).with_variant(sa.DateTime(timezone=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "replicas",
        sa.Column("life", sa.String(32), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("workers", sa.Integer, nullable=False),
        sa.Column("workers_ready", sa.Integer, nullable=False),
    )
    op.create_table(
        "forgettings",
        sa.Column("life", sa.String(32), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
    )
    for change in _changes():
        op.execute(change)


def _changes() -> list[str]:
    """Have the database refuse to change or take out what was said, as it does for the ledger."""
    if op.get_bind().dialect.name == "postgresql":
        return [
            f"CREATE TRIGGER forgettings_refuse_{change} BEFORE {change} ON forgettings "
            "FOR EACH STATEMENT EXECUTE FUNCTION strangler_refuse()"
            for change in ("update", "delete", "truncate")
        ]
    return [
        f"CREATE TRIGGER forgettings_refuse_{change} BEFORE {change} ON forgettings "
        "BEGIN SELECT RAISE(ABORT, 'who was forgotten is only ever added to'); END"
        for change in ("update", "delete")
    ]
