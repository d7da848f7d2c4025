"""Minutes of failures: everything is restarted under load, stores are away for a minute, a worker sleeps."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from tests.support.fleet import Fleet, hear_each_other, longest_gap, nobody_lost_media, now
from tests.support.roamer import Roamer

pytest_plugins = ("tests.support.fleet_fixtures",)
pytestmark = pytest.mark.soak
OUTAGE_SECONDS = 60.0


async def test_a_rolling_restart_of_everything_loses_no_session(fleet: Fleet, crowd: list[Roamer]) -> None:
    sessions = [person.welcome["you"]["session"] for person in crowd]
    for name, server in fleet.workers.items():
        start = now()
        await asyncio.to_thread(server.stop)
        await asyncio.to_thread(server.start)
        await hear_each_other(crowd)
        gap = max(longest_gap(person, start, now()) for person in crowd)
        print(f"\nrestart of {name}: {now() - start:.1f} s in all, longest silence {gap:.2f} s")
        nobody_lost_media(crowd)
    for world in fleet.worlds:
        start = now()
        await asyncio.to_thread(world.stop)
        await asyncio.to_thread(world.start)
        await hear_each_other(crowd)
        print(f"restart of a world node: all is whole {now() - start:.1f} s after it was told to end")
    assert [person.welcome["you"]["session"] for person in crowd] == sessions


async def test_a_minute_without_redis_costs_nobody_their_media(fleet: Fleet, crowd: list[Roamer]) -> None:
    start = now()
    fleet.redis.kill()
    await asyncio.sleep(OUTAGE_SECONDS)
    gap = max(longest_gap(person, start, now()) for person in crowd)
    fleet.redis.start()
    back = now()
    await crowd[0].walk((192, 560), (700, 560))
    walked = now()
    tone = round(crowd[0].frequency / 10) * 10
    async with asyncio.timeout(20):
        while any(tone in person.heard_tones() for person in crowd[1:]):
            await asyncio.sleep(0.05)
    print(f"\na minute without Redis: longest silence {gap:.2f} s")
    print(f"after a walk of {walked - back:.1f} s it took {now() - walked:.2f} s to be out of hearing")
    assert gap < 2.0
    nobody_lost_media(crowd)


async def test_a_minute_without_the_database_costs_nobody_their_media(
    fleet: Fleet, crowd: list[Roamer]
) -> None:
    start = now()
    fleet.postgres.kill()
    await asyncio.sleep(OUTAGE_SECONDS)
    await hear_each_other(crowd)
    gap = max(longest_gap(person, start, now()) for person in crowd)
    await asyncio.to_thread(fleet.postgres.start)
    back = now()
    async with asyncio.timeout(30):
        while (await crowd[0].http.get("/readyz")).status != 200:
            await asyncio.sleep(0.1)
    print(f"\na minute without PostgreSQL: longest silence {gap:.2f} s")
    print(f"the world is ready {now() - back:.1f} s after its start")
    assert gap < 2.0
    nobody_lost_media(crowd)


async def test_a_worker_that_is_paused_and_woken_carries_nobody_twice(
    fleet: Fleet, crowd: list[Roamer]
) -> None:
    spread = await fleet.spread(len(crowd))
    fullest = max(spread, key=lambda name: spread[name])
    server = fleet.workers[fullest]
    os.kill(server.pid, signal.SIGSTOP)
    try:
        async with asyncio.timeout(15):
            while not any(person.losses for person in crowd):
                await asyncio.sleep(0.05)
        await hear_each_other(crowd)
    finally:
        os.kill(server.pid, signal.SIGCONT)
    await asyncio.sleep(1.0)
    await hear_each_other(crowd)
