"""Database URLs, and how SQLite is opened."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from world.storage.database import BadDatabase, Database, database_url


@pytest.mark.parametrize(
    ("given", "driver", "name"),
    [
        ("sqlite:///atrium.db", "sqlite+aiosqlite", "atrium.db"),
        ("sqlite:////var/lib/atrium.db", "sqlite+aiosqlite", "/var/lib/atrium.db"),
        ("sqlite+aiosqlite:///atrium.db", "sqlite+aiosqlite", "atrium.db"),
        ("postgres://u:p@db/atrium", "postgresql+asyncpg", "atrium"),
        ("postgresql://u:p@db:5433/atrium", "postgresql+asyncpg", "atrium"),
        ("postgresql+asyncpg://db/atrium", "postgresql+asyncpg", "atrium"),
    ],
)
def test_the_usual_forms_of_a_url_are_taken(given: str, driver: str, name: str) -> None:
    url = database_url(given)
    assert (url.drivername, url.database) == (driver, name)


def test_libpqs_word_for_tls_is_understood() -> None:
    url = database_url("postgres://db/atrium?sslmode=require")
    assert dict(url.query) == {"ssl": "require"}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("atrium.db", "cannot be read"),
        ("", "cannot be read"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("postgresql://db", "names no database"),
        ("postgresql://db:port/atrium", "bad port|cannot be read"),
        ("mysql://db/atrium", "mysql is not supported"),
        ("oracle9://db/atrium", "oracle9 is not supported"),
    ],
)
def test_what_is_no_url_of_ours_is_refused_with_the_reason(given: str, words: str) -> None:
    with pytest.raises(BadDatabase, match=words):
        database_url(given)


async def test_sqlite_keeps_a_log_checks_references_and_waits(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/new/folder/atrium.db")
    async with database.read() as session:
        assert await session.scalar(text("PRAGMA journal_mode")) == "wal"
        assert await session.scalar(text("PRAGMA foreign_keys")) == 1
        assert await session.scalar(text("PRAGMA busy_timeout")) == 10_000
    await database.ping()
    await database.close()
