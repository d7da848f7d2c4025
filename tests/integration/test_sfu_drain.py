"""A media worker that is to end: it waits for its sessions to move, and for nothing that cannot be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from sfu.worker import MediaSettings, Worker
from signaling import codec
from signaling.bus import InProcessBus
from signaling.control import (
    AcceptPlay,
    Answer,
    ConnectionChanged,
    Done,
    Drain,
    Event,
    Heartbeat,
    worker_topic,
)
from signaling.registry import InProcessRegistry
from tests.support.media_worker import until
from tests.support.scripted_client import ScriptedClient


class Place:
    """One worker, w1, with somebody on it."""

    def __init__(self) -> None:
        self.bus, self.registry = InProcessBus(), InProcessRegistry()
        self.worker = Worker("w1", self.bus, MediaSettings("127.0.0.1", 0), workers=self.registry)
        self.client = ScriptedClient()
        self.events: list[Event] = []
        self.bus.subscribe("events", lambda payload: self.events.append(codec.decode_event(payload)))

    async def ask(self, command: Drain | AcceptPlay) -> object:
        payload = codec.encode_control(command)
        return codec.decode_reply(await self.bus.request(worker_topic("w1"), payload))

    async def beat(self) -> Heartbeat:
        return next(beat for beat in await self.registry.workers() if beat.worker == "w1")

    async def another(self, draining: bool = False) -> None:
        await self.registry.announce(Heartbeat("w2", 1, 0.0, 0, "native", draining))


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    made = Place()
    await made.worker.start()
    offer = made.client.offer("a", "recvonly")
    answer = await made.ask(AcceptPlay("ann", "hall", "events", offer))
    assert isinstance(answer, Answer)
    await made.client.connect(answer.sdp)
    yield made
    await made.worker.close()
    made.client.close()
    await made.bus.close()


async def test_it_waits_until_the_last_session_has_moved(place: Place) -> None:
    await place.another()
    draining = asyncio.create_task(place.worker.drain(30.0))
    await asyncio.sleep(0.3)
    assert not draining.done()
    place.worker.media.close_session("ann")
    await asyncio.wait_for(draining, 3)


@pytest.mark.parametrize("other", [None, "draining"])
async def test_where_nobody_could_go_it_does_not_wait(place: Place, other: str | None) -> None:
    if other is not None:
        await place.another(draining=True)
    await asyncio.wait_for(place.worker.drain(30.0), 1)


async def test_after_the_deadline_whoever_is_left_is_told_to_come_back_elsewhere(place: Place) -> None:
    assert await place.ask(Drain(deadline=0.2)) == Done()
    await until(lambda: not place.worker.media.sessions, "the session is given up")
    told = ConnectionChanged("ann", "publish", "failed", "w1")
    await until(lambda: told in place.events, "it is told")


async def test_a_drain_is_seen_in_the_registry_and_can_be_taken_back(place: Place) -> None:
    assert await place.ask(Drain()) == Done()
    async with asyncio.timeout(20):
        while not (await place.beat()).draining:
            await asyncio.sleep(0.02)
    assert await place.ask(Drain(cancel=True)) == Done()
    async with asyncio.timeout(20):
        while (await place.beat()).draining:
            await asyncio.sleep(0.02)
    assert "ann" in place.worker.media.sessions


async def test_its_people_are_told_when_it_ends_and_it_is_not_in_the_registry_any_more(place: Place) -> None:
    await place.worker.close()
    assert ConnectionChanged("ann", "publish", "failed", "w1") in place.events
    assert await place.registry.workers() == []
