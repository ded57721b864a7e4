"""A sample of request heads, redacted, which a plan is run against."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.String(32).with_variant(sa.DateTime(timezone=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "heads",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("replica", sa.Text, nullable=False),
        sa.Column("weight", sa.Double, nullable=False),
        sa.Column("key", sa.String(16), nullable=False),
        sa.Column("head", sa.JSON, nullable=False),
    )
    op.create_index("ix_heads_at", "heads", ["at"])
