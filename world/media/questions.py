"""What a client may ask the media workers about itself: whom they send its voice to, and how they serve it.

The world's own idea is not looked at. Who hears me: every worker of the space is asked for its forwarding
table's entries of one session; the answer names people (and devices) by their user ids. How I am served: my
own worker says what it believes of my path and which layers it sends me.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from signaling.control import Command, GetListeners, GetStats, Listeners, Reply, Stats
from signaling.messages import AskFigures, Error, Figures, Hearers, SentLayer, Source, WhoHears, tag_of
from world.clients.client import Client
from world.media.negotiation import Media, MediaError
from world.running.live import LiveSpace

# Questions that are out at a time: beyond it they are refused, not queued.
MAX_ASKING = 200
SECONDS = 2.0

log = logging.getLogger("atrium.world")


class QuestionDesk:
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

    def ask(self, live: LiveSpace, client: Client, question: WhoHears | AskFigures) -> None:
        """The client wants to know; it is told, or why not."""
        hears = isinstance(question, WhoHears)
        budget = client.asks if hears else client.figures
        if len(self._tasks) >= MAX_ASKING or not budget.take(self._now()):
            client.send(Error("rate_limited", "you ask too often", tag_of(question)))
            return
        answer = self._who_hears if hears else self._figures
        task = asyncio.get_running_loop().create_task(answer(live, client))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _figures(self, live: LiveSpace, client: Client) -> None:
        link = live.hearing.links.get(client.player)
        if link is None or link.worker is None:
            return
        reply = await self._ask(link.worker, GetStats(link.session))
        if not isinstance(reply, Stats) or not reply.sessions or reply.sessions[0].downlink is None:
            return  # the next question may find more
        served = reply.sessions[0]
        downlink = served.downlink
        assert downlink is not None
        layers = [
            SentLayer(slot.slot, slot.rid)
            for slot in served.slots
            if slot.kind == "video" and slot.active and slot.layer >= 0
        ]
        estimate = downlink.estimate if downlink.estimate >= 0 else None
        client.send(Figures(estimate, downlink.given, downlink.wanted, layers, downlink.redundant))

    async def _who_hears(self, live: LiveSpace, client: Client) -> None:
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
        reply = await self._ask(worker, GetListeners(session))
        return reply if isinstance(reply, Listeners) else None

    async def _ask(self, worker: str, command: Command) -> Reply | None:
        try:
            async with asyncio.timeout(SECONDS):
                return await self._media.ask(worker, command)
        except (MediaError, TimeoutError) as error:
            log.debug("worker %s does not say how it serves somebody: %s", worker, error)
            return None
