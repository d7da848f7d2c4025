"""Where servers are and which workers live: one contract each, in process and on a real Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis

from signaling.control import Heartbeat
from signaling.registry import REGISTRY_KEY, InProcessRegistry, RedisRegistry, Registry
from tests.support.redis_server import RedisServer
from world.media.placement import Placed, PlacementStore
from world.media.placement_redis import RedisPlacements, placement_key
from world.media.placement_store import InProcessPlacements

EPOCH = 1_800_000_000_000


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture(params=["in process", "redis"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[PlacementStore]:
    if request.param == "redis":
        url = request.getfixturevalue("redis").url
        async with Redis.from_url(url) as client:
            await client.flushall()
        made: PlacementStore = RedisPlacements(url)
    else:
        made = InProcessPlacements()
    yield made
    await made.close()


@pytest.fixture(params=["in process", "redis"])
async def registry(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Registry]:
    monkeypatch.setattr("signaling.registry.WORKER_STALE_SECONDS", 0.3)
    if request.param == "redis":
        url = request.getfixturevalue("redis").url
        async with Redis.from_url(url) as client:
            await client.flushall()
        made: Registry = RedisRegistry(url)
    else:
        made = InProcessRegistry()
    yield made
    await made.close()


# --- placements --------------------------------------------------------------------------------------


async def test_what_was_written_is_read_and_counted(store: PlacementStore) -> None:
    assert await store.read("s") is None
    first = await store.swap("s", 0, ("w1",), EPOCH)
    assert first == Placed(("w1",), EPOCH, 1) == await store.read("s")
    second = await store.swap("s", 1, ("w1", "w2"), EPOCH)
    assert second == Placed(("w1", "w2"), EPOCH, 2) == await store.read("s")
    assert await store.swap("s", 2, (), EPOCH + 1) == Placed((), EPOCH + 1, 3)
    assert await store.read("other") is None


async def test_of_two_who_write_over_the_same_version_one_wins_and_both_learn_it(
    store: PlacementStore,
) -> None:
    answers = await asyncio.gather(*(store.swap("s", 0, (f"w{i}",), EPOCH) for i in range(8)))
    assert len(set(answers)) == 1
    assert answers[0] == await store.read("s")


async def test_an_owner_with_an_older_epoch_writes_nothing(store: PlacementStore) -> None:
    new = await store.swap("s", 0, ("w2",), EPOCH + 1)
    assert new is not None
    assert await store.swap("s", new.version, ("w1",), EPOCH) == new
    assert await store.read("s") == new


async def test_a_placement_is_forgotten_when_it_has_not_been_written_for_long(redis: RedisServer) -> None:
    store = RedisPlacements(redis.url)
    await store.swap("kept", 0, ("w1",), EPOCH)
    async with Redis.from_url(redis.url) as client:
        assert 0 < await client.ttl(placement_key("kept")) <= 24 * 3600
    await store.close()


# --- the registry ------------------------------------------------------------------------------------


def beat(worker: str, sessions: int = 0) -> Heartbeat:
    return Heartbeat(worker, 1, 0.5, sessions, "native", address=("10.0.0.1", 4000), region="eu")


async def test_who_announces_itself_is_found_with_what_it_said_last(registry: Registry) -> None:
    assert await registry.workers() == []
    await registry.announce(beat("b"))
    await registry.announce(beat("a", 1))
    await registry.announce(beat("a", 2))
    assert await registry.workers() == [beat("a", 2), beat("b")]
    await registry.withdraw("a")
    assert await registry.workers() == [beat("b")]


async def test_who_falls_silent_is_not_found_any_more(registry: Registry) -> None:
    await registry.announce(beat("silent"))
    async with asyncio.timeout(10):
        found: list[Heartbeat] = []
        while found != [beat("alive")]:
            await asyncio.sleep(0.1)
            await registry.announce(beat("alive"))
            found = await registry.workers()


async def test_the_registry_is_bounded_and_the_long_dead_make_room(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signaling.registry.MAX_WORKERS", 2)
    for name in ("a", "b", "c"):
        await registry.announce(beat(name))
    assert await registry.workers() == [beat("a"), beat("b")]
    monkeypatch.setattr("signaling.registry.FORGET_SECONDS", 0.1)
    await asyncio.sleep(0.2)
    await registry.announce(beat("c"))
    assert await registry.workers() == [beat("c")]


async def test_a_worker_of_another_release_in_the_registry_hurts_nobody(redis: RedisServer) -> None:
    store = RedisRegistry(redis.url)
    async with Redis.from_url(redis.url) as client:
        await client.flushall()
        await store.announce(beat("ours"))
        ours = await client.hget(REGISTRY_KEY, "ours")
        assert isinstance(ours, bytes)
        at = ours.split(b" ")[0]
        await client.hset(REGISTRY_KEY, "theirs", at + b' {"type":"heartbeat","worker":7}')
        later = (
            at
            + b' {"type":"heartbeat","worker":"new","started":1,"load":0,"sessions":0,"plane":"x","moon":1}'
        )
        await client.hset(REGISTRY_KEY, "new", later)
    assert [one.worker for one in await store.workers()] == ["new", "ours"]
    await store.close()


async def test_without_redis_both_say_so(redis: RedisServer) -> None:
    placements, registry = RedisPlacements("redis://127.0.0.1:1/0"), RedisRegistry("redis://127.0.0.1:1/0")
    for attempt in (
        placements.read("s"),
        placements.swap("s", 0, ("w",), EPOCH),
        registry.announce(beat("a")),
        registry.withdraw("a"),
        registry.workers(),
    ):
        with pytest.raises(ConnectionError):
            await attempt
    await placements.close()
    await registry.close()
