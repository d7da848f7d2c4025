"""Brings a database to the newest form of the tables, from within the program.

There is no alembic.ini: the configuration is this file. Several nodes may start at once; one migrates
and the others wait for it (PostgreSQL: an advisory lock; SQLite: the write lock).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from world.storage.database import Database, make_engine

MIGRATIONS = Path(__file__).parent / "migrations"
# Any number that nobody else on this database uses for an advisory lock.
LOCK = 0x41545256


class UnknownRevision(Exception):
    """The database was written by a newer release than this one."""


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def head() -> str:
    """The newest revision that this release knows."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def known_revisions() -> frozenset[str]:
    """Every revision that this release knows."""
    return frozenset(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


async def upgrade(database: Database, revision: str = "head") -> None:
    """Migrate up to `revision`.

    Raises:
        UnknownRevision: the database is at a revision that this release does not have.
    """
    await _run(database, _upgrade, revision)


async def downgrade(database: Database, revision: str = "base") -> None:
    """Migrate down to `revision`: what newer tables held is lost."""
    await _run(database, _downgrade, revision)


async def _run(database: Database, step: Callable[[Connection, str], None], revision: str) -> None:
    # SQLite alters a table by writing it anew and dropping the old one: with foreign keys on, that
    # would delete every row that refers to it, and they cannot be turned off inside a transaction.
    engine = make_engine(database.url, foreign_keys=False)
    try:
        async with engine.execution_options(atrium_write=True).begin() as connection:
            await connection.run_sync(step, revision)
    finally:
        await engine.dispose()


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})


def _upgrade(connection: Connection, revision: str) -> None:
    _lock(connection)
    scripts = ScriptDirectory.from_config(_config())
    known = {script.revision for script in scripts.walk_revisions()}
    current = MigrationContext.configure(connection).get_current_revision()
    if current is not None and current not in known:
        raise UnknownRevision(
            f"the database is at revision {current}, which this release does not know: "
            "it was written by a newer one"
        )
    if revision == "head" and current == scripts.get_current_head():
        return
    command.upgrade(_config(connection), revision)


def _downgrade(connection: Connection, revision: str) -> None:
    _lock(connection)
    command.downgrade(_config(connection), revision)
