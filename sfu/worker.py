"""The media worker: takes the world's commands from the bus, and tells it what happens.

Commands of the worker's topic are handled in the order sent. What is asked is answered (`Failed` with
the reason when it cannot be done); what is published is done or logged. The work itself is `sfu.media`;
here are the bus, the timers and the life of the process.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

import msgspec
from prometheus_client import CollectorRegistry

from sfu.draining import Draining
from sfu.forward import Plane, open_forwarder
from sfu.forward.contract import TableFull
from sfu.load.meter import LoadMeter
from sfu.media import Media
from sfu.metrics import Metrics, Snapshot
from sfu.offers import MAX_SESSIONS, WorkerFull
from sfu.pace import Pace
from sfu.pipes.keeper import PipeKeeper
from sfu.quality import QualityDesk, with_losses
from sfu.stats import snapshot, stats
from sfu.transport.addresses import candidate_addresses, pipe_host_of
from sfu.transport.dtls import Identity
from sfu.transport.ice_tcp import TcpListener, listen
from sfu.transport.transport import Endpoint
from signaling import codec
from signaling.bus import Bus
from signaling.codecs import VIDEO_PREFERENCE
from signaling.context import about
from signaling.control import (
    HEARTBEAT_SECONDS,
    HEARTBEAT_TOPIC,
    AcceptPlay,
    AcceptPublish,
    AcceptSlots,
    ApplyRoutes,
    CloseSession,
    Command,
    ConnectionChanged,
    Done,
    Drain,
    Event,
    Failed,
    GetListeners,
    GetQuality,
    GetStats,
    Heartbeat,
    Listener,
    Listeners,
    OfferSlots,
    OpenPipe,
    PipeOffers,
    PipeWants,
    Reply,
    RestartIce,
    worker_topic,
)
from signaling.pauses import pause
from signaling.registry import Registry
from signaling.sdp import SdpError

SPEAKERS_SECONDS = 0.14
EXPIRE_SECONDS = 0.5
# How often the registry is told.
REGISTER_SECONDS = 1.0
# Events that wait for the bus. A bus that is this far behind has lost the world's interest.
MAX_EVENTS = 4096

log = logging.getLogger("atrium.sfu")


@dataclass(frozen=True, slots=True)
class MediaSettings:
    """Where media is received and what clients are told.

    `host` and `port` are bound (UDP, 0: any free port); `advertised` are the IP addresses that clients
    reach this machine at, best first (empty: `host`, which then must not be a wildcard).
    """

    host: str
    port: int
    advertised: list[str] = field(default_factory=list)
    plane: Plane = "auto"
    max_sessions: int = MAX_SESSIONS
    # What it may send, in Mbit/s; 0: as much as it can.
    max_mbit: int = 0
    # Where other workers' pipes reach this one; None: the bound address, or the first advertised one.
    pipe_host: str | None = None
    region: str = ""
    version: str = ""
    # Take media over TCP too, on the same port number.
    tcp: bool = True
    # What may be sent and received, the preferred one first.
    video_codecs: tuple[str, ...] = VIDEO_PREFERENCE


class Worker:
    """One media worker named `name` on a bus. `start` before anything else, `close` at the end."""

    def __init__(
        self,
        name: str,
        bus: Bus,
        settings: MediaSettings,
        registry: CollectorRegistry | Metrics | None = None,
        workers: Registry | None = None,
    ) -> None:
        self.name = name
        self._bus = bus
        self._workers = workers
        self._settings = settings
        self._beat_now = asyncio.Event()
        self._draining = Draining(name, workers, self._beat_now.set)
        self._keeper: PipeKeeper | None = None
        # Workers of one process count into one `Metrics`.
        self._metrics = (
            registry if isinstance(registry, Metrics) else Metrics(registry or CollectorRegistry())
        )
        self._started_ms = int(time.time() * 1000)
        self._events: asyncio.Queue[tuple[str, Event]] = asyncio.Queue(MAX_EVENTS)
        self._tasks: list[asyncio.Task[None]] = []
        self._stops: list[Callable[[], None]] = []
        self._lag = 0.0
        self._register_at = 0.0
        self._media: Media | None = None
        self._tcp: TcpListener | None = None
        self.quality: QualityDesk
        self._meter: LoadMeter
        self._pace: Pace

    @property
    def media(self) -> Media:
        """The media server. Raises RuntimeError before `start`."""
        if self._media is None:
            raise RuntimeError("the worker was not started")
        return self._media

    async def start(self) -> None:
        """Bind the port and take commands.

        Raises:
            OSError: the port is taken (the text says which).
            ValueError: a setting cannot be.
        """
        candidate_addresses(self._settings.host, self._settings.advertised, self._settings.port)
        endpoint = Endpoint((), Identity(), time.monotonic)
        settings = self._settings
        media = Media(
            *(endpoint, self._emit, self._metrics, time.monotonic),
            *(settings.max_sessions, self.name, settings.video_codecs),
        )
        forwarder = open_forwarder(
            self._settings.plane, media.reports, self._settings.host, self._settings.port
        )
        media.attach(forwarder)
        endpoint.addresses = candidate_addresses(
            self._settings.host, self._settings.advertised, forwarder.address[1]
        )
        if self._settings.tcp:
            self._tcp = await listen(self._settings.host, forwarder.address)
            if self._tcp is not None:
                endpoint.take_tcp(self._tcp.carries)
        self._pace = Pace(media)
        media.hurry = self._pace.hurry
        pipe_host = self._settings.pipe_host or pipe_host_of(forwarder.address[0], endpoint.addresses)
        media.pipes.address = pipe_host, forwarder.address[1]
        self._keeper = PipeKeeper(media.pipes, self._bus)
        self._media = media
        self._meter = LoadMeter(forwarder, time.monotonic(), self._settings.max_mbit * 1e6)
        self._metrics.watch(self)
        self.quality = QualityDesk(self.name, media, self._stress, time.monotonic)
        topic = worker_topic(self.name)
        self._stops = [self._bus.subscribe(topic, self._published), self._bus.respond(topic, self._asked)]
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(run()) for run in (self._send_events, self._tick, self._beat)]
        log.info(
            "media worker %s: %s plane on %s port %d, known to clients as %s",
            self.name,
            forwarder.plane,
            *forwarder.address,
            ", ".join(host for host, _ in endpoint.addresses),
        )

    async def close(self) -> None:
        """End every session and free the port. Idempotent."""
        if self._tcp is not None:
            await self._tcp.close()
            self._tcp = None
        for stop in self._stops:
            stop()
        self._stops = []
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        self._tasks = []
        if self._keeper is not None:
            await self._keeper.close()
        if self._media is not None:
            await self._say_farewell(self._media)
            self._metrics.unwatch(self)
            self._media.close()
            self._media.forwarder.close()
            self._media = None
            # Closed DTLS tasks end in the next turn of the loop.
            await asyncio.sleep(0)

    def _stress(self) -> tuple[float, float]:
        """Cores used lately, and by how many seconds the last timer was late."""
        return self._meter.capacity.cores, self._lag

    async def _say_farewell(self, media: Media) -> None:
        """Those who are still here need not wait until our silence is noticed."""
        for session in list(media.sessions.values()):
            await self._publish(
                session.events, ConnectionChanged(session.name, "publish", "failed", self.name)
            )
        if self._workers is not None:
            with suppress(ConnectionError):
                await self._workers.withdraw(self.name)

    async def drain(self, deadline: float) -> None:
        """Let the world move the sessions away, for so long at most (s)."""
        await self._draining.run(deadline)

    def _give_up_late(self) -> None:
        """Whoever is left when a drain's time is over offers anew elsewhere."""
        media = self.media
        if self._draining.look(len(media.sessions)):
            for session in list(media.sessions.values()):
                self._emit(session.events, ConnectionChanged(session.name, "publish", "failed", self.name))
                media.close_session(session.name)

    def snapshot(self) -> Snapshot:
        """For the metrics."""
        connections = self._tcp.connections if self._tcp is not None else 0
        return replace(with_losses(snapshot(self.media), self.quality.look()), tcp_connections=connections)

    # --- commands --------------------------------------------------------------------------------

    async def _asked(self, payload: bytes) -> bytes:
        return codec.encode_control(self._answer(payload))

    def _answer(self, payload: bytes) -> Reply:
        try:
            command = codec.decode_command(payload)
        except msgspec.DecodeError as error:
            log.warning("a command that this worker does not know: %s", error)
            return Failed("internal", "the worker does not know this command")
        try:
            with about(getattr(command, "session", None)):
                return self._do(command)
        except SdpError as error:
            return Failed("bad_sdp", str(error))
        except ValueError as error:
            return Failed("bad_sdp", str(error))
        except (WorkerFull, TableFull) as error:
            return Failed("worker_full", str(error))
        except Exception:
            log.exception("a %s failed", type(command).__name__)
            return Failed("internal", "the worker failed; its log says why")

    def _do(self, command: Command) -> Reply:
        media = self.media
        match command:
            case AcceptPublish():
                return media.offers.accept_publish(command)
            case OfferSlots():
                return media.offers.offer_slots(command)
            case AcceptSlots():
                return media.offers.accept_slots(command)
            case AcceptPlay():
                return media.offers.accept_play(command)
            case RestartIce():
                return media.offers.restart_ice(command)
            case GetListeners():
                return Listeners(tuple(Listener(*one) for one in media.routing.heard_by(command.session)))
            case GetStats():
                return stats(self.name, media, command.session)
            case GetQuality():
                return self.quality.look()
            case ApplyRoutes():
                media.apply_routes(command.changes)
            case CloseSession():
                member = media.routing.member(command.session)
                moved = member is not None and command.home != "" and member.home == command.home
                if not command.epoch or member is None or command.epoch >= member.epoch or moved:
                    media.close_session(command.session, command.home)
            case Drain():
                self._draining.take(command)
            case OpenPipe():
                return media.pipes.accept(command)
            case PipeWants():
                return media.pipes.take_wants(command)
            case PipeOffers():
                media.pipes.take_offers(command)
        return Done()

    def _published(self, payload: bytes) -> None:
        reply = self._answer(payload)
        if isinstance(reply, Failed):
            log.warning("a published command failed: %s", reply.message)

    # --- events ----------------------------------------------------------------------------------

    def _emit(self, topic: str, event: Event) -> None:
        try:
            self._events.put_nowait((topic, event))
        except asyncio.QueueFull:
            self._metrics.events_lost.inc()

    async def _send_events(self) -> None:
        while True:
            topic, event = await self._events.get()
            await self._publish(topic, event)

    async def _publish(self, topic: str, event: Event) -> None:
        try:
            await self._bus.publish(topic, codec.encode_control(event))
        except (OSError, TimeoutError) as error:
            self._metrics.events_lost.inc()
            log.warning("an event was lost: %s", error)

    # --- time ------------------------------------------------------------------------------------

    async def _tick(self) -> None:
        speakers_at = expire_at = time.monotonic()
        while True:
            self._lag = await self._pace.pause()
            self._metrics.loop_lag.set(self._lag)
            now = time.monotonic()
            try:
                self.media.tick()
                if now >= speakers_at:
                    speakers_at = now + SPEAKERS_SECONDS
                    self.media.poll_speakers()
                if now >= expire_at:
                    expire_at = now + EXPIRE_SECONDS
                    self.media.expire()
                    self._give_up_late()
                assert self._keeper is not None
                self._keeper.stir()
            except Exception:
                log.exception("a tick of the media worker failed")

    async def _beat(self) -> None:
        while True:
            self._beat_now.clear()
            await self._announce()
            try:
                async with asyncio.timeout(pause(HEARTBEAT_SECONDS)):
                    await self._beat_now.wait()
            except TimeoutError:
                pass
            if self._meter.look(time.monotonic()):
                self._metrics.cpu.set(self._meter.capacity.cores)

    async def _announce(self) -> None:
        media, settings = self.media, self._settings
        full = len(media.sessions) / settings.max_sessions
        beat = Heartbeat(
            worker=self.name,
            started=self._started_ms,
            load=min(1.0, max(full, self._meter.capacity.load)),
            sessions=len(media.sessions),
            plane=media.forwarder.plane,
            draining=self._draining.active,
            region=settings.region,
            version=settings.version,
            address=media.pipes.address,
            capacity=self._meter.capacity.capacity,
            rate=int(self._meter.capacity.rate),
            max_sessions=settings.max_sessions,
        )
        await self._publish(HEARTBEAT_TOPIC, beat)
        if self._workers is not None and time.monotonic() >= self._register_at:
            self._register_at = time.monotonic() + REGISTER_SECONDS
            try:
                await self._workers.announce(beat)
            except ConnectionError as error:
                log.warning("the registry of workers is not told: %s", error)
