"""The fences at which writes wait while their writer moves."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.String(32).with_variant(sa.DateTime(timezone=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "fences",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("follows", sa.Integer, nullable=False),
        sa.Column("domains", sa.JSON, nullable=False),
        sa.Column("everything", sa.Boolean, nullable=False),
        sa.Column("requests", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("said", sa.Text, nullable=False),
    )
    # Replicas of an older strangler know no fence and acknowledge none.
    op.add_column("replicas", sa.Column("fence", sa.Integer, nullable=False, server_default="0"))
    with op.batch_alter_table("replicas") as replicas:
        replicas.alter_column("fence", server_default=None)
