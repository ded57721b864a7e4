"""The tables of the store, as the newest migration leaves them (a test holds the two together)."""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

SCHEMA = "0012"
"""The newest migration; known here so that a current store opens without loading alembic."""

VERSION_TABLE = "strangler_schema"
"""Where alembic notes the schema: a name of our own, so that no other program's is taken for it."""


class UtcTime(TypeDecorator[datetime]):
    """A moment: `timestamptz` on PostgreSQL, else ISO text of fixed width, which sorts by time."""

    impl = String(32)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[datetime] | TypeEngine[str]:
        """Choose the column type of one kind of database."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(DateTime(timezone=True))
        return dialect.type_descriptor(String(32))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | str | None:
        """Refuse a time without a zone: nobody could say later which moment it was."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be stored: {value}")
        moment = value.astimezone(UTC)
        if dialect.name == "postgresql":
            return moment
        return moment.isoformat(timespec="microseconds")

    def process_result_value(self, value: object, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the base's signature
        """Give the moment in UTC."""
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        return value.astimezone(UTC) if isinstance(value, datetime) else None


METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Every constraint has a name on every database, so that a later migration can speak of it."""

revisions = Table(
    "revisions",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("forced", Boolean, nullable=False),
    Column("hash", String(80), nullable=False, server_default=""),
)

transitions = Table(
    "transitions",
    METADATA,
    Column("revision", ForeignKey("revisions.number"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("domain", Text, nullable=False),
    Column("route", Text),
    Column("from_phase", Text, nullable=False),
    Column("to_phase", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("evidence", JSON(none_as_null=True)),
)

# The evidence names revisions without a foreign key: a ledger that was put back from an older
# back-up must not stop replicas from writing what they see.
verdicts = Table(
    "verdicts",
    METADATA,
    Column("domain", Text, primary_key=True),
    Column("route", Text, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("verdict", Text, primary_key=True),
    Column("method", Text, primary_key=True),
    Column("status", Text, primary_key=True),
    Column("findings", Text, primary_key=True, server_default=""),
    Column("count", BigInteger, nullable=False),
)

hours = Table(
    "hours",
    METADATA,
    Column("domain", Text, primary_key=True),
    Column("route", Text, primary_key=True),
    Column("hour", UtcTime, primary_key=True),
    Column("verdict", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),
)

answers = Table(
    "answers",
    METADATA,
    Column("domain", Text, primary_key=True),
    Column("route", Text, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("system", Text, primary_key=True),
    Column("method", Text, primary_key=True),
    Column("outcome", Text, primary_key=True),
    Column("bucket", Integer, primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("last_seen", UtcTime, nullable=False),
)

rule_firings = Table(
    "rule_firings",
    METADATA,
    Column("domain", Text, primary_key=True),
    Column("route", Text, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("rule", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),
)

findings = Table(
    "findings",
    METADATA,
    Column("id", String(80), primary_key=True),
    Column("signature", String(64), nullable=False),
    Column("domain", Text, nullable=False),
    Column("route", Text, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("change", Text, nullable=False, server_default=""),
    Column("paths", JSON, nullable=False),
    Column("noise", Boolean, nullable=False),
    Column("first_seen", UtcTime, nullable=False),
    Column("last_seen", UtcTime, nullable=False),
    Column("revision_first", Integer, nullable=False),
    Column("revision_last", Integer, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("compared_before", BigInteger, nullable=False, server_default="0"),
)

# Each path of a route that differs in one way belongs to one finding, whoever writes first.
spots = Table(
    "spots",
    METADATA,
    Column("spot", String(32), primary_key=True),
    Column("finding", String(80), nullable=False, index=True),
)

# Only ever added to: what was said of findings, by whom and why.
finding_states = Table(
    "finding_states",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("finding", String(80), nullable=False, index=True),
    Column("at", UtcTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("until", UtcTime),
)

noise = Table(
    "noise",
    METADATA,
    Column("route", Text, primary_key=True),
    Column("upstream", Text, primary_key=True),
    Column("path", Text, primary_key=True),
    Column("way", Text, primary_key=True),
    Column("domain", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("looks", BigInteger, nullable=False),
    Column("moved", BigInteger, nullable=False),
    Column("primary", Text, nullable=False),
    Column("candidate", Text, nullable=False),
    Column("first_seen", UtcTime, nullable=False),
    Column("last_seen", UtcTime, nullable=False),
)

examples = Table(
    "examples",
    METADATA,
    Column("finding", ForeignKey("findings.id", ondelete="CASCADE"), primary_key=True),
    Column("at", UtcTime, primary_key=True),
    Column("request_id", Text, primary_key=True),
    Column("rank", BigInteger, nullable=False, server_default="0"),
    Column("method", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("primary_status", Integer, nullable=False),
    Column("candidate_status", Integer, nullable=False),
    Column("candidate_upstream", Text, nullable=False),
    Column("differences", JSON, nullable=False),
    Column("omitted", Integer, nullable=False),
)

heads = Table(
    "heads",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("at", UtcTime, nullable=False, index=True),
    Column("replica", Text, nullable=False),
    Column("weight", Double, nullable=False),
    Column("key", String(16), nullable=False),
    Column("head", JSON, nullable=False),
)

unclaimed = Table(
    "unclaimed",
    METADATA,
    Column("path", Text, primary_key=True),
    Column("method", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("first_seen", UtcTime, nullable=False),
    Column("last_seen", UtcTime, nullable=False),
)

calls = Table(
    "calls",
    METADATA,
    Column("route", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("first_seen", UtcTime, nullable=False),
    Column("last_seen", UtcTime, nullable=False),
)

notices = Table(
    "notices",
    METADATA,
    Column("replica", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("text", Text, nullable=False),
)

# A row for each life of a replica that may send requests: a replica that starts once more is a new
# life of it, and the old one goes only when it is known to have ended.
replicas = Table(
    "replicas",
    METADATA,
    Column("life", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("workers", Integer, nullable=False),
    Column("workers_ready", Integer, nullable=False),
    Column("fence", Integer, nullable=False),
)

fences = Table(
    "fences",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    Column("until", UtcTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("follows", Integer, nullable=False),
    Column("domains", JSON, nullable=False),
    Column("everything", Boolean, nullable=False),
    Column("requests", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("said", Text, nullable=False),
    Column("ended_at", UtcTime),
)

# Only ever added to: on whose word a silent replica is waited for no longer.
forgettings = Table(
    "forgettings",
    METADATA,
    Column("life", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
)

secrets = Table(
    "secrets",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
