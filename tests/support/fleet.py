"""A whole installation on this machine: two world nodes, three media workers, Redis and PostgreSQL.

Every part is a process of its own and can be killed. People are `Roamer`s: they come back by themselves, as
pages do.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from signaling.control import Heartbeat
from signaling.registry import RedisRegistry
from tests.support.atrium_server import AtriumServer
from tests.support.postgres_server import PostgresServer
from tests.support.redis_server import RedisServer
from tests.support.roamer import Roamer
from tools.install import VENV

SECRET = "one secret for every process of this test"
# From any spawn point of the Office to a corner of the Hall.
TO_THE_CORNER = ((465.0, 560.0), (192.0, 560.0))
FIRST_TONE, NEXT_TONE = 440, 260


class Fleet:
    """`worlds`, `workers` (w1, w2, w3), `redis`, `postgres`. `seats` bounds each worker's sessions."""

    def __init__(self, data: Path, seats: int = 2000) -> None:
        self.redis, self.postgres = RedisServer(), PostgresServer()
        self.redis.start()
        self.postgres.start()
        self.common = {
            "REDIS_URL": self.redis.url,
            "DATABASE_URL": self.postgres.url,
            "ATRIUM_SECRET": SECRET,
            "ATRIUM_MAX_SESSIONS": str(seats),
        }
        self.worlds = [AtriumServer(data / f"world{i}", "world", **self.common) for i in (1, 2)]
        self.workers = {
            name: AtriumServer(data / name, "worker", ATRIUM_WORKER_NAME=name, **self.common)
            for name in ("w1", "w2", "w3")
        }

    def start(self) -> None:
        """The first world makes the tables; the rest follow together."""
        self.worlds[0].start()
        for server in (self.worlds[1], *self.workers.values()):
            server.launch()
        for server in (self.worlds[1], *self.workers.values()):
            server.wait_ready()

    def stop(self) -> None:
        for server in (*self.worlds, *self.workers.values()):
            server.stop(check=False)
        self.redis.stop()
        self.postgres.stop()

    # --- people ----------------------------------------------------------------------------------

    async def enter(self, count: int, together: bool = False) -> list[Roamer]:
        """So many people in one new Office, at both worlds in turn, on air in one corner of the Hall."""
        people: list[Roamer] = []
        try:
            await self._enter(people, count, together)
        except BaseException:
            await asyncio.gather(*(person.close() for person in people), return_exceptions=True)
            raise
        return people

    async def _enter(self, people: list[Roamer], count: int, together: bool) -> None:
        urls = [world.url for world in self.worlds]
        server_id = ""
        for index in range(count):
            nodes = urls if index % 2 == 0 else urls[::-1]
            person = Roamer(*nodes)
            people.append(person)
            await person.sign_up()
            server_id = server_id or (await person.create_server())["id"]
            await person.enter(server_id)
        async with asyncio.timeout(60):
            await asyncio.gather(*(p.walk(*TO_THE_CORNER, (192, 360 + 15 * i)) for i, p in enumerate(people)))
        for index, person in enumerate(people):
            await person.on_air(FIRST_TONE + NEXT_TONE * index)
            if not together:
                await self.spread(index + 1)  # the next one is placed by what heartbeats tell

    # --- workers ---------------------------------------------------------------------------------

    async def beats(self) -> dict[str, Heartbeat]:
        """What each live worker said last."""
        registry = RedisRegistry(self.redis.url)
        try:
            async with asyncio.timeout(20):
                while True:
                    try:
                        return {beat.worker: beat for beat in await registry.workers()}
                    except ConnectionError:  # Redis has just begun, or the machine is busy
                        await asyncio.sleep(0.1)
        finally:
            await registry.close()

    async def spread(self, people: int | None = None) -> dict[str, int]:
        """How many sessions each worker has; with `people`, as soon as heartbeats tell of so many."""
        async with asyncio.timeout(30):
            while True:
                spread = {name: beat.sessions for name, beat in (await self.beats()).items()}
                if people is None or sum(spread.values()) == people:
                    return spread
                await asyncio.sleep(0.05)

    def kill(self, server: AtriumServer) -> float:
        """kill -9. Returns when (s)."""
        os.kill(server.pid, signal.SIGKILL)
        return time.monotonic()

    async def drain(self, worker: str, *more: str) -> subprocess.CompletedProcess[str]:
        """`atrium drain`, to its end."""
        command = [str(VENV / "bin" / "atrium"), "drain", worker, *more]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("ATRIUM_")} | self.common
        return await asyncio.to_thread(
            subprocess.run, command, env=environment, capture_output=True, text=True, timeout=60
        )


async def hear_each_other(people: Sequence[Roamer], seconds: float = 60.0) -> float:
    """Until everybody hears everybody else's tone. Returns how long it took (s)."""
    started = time.monotonic()
    tones = {p: round(p.frequency / 10) * 10 for p in people}
    wanted = {p: set(tones.values()) - {tones[p]} for p in people}
    while True:
        heard = {p: p.heard_tones() for p in people}
        if all(wanted[p] <= heard[p] for p in people):
            return time.monotonic() - started
        if time.monotonic() - started > seconds:
            told = [[m for m in p.messages if m["type"] in ("slots", "error")][-2:] for p in people]
            raise AssertionError(f"wanted {wanted.values()}, heard {heard.values()}; told {told}")
        await asyncio.sleep(0.02)


def longest_gap(person: Roamer, start: float, end: float) -> float:
    """The longest time without a packet of anybody (s), between two loop times."""
    times = [start, *(at for at in person.arrivals if start <= at < end), end]
    return max(after - before for before, after in pairwise(times))


def lines_with(server: AtriumServer, pattern: str) -> list[str]:
    """The server's log lines that match."""
    return [line for line in server.lines if re.search(pattern, line)]


def now() -> float:
    return asyncio.get_running_loop().time()


def nobody_lost_media(people: list[Roamer]) -> None:
    assert [person.losses for person in people] == [0] * len(people)
