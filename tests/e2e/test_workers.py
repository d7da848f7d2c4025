"""A browser's media moves to another worker, and comes back when its worker is killed: nobody clicks."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from signaling.registry import RedisRegistry
from tests.e2e.people import Person, ada_and_bob, longest_gap, watch_gaps
from tests.support.atrium_server import AtriumServer
from tests.support.redis_server import RedisServer

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
SECRET = "one secret for every process of this test"
LANE = 560.0


class Installation:
    """A world and two workers; people are put on w1 while w2 is drained."""

    def __init__(self, world: AtriumServer, workers: dict[str, AtriumServer], redis: RedisServer) -> None:
        self.world, self.workers, self.redis = world, workers, redis

    async def sessions(self) -> dict[str, int]:
        registry = RedisRegistry(self.redis.url)
        try:
            return {beat.worker: beat.sessions for beat in await registry.workers()}
        finally:
            await registry.close()

    async def full(self) -> str:
        """The worker that carries both, as soon as both workers say so."""
        async with asyncio.timeout(30):
            while sorted((spread := await self.sessions()).values()) != [0, 2]:
                await asyncio.sleep(0.1)
        return max(spread, key=lambda name: spread[name])


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def installation(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Installation]:
    async with AsyncExitStack() as stack:
        redis = stack.enter_context(RedisServer())
        common = {"REDIS_URL": redis.url, "ATRIUM_SECRET": SECRET}
        folder = tmp_path_factory.mktemp("workers")
        world = AtriumServer(folder / "world", "world", **common)
        workers = {
            name: AtriumServer(folder / name, "worker", ATRIUM_WORKER_NAME=name, **common)
            for name in ("w1", "w2")
        }
        for server in (world, *workers.values()):
            server.launch()
            stack.callback(server.stop, False)
        for server in (world, *workers.values()):
            await asyncio.to_thread(server.wait_ready)
        yield Installation(world, workers, redis)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def pair(
    installation: Installation, browsers: dict[str, Browser]
) -> AsyncIterator[tuple[Person, Person]]:
    world = installation.world
    async with ada_and_bob(world, browsers) as (ada, bob):
        server = await ada.create_server()
        await asyncio.gather(ada.enter(server["id"]), bob.enter(server["id"]))
        await asyncio.gather(ada.speak_and_show(), bob.speak_and_show())
        await asyncio.gather(ada.walk_to(300, LANE), bob.walk_to(400, LANE))
        yield ada, bob


async def test_a_drained_workers_pages_move_while_they_talk(
    installation: Installation, pair: tuple[Person, Person]
) -> None:
    ada, bob = pair
    await asyncio.gather(ada.until_receiving(), bob.until_receiving())
    full = await installation.full()
    await watch_gaps(*pair)
    server = installation.workers[full]
    began = asyncio.get_running_loop().time()
    await asyncio.to_thread(server.stop)  # SIGTERM: it drains, and ends
    took = asyncio.get_running_loop().time() - began
    await asyncio.gather(bob.until_hears(440), ada.until_hears(700))
    gap = await longest_gap(ada, bob)
    print(f"\nSIGTERM of the worker of two pages: it ended after {took:.1f} s, longest silence {gap:.0f} ms")
    await asyncio.gather(ada.until_receiving(), bob.until_receiving())
    for person in pair:
        assert await person.page.evaluate("window.atrium.mediaState()") == "connected"
    assert gap < 10_000  # a breath, and what a busy machine adds
    await asyncio.to_thread(server.start)


async def test_the_pages_of_a_killed_worker_hear_each_other_again_without_a_click(
    installation: Installation, pair: tuple[Person, Person]
) -> None:
    ada, bob = pair
    await asyncio.gather(ada.until_receiving(), bob.until_receiving())
    full = await installation.full()
    await watch_gaps(*pair)
    server = installation.workers[full]
    os.kill(server.pid, signal.SIGKILL)
    await asyncio.sleep(1.5)
    await asyncio.gather(bob.until_hears(440), ada.until_hears(700))
    gap = await longest_gap(ada, bob)
    print(f"\nkill -9 of the worker of two pages: longest silence {gap / 1000:.2f} s")
    await asyncio.gather(ada.until_receiving(), bob.until_receiving())
    await asyncio.to_thread(server.stop, False)
