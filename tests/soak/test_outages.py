"""A full minute without what the world leans on. `make soak`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.support.cluster import Cluster, without_database, without_redis
from tests.support.postgres_server import PostgresServer

pytestmark = pytest.mark.soak
MINUTE = 60


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    async with AsyncExitStack() as stack:
        running = Cluster(tmp_path, PostgresServer())
        stack.push_async_callback(running.stop)
        await running.start()
        yield running


async def test_a_minute_with_redis_killed_stops_neither_steps_nor_media(cluster: Cluster) -> None:
    await without_redis(cluster, MINUTE)


async def test_a_minute_with_redis_frozen_stops_neither_steps_nor_media(cluster: Cluster) -> None:
    await without_redis(cluster, MINUTE, paused=True)


async def test_a_minute_without_the_database_stops_neither_steps_nor_media(cluster: Cluster) -> None:
    await without_database(cluster, MINUTE)
