"""The migrations: they make what the models say, on both databases, up and down, fast when done."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from tests.support.databases import BACKENDS, empty_database
from world.storage.migrate import UnknownRevision, downgrade, head, upgrade
from world.storage.models import Base

pytestmark = pytest.mark.parametrize("backend", BACKENDS)


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, Base.metadata))


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names()) - {"alembic_version"}


def checks(connection: Connection) -> set[str | None]:
    found = inspect(connection)
    return {check["name"] for table in tables(connection) for check in found.get_check_constraints(table)}


async def test_an_empty_database_becomes_what_the_models_say(backend: str, tmp_path: Path) -> None:
    async with empty_database(backend, tmp_path) as database:
        await upgrade(database)
        async with database.engine.connect() as connection:
            assert await connection.run_sync(tables) == set(Base.metadata.tables)
            assert await connection.run_sync(differences) == []
            assert await connection.run_sync(checks) == {
                "ck_memberships_role",
                "ck_servers_access",
                "ck_zones_capacity",
                "ck_zones_type",
            }


async def test_down_takes_everything_away_and_up_brings_it_back(backend: str, tmp_path: Path) -> None:
    async with empty_database(backend, tmp_path) as database:
        await upgrade(database)
        await downgrade(database)
        async with database.engine.connect() as connection:
            assert await connection.run_sync(tables) == set()
        await upgrade(database)
        async with database.engine.connect() as connection:
            assert await connection.run_sync(differences) == []


async def test_an_up_to_date_database_costs_less_than_half_a_second(backend: str, tmp_path: Path) -> None:
    async with empty_database(backend, tmp_path) as database:
        await upgrade(database)
        took = []
        for _ in range(3):
            started = time.perf_counter()
            await upgrade(database)
            took.append(time.perf_counter() - started)
        # The best of three: what else the machine does only ever adds.
        assert min(took) < 0.5


async def test_two_nodes_that_start_at_once_migrate_once(backend: str, tmp_path: Path) -> None:
    async with empty_database(backend, tmp_path) as database:
        await asyncio.gather(upgrade(database), upgrade(database), upgrade(database))
        async with database.engine.connect() as connection:
            assert await connection.run_sync(differences) == []
            revisions = await connection.execute(text("SELECT version_num FROM alembic_version"))
            assert revisions.scalars().all() == [head()]


async def test_a_database_of_a_newer_release_is_refused_and_left_alone(backend: str, tmp_path: Path) -> None:
    async with empty_database(backend, tmp_path) as database:
        await upgrade(database)
        async with database.write() as session:
            await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(UnknownRevision, match="9999"):
            await upgrade(database)
        async with database.engine.connect() as connection:
            assert await connection.run_sync(tables) == set(Base.metadata.tables)
