"""Sessions that an earlier owner of a space left on workers: they go on, with whoever comes back for them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

import msgspec

from signaling.bus import Bus
from signaling.codec import decode_reply, encode_control
from signaling.control import GetStats, Stats, worker_topic
from world.hearing.slots import Ears
from world.media.outbox import Outbox
from world.media.placement import Placement
from world.media.seated import Found, Seated
from world.running.live import LiveSpace
from world.space.player import Player

# What workers carry is asked for while people wait for their seats.
FIND_SECONDS = 1.0

log = logging.getLogger("atrium.world")


class LeftBehind:
    """Finds them, takes them over, or ends them. `sessions` are those that are seated here."""

    def __init__(
        self, bus: Bus, placement: Placement, sessions: Mapping[str, Seated], outbox: Outbox
    ) -> None:
        self._bus = bus
        self._placement = placement
        self._sessions = sessions
        self._outbox = outbox

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
        player.piped = self._placement.piped(found.worker)
        if found.worker not in live.workers:
            live.workers = (*live.workers, found.worker)
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
                self._outbox.end(one.worker, session, live.epochs.next())
