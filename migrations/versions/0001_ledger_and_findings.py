"""The ledger of revisions, the counts of verdicts and rules, findings, notices."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.String(32).with_variant(sa.DateTime(timezone=True), "postgresql")


def upgrade() -> None:
    _ledger()
    _counts()
    _findings()
    op.create_table(
        "notices",
        sa.Column("replica", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )


def _ledger() -> None:
    op.create_table(
        "revisions",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("forced", sa.Boolean, nullable=False),
    )
    op.create_table(
        "transitions",
        sa.Column("revision", sa.Integer, sa.ForeignKey("revisions.number"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("domain", sa.Text, nullable=False),
        sa.Column("route", sa.Text),
        sa.Column("from_phase", sa.Text, nullable=False),
        sa.Column("to_phase", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )


def _counts() -> None:
    for table, counted in (("verdicts", "verdict"), ("rule_firings", "rule")):
        op.create_table(
            table,
            sa.Column("domain", sa.Text, primary_key=True),
            sa.Column("route", sa.Text, primary_key=True),
            sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column(counted, sa.Text, primary_key=True),
            sa.Column("count", sa.BigInteger, nullable=False),
        )


def _findings() -> None:
    op.create_table(
        "findings",
        sa.Column("id", sa.String(80), primary_key=True),
        sa.Column("signature", sa.String(64), nullable=False),
        sa.Column("domain", sa.Text, nullable=False),
        sa.Column("route", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("paths", sa.JSON, nullable=False),
        sa.Column("noise", sa.Boolean, nullable=False),
        sa.Column("first_seen", MOMENT, nullable=False),
        sa.Column("last_seen", MOMENT, nullable=False),
        sa.Column("revision_first", sa.Integer, nullable=False),
        sa.Column("revision_last", sa.Integer, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_findings_route", "findings", ["route"])
    op.create_table(
        "examples",
        sa.Column(
            "finding",
            sa.String(80),
            sa.ForeignKey("findings.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("at", MOMENT, primary_key=True),
        sa.Column("request_id", sa.Text, primary_key=True),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("primary_status", sa.Integer, nullable=False),
        sa.Column("candidate_status", sa.Integer, nullable=False),
        sa.Column("candidate_upstream", sa.Text, nullable=False),
        sa.Column("differences", sa.JSON, nullable=False),
        sa.Column("omitted", sa.Integer, nullable=False),
    )
