"""One contract for both forms of the Bus, and what only the one on Redis can be put through."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from signaling.bus import Bus, InProcessBus
from signaling.redis_bus import RedisBus
from tests.support.redis_server import RedisServer


@pytest.fixture(scope="module")
def redis_server() -> Iterator[RedisServer]:
    server = RedisServer().start()
    yield server
    server.stop()


@pytest.fixture(params=["in process", "redis"])
async def buses(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Bus, Bus]]:
    """Two ends that reach each other (in one process they are the same object)."""
    if request.param == "in process":
        bus = InProcessBus()
        yield bus, bus
        await bus.close()
        return
    url = request.getfixturevalue("redis_server").url
    here, there = RedisBus(url), RedisBus(url)
    yield here, there
    await here.close()
    await there.close()


async def collect(received: list[bytes], count: int) -> list[bytes]:
    async with asyncio.timeout(20):
        while len(received) < count:
            await asyncio.sleep(0.001)
    return received


async def test_what_is_published_arrives_once_and_in_order(buses: tuple[Bus, Bus]) -> None:
    here, there = buses
    received: list[bytes] = []
    there.subscribe("t", received.append)
    await there.settled()
    sent = [str(i).encode() for i in range(500)]
    for payload in sent:
        await here.publish("t", payload)
    assert await collect(received, 500) == sent


async def test_a_publish_that_nobody_hears_is_no_error(buses: tuple[Bus, Bus]) -> None:
    await buses[0].publish("nobody", b"x")


async def test_after_unsubscribing_nothing_arrives(buses: tuple[Bus, Bus]) -> None:
    here, there = buses
    gone: list[bytes] = []
    stays: list[bytes] = []
    stop = there.subscribe("t", gone.append)
    there.subscribe("t", stays.append)
    await there.settled()
    stop()
    await here.publish("t", b"x")
    assert await collect(stays, 1) == [b"x"]
    assert gone == []


async def test_a_subscriber_that_fails_hurts_no_other(
    buses: tuple[Bus, Bus], caplog: pytest.LogCaptureFixture
) -> None:
    here, there = buses
    received: list[bytes] = []

    def broken(payload: bytes) -> None:
        raise RuntimeError("broken")

    there.subscribe("t", broken)
    there.subscribe("t", received.append)
    await there.settled()
    await here.publish("t", b"x")
    assert await collect(received, 1) == [b"x"]
    assert "a subscriber of t failed" in caplog.text


async def test_a_request_is_answered(buses: tuple[Bus, Bus]) -> None:
    here, there = buses

    async def double(payload: bytes) -> bytes:
        return payload * 2

    there.respond("r", double)
    await there.settled()
    answers = await asyncio.gather(*(here.request("r", str(i).encode()) for i in range(50)))
    assert answers == [str(i).encode() * 2 for i in range(50)]


async def test_requests_and_publishes_of_one_topic_keep_their_order(buses: tuple[Bus, Bus]) -> None:
    here, there = buses
    seen: list[bytes] = []

    async def slow(payload: bytes) -> bytes:
        seen.append(payload)
        await asyncio.sleep(0.01)
        return b""

    there.respond("w", slow)
    there.subscribe("w", seen.append)
    await there.settled()
    first = asyncio.create_task(here.request("w", b"1"))
    await asyncio.sleep(0)
    await here.publish("w", b"2")
    second = asyncio.create_task(here.request("w", b"3"))
    await asyncio.sleep(0)
    await here.publish("w", b"4")
    await asyncio.gather(first, second)
    assert await collect(seen, 4) == [b"1", b"2", b"3", b"4"]


async def test_a_request_that_nobody_answers_fails_at_once(buses: tuple[Bus, Bus]) -> None:
    with pytest.raises(LookupError):
        await buses[0].request("nobody", b"x", timeout=5)


async def test_a_responder_that_fails_tells_the_caller(buses: tuple[Bus, Bus]) -> None:
    here, there = buses

    async def broken(payload: bytes) -> bytes:
        raise RuntimeError("no such thing")

    there.respond("r", broken)
    await there.settled()
    with pytest.raises(LookupError, match="no such thing"):
        await here.request("r", b"x", timeout=5)


async def test_a_slow_answer_times_out(buses: tuple[Bus, Bus]) -> None:
    here, there = buses

    async def never(payload: bytes) -> bytes:
        await asyncio.Event().wait()
        return b""

    there.respond("r", never)
    await there.settled()
    with pytest.raises(TimeoutError):
        await here.request("r", b"x", timeout=0.1)


async def test_a_topic_has_one_responder_and_may_get_another(buses: tuple[Bus, Bus]) -> None:
    here, there = buses

    async def one(payload: bytes) -> bytes:
        return b"one"

    async def two(payload: bytes) -> bytes:
        return b"two"

    stop = there.respond("r", one)
    with pytest.raises(ValueError, match="responder"):
        there.respond("r", two)
    stop()
    there.respond("r", two)
    await there.settled()
    assert await here.request("r", b"x") == b"two"


async def test_what_is_sent_while_redis_is_away_arrives_in_order_when_it_returns() -> None:
    server = RedisServer().start()
    here, there = RedisBus(server.url), RedisBus(server.url)
    try:
        received: list[bytes] = []
        there.subscribe("t", received.append)
        await there.settled()
        await here.publish("t", b"before")
        await collect(received, 1)
        server.kill()
        await asyncio.sleep(0.1)
        for i in range(5):
            await here.publish("t", str(i).encode())
        server.start()
        # The reader of the other end comes back by itself; what it could not hear is sent again by
        # nobody, so it is asked for only after its subscription is in force.
        await there.settled()
        await here.publish("t", b"after")
        async with asyncio.timeout(20):
            while b"after" not in received:
                await asyncio.sleep(0.01)
        assert received == sorted(received, key=[b"before", b"0", b"1", b"2", b"3", b"4", b"after"].index)
        assert here.dropped == 0
    finally:
        await here.close()
        await there.close()
        server.stop()
