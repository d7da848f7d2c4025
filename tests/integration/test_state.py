"""The position store: one contract, in process and on a real Redis, and outages that stop nobody."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress

import pytest
from redis.asyncio import Redis

from signaling import messages as m
from tests.support.redis_server import RedisServer
from tests.support.tiny_world import SERVER, TinyWorld, until
from world.running.state import InProcessPositions, Position, PositionStore, PositionWriter
from world.running.state_redis import RedisPositions, positions_key

A = Position(1.5, 2, "zone", 1000)
B = Position(3, 4, None, 2000)


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture(params=["in process", "redis"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[PositionStore]:
    if request.param == "redis":
        url = request.getfixturevalue("redis").url
        client = Redis.from_url(url)
        await client.flushall()
        await client.aclose()
        positions: PositionStore = RedisPositions(url)
    else:
        positions = InProcessPositions()
    yield positions
    await positions.close()


async def kept(store: PositionStore, wanted: Callable[[dict[str, Position]], bool]) -> None:
    """Wait until what the store has of the server is as wanted."""
    known: object = None
    try:
        async with asyncio.timeout(30):
            while True:
                with suppress(ConnectionError):
                    known = people = await store.read(SERVER)
                    if wanted(people):
                        return
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"the store has {known}") from None


# --- the contract ------------------------------------------------------------------------------------


async def test_what_a_batch_changes_is_read_back_and_what_it_removes_is_gone(store: PositionStore) -> None:
    await store.write_batch("s1", {"ann": A, "bob": B}, [])
    assert await store.read("s1") == {"ann": A, "bob": B}
    await store.write_batch("s1", {"bob": A}, ["ann", "unknown"])
    assert await store.read("s1") == {"bob": A}
    await store.write_batch("s1", {}, ["bob"])
    assert await store.read("s1") == {}


async def test_servers_do_not_mix(store: PositionStore) -> None:
    await store.write_batch("s1", {"ann": A}, [])
    await store.write_batch("s2", {"ann": B}, [])
    await store.rewrite("s1", {})
    assert await store.read("s1") == {}
    assert await store.read("s2") == {"ann": B}


async def test_a_rewrite_leaves_nothing_of_before(store: PositionStore) -> None:
    await store.write_batch("s1", {"ann": A, "bob": B}, [])
    await store.rewrite("s1", {"carl": B})
    assert await store.read("s1") == {"carl": B}


async def test_an_empty_batch_and_an_unknown_server_are_no_error(store: PositionStore) -> None:
    await store.write_batch("s1", {}, [])
    assert await store.read("nowhere") == {}


async def test_ids_of_any_form_come_back(store: PositionStore) -> None:
    names = {"ä ö: {}": A, "": B, 'q"uote': A}
    await store.write_batch("s1", names, [])
    assert await store.read("s1") == names


# --- on Redis ----------------------------------------------------------------------------------------


async def test_the_hash_is_exactly_as_designed(redis: RedisServer) -> None:
    store, client = RedisPositions(redis.url), Redis.from_url(redis.url)
    await store.rewrite("s1", {"ann": A, "bob": B})
    raw = await client.hgetall("server:s1:positions")
    assert positions_key("s1") == "server:s1:positions"
    assert json.loads(raw[b"ann"]) == {"x": 1.5, "y": 2, "current_zone_id": "zone", "last_updated": 1000}
    assert json.loads(raw[b"bob"])["current_zone_id"] is None
    await client.hset("server:s1:positions", "evil", "no json")
    assert await store.read("s1") == {"ann": A, "bob": B}
    await client.aclose()
    await store.close()


async def test_a_redis_that_is_away_is_a_connection_error() -> None:
    with RedisServer() as server:
        url = server.url
    store = RedisPositions(url)
    for call in (store.read("s"), store.write_batch("s", {"a": A}, []), store.rewrite("s", {})):
        with pytest.raises(ConnectionError, match="Redis"):
            await call
    await store.close()


async def test_a_running_world_keeps_the_hash_true(redis: RedisServer) -> None:
    reader = RedisPositions(redis.url)
    async with TinyWorld(positions=RedisPositions(redis.url), grace=0.0) as tiny:
        ann = await tiny.join("ann", (600, 700))
        bob = await tiny.join("bob", (700, 700))
        await ann.step(610, 700)
        await kept(reader, lambda people: people.get("ann", A).x == 610)
        positions = await reader.read(SERVER)
        assert (positions["ann"].y, positions["ann"].current_zone_id) == (700, "zone-hall")
        assert abs(positions["ann"].last_updated / 1000 - tiny.wall()) < 10
        await bob.leave()
        await kept(reader, lambda people: "bob" not in people)
    assert await reader.read(SERVER) == {}
    await reader.close()


@pytest.mark.parametrize("outage", ["paused", "killed"])
async def test_an_outage_stops_neither_ticks_nor_moves_and_the_state_is_whole_afterwards(outage: str) -> None:
    with RedisServer() as server:
        reader = RedisPositions(server.url)
        async with TinyWorld(positions=RedisPositions(server.url), grace=0.0) as tiny:
            ann, bob = await tiny.join("ann", (600, 700)), await tiny.join("bob", (700, 700))
            carl = await tiny.join("carl", (800, 700))
            await kept(reader, lambda people: len(people) == 3)
            if outage == "paused":
                server.pause()
            else:
                server.kill()
            for i in range(20):
                await ann.step(600 + i, 700)
                await bob.expect(m.Players, lambda p, x=600 + i: any(q.x == x for q in p.moved) or x == 600)  # type: ignore[misc]
            await carl.leave()
            await bob.expect(m.Players, lambda p: "carl" in p.left)
            await tiny.join("dora", (650, 700))
            assert tiny.world.spaces.writer.waiting <= 4
            await asyncio.sleep(1.2)  # longer than the store's own time limit
            if outage == "paused":
                server.resume()
            else:
                server.start()
            expected = {"ann": 619.0, "bob": 700.0, "dora": 650.0}
            await kept(reader, lambda people: {u: p.x for u, p in people.items()} == expected)
        await reader.close()


async def test_a_world_that_starts_after_a_crash_puts_people_where_they_were(redis: RedisServer) -> None:
    store = RedisPositions(redis.url)
    await store.rewrite(SERVER, {"ann": Position(900, 900, None, 1), "ghost": A})
    async with TinyWorld(positions=RedisPositions(redis.url)) as tiny:
        ann = await tiny.join("ann", (600, 700))
        assert (ann.x, ann.y) == (900, 900)
        await kept(store, lambda people: set(people) == {"ann"})
    await store.close()


# --- the writer --------------------------------------------------------------------------------------


class Slow(InProcessPositions):
    """A store that is away while `away` is set, and counts its batches."""

    def __init__(self) -> None:
        super().__init__()
        self.away = False
        self.batches = 0

    async def write_batch(self, *args: object) -> None:
        self.batches += 1
        await asyncio.sleep(0)
        if self.away:
            raise ConnectionError("away")
        await super().write_batch(*args)  # type: ignore[arg-type]


async def test_while_the_store_is_away_nothing_piles_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("world.running.state.RETRY_SECONDS", 0.01)
    store, truth = Slow(), {"ann": A, "bob": B}
    failures: list[int] = []
    writer = PositionWriter(store, lambda server_id: truth, lambda: failures.append(1))
    writer.start()
    store.away = True
    for i in range(500):
        writer.note("s1", {f"u{i}": A}, [f"u{i - 1}"])
        await asyncio.sleep(0)
    await until(lambda: bool(failures))
    assert writer.waiting < 10
    store.away = False
    await asyncio.sleep(0.05)
    assert await store.read("s1") == truth
    await writer.close()


async def test_many_ticks_while_a_batch_is_on_its_way_become_one_batch() -> None:
    store = Slow()
    writer = PositionWriter(store, lambda server_id: {})
    writer.start()
    writer.note("s1", {"ann": A}, [])
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    for i in range(50):
        writer.note("s1", {"ann": Position(i, 0, None, i)}, [])
    await until(lambda: writer.waiting == 0)
    await writer.close()
    assert store.batches <= 3
    assert (await store.read("s1"))["ann"].x == 49
