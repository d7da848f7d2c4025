"""Media workers on machines of their own: the network between them fails, and comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.support.atrium_server import AtriumServer
from tests.support.fleet import SECRET, TO_THE_CORNER, hear_each_other
from tests.support.network import Machines
from tests.support.redis_server import RedisServer
from tests.support.roamer import Roamer


@pytest.fixture
async def apart(tmp_path: Path) -> AsyncIterator[tuple[Machines, list[Roamer]]]:
    """Ada on worker a and Bob on worker b, two machines; the world and both people are on this one."""
    async with AsyncExitStack() as stack:
        machines = stack.enter_context(Machines("a", "b"))
        redis = stack.enter_context(RedisServer(machines.host))
        common = {
            "REDIS_URL": f"redis://{machines.host}:{redis.port}/0",
            "ATRIUM_SECRET": SECRET,
            "ATRIUM_MAX_SESSIONS": "1",
        }
        world = AtriumServer(tmp_path / "world", "world", **common)
        workers = [
            AtriumServer(
                tmp_path / name,
                "worker",
                ATRIUM_WORKER_NAME=name,
                ATRIUM_MEDIA_HOST=machines.address(name),
                **common,
            )
            for name in ("a", "b")
        ]
        for worker, name in zip(workers, ("a", "b"), strict=True):
            worker.prefix = machines.prefix(name)
        for server in (world, *workers):
            server.launch()
            stack.callback(server.stop, False)
        for server in (world, *workers):
            await asyncio.to_thread(server.wait_ready)
        people = [Roamer(world.url) for _ in range(2)]
        for person in people:
            stack.push_async_callback(person.close)
            await person.sign_up()
        server_id = (await people[0].create_server())["id"]
        for person in people:
            await person.enter(server_id)
        await asyncio.gather(*(p.walk(*TO_THE_CORNER, (192, 360 + 15 * i)) for i, p in enumerate(people)))
        for index, person in enumerate(people):
            await person.on_air(440 + 260 * index)
            await asyncio.sleep(0.6)
        yield machines, people


async def test_a_cut_between_two_workers_silences_the_pipe_and_nothing_else_and_heals_by_itself(
    apart: tuple[Machines, list[Roamer]],
) -> None:
    machines, people = apart
    await hear_each_other(people)
    loop = asyncio.get_running_loop()
    machines.cut("a", "b")
    async with asyncio.timeout(30):  # what is on its way comes yet
        while any(person.packets(loop.time() - 0.5) for person in people):
            await asyncio.sleep(0.05)
    cut = loop.time()
    await asyncio.sleep(3.0)
    assert [person.packets(cut) for person in people] == [0, 0], "they are on different workers"
    machines.mend("a", "b")
    mended = loop.time()
    await hear_each_other(people)
    took = loop.time() - mended
    print(f"\nfour seconds without a network between the workers: heard again after {took:.2f} s")
    assert [person.losses for person in people] == [0, 0]
