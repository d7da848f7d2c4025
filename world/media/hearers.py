"""Who hears me: not what the rules say, but whom the media workers really send my voice to.

The world's own idea of it is not looked at. Every worker of the space is asked for its forwarding table's
entries of one session; the answer names people (and devices) by their user ids.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from signaling.control import GetListeners, Listeners
from signaling.messages import Error, Hearers, Source
from world.clients.client import Client
from world.media.negotiation import Media, MediaError
from world.running.live import LiveSpace

# Questions that are out at a time: beyond it they are refused, not queued.
MAX_ASKING = 200
SECONDS = 2.0

log = logging.getLogger("atrium.world")


class HearersDesk:
    """Asks the workers for one client at a time."""

    def __init__(self, media: Media, now: Callable[[], float]) -> None:
        self._media = media
        self._now = now
        self._tasks: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Give up every question."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def ask(self, live: LiveSpace, client: Client) -> None:
        """The client wants to know; it is told `hearers`, or why not."""
        if len(self._tasks) >= MAX_ASKING or not client.asks.take(self._now()):
            client.send(Error("rate_limited", "you ask too often", "who_hears"))
            return
        task = asyncio.get_running_loop().create_task(self._answer(live, client))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, live: LiveSpace, client: Client) -> None:
        link = live.hearing.links.get(client.player)
        if link is None:
            return
        session = link.session
        workers = {other.worker for other in live.hearing.links.values() if other.worker is not None}
        answers = await asyncio.gather(*(self._of(worker, session) for worker in sorted(workers)))
        users = {other.session: player.user_id for player, other in live.hearing.links.items()}
        found: dict[Source, set[str]] = {
            "mic": set(),
            "camera": set(),
            "screen": set(),
            "screen_audio": set(),
        }
        for answer in answers:
            for listener in answer.listeners if answer is not None else ():
                user_id = users.get(listener.session)
                if user_id is not None:
                    found[listener.source].add(user_id)
        client.send(
            Hearers(
                mic=sorted(found["mic"]),
                camera=sorted(found["camera"]),
                screen=sorted(found["screen"]),
                screen_audio=sorted(found["screen_audio"]),
                complete=None not in answers,
            )
        )

    async def _of(self, worker: str, session: str) -> Listeners | None:
        """What one worker says; None when it says nothing."""
        try:
            async with asyncio.timeout(SECONDS):
                reply = await self._media.ask(worker, GetListeners(session))
        except (MediaError, TimeoutError) as error:
            log.debug("worker %s does not say who hears whom: %s", worker, error)
            return None
        return reply if isinstance(reply, Listeners) else None
