"""The database as a whole: its URL, its engine, its transactions.

SQLite (through aiosqlite) is the default, PostgreSQL (through asyncpg) comes by URL. Everything above
says `read()` or `write()` and does not know which of them it talks to.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

# How long a SQLite writer waits for another one, seconds.
SQLITE_BUSY_SECONDS = 10.0
POOL_SIZE = 10
CONNECT_SECONDS = 10.0


class BadDatabase(Exception):
    """A database URL that we cannot use; the message says what is wrong with it."""


def new_id() -> str:
    """A new UUID in its text form."""
    return str(uuid4())


def is_id(value: str) -> bool:
    """Whether `value` is a UUID in its canonical text form (what may be asked of an id column)."""
    try:
        return str(UUID(value)) == value
    except ValueError:
        return False


def database_url(url: str) -> URL:
    """The SQLAlchemy URL for `url`.

    Accepts `sqlite:///relative/path`, `sqlite:////absolute/path`, `postgres://…` and
    `postgresql://…`, with or without the driver's name.

    Raises:
        BadDatabase: it is neither, or names no file or database.
    """
    try:
        parsed = make_url(url.replace("postgres://", "postgresql://", 1))
    except ArgumentError:
        raise BadDatabase("the database URL cannot be read: write sqlite:///file or postgresql://…") from None
    except ValueError:
        raise BadDatabase("the database URL has a bad port") from None
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise BadDatabase("the database URL names no file: write sqlite:///path/to/file")
        return parsed.set(drivername="sqlite+aiosqlite")
    if backend == "postgresql":
        if not parsed.database:
            raise BadDatabase("the database URL names no database: write postgresql://user@host/name")
        # libpq's word for it; asyncpg calls it `ssl`.
        query = {("ssl" if key == "sslmode" else key): value for key, value in parsed.query.items()}
        return parsed.set(drivername="postgresql+asyncpg", query=query)
    raise BadDatabase(f"{backend} is not supported: use sqlite:///file or postgresql://…")


class Database:
    """One engine with its pool. Close it, or its threads outlive the event loop."""

    def __init__(self, url: str) -> None:
        self.url = database_url(url)
        self.engine: AsyncEngine = make_engine(self.url)
        self._read = async_sessionmaker(self.engine, expire_on_commit=False)
        writing = self.engine.execution_options(atrium_write=True)
        self._write = async_sessionmaker(writing, expire_on_commit=False)

    @property
    def backend(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.url.get_backend_name()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A transaction that only reads."""
        async with self._read() as session:
            yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """A transaction that writes: committed at the end, rolled back when the block raises."""
        async with self._write.begin() as session:
            yield session

    async def ping(self) -> None:
        """Raises when the database does not answer."""
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


def make_engine(url: URL, foreign_keys: bool = True) -> AsyncEngine:
    """An engine for `url`. `foreign_keys` false is for migrations on SQLite only."""
    if url.get_backend_name() == "postgresql":
        return create_async_engine(
            url,
            pool_size=POOL_SIZE,
            pool_pre_ping=True,
            connect_args={"timeout": CONNECT_SECONDS},
        )
    Path(url.database or "").parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(url, pool_size=POOL_SIZE, connect_args={"timeout": SQLITE_BUSY_SECONDS})

    def prepare(connection: Any, _record: object) -> None:
        _prepare_sqlite(connection, foreign_keys)

    event.listen(engine.sync_engine, "connect", prepare)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, foreign_keys: bool) -> None:
    # The driver must not begin transactions by itself: `_begin_sqlite` says which kind it is.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute(f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A deferred transaction that reads first and then writes fails at once when another one has
    # written between; an immediate one waits its turn.
    writes = connection.get_execution_options().get("atrium_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
