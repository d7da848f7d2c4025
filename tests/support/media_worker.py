"""A media worker on 127.0.0.1 with an in-process bus, and the words that tests command it with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from prometheus_client import CollectorRegistry

from sfu.forward import Plane
from sfu.forward.contract import Address
from sfu.worker import MediaSettings, Worker
from signaling import codec
from signaling.bus import InProcessBus
from signaling.control import (
    HEARTBEAT_TOPIC,
    AcceptPlay,
    AcceptPublish,
    AcceptSlots,
    Answer,
    ApplyRoutes,
    CloseSession,
    Command,
    Control,
    Done,
    Event,
    GetStats,
    Offer,
    OfferSlots,
    Reply,
    Route,
    SessionStats,
    SetRoutes,
    SlotStats,
    Stats,
    worker_topic,
)
from signaling.messages import KIND_OF_SOURCE, Kind, Source
from tests.support.media_client import MediaClient

EVENTS = "events"
R = TypeVar("R", bound=Control)


def hear(slot: int, session: str, source: Source = "mic", active: bool = True) -> Route:
    """A route to audio or video slot `slot`, by the source's kind."""
    return Route(KIND_OF_SOURCE[source], slot, session, source, active)


class WorkerUnderTest:
    """`events` collects what the worker told, in order."""

    def __init__(self, bus: InProcessBus, worker: Worker, registry: CollectorRegistry) -> None:
        self.bus = bus
        self.worker = worker
        self.registry = registry
        self.events: list[Event] = []
        self._epoch = 0
        for topic in (EVENTS, HEARTBEAT_TOPIC):
            bus.subscribe(topic, lambda payload: self.events.append(codec.decode_event(payload)))

    @property
    def address(self) -> Address:
        return self.worker.media.forwarder.address

    # --- commands --------------------------------------------------------------------------------

    async def ask(self, command: Command) -> Reply:
        payload = codec.encode_control(command)
        return codec.decode_reply(await self.bus.request(worker_topic(self.worker.name), payload, 20.0))

    async def expect(self, command: Command, kind: type[R]) -> R:
        reply = await self.ask(command)
        assert isinstance(reply, kind), reply
        return reply

    async def routes(self, *changes: tuple[str, str, list[Route]], home: str = "") -> None:
        """Apply (session, router, routes) as one batch with new epochs; `home`: where all of them are."""
        made = []
        for session, router, routes in changes:
            self._epoch += 1
            made.append(SetRoutes(session, self._epoch, router, tuple(routes), home))
        await self.bus.publish(worker_topic(self.worker.name), codec.encode_control(ApplyRoutes(tuple(made))))

    async def close_session(self, session: str) -> None:
        await self.bus.publish(worker_topic(self.worker.name), codec.encode_control(CloseSession(session)))

    async def publish(
        self,
        client: MediaClient,
        session: str,
        router: str,
        frequency: float = 440.0,
        luma: int | None = None,
    ) -> None:
        """Connect the client's tone (and picture) as `session` in `router`."""
        offer = await client.offer_publish(frequency, luma)
        answer = await self.expect(AcceptPublish(session, router, EVENTS, offer, {}), Answer)
        await client.take_answer(answer.sdp)
        await client.connected()

    async def subscribe(
        self, client: MediaClient, session: str, router: str, audio: int = 1, video: int = 0
    ) -> None:
        """Connect the client to a pool of slots as `session` in `router`."""
        offer = await self.expect(OfferSlots(session, router, EVENTS, audio, video), Offer)
        answer = await client.answer(offer.sdp)
        await self.expect(AcceptSlots(session, answer), Done)
        await client.connected()

    async def play(
        self, client: MediaClient, session: str, router: str, audio: int = 1, video: int = 0
    ) -> Answer:
        """Connect the client as a WHEP player."""
        offer = await client.offer_play(audio, video)
        answer = await self.expect(AcceptPlay(session, router, EVENTS, offer), Answer)
        await client.take_answer(answer.sdp)
        await client.connected()
        return answer

    # --- what it says ----------------------------------------------------------------------------

    async def stats(self, session: str) -> SessionStats:
        return (await self.expect(GetStats(session), Stats)).sessions[0]

    async def slot(self, session: str, kind: Kind, index: int) -> SlotStats:
        stats = await self.stats(session)
        return next(slot for slot in stats.slots if (slot.kind, slot.slot) == (kind, index))

    def told(self, kind: type[R]) -> list[R]:
        """The events of this kind so far."""
        return [event for event in self.events if isinstance(event, kind)]

    def metric(self, name: str, **labels: str) -> float:
        """The present value of a metric of the worker."""
        value = self.registry.get_sample_value(name, labels)
        assert value is not None, f"no metric {name} {labels}"
        return value


async def until(condition: Callable[[], bool], what: str, timeout: float = 20.0) -> None:
    """Wait until the condition holds; fails with `what` when it never does."""
    try:
        async with asyncio.timeout(timeout):
            while not condition():
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"never happened: {what}") from None


@asynccontextmanager
async def running_worker(
    name: str = "w1", max_sessions: int = 2000, bus: InProcessBus | None = None, plane: Plane = "python"
) -> AsyncIterator[WorkerUnderTest]:
    """A started worker, on a `bus` with others if one is given; it is closed at the end."""
    shared, registry = bus is not None, CollectorRegistry()
    bus = bus or InProcessBus()
    settings = MediaSettings("127.0.0.1", 0, [], plane, max_sessions)
    worker = Worker(name, bus, settings, registry)
    under_test = WorkerUnderTest(bus, worker, registry)
    await worker.start()
    try:
        yield under_test
    finally:
        await worker.close()
        if not shared:
            await bus.close()
