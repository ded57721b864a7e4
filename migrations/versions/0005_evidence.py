"""Tells verdicts apart by method and status, counts answers, keeps what opened a gate."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.String(32).with_variant(sa.DateTime(timezone=True), "postgresql")


def upgrade() -> None:
    _strata()
    op.create_table(
        "answers",
        sa.Column("domain", sa.Text, primary_key=True),
        sa.Column("route", sa.Text, primary_key=True),
        sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("system", sa.Text, primary_key=True),
        sa.Column("method", sa.Text, primary_key=True),
        sa.Column("outcome", sa.Text, primary_key=True),
        sa.Column("bucket", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("last_seen", MOMENT, nullable=False),
    )
    op.add_column("transitions", sa.Column("evidence", sa.JSON))


def _strata() -> None:
    """Make the table anew, for SQLite cannot change a primary key; what is there has no stratum."""
    op.execute("CREATE TEMPORARY TABLE verdicts_before AS SELECT * FROM verdicts")
    op.drop_table("verdicts")
    op.create_table(
        "verdicts",
        sa.Column("domain", sa.Text, primary_key=True),
        sa.Column("route", sa.Text, primary_key=True),
        sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("verdict", sa.Text, primary_key=True),
        sa.Column("method", sa.Text, primary_key=True),
        sa.Column("status", sa.Text, primary_key=True),
        sa.Column("count", sa.BigInteger, nullable=False),
    )
    op.execute(
        "INSERT INTO verdicts (domain, route, revision, verdict, method, status, count) "
        "SELECT domain, route, revision, verdict, '', '', count FROM verdicts_before"
    )
    op.execute("DROP TABLE verdicts_before")
