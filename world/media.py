"""Negotiating media between clients and workers, and what workers report. The world's side of it.

A client's offer is put to the worker that carries its server; the answer goes back, followed by the
worker's offer of receive slots. Who feeds those slots is not decided here: this file only says that a
session is there (`Link`), and `world.hearing` does the rest. When a worker is lost its clients are told
`media_lost` and offer again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from signaling.bus import Bus
from signaling.codec import decode_event, decode_reply, encode_control
from signaling.control import (
    HEARTBEAT_SECONDS,
    HEARTBEAT_TOPIC,
    AcceptPublish,
    AcceptSlots,
    Answer,
    AudioLevels,
    Command,
    ConnectionChanged,
    Failed,
    GetStats,
    Heartbeat,
    Offer,
    OfferSlots,
    ProducerClosed,
    ProducerOpened,
    Reply,
    SessionStats,
    Stats,
    worker_topic,
)
from signaling.messages import Error, MediaAnswer, MediaOffer, PublishAnswer, SubscribeOffer
from world.client import Client
from world.hearing import Link
from world.live import LiveSpace
from world.outbox import Outbox
from world.placement import Placement
from world.player import Player
from world.slots import AUDIO_SLOTS, VIDEO_SLOTS, Ears

# A worker that has just started is known with its first heartbeat: wait that long for one (seconds).
WORKER_WAIT = HEARTBEAT_SECONDS + 0.5
REQUEST_SECONDS = 8.0
# What workers carry is asked for while people wait for their seats.
FIND_SECONDS = 1.0
# Offers and answers of one client that wait for their turn.
MAX_WAITING = 3

log = logging.getLogger("atrium.world")


class MediaError(Exception):
    """Media could not be set up; `code` as in `messages.Error`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Found:
    """A session that an earlier owner of the space left on a worker."""

    worker: str
    stats: SessionStats


@dataclass(eq=False, slots=True)
class Seated:
    """A session that media can be negotiated for."""

    live: LiveSpace
    player: Player
    link: Link
    lock: asyncio.Lock
    waiting: int = 0


class Media:
    """All sessions of this world process."""

    def __init__(self, bus: Bus, now: Callable[[], float]) -> None:
        self.outbox = Outbox(bus)
        self._bus = bus
        self._now = now
        self._placement = Placement()
        self._beat = asyncio.Event()
        self._sessions: dict[str, Seated] = {}
        self._unsubscribe: list[Callable[[], None]] = []
        self._listening: dict[str, tuple[LiveSpace, Callable[[], None]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        # Told when a session's connection has ended or failed: devices are removed by it.
        self.lost: Callable[[LiveSpace, Player], None] = lambda live, player: None

    def start(self) -> None:
        """Begin to listen to workers."""
        self._unsubscribe.append(self._bus.subscribe(HEARTBEAT_TOPIC, self._on_heartbeat))

    async def close(self) -> None:
        """End every session."""
        for seated in list(self._sessions.values()):
            self.leave(seated.live, seated.player)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.outbox.close()
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        for server_id in list(self._listening):
            self.space_closed(server_id)

    # --- seats -----------------------------------------------------------------------------------------

    def seat(self, live: LiveSpace, player: Player, session: str) -> Link:
        """Somebody came: media may be negotiated under `session`."""
        link = live.hearing.links[player] = Link(session)
        self._sessions[session] = Seated(live, player, link, asyncio.Lock())
        if live.record.id not in self._listening:
            topic = events_topic(live.record.id)
            self._listening[live.record.id] = live, self._bus.subscribe(topic, self._on_event)
        return link

    def leave(self, live: LiveSpace, player: Player) -> None:
        """Somebody left: the worker forgets the session."""
        link = live.hearing.forget(player)
        if link is not None:
            self._sessions.pop(link.session, None)
            if link.worker is not None:
                self.outbox.end(link.worker, link.session, live.epochs.next())

    def hand_over(self, live: LiveSpace) -> None:
        """Another node owns the space now: its sessions live on, without us."""
        for link in live.hearing.links.values():
            self._sessions.pop(link.session, None)
            if link.worker is not None:
                self.outbox.drop(link.worker, link.session)
        live.hearing.links.clear()
        self.space_closed(live.record.id)

    # --- what an earlier owner left ------------------------------------------------------------------

    async def find(self, server_id: str) -> dict[str, Found]:
        """The sessions of a server that workers still carry, by name. Workers that do not answer are
        left out."""
        found: dict[str, Found] = {}

        async def look(worker: str) -> None:
            ask = encode_control(GetStats())
            try:
                reply = decode_reply(await self._bus.request(worker_topic(worker), ask, FIND_SECONDS))
            except (LookupError, OSError, TimeoutError, msgspec.DecodeError) as error:
                log.warning("worker %s does not say what it carries: %s", worker, error)
                return
            for stats in reply.sessions if isinstance(reply, Stats) else ():
                if stats.router.rpartition(":")[0] == server_id:
                    found[stats.session] = Found(worker, stats)

        await asyncio.gather(*map(look, self._placement.names()))
        return found

    def adopt(self, live: LiveSpace, player: Player, found: Found) -> None:
        """The player's session goes on as it is, under new routes."""
        link = live.hearing.links[player]
        stats = found.stats
        link.worker = player.carrier = found.worker
        if live.worker is None:
            live.worker = found.worker
        player.sources = {producer.source for producer in stats.producers}
        audio = sum(slot.kind == "audio" for slot in stats.slots)
        video = len(stats.slots) - audio
        link.ears = Ears(audio, video) if stats.slots else None
        link.router = None
        live.epochs.above(stats.epoch)
        live.media_changed(player)

    def abandon(self, live: LiveSpace, found: dict[str, Found]) -> None:
        """End those sessions that nobody has come back for."""
        for session, one in found.items():
            if session not in self._sessions:
                self.outbox.end(one.worker, session, live.epochs.next())

    def space_closed(self, server_id: str) -> None:
        """Nobody is there any more."""
        listening = self._listening.pop(server_id, None)
        if listening is not None:
            listening[1]()

    # --- negotiating -------------------------------------------------------------------------------------

    def negotiate(self, client: Client, live: LiveSpace, message: MediaOffer | MediaAnswer) -> None:
        """Take a client's offer or answer; what comes of it is sent to the client."""
        link = live.hearing.links.get(client.player)
        seated = self._sessions.get(link.session) if link is not None else None
        if seated is None:
            return
        ref = "media_offer" if isinstance(message, MediaOffer) else "media_answer"
        if seated.waiting >= MAX_WAITING:
            client.send(Error("rate_limited", "wait for the answer to your last offer", ref))
            return
        seated.waiting += 1
        task = asyncio.get_running_loop().create_task(self._negotiate(client, seated, message, ref))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _negotiate(
        self, client: Client, seated: Seated, message: MediaOffer | MediaAnswer, ref: str
    ) -> None:
        try:
            async with seated.lock:
                if isinstance(message, MediaOffer):
                    await self._offer(client, seated, message)
                else:
                    await self._answer(seated, message)
        except MediaError as error:
            client.send(Error(error.code, error.message, ref))
        except Exception:
            log.exception("negotiating media failed")
            client.send(Error("internal", "media could not be set up; try again", ref))
        finally:
            seated.waiting -= 1

    async def _offer(self, client: Client, seated: Seated, message: MediaOffer) -> None:
        live, player, session = seated.live, seated.player, seated.link.session
        answer = await self.open(
            live,
            player,
            lambda router, events: AcceptPublish(session, router, events, message.sdp, message.sources),
        )
        if not isinstance(answer, Answer):
            raise MediaError("media_failed", "the media worker gave no answer")
        client.send(PublishAnswer(answer.sdp))
        worker = seated.link.worker
        if worker is None:
            raise MediaError("media_lost", "the media worker is gone; offer again")
        router, events = live.hearing.router(player), events_topic(live.record.id)
        offer = await self.ask(worker, OfferSlots(session, router, events, AUDIO_SLOTS, VIDEO_SLOTS))
        if not isinstance(offer, Offer):
            raise MediaError("media_failed", "the media worker made no offer")
        client.send(SubscribeOffer(offer.sdp))

    async def _answer(self, seated: Seated, message: MediaAnswer) -> None:
        link = seated.link
        if link.worker is None:
            raise MediaError("no_media", "send a media_offer first")
        worker = link.worker
        await self.ask(worker, AcceptSlots(link.session, message.sdp))
        if link.worker == worker:
            self.receive(seated.live, seated.player, Ears())

    def receive(self, live: LiveSpace, player: Player, ears: Ears) -> None:
        """The session's slots are there: from the next tick on they are fed."""
        link = live.hearing.links.get(player)
        if link is not None:
            link.ears = ears
            link.router = None  # tell the worker in any case
            live.media_changed(player)

    async def open(self, live: LiveSpace, player: Player, command: Callable[[str, str], Command]) -> Reply:
        """Open the session on the server's worker with `command(router, events topic)`.

        Raises:
            MediaError: no worker, or it refused.
        """
        worker = await self._worker_for(live)
        link = live.hearing.links.get(player)
        if link is None:
            raise MediaError("gone", "you have left")
        if link.worker is not None and link.worker != worker:
            self.outbox.end(link.worker, link.session, live.epochs.next())
        # What was there before is over; what the worker sees from now on is new.
        link.ears = None
        link.router = None
        link.worker = player.carrier = worker
        player.sources.clear()
        live.media_changed(player)
        self._placement.joined(worker, self._now())
        reply = await self.ask(worker, command(live.hearing.router(player), events_topic(live.record.id)))
        # It may have walked on meanwhile: say where it is.
        link.router = None
        live.media_changed(player)
        return reply

    async def ask(self, worker: str, command: Command) -> Reply:
        """A worker's reply. Raises MediaError when it failed or never came."""
        try:
            answer = await self._bus.request(worker_topic(worker), encode_control(command), REQUEST_SECONDS)
            reply = decode_reply(answer)
        except (LookupError, OSError) as error:
            raise MediaError("media_lost", "the media worker is out of reach; offer again") from error
        except TimeoutError as error:
            raise MediaError("media_lost", "the media worker did not answer; offer again") from error
        except msgspec.DecodeError as error:
            raise MediaError("media_failed", "the media worker's answer was not understood") from error
        if isinstance(reply, Failed):
            code = "media_lost" if reply.code == "unknown_session" else reply.code
            raise MediaError(code, reply.message)
        return reply

    async def _worker_for(self, live: LiveSpace) -> str:
        """The worker that carries this server; chosen with its first session."""
        deadline = self._now() + WORKER_WAIT
        while True:
            if live.worker is None:
                live.worker = self._placement.choose(self._now())
            if live.worker is not None:
                return live.worker
            left = deadline - self._now()
            if left <= 0:
                raise MediaError("no_media_worker", "no media worker is running; try again soon")
            self._beat.clear()
            try:
                async with asyncio.timeout(left):
                    await self._beat.wait()
            except TimeoutError:
                continue

    # --- what workers say ------------------------------------------------------------------------------

    def bury(self, deaf: bool) -> None:
        """Look for workers that have fallen silent. `deaf`: we could not have heard them."""
        if deaf:
            self._placement.excuse(self._now())
            return
        for worker in self._placement.bury(self._now()):
            log.warning("media worker %s is silent, its sessions must move", worker)
            self._lost(worker)

    def _on_heartbeat(self, payload: bytes) -> None:
        try:
            beat = decode_event(payload)
        except msgspec.DecodeError:
            return
        if isinstance(beat, Heartbeat):
            if self._placement.beat(beat, self._now()) == "restarted":
                self._lost(beat.worker)
            self._beat.set()

    def _lost(self, worker: str) -> None:
        self.outbox.forget(worker)
        for seated in list(self._sessions.values()):
            if seated.live.worker == worker:
                seated.live.worker = None
            if seated.link.worker == worker:
                self._tell_lost(seated, "the media worker was lost; offer again")

    def _tell_lost(self, seated: Seated, why: str) -> None:
        link, player, live = seated.link, seated.player, seated.live
        link.worker = player.carrier = None
        link.ears = None
        link.router = None
        live.hearing.overflow.discard(player)
        player.sources.clear()
        live.media_changed(player)
        client = live.clients.get(player)
        if client is not None:
            client.send(Error("media_lost", why))
        self.lost(live, player)

    def _on_event(self, payload: bytes) -> None:
        try:
            event = decode_event(payload)
        except msgspec.DecodeError:
            return
        if isinstance(event, AudioLevels):
            self._on_levels(event)
            return
        if isinstance(event, Heartbeat):
            return
        seated = self._sessions.get(event.session)
        if seated is None:
            return
        if isinstance(event, ProducerOpened):
            seated.player.sources.add(event.source)
            seated.live.media_changed(seated.player)
        elif isinstance(event, ProducerClosed):
            seated.player.sources.discard(event.source)
            seated.live.media_changed(seated.player)
        elif isinstance(event, ConnectionChanged) and event.state != "connected":
            device = seated.player.presence == "device"
            if seated.link.worker is not None and (event.state == "failed" or device):
                epoch = seated.live.epochs.next()
                self.outbox.end(seated.link.worker, seated.link.session, epoch)
                self._tell_lost(seated, f"the {event.connection} connection failed; offer again")

    def _on_levels(self, event: AudioLevels) -> None:
        listening = self._listening.get(event.router.rpartition(":")[0])
        if listening is None:
            return
        live = listening[0]
        speakers = set()
        for session in event.speaking:
            seated = self._sessions.get(session)
            if seated is not None and seated.live is live:
                speakers.add(seated.player)
        live.set_speaking(event.router, speakers, self._now())


def events_topic(server_id: str) -> str:
    """Where workers report what happens to the sessions of a server, whichever process owns its space."""
    return f"space.{server_id}"
