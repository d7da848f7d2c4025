"""Two world processes, a media worker and a Redis, as an operator runs them; then one of them fails."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.atrium_server import AtriumServer
from tests.support.redis_server import RedisServer
from tests.support.walker import Walker
from world.state import Position
from world.state_redis import RedisPositions

SECRET = "one secret for every process of this test"
# From any spawn point of the Office to the Hall's wall.
TO_THE_DOOR = ((465.0, 560.0), (192.0, 560.0))


class Cluster:
    """`one` and `two` are world nodes; whoever enters first makes their node the owner."""

    def __init__(self, data: Path) -> None:
        self.redis = RedisServer()
        common = {
            "REDIS_URL": self.redis.url,
            "ATRIUM_SECRET": SECRET,
            "DATABASE_URL": f"sqlite:///{data / 'shared.db'}",
        }
        self.one = AtriumServer(data / "one", "world", **common)
        self.two = AtriumServer(data / "two", "world", **common)
        self.worker = AtriumServer(data / "worker", "worker", **common)
        self.people: list[Walker] = []
        self.server_id = ""

    async def start(self) -> None:
        self.redis.start()
        # The first one makes the tables.
        await asyncio.gather(asyncio.to_thread(self.one.start), asyncio.to_thread(self.worker.start))
        await asyncio.to_thread(self.two.start)
        self.positions = RedisPositions(self.redis.url)

    async def stop(self) -> None:
        await asyncio.gather(*(walker.close() for walker in self.people), return_exceptions=True)
        await self.positions.close()
        for server in (self.one, self.two, self.worker):
            await asyncio.to_thread(server.stop, False)
        self.redis.stop()

    async def enter(self, *nodes: AtriumServer) -> list[Walker]:
        """A walker for each, all in one Office, on air: 440 Hz, 700 Hz, …"""
        come = []
        for node in nodes:
            walker = await Walker(node.url).sign_up()
            self.people.append(walker)
            come.append(walker)
            if not self.server_id:
                self.server_id = (await walker.create_server())["id"]
            await walker.enter(self.server_id)
        # Into one corner of the Hall: spawn points are apart.
        async with asyncio.timeout(20):
            await asyncio.gather(*(w.walk(*TO_THE_DOOR, (192, 360 + 20 * i)) for i, w in enumerate(come)))
        await asyncio.gather(*(w.start_media(440 + 260 * i) for i, w in enumerate(come)))
        return come

    async def back(self, walker: Walker, node: AtriumServer) -> dict[str, Any]:
        """The walker's connection is lost: it comes back at another node, as a browser does."""
        since = len(walker.messages)
        walker._socket = await walker.http.ws_connect(
            f"{node.url}/ws/{self.server_id}", headers={"Origin": node.url}
        )
        walker._reader = asyncio.create_task(walker._read(walker._socket))
        await walker.send(type="join", resume=walker.welcome["resume"])
        walker.welcome = await walker.until("welcome", since=since, seconds=10)
        return walker.welcome

    async def places(self) -> dict[str, Position]:
        return await self.positions.read(self.server_id)

    async def written(self, *people: Walker) -> None:
        """Until Redis has exactly these people where they stand."""
        async with asyncio.timeout(8):
            while True:
                try:
                    places = {user: (p.x, p.y) for user, p in (await self.places()).items()}
                except ConnectionError:
                    places = {}
                stand = {walker.id: (walker.x, walker.y) for walker in people}
                if places.keys() == stand.keys() and all(
                    math.dist(places[user], stand[user]) < 0.01 for user in stand
                ):
                    return
                await asyncio.sleep(0.05)


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    async with AsyncExitStack() as stack:
        running = Cluster(tmp_path)
        stack.push_async_callback(running.stop)
        await running.start()
        yield running


async def sees(witness: Walker, mover: Walker, seconds: float = 8.0) -> float:
    """Let the mover take steps to and fro until the witness sees one. Returns how long it took."""
    started, since, step = time.monotonic(), len(witness.messages), 6.0

    def is_it(message: dict[str, Any]) -> bool:
        return any(moved[0] == mover.id for moved in message.get("moved", ()))

    while time.monotonic() - started < seconds:
        step = -step
        await mover.step(mover.x + step, mover.y)
        mover.x += step
        try:
            await witness.until("players", is_it, since=since, seconds=0.1)
        except TimeoutError:
            continue
        return time.monotonic() - started
    raise AssertionError(f"{mover.username} is not seen to move; last told {witness.messages[-3:]}")


async def hear_each_other(*people: Walker) -> None:
    """Until everybody hears everybody else's tone."""
    tones = {walker: 440 + 260 * i for i, walker in enumerate(people)}
    wanted = {walker: set(tones.values()) - {tones[walker]} for walker in people}
    heard: dict[Walker, set[int]] = {walker: set() for walker in people}
    deadline = time.monotonic() + 12
    while heard != wanted:
        assert time.monotonic() < deadline, [
            (heard[w], [m for m in w.messages if m["type"] in ("slots", "error")][-3:]) for w in people
        ]
        await asyncio.sleep(0.05)
        heard = {walker: walker.heard_tones() for walker in people}


def nobody_was_sent_away(*people: Walker) -> None:
    for walker in people:
        assert not [m for m in walker.messages if m["type"] == "closing"]
        assert not [m for m in walker.messages if m["type"] == "error" and m["code"] == "media_lost"]


async def test_an_owner_that_is_killed_is_replaced_within_five_seconds(cluster: Cluster) -> None:
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


async def test_without_redis_the_owner_goes_on_and_afterwards_all_is_whole(cluster: Cluster) -> None:
    ada, bob, cleo = await cluster.enter(cluster.one, cluster.one, cluster.two)
    await hear_each_other(ada, bob, cleo)
    await cluster.written(ada, bob, cleo)
    at = asyncio.get_running_loop().time()
    cluster.redis.kill()
    # Longer than leases last, and than workers may be silent.
    for _ in range(7):
        assert await sees(bob, ada) < 1.0
        await asyncio.sleep(0.9)
    for walker in (ada, bob, cleo):
        for second in range(6):
            assert walker.packets(at + second, at + second + 1) > 10, f"silence in second {second}"
    cluster.redis.start()
    back = time.monotonic()
    await sees(cleo, ada)
    print(f"\nRedis is back: the other node sees again after {time.monotonic() - back:.2f} s")
    await sees(ada, cleo)
    await cluster.written(ada, bob, cleo)
    await hear_each_other(ada, bob, cleo)
    nobody_was_sent_away(ada, bob, cleo)
