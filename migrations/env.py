"""Alembic's way in: the caller brings the connection, so that nothing here reads settings."""

from alembic import context

from app.tables import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, transaction_per_migration=True
)
with context.begin_transaction():
    context.run_migrations()
