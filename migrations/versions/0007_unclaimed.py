"""What reached the monolith unclaimed, by template, and how often each route was called."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MOMENT = sa.String(32).with_variant(sa.DateTime(timezone=True), "postgresql")


def _seen() -> list[sa.Column[object]]:
    return [
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("first_seen", MOMENT, nullable=False),
        sa.Column("last_seen", MOMENT, nullable=False),
    ]


def upgrade() -> None:
    op.create_table(
        "unclaimed",
        sa.Column("path", sa.Text, primary_key=True),
        sa.Column("method", sa.Text, primary_key=True),
        *_seen(),
    )
    op.create_table("calls", sa.Column("route", sa.Text, primary_key=True), *_seen())
