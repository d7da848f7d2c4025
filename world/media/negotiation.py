"""Negotiating media between clients and workers. The world's side of it.

A client's offer is put to the worker that its server's next session goes to; the answer goes back, followed
by the worker's offer of receive slots. Who feeds those slots is not decided here: this file only says that
a session is there (`Link`), and `world.hearing.routes` does the rest. Which workers live is
`world.media.workers`, where a space's sessions go `world.media.homes`, how one is opened there
`world.media.opening`, what workers tell `world.media.news`, and how a session changes its worker
`world.media.moves`. When a worker is lost its clients are told `media_lost` and offer again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from signaling.bus import Bus
from signaling.context import about
from signaling.control import (
    AcceptPublish,
    AcceptSlots,
    Answer,
    Command,
    Heartbeat,
    Offer,
    OfferSlots,
    Reply,
    Restarted,
    RestartIce,
)
from signaling.messages import (
    Degraded,
    Error,
    MediaAnswer,
    MediaOffer,
    MediaRestart,
    MediaRestarted,
    PublishAnswer,
    SubscribeOffer,
    tag_of,
)
from signaling.registry import Registry
from signaling.tracing import span
from world.clients.client import Client
from world.hearing.degrade import LEVELS, Stages
from world.hearing.routes import Link
from world.hearing.slots import AUDIO_SLOTS, VIDEO_SLOTS, Ears
from world.media.homes import Homes
from world.media.left_behind import LeftBehind
from world.media.moves import Moves
from world.media.news import News
from world.media.opening import Opening
from world.media.outbox import Outbox
from world.media.placement import Placement, PlacementStore
from world.media.seated import MediaError, Seated, events_topic
from world.media.workers import Workers
from world.metrics import WorldMetrics
from world.running.live import LiveSpace
from world.space.player import Player

# Offers and answers of one client that wait for their turn.
MAX_WAITING = 3

__all__ = ["Media", "MediaError"]

log = logging.getLogger("atrium.world")


class Media:
    """All sessions of this world process.

    `registry`: which workers there are; without one heartbeats alone say it. `placements`: where servers are;
    in process when None. `region`: whose workers are preferred. `steady`: whether the Bus has been in reach
    for long enough that silence means something.
    """

    def __init__(
        self,
        bus: Bus,
        now: Callable[[], float],
        registry: Registry | None = None,
        placements: PlacementStore | None = None,
        region: str = "",
        steady: Callable[[], bool] = lambda: True,
        metrics: WorldMetrics | None = None,
    ) -> None:
        self._metrics = metrics if metrics is not None else WorldMetrics()
        self.outbox = Outbox(bus)
        self._bus = bus
        self._now = now
        self._placement = Placement(region)
        self.regions = self._placement.regions
        self._sessions: dict[str, Seated] = {}
        self._stages = Stages()
        self._homes = Homes(self._placement, now, placements)
        self._moves = Moves(
            *(self._sessions, self._placement, self._homes, self.outbox, now),
            *(self._changed_over, self._metrics),
        )
        self._news = News(self._sessions, now, self._session_failed, self._moves.progress)
        self._workers = Workers(
            bus, self._placement, registry, now, steady, self._worker_lost, self._worker_beats
        )
        self._opening = Opening(
            bus, self._placement, self._homes, self._workers, self._moves, self.outbox, now
        )
        # Sessions that an earlier owner of a space left on workers.
        self.left_behind = LeftBehind(bus, self._placement, self._sessions, self.outbox)
        self._listening: dict[str, Callable[[], None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        # Told when a session's connection has ended or failed: devices are removed by it.
        self.lost: Callable[[LiveSpace, Player], None] = lambda live, player: None

    def start(self) -> None:
        """Begin to listen to workers."""
        self._workers.start()

    async def close(self) -> None:
        """End every session."""
        await self._moves.close()
        for seated in list(self._sessions.values()):
            self.leave(seated.live, seated.player)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.outbox.close()
        await self._workers.close()
        for server_id in list(self._listening):
            self.space_closed(server_id)
        await self._homes.close()

    def bury(self, deaf: bool) -> None:
        """See `Workers.bury`."""
        self._workers.bury(deaf)

    # --- seats -----------------------------------------------------------------------------------------

    def seat(self, live: LiveSpace, player: Player, session: str) -> Link:
        """Somebody came: media may be negotiated under `session`."""
        link = live.hearing.links[player] = Link(session)
        self._sessions[session] = Seated(live, player, link, asyncio.Lock())
        if live.record.id not in self._listening:
            topic = events_topic(live.record.id)
            self._listening[live.record.id] = self._bus.subscribe(topic, self._news.take)
            self._news.listen(live)
        return link

    def leave(self, live: LiveSpace, player: Player) -> None:
        """Somebody left: the workers forget the session."""
        link = live.hearing.forget(player)
        if link is not None:
            seated = self._sessions.pop(link.session, None)
            workers = {link.worker, *live.abroad.forget(player)} - {None}
            if seated is not None and seated.move is not None:
                workers.add(seated.move.target)
            for worker in workers:
                assert worker is not None
                self.outbox.end(worker, link.session, live.epochs.next())

    def hand_over(self, live: LiveSpace) -> None:
        """Another node owns the space now: its sessions live on, without us."""
        for link in live.hearing.links.values():
            self._sessions.pop(link.session, None)
            if link.worker is not None:
                self.outbox.drop(link.worker, link.session)
        live.hearing.links.clear()
        self.space_closed(live.record.id)

    def space_closed(self, server_id: str) -> None:
        """Nobody is there any more."""
        stop = self._listening.pop(server_id, None)
        if stop is not None:
            stop()
            self._news.forget(server_id)

    # --- negotiating -------------------------------------------------------------------------------------

    def negotiate(
        self, client: Client, live: LiveSpace, message: MediaOffer | MediaAnswer | MediaRestart
    ) -> None:
        """Take a client's offer, answer or restart; what comes of it is sent to the client."""
        link = live.hearing.links.get(client.player)
        seated = self._sessions.get(link.session) if link is not None else None
        if seated is None:
            return
        ref = tag_of(message)
        if seated.waiting >= MAX_WAITING:
            client.send(Error("rate_limited", "wait for the answer to your last offer", ref))
            return
        seated.waiting += 1
        task = asyncio.get_running_loop().create_task(self._negotiate(client, seated, message, ref))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _negotiate(
        self, client: Client, seated: Seated, message: MediaOffer | MediaAnswer | MediaRestart, ref: str
    ) -> None:
        try:
            async with seated.lock:
                with about(seated.link.session), span(f"world {ref}", "server"):
                    if isinstance(message, MediaOffer):
                        await self._offer(client, seated, message)
                    elif isinstance(message, MediaAnswer):
                        await self._answer(seated, message)
                    else:
                        await self._restart(client, seated)
        except MediaError as error:
            client.send(Error(error.code, error.message, ref))
        except Exception:
            log.exception("negotiating media failed")
            client.send(Error("internal", "media could not be set up; try again", ref))
        finally:
            seated.waiting -= 1

    async def _offer(self, client: Client, seated: Seated, message: MediaOffer) -> None:
        live, player, session = seated.live, seated.player, seated.link.session
        move = seated.move

        def command(router: str, events: str) -> Command:
            return AcceptPublish(session, router, events, message.sdp, message.sources)

        worker, answer = await (
            self._opening.open(live, player, command)
            if move is None
            else self._opening.open_there(seated, move, command)
        )
        if not isinstance(answer, Answer):
            raise MediaError("media_failed", "the media worker gave no answer")
        client.send(PublishAnswer(answer.sdp))
        router, events = live.hearing.router(player), events_topic(live.record.id)
        offer = await self.ask(worker, OfferSlots(session, router, events, AUDIO_SLOTS, VIDEO_SLOTS))
        if not isinstance(offer, Offer):
            raise MediaError("media_failed", "the media worker made no offer")
        client.send(SubscribeOffer(offer.sdp))

    async def _answer(self, seated: Seated, message: MediaAnswer) -> None:
        link, move = seated.link, seated.move
        worker = move.target if move is not None and move.opened else link.worker
        if worker is None:
            raise MediaError("no_media", "send a media_offer first")
        await self.ask(worker, AcceptSlots(link.session, message.sdp))
        if move is not None and seated.move is move and worker == move.target:
            move.ears = Ears()
            self._moves.progress(seated)
        elif link.worker == worker:
            self.receive(seated.live, seated.player, Ears())

    async def _restart(self, client: Client, seated: Seated) -> None:
        """The connections go on over another network. One that is on its way to another worker makes new ones
        there anyhow; these are those that it has."""
        worker = seated.link.worker
        if worker is None:
            raise MediaError("no_media", "send a media_offer first")
        reply = await self.ask(worker, RestartIce(seated.link.session))
        if not isinstance(reply, Restarted):
            raise MediaError("media_failed", "the media worker gave no answer")
        client.send(MediaRestarted(reply.publish, reply.subscribe))

    def receive(self, live: LiveSpace, player: Player, ears: Ears) -> None:
        """The session's slots are there: from the next tick on they are fed."""
        link = live.hearing.links.get(player)
        if link is not None:
            link.ears = ears
            link.router = None  # tell the worker in any case
            live.media_changed(player)
            self._tell_level(self._sessions[link.session])

    async def open(self, live: LiveSpace, player: Player, command: Callable[[str, str], Command]) -> Reply:
        """Open the session on a worker of the server with `command(router, events topic)`.

        Raises:
            MediaError: no worker, or it refused.
        """
        return (await self._opening.open(live, player, command))[1]

    async def ask(self, worker: str, command: Command) -> Reply:
        """See `Opening.ask`."""
        return await self._opening.ask(worker, command)

    # --- what befalls workers and sessions --------------------------------------------------------------

    def _worker_beats(self, beat: Heartbeat) -> None:
        if beat.draining:
            self._moves.drained(beat.worker)
        if self._stages.update(beat.worker, beat.load, self._now()):
            leaves_out = LEVELS[self._stages.level(beat.worker)]
            log.warning("media worker %s leaves out: %s", beat.worker, leaves_out)
            for seated in self._sessions.values():
                if seated.link.worker == beat.worker:
                    self._tell_level(seated)

    def _tell_level(self, seated: Seated) -> None:
        """Adapt the session to what its worker can carry, and say so where that is another level."""
        live, player, link = seated.live, seated.player, seated.link
        level = self._stages.level(link.worker)
        if link.level == level:
            return
        live.hearing.degraded(player, level)
        live.wake()
        client = live.clients.get(player)
        if client is not None:
            self.say_level(live, client)

    def say_level(self, live: LiveSpace, client: Client) -> None:
        """Say how much the client's media worker can carry: also to one that comes back to its media, since
        what changed meanwhile was told to nobody. Nothing without media."""
        link = live.hearing.links[client.player]
        if link.worker is not None:
            client.send(Degraded(LEVELS[link.level]))

    def _worker_lost(self, worker: str) -> None:
        self._metrics.workers_lost.inc()
        self.outbox.forget(worker)
        self._stages.forget(worker)
        self._news.worker_lost(worker)
        self._moves.worker_lost(worker)
        spaces = {seated.live for seated in self._sessions.values()}
        for live in spaces:
            live.workers = tuple(name for name in live.workers if name != worker)
            live.abroad.lost(worker)
        for seated in list(self._sessions.values()):
            if seated.link.worker == worker:
                self._tell_lost(seated, "the media worker was lost; offer again")

    def _session_failed(self, seated: Seated, why: str) -> None:
        worker, link = seated.link.worker, seated.link
        if worker is not None:
            self.outbox.end(worker, link.session, seated.live.epochs.next())
            self._tell_lost(seated, why)

    def _changed_over(self, seated: Seated, worker: str) -> None:
        if worker not in seated.live.workers:
            seated.live.workers = (*seated.live.workers, worker)
        self._tell_level(seated)

    def _tell_lost(self, seated: Seated, why: str) -> None:
        link, player, live = seated.link, seated.player, seated.live
        self._moves.cancel(seated)
        link.worker = player.carrier = None
        player.piped = False
        link.ears = None
        link.router = None
        live.hearing.overflow.discard(player)
        player.sources.clear()
        live.media_changed(player)
        client = live.clients.get(player)
        if client is not None:
            client.send(Error("media_lost", why))
        self.lost(live, player)
