"""Runs the migrations on the connection, and in the transaction, of `strangler.store.schema`."""

from alembic import context

from strangler.store.tables import METADATA, VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
