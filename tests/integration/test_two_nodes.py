"""Two world processes, a media worker and a Redis, as an operator runs them; then one of them fails."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.support.cluster import (
    Cluster,
    hear_each_other,
    nobody_was_sent_away,
    sees,
    without_database,
    without_redis,
)
from tests.support.postgres_server import PostgresServer


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    async with AsyncExitStack() as stack:
        running = Cluster(tmp_path)
        stack.push_async_callback(running.stop)
        await running.start()
        yield running


@pytest.fixture
async def on_postgres(tmp_path: Path) -> AsyncIterator[Cluster]:
    async with AsyncExitStack() as stack:
        running = Cluster(tmp_path, PostgresServer())
        stack.push_async_callback(running.stop)
        await running.start()
        yield running


async def test_an_owner_that_is_killed_is_replaced_within_five_seconds(on_postgres: Cluster) -> None:
    cluster = on_postgres
    ada, bob, cleo = await cluster.enter(cluster.one, cluster.two, cluster.two)
    await hear_each_other(ada, bob, cleo)
    await sees(ada, bob)
    await sees(bob, ada)
    for walker in (bob, ada):
        assert (await walker.call("GET", f"/api/servers/{cluster.server_id}"))["online"] == 3
    await cluster.written(ada, bob, cleo)

    died, at = time.monotonic(), asyncio.get_running_loop().time()
    os.kill(cluster.one.pid, signal.SIGKILL)
    before = {walker: (walker.x, walker.y) for walker in (ada, bob, cleo)}
    coming = asyncio.create_task(cluster.back(ada, cluster.two))
    await sees(cleo, bob)
    gap = time.monotonic() - died
    print(f"\nkill -9 of the owner: the others see each other move again after {gap:.2f} s")
    assert gap < 5.0
    welcome = await coming
    print(f"and the dead node's own client is back after {time.monotonic() - died:.2f} s")
    assert (welcome["you"]["x"], welcome["you"]["y"]) == pytest.approx(before[ada])
    assert abs(bob.x - before[bob][0]) < 20
    # Bob's and Cleo's media went on all the time: nobody asked them to begin anew.
    await asyncio.sleep(max(0.0, at + 5 - asyncio.get_running_loop().time()))
    for second in range(5):
        assert cleo.packets(at + second, at + second + 1) > 10, f"silence in second {second}"
    nobody_was_sent_away(bob, cleo)
    await ada.send(type="media_state", mic=True, camera=False)
    await hear_each_other(ada, bob, cleo)
    await sees(ada, bob)
    await sees(bob, ada)


async def test_a_paused_owner_that_wakes_up_corrupts_nothing_and_serves_on(cluster: Cluster) -> None:
    ada, bob, cleo = await cluster.enter(cluster.one, cluster.two, cluster.two)
    await hear_each_other(ada, bob, cleo)
    os.kill(cluster.one.pid, signal.SIGSTOP)
    stopped = time.monotonic()
    try:
        await sees(cleo, bob)
        print(f"\nthe owner is paused: taken over after {time.monotonic() - stopped:.2f} s")
        await asyncio.sleep(1.0)
        await bob.walk((bob.x + 40, bob.y))
        await sees(cleo, bob)
    finally:
        os.kill(cluster.one.pid, signal.SIGCONT)
    woke = time.monotonic()
    await sees(bob, ada)
    print(f"woken: its client is served by the new owner after {time.monotonic() - woke:.2f} s")
    await asyncio.sleep(1.0)
    await cluster.written(ada, bob, cleo)
    await hear_each_other(ada, bob, cleo)
    nobody_was_sent_away(ada, bob, cleo)


async def test_a_deploy_hands_everybody_over_to_the_other_node_without_losing_their_place(
    cluster: Cluster,
) -> None:
    ada, bob = await cluster.enter(cluster.one, cluster.two)
    await sees(bob, ada)
    place = (ada.x, ada.y)
    since = len(ada.messages)
    os.kill(cluster.one.pid, signal.SIGTERM)
    closing = await ada.until("closing", since=since)
    assert closing["code"] == "restarting"
    assert closing["retry_ms"] >= 1000
    at = time.monotonic()
    await sees(bob, bob)
    print(f"\nSIGTERM of the owner: the other node's people walk on after {time.monotonic() - at:.2f} s")
    you = (await cluster.back(ada, cluster.two))["you"]
    assert (you["x"], you["y"]) == pytest.approx(place)
    await sees(bob, ada)
    await sees(ada, bob)
    nobody_was_sent_away(bob)


async def test_without_redis_the_owner_goes_on_and_afterwards_all_is_whole(cluster: Cluster) -> None:
    # Longer than leases last, and than workers may be silent.
    await without_redis(cluster, 7)


async def test_without_the_database_those_who_are_there_go_on_and_others_are_told_to_come_back(
    on_postgres: Cluster,
) -> None:
    await without_database(on_postgres, 4)
