"""Makes findings work items: what became what, how they stand, which paths are whose."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

MOMENT = sa.String(32).with_variant(sa.DateTime(timezone=True), "postgresql")


def upgrade() -> None:
    op.add_column("findings", sa.Column("change", sa.Text, nullable=False, server_default=""))
    op.add_column(
        "findings",
        sa.Column("compared_before", sa.BigInteger, nullable=False, server_default="0"),
    )
    op.add_column("examples", sa.Column("rank", sa.BigInteger, nullable=False, server_default="0"))
    # Examples of before give way to those that are drawn from all sightings.
    op.execute("UPDATE examples SET rank = 4611686018427387904")  # 2^62
    op.create_table(
        "spots",
        sa.Column("spot", sa.String(32), primary_key=True),
        sa.Column("finding", sa.String(80), nullable=False, index=True),
    )
    op.create_table(
        "finding_states",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("finding", sa.String(80), nullable=False, index=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("until", MOMENT),
    )
    _verdicts()
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def _verdicts() -> None:
    """Make the table anew, for SQLite cannot change a primary key; what is there names nothing."""
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
        sa.Column("findings", sa.Text, primary_key=True, server_default=""),
        sa.Column("count", sa.BigInteger, nullable=False),
    )
    op.execute(
        "INSERT INTO verdicts (domain, route, revision, verdict, method, status, findings, count) "
        "SELECT domain, route, revision, verdict, method, status, '', count FROM verdicts_before"
    )
    op.execute("DROP TABLE verdicts_before")


def _guard_sqlite() -> None:
    for change in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER finding_states_refuse_{change} BEFORE {change} ON finding_states "
            "BEGIN SELECT RAISE(ABORT, 'what was said of a finding is only ever added to'); END"
        )


def _guard_postgresql() -> None:
    for change in ("update", "delete", "truncate"):
        op.execute(
            f"CREATE TRIGGER finding_states_refuse_{change} BEFORE {change} ON finding_states "
            "FOR EACH STATEMENT EXECUTE FUNCTION strangler_refuse()"
        )
