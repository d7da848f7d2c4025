"""Moving sessions from one worker to another while their people talk: make before break.

The client is told `media_moving` and sets up a second pair of connections with a new offer, which goes to
the other worker; the first pair goes on meanwhile. When both new connections stand and what was on the
air has arrived there, the world changes over in one tick: routes, `media_moved` and the new `slots` leave
together, and a moment later the old worker forgets the session. A client that does not come in time stays
where it is and is asked again; a client of an earlier release never comes, and is told `media_lost` when
its worker gives it up.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from signaling.messages import MediaMoved, MediaMoving
from world.media.homes import Homes
from world.media.outbox import Outbox
from world.media.placement import Placement
from world.media.seated import Move, Seated
from world.metrics import WorldMetrics

# How often drained workers are looked at, and how many sessions are asked to move each time: a whole
# worker's people do not offer at once.
LOOK_SECONDS = 0.1
MOVES_PER_LOOK = 10
MAX_MOVING = 100
# A client has so long for its new connections, and is left alone so long after it failed to (seconds).
MOVE_SECONDS = 10.0
PAUSE_SECONDS = 3.0
# Sources that have not arrived this long after the connections stood are not waited for.
SOURCES_SECONDS = 1.0
# The old connections' last packets may still be on their way to those who hear them (seconds).
BREAK_SECONDS = 0.5

log = logging.getLogger("atrium.world")


class Moves:
    """All sessions of this node that move. `changed(seated, worker)`: it has changed over."""

    def __init__(
        self,
        sessions: Mapping[str, Seated],
        placement: Placement,
        homes: Homes,
        outbox: Outbox,
        now: Callable[[], float],
        changed: Callable[[Seated, str], None],
        metrics: WorldMetrics,
    ) -> None:
        self._sessions = sessions
        self._placement = placement
        self._homes = homes
        self._outbox = outbox
        self._now = now
        self._changed = changed
        self._outcomes = metrics.media_moves
        self._later: dict[str, float] = {}  # sessions that failed to come, and when to ask them again
        self._task: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def drained(self, worker: str) -> None:
        """The worker wants its sessions moved away."""
        if self._task is None and any(s.link.worker == worker for s in self._sessions.values()):
            self._task = asyncio.get_running_loop().create_task(self._run())

    def progress(self, seated: Seated) -> None:
        """Something came about on the new worker: change over if all is there."""
        move, player = seated.move, seated.player
        if move is None or not move.ready():
            return
        now = self._now()
        move.up_at = move.up_at or now
        on_air = set(player.on_air())
        if on_air <= move.sources or now - move.up_at >= SOURCES_SECONDS:
            self._change_over(seated, move)

    def cancel(self, seated: Seated) -> None:
        """The move is over without success: what stands at the new worker is taken down."""
        move, link = seated.move, seated.link
        if move is None:
            return
        seated.move = None
        if move.opened and self._placement.alive(move.target):
            self._outbox.end(move.target, link.session, seated.live.epochs.next(), link.worker or "")

    def worker_lost(self, worker: str) -> None:
        """Nobody can move to a dead worker."""
        for seated in list(self._sessions.values()):
            if seated.move is not None and seated.move.target == worker:
                seated.move = None

    async def _run(self) -> None:
        try:
            while True:
                await asyncio.sleep(LOOK_SECONDS)
                self._watch()
                if not await self._ask_some() and not any(s.move for s in self._sessions.values()):
                    return
        except Exception:
            log.exception("moving sessions failed")
        finally:
            self._task = None

    def _watch(self) -> None:
        """Those that are on their way: changed over, or given up."""
        now = self._now()
        for seated in list(self._sessions.values()):
            move = seated.move
            if move is None:
                continue
            self.progress(seated)
            if seated.move is not None and now - move.begun_at > MOVE_SECONDS:
                log.info("session %s did not come to %s", seated.link.session[:8], move.target)
                self.cancel(seated)
                self._outcomes.labels("failed").inc()
                self._later[seated.link.session] = now + PAUSE_SECONDS
        self._later = {s: at for s, at in self._later.items() if s in self._sessions and at > now}

    async def _ask_some(self) -> bool:
        """Ask the next few to come; False when no session of ours is on a drained worker."""
        left = [
            seated
            for seated in self._sessions.values()
            if seated.move is None
            and seated.link.worker is not None
            and self._placement.draining(seated.link.worker)
            # A device cannot be asked to come back: it stays until its worker gives it up.
            and seated.player.presence != "device"
        ]
        moving = sum(seated.move is not None for seated in self._sessions.values())
        ready = [seated for seated in left if seated.link.session not in self._later]
        for seated in ready[: min(MOVES_PER_LOOK, max(0, MAX_MOVING - moving))]:
            client = seated.live.clients.get(seated.player)
            if client is None or client.closed or seated.link.ears is None or seated.lock.locked():
                continue  # on its way in or out: the next look sees it
            target = await self._homes.choose(seated.live)
            link = seated.link
            if self._sessions.get(link.session) is not seated or link.worker is None:
                continue
            if target is None or target == link.worker:
                self._later[link.session] = self._now() + PAUSE_SECONDS
                continue
            seated.move = Move(target, self._now())
            client.send(MediaMoving())
        return bool(left)

    def _change_over(self, seated: Seated, move: Move) -> None:
        live, player, link = seated.live, seated.player, seated.link
        old, seated.move = link.worker, None
        link.worker = player.carrier = move.target
        player.piped = self._placement.piped(move.target)
        link.ears = move.ears
        link.router = None
        player.sources = set(move.sources)
        client = live.clients.get(player)
        if client is not None:
            client.send(MediaMoved())
        live.media_changed(player)
        self._changed(seated, move.target)
        self._outcomes.labels("moved").inc()
        log.info("session %s has moved from %s to %s", link.session[:8], old, move.target)
        if old is not None:
            live.abroad.moved(player, old)
            loop = asyncio.get_running_loop()
            loop.call_later(BREAK_SECONDS, self._leave, seated, old)

    def _leave(self, seated: Seated, old: str) -> None:
        link = seated.link
        if self._placement.alive(old) and link.worker != old:
            self._outbox.end(old, link.session, seated.live.epochs.next(), link.worker or "")
