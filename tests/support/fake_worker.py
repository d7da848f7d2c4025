"""A media worker without media: answers every command as the contract says, and remembers the routes.

It applies `SetRoutes` like a real one (older epochs are ignored, unknown sessions too) and refuses routes
across routers, counting them in `crossed`: the world must never send one.
"""

from __future__ import annotations

from signaling.bus import Bus
from signaling.codec import decode_command, encode_control
from signaling.control import (
    HEARTBEAT_TOPIC,
    AcceptPlay,
    AcceptPublish,
    AcceptSlots,
    Answer,
    ApplyRoutes,
    AudioLevels,
    CloseSession,
    Command,
    ConnectionChanged,
    Done,
    Event,
    Failed,
    GetListeners,
    GetStats,
    Heartbeat,
    LayersWanted,
    Listener,
    Listeners,
    Offer,
    OfferSlots,
    Picture,
    ProducerClosed,
    ProducerOpened,
    Reply,
    Restarted,
    RestartIce,
    SessionStats,
    SetRoutes,
    Stats,
    VideoPaused,
    worker_topic,
)
from signaling.messages import IceCredentials, Source


class FakeWorker:
    """One worker on a bus. `await heartbeat()` makes it known."""

    def __init__(self, bus: Bus, name: str = "w1", started: int = 1) -> None:
        self.name = name
        self.started = started
        self.commands: list[Command] = []
        self.batches: list[ApplyRoutes] = []
        self.routes: dict[str, SetRoutes] = {}
        self.routers: dict[str, str] = {}
        self.closed: list[str] = []
        # Sessions that another worker carries, as the world says.
        self.homes: dict[str, str] = {}
        self.crossed = 0
        # What it says of sessions' figures.
        self.served: dict[str, SessionStats] = {}
        self._bus = bus
        self._events: dict[str, str] = {}
        self._stop = [
            bus.respond(worker_topic(name), self._respond),
            bus.subscribe(worker_topic(name), self._take),
        ]

    def stop(self) -> None:
        """Die: answer nothing any more."""
        for stop in self._stop:
            stop()
        self._stop = []

    async def heartbeat(
        self, load: float = 0.0, draining: bool = False, pipes: bool = True, region: str = ""
    ) -> None:
        """Say that it lives."""
        address = ("127.0.0.1", 4000 if pipes else 0)
        beat = Heartbeat(
            *(self.name, self.started, load, len(self.routers), "python", draining, region), address=address
        )
        await self._bus.publish(HEARTBEAT_TOPIC, encode_control(beat))

    async def produce(self, session: str, *sources: Source) -> None:
        """First packets of these sources of a session came in."""
        for source in sources:
            await self._tell(session, ProducerOpened(session, source, self.name))

    async def end(self, session: str, source: Source) -> None:
        """A source ended."""
        await self._tell(session, ProducerClosed(session, source, self.name))

    async def connection(self, session: str, connection: str, state: str) -> None:
        """A connection changed."""
        await self._tell(session, ConnectionChanged(session, connection, state, self.name))

    async def speaking(self, router: str, *sessions: str, levels: tuple[int, ...] = ()) -> None:
        """Who speaks in a router now, and how loud."""
        topic = f"space.{router.rpartition(':')[0]}"
        await self._bus.publish(topic, encode_control(AudioLevels(router, sessions, self.name, levels)))

    async def paused(self, listener: str, *pictures: tuple[str, Source]) -> None:
        """These pictures do not come to the listener now."""
        await self._tell(listener, VideoPaused(listener, tuple(Picture(*picture) for picture in pictures)))

    async def wants(self, session: str, source: Source, *rids: str) -> None:
        """Somebody receives these layers of the session's video."""
        await self._tell(session, LayersWanted(session, source, rids, self.name))

    def heard(self, session: str) -> set[tuple[str, Source]]:
        """What this session is fed with now: (session, source), without what is only reserved."""
        routes = self.routes[session].routes if session in self.routes else ()
        return {(route.session, route.source) for route in routes if route.active}

    async def _tell(self, session: str, event: Event) -> None:
        await self._bus.publish(self._events[session], encode_control(event))

    async def _respond(self, payload: bytes) -> bytes:
        command = decode_command(payload)
        self.commands.append(command)
        return encode_control(self._reply(command))

    def _reply(self, command: Command) -> Reply:
        match command:
            case AcceptPublish() | OfferSlots() | AcceptPlay():
                if isinstance(command, AcceptPublish | AcceptPlay) and not command.sdp.startswith("v=0"):
                    return Failed("bad_sdp", "that is no SDP")
                self._events[command.session] = command.events
                self.routers.setdefault(command.session, command.router)
                if isinstance(command, OfferSlots):
                    return Offer("v=0 offer of slots")
                slots = (1, 1) if isinstance(command, AcceptPlay) else (0, 0)
                return Answer("v=0 answer", *slots)
            case AcceptSlots():
                known = command.session in self.routers
                return Done() if known else Failed("unknown_session", "no such session")
            case RestartIce():
                if command.session not in self.routers:
                    return Failed("unknown_session", "no such session")
                return Restarted(IceCredentials("up", "secret"), IceCredentials("down", "hidden"))
            case GetStats():
                served = self.served.get(command.session or "")
                return Stats(self.name, "python", (served,) if served is not None else ())
            case GetListeners():
                return Listeners(
                    tuple(
                        Listener(session, source)
                        for session in self.routes
                        for speaker, source in sorted(self.heard(session))
                        if speaker == command.session
                    )
                )
            case _:
                return Failed("internal", "not in this test")

    def _take(self, payload: bytes) -> None:
        command = decode_command(payload)
        self.commands.append(command)
        if isinstance(command, CloseSession):
            self.closed.append(command.session)
            if command.home:
                self.homes[command.session] = command.home
                return
            self.routes.pop(command.session, None)
            self.routers.pop(command.session, None)
        elif isinstance(command, ApplyRoutes):
            self.batches.append(command)
            self._apply(command)

    def _apply(self, batch: ApplyRoutes) -> None:
        for change in batch.changes:
            before = self.routes.get(change.session)
            if change.home:
                self.routers.setdefault(change.session, change.router)
            if change.session not in self.routers or (before and before.epoch >= change.epoch):
                continue
            self.homes[change.session] = change.home
            self.routes[change.session] = change
            self.routers[change.session] = change.router
        # The whole picture after each batch must be clean: nobody is fed from another router.
        for session, picture in self.routes.items():
            for route in picture.routes:
                if self.routers.get(route.session, picture.router) != self.routers[session]:
                    self.crossed += 1
