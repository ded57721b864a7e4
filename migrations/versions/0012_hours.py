"""Counts how comparisons ended by the hour, for a report that shows how it goes."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

MOMENT = sa.String(32).with_variant(sa.DateTime(timezone=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "hours",
        sa.Column("domain", sa.Text, primary_key=True),
        sa.Column("route", sa.Text, primary_key=True),
        sa.Column("hour", MOMENT, primary_key=True),
        sa.Column("verdict", sa.Text, primary_key=True),
        sa.Column("count", sa.BigInteger, nullable=False),
    )
