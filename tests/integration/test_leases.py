"""Leases: one contract, in process and on a real Redis; fenced positions; and the keeper on both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis

from tests.support.redis_server import RedisServer
from tests.support.tiny_world import until
from world.nodes import lease as rules
from world.nodes.lease import Lease, LeaseStore, Want
from world.nodes.lease_keeper import LeaseKeeper
from world.nodes.lease_redis import RedisLeases, epoch_key, owner_key
from world.nodes.lease_store import InProcessLeases
from world.running.state import Fenced, InProcessPositions, Position, PositionStore
from world.running.state_redis import RedisPositions

HERE = Position(1, 2, None, 3)


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture(params=["in process", "redis"])
async def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LeaseStore]:
    monkeypatch.setattr("world.nodes.lease.LEASE_SECONDS", 1.0)
    monkeypatch.setattr("world.nodes.lease_redis.LEASE_SECONDS", 1.0)
    if request.param == "redis":
        url = request.getfixturevalue("redis").url
        async with Redis.from_url(url) as client:
            await client.flushall()
        leases: LeaseStore = RedisLeases(url)
    else:
        leases = InProcessLeases()
    yield leases
    await leases.close()


async def ask(store: LeaseStore, node: str, epoch: int = 0, take: bool = True) -> Lease | None:
    return (await store.hold(node, {"s1": Want(epoch, take)}))["s1"]


# --- the contract ------------------------------------------------------------------------------------


async def test_the_first_who_asks_owns_until_it_stops_to_renew(store: LeaseStore) -> None:
    assert await ask(store, "a", take=False) is None
    mine = await ask(store, "a")
    assert mine is not None
    assert mine.node == "a"
    for _ in range(3):
        await asyncio.sleep(0.4)
        assert await ask(store, "a", mine.epoch) == mine
        assert await ask(store, "b") == mine
    await asyncio.sleep(1.1)
    other = await ask(store, "b")
    assert other is not None
    assert (other.node, other.epoch > mine.epoch) == ("b", True)
    assert await ask(store, "a", mine.epoch) == other


async def test_one_that_is_given_back_is_free_at_once_and_only_its_holder_can_give_it(
    store: LeaseStore,
) -> None:
    mine = await ask(store, "a")
    assert mine is not None
    await store.release("b", "s1", mine.epoch)
    await store.release("a", "s1", mine.epoch - 1)
    assert await ask(store, "b") == mine
    await store.release("a", "s1", mine.epoch)
    other = await ask(store, "b")
    assert other is not None
    assert other.epoch > mine.epoch


async def test_the_last_owner_gets_a_lapsed_lease_back_under_its_own_epoch(store: LeaseStore) -> None:
    mine = await ask(store, "a")
    assert mine is not None
    await asyncio.sleep(1.1)
    assert await ask(store, "b", take=False) is None
    assert await ask(store, "a", mine.epoch, take=False) == mine


async def test_many_servers_are_asked_for_at_once_and_do_not_mix(store: LeaseStore) -> None:
    assert await store.hold("a", {}) == {}
    await store.hold("b", {"s3": Want()})
    found = await store.hold("a", {"s1": Want(), "s2": Want(take=False), "s3": Want()})
    assert [lease.node if lease else None for lease in found.values()] == ["a", None, "b"]


async def test_redis_that_lost_its_memory_gives_the_lease_back_to_its_owner(redis: RedisServer) -> None:
    store = RedisLeases(redis.url)
    mine = await ask(store, "a")
    assert mine is not None
    async with Redis.from_url(redis.url) as client:
        assert await client.pttl(owner_key("s1")) <= rules.LEASE_SECONDS * 1000
        assert await client.get(epoch_key("s1")) == str(mine.epoch).encode()
        await client.flushall()
    assert await ask(store, "a", mine.epoch, take=False) == mine
    await store.close()


@pytest.mark.parametrize("kind", ["in process", "redis"])
async def test_writes_of_an_older_owner_are_refused_once_a_newer_one_has_read(
    kind: str, redis: RedisServer
) -> None:
    old, new = 1_800_000_000_000, 1_800_000_003_000
    store: PositionStore = RedisPositions(redis.url) if kind == "redis" else InProcessPositions()
    await store.write_batch("fenced", {"ann": HERE}, [], old)
    assert await store.read("fenced", new) == {"ann": HERE}
    for attempt in (
        store.write_batch("fenced", {"bob": HERE}, ["ann"], old),
        store.rewrite("fenced", {}, old),
        store.read("fenced", old),
    ):
        with pytest.raises(Fenced):
            await attempt
    await store.write_batch("fenced", {"cleo": HERE}, [], new)
    assert set(await store.read("fenced")) == {"ann", "cleo"}
    await store.close()


# --- the keeper --------------------------------------------------------------------------------------


async def test_redis_away_the_owner_keeps_its_lease_and_afterwards_nobody_else_has_it() -> None:
    with RedisServer() as server:
        a, b = LeaseKeeper(RedisLeases(server.url), "a"), LeaseKeeper(RedisLeases(server.url), "b")
        lost: list[str] = []
        a.changed = lost.append
        tenure = await a.acquire("s1")
        assert tenure is not None
        lost.clear()
        b.watch("s1")
        a.start()
        b.start()
        await until(lambda: b.owner("s1") == tenure.lease, "b sees the owner")
        server.kill()
        await until(lambda: not a.reach.ok and not b.reach.ok, "both notice")
        # A space that nobody is known to own can be opened meanwhile; the other's cannot.
        assert await b.acquire("s2") is not None
        assert await b.acquire("s1") is None
        held = [tenure.holds(a.clock())]
        for _ in range(8):
            await asyncio.sleep(0.5)
            held.append(tenure.holds(a.clock()))
        assert all(held)
        server.start()
        await until(lambda: a.reach.ok and b.reach.ok, "both are back")
        await asyncio.sleep(1.5)
        assert tenure.holds(a.clock())
        assert (a.tenure("s1"), b.tenure("s1")) == (tenure, None)
        assert b.tenure("s2") is not None
        assert lost == []
        await a.close()
        await b.close()
