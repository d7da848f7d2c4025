"""Opening a session on a worker: which one, the request and its reply, and what is true from then on."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from signaling.bus import Bus
from signaling.codec import decode_reply, encode_control
from signaling.control import Command, Failed, Reply, worker_topic
from signaling.tracing import span
from world.media.homes import Homes
from world.media.moves import Moves
from world.media.outbox import Outbox
from world.media.placement import Placement
from world.media.seated import MediaError, Move, Seated, events_topic
from world.media.workers import Workers
from world.running.live import LiveSpace
from world.space.player import Player

# A worker that has just started is known with its first heartbeat: wait that long for one (seconds).
WORKER_WAIT = 2.5
REQUEST_SECONDS = 8.0


class Opening:
    """The way to workers of one world process's sessions."""

    def __init__(
        self,
        bus: Bus,
        placement: Placement,
        homes: Homes,
        workers: Workers,
        moves: Moves,
        outbox: Outbox,
        now: Callable[[], float],
    ) -> None:
        self._bus = bus
        self._placement = placement
        self._homes = homes
        self._workers = workers
        self._moves = moves
        self._outbox = outbox
        self._now = now

    async def open(
        self, live: LiveSpace, player: Player, command: Callable[[str, str], Command]
    ) -> tuple[str, Reply]:
        """Open the player's session with `command(router, events topic)` on a worker; the worker
        and its reply. Raises MediaError: there is no worker, or it refused."""
        link = live.hearing.links.get(player)
        worker = await self._worker_for(live, link.worker if link is not None else None)
        link = live.hearing.links.get(player)
        if link is None:
            raise MediaError("gone", "you have left")
        if link.worker is not None and link.worker != worker:
            self._outbox.end(link.worker, link.session, live.epochs.next(), worker)
            live.abroad.moved(player, link.worker)
        # What was there before is over; what the worker sees from now on is new.
        link.ears = None
        link.router = None
        link.worker = player.carrier = worker
        player.piped = self._placement.piped(worker)
        player.sources.clear()
        live.media_changed(player)
        self._placement.joined(worker, self._now())
        try:
            reply = await self.ask(worker, command(live.hearing.router(player), events_topic(live.record.id)))
        except MediaError as error:
            if error.code == "worker_full":  # it was faster than its heartbeats: the next try goes elsewhere
                self._placement.filled(worker)
                link.worker = player.carrier = None
                player.piped = False
            raise
        if link.worker != worker:
            raise MediaError("media_lost", "the media worker is gone; offer again")
        # It may have walked on meanwhile: say where it is.
        link.router = None
        live.media_changed(player)
        return worker, reply

    async def open_there(
        self, seated: Seated, move: Move, command: Callable[[str, str], Command]
    ) -> tuple[str, Reply]:
        """Open the session on the worker that it moves to; where it is now it goes on. Raises MediaError."""
        live, player = seated.live, seated.player
        move.opened, move.ears = True, None
        move.up.clear()
        move.sources.clear()
        self._placement.joined(move.target, self._now())
        router, events = live.hearing.router(player), events_topic(live.record.id)
        try:
            reply = await self.ask(move.target, command(router, events))
        except MediaError as error:
            if error.code == "worker_full":
                self._placement.filled(move.target)
            self._moves.cancel(seated)
            raise
        if seated.move is not move:
            raise MediaError("media_lost", "the media worker is gone; offer again")
        return move.target, reply

    async def ask(self, worker: str, command: Command) -> Reply:
        """A worker's reply. Raises MediaError when it failed or never came."""
        try:
            with span(f"media {type(command).__name__}", "client", **{"atrium.worker": worker}):
                ask = encode_control(command)
                answer = await self._bus.request(worker_topic(worker), ask, REQUEST_SECONDS)
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

    async def _worker_for(self, live: LiveSpace, now_on: str | None) -> str:
        """Where a session of this server goes: where it is already, unless that one wants to be rid of it."""
        if now_on is not None and self._placement.alive(now_on) and not self._placement.draining(now_on):
            return now_on
        deadline = self._now() + WORKER_WAIT
        while True:
            worker = await self._homes.choose(live)
            if worker is not None:
                return worker
            if self._placement.crowded():
                raise MediaError(
                    "worker_full", "there is no room for more sound and video now; try again in a while"
                )
            left = deadline - self._now()
            if left <= 0:
                raise MediaError("no_media_worker", "no media worker is running; try again soon")
            await self._workers.next_beat(left)
