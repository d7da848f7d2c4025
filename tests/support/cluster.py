"""Two world processes, a media worker, a Redis and a database, as an operator runs them; and what must hold
while one of them is away."""

from __future__ import annotations

import asyncio
import math
import time
from pathlib import Path
from typing import Any

from tests.support.atrium_server import AtriumServer
from tests.support.postgres_server import PostgresServer
from tests.support.redis_server import RedisServer
from tests.support.walker import PASSWORD, Walker
from world.running.state import Position
from world.running.state_redis import RedisPositions

SECRET = "one secret for every process of this test"
# So many seconds without a packet, or until a step is seen, are no accident of a busy machine.
STALLED = 3
# From any spawn point of the Office to the Hall's wall.
TO_THE_DOOR = ((465.0, 560.0), (192.0, 560.0))


class Cluster:
    """`one` and `two` are world nodes; whoever enters first makes their node the owner."""

    def __init__(self, data: Path, postgres: PostgresServer | None = None) -> None:
        self.redis = RedisServer()
        self.postgres = postgres
        database = f"sqlite:///{data / 'shared.db'}" if postgres is None else postgres.url
        common = {
            "REDIS_URL": self.redis.url,
            "ATRIUM_SECRET": SECRET,
            "DATABASE_URL": database,
        }
        self.one = AtriumServer(data / "one", "world", **common)
        self.two = AtriumServer(data / "two", "world", **common)
        self.worker = AtriumServer(data / "worker", "worker", **common)
        self.people: list[Walker] = []
        self.server_id = ""

    async def start(self) -> None:
        """Start everything."""
        self.redis.start()
        if self.postgres is not None:
            await asyncio.to_thread(self.postgres.start)
        # The first one makes the tables.
        await asyncio.gather(asyncio.to_thread(self.one.start), asyncio.to_thread(self.worker.start))
        await asyncio.to_thread(self.two.start)
        self.positions = RedisPositions(self.redis.url)

    async def stop(self) -> None:
        """End everything."""
        await asyncio.gather(*(walker.close() for walker in self.people), return_exceptions=True)
        await self.positions.close()
        for server in (self.one, self.two, self.worker):
            await asyncio.to_thread(server.stop, False)
        self.redis.stop()
        if self.postgres is not None:
            await asyncio.to_thread(self.postgres.stop)

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
        async with asyncio.timeout(60):
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
        walker.welcome = await walker.until("welcome", since=since)
        return walker.welcome

    async def places(self) -> dict[str, Position]:
        """Everybody as Redis has them."""
        return await self.positions.read(self.server_id)

    async def written(self, *people: Walker) -> None:
        """Until Redis has exactly these people where they stand."""
        async with asyncio.timeout(30):
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


async def sees(witness: Walker, mover: Walker, seconds: float = 30.0) -> float:
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
    """Nor asked to begin their media anew."""
    for walker in people:
        assert not [m for m in walker.messages if m["type"] == "closing"]
        assert not [m for m in walker.messages if m["type"] == "error" and m["code"] == "media_lost"]


async def goes_on(seconds: int, mover: Walker, witness: Walker, *people: Walker) -> None:
    """For so long steps are seen and media reaches everybody. One second of silence may be a busy machine's,
    `STALLED` in a row are not."""
    at = asyncio.get_running_loop().time()
    silent = dict.fromkeys(people, 0)
    slowest = 0.0
    for second in range(seconds):
        slowest = max(slowest, await sees(witness, mover, STALLED))
        await asyncio.sleep(max(0.0, at + second + 1 - asyncio.get_running_loop().time()))
        for walker in people:
            silent[walker] = 0 if walker.packets(at + second, at + second + 1) > 10 else silent[walker] + 1
            assert silent[walker] < STALLED, f"silence until second {second}"
    print(f"\nmeanwhile: the slowest step was seen after {slowest:.2f} s")


async def without_redis(cluster: Cluster, seconds: int, paused: bool = False) -> None:
    """Redis is away for so long, then back (paused: with all it knew); what must hold meanwhile and then."""
    ada, bob, cleo = await cluster.enter(cluster.one, cluster.one, cluster.two)
    await hear_each_other(ada, bob, cleo)
    await cluster.written(ada, bob, cleo)
    if paused:
        cluster.redis.pause()
    else:
        cluster.redis.kill()
    await goes_on(seconds, ada, bob, ada, bob, cleo)
    if paused:
        cluster.redis.resume()
    else:
        cluster.redis.start()
    back = time.monotonic()
    await sees(cleo, ada)
    print(f"\nRedis is back: the other node sees again after {time.monotonic() - back:.2f} s")
    await sees(ada, cleo)
    await cluster.written(ada, bob, cleo)
    await hear_each_other(ada, bob, cleo)
    nobody_was_sent_away(ada, bob, cleo)


async def without_database(cluster: Cluster, seconds: int) -> None:
    """The database is away for so long, then back; what stops meanwhile, and that it says so."""
    assert cluster.postgres is not None
    ada, bob = await cluster.enter(cluster.one, cluster.two)
    await hear_each_other(ada, bob)
    await asyncio.to_thread(cluster.postgres.kill)
    going = asyncio.create_task(goes_on(seconds, ada, bob, ada, bob))
    # Whoever comes now is told that it is not their fault, and when to try again.
    late = Walker(cluster.two.url)
    cluster.people.append(late)
    who = {"username": ada.username, "password": PASSWORD}
    async with late.http.post("/api/auth/login", json=who) as answer:
        assert answer.status == 503, await answer.text()
        assert (await answer.json())["error"]["code"] == "unavailable"
        assert int(answer.headers["Retry-After"]) > 0
    async with ada.http.ws_connect(f"/ws/{cluster.server_id}") as socket:
        await socket.send_json({"type": "join"})
        closing = await socket.receive_json(timeout=15)
        assert (closing["type"], closing["code"]) == ("closing", "unavailable")
        assert closing["retry_ms"] > 0
    await going
    await bob.walk((bob.x + 40, bob.y))
    await asyncio.to_thread(cluster.postgres.start)
    nobody_was_sent_away(ada, bob)
    # Who leaves is remembered where they stood, once there is a database again.
    place = (bob.x, bob.y)
    await bob.close()
    again = Walker(cluster.one.url)
    cluster.people.append(again)
    await asyncio.sleep(3)  # beyond the grace: the seat is free and its place is written
    await again.call("POST", "/api/auth/login", {"username": bob.username, "password": PASSWORD})
    await again.enter(cluster.server_id)
    assert math.dist((again.x, again.y), place) < 40
    await sees(ada, again)
