"""Fresh databases for tests, on both of the databases that we support."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg
from argon2 import PasswordHasher

from tests.support.postgres_server import postgres_server
from world.storage.database import Database
from world.storage.migrate import upgrade
from world.storage.passwords import Passwords

BACKENDS = ("sqlite", "postgresql")


def quick_passwords() -> Passwords:
    """Real argon2id with the least work: for tests that are not about its cost."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


_migrated: list[bytes] = []


async def migrated_sqlite(folder: Path) -> Database:
    """A SQLite database with all tables: migrated once a test run, copied from then on."""
    file = folder / "api.db"
    if not _migrated:
        made = Database(f"sqlite:///{file}")
        await upgrade(made)
        await made.close()
        _migrated.append(file.read_bytes())
    file.write_bytes(_migrated[0])
    return Database(f"sqlite:///{file}")


@asynccontextmanager
async def empty_database(backend: str, folder: Path) -> AsyncIterator[Database]:
    """A database without any table; gone afterwards."""
    if backend == "sqlite":
        database = Database(f"sqlite:///{folder}/{uuid4().hex}.db")
        try:
            yield database
        finally:
            await database.close()
        return
    server = postgres_server()
    name = f"test_{uuid4().hex}"
    admin = await asyncpg.connect(f"{server}/postgres")
    try:
        await admin.execute(f'CREATE DATABASE "{name}"')
        database = Database(f"{server}/{name}")
        try:
            yield database
        finally:
            await database.close()
            await admin.execute(f'DROP DATABASE "{name}"')
    finally:
        await admin.close()
