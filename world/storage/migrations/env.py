"""What alembic runs for a migration: on the connection that `world.storage.migrate` gives it, and no
other."""

from __future__ import annotations

from alembic import context

from world.storage.models import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    # SQLite cannot alter a table: alembic writes it anew.
    render_as_batch=connection.dialect.name == "sqlite",
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
