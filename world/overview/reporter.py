"""Tells whoever runs the place what this node carries, when it is asked (`signaling.reports`)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

import msgspec

from signaling import reports
from signaling.bus import Bus
from signaling.reports import AskReport, NodeReport, PersonReport, SpaceReport
from world.running.live import LiveSpace
from world.space.player import Player

log = logging.getLogger("atrium.world")


class Reporter:
    """Answers from `start` until `close`.

    `spaces` are those that this node owns, `clients` counts its sockets, `pulse` gives (cores used lately,
    seconds by which the last timer was late), `place` is where it runs (host:port).
    """

    def __init__(
        self,
        bus: Bus,
        node: str,
        version: str,
        spaces: Callable[[], Iterable[LiveSpace]],
        clients: Callable[[], int],
        pulse: Callable[[], tuple[float, float]],
        place: str = "",
    ) -> None:
        self._bus = bus
        self._node = node
        self._version = version
        self._spaces = spaces
        self._clients = clients
        self._pulse = pulse
        self._place = place
        self._tasks: set[asyncio.Task[None]] = set()
        self._unsubscribe: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Begin to answer."""
        self._unsubscribe = self._bus.subscribe(reports.REPORTS_TOPIC, self._asked)

    async def close(self) -> None:
        """Stop."""
        self._unsubscribe()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _asked(self, payload: bytes) -> None:
        try:
            ask = reports.decode(payload)
        except msgspec.DecodeError:
            return
        # One answer at a time: a second question while one is on its way is answered by the next one.
        if isinstance(ask, AskReport) and len(self._tasks) < 8:
            task = asyncio.get_running_loop().create_task(self._answer(ask.reply))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer(self, topic: str) -> None:
        try:
            await self._bus.publish(topic, reports.encode(self.report()))
        except (OSError, TimeoutError) as error:
            log.warning("a report was lost: %s", error)

    def report(self) -> NodeReport:
        """What this node carries now."""
        cpu, lag = self._pulse()
        room = reports.MAX_PEOPLE
        told = []
        for live in self._spaces():
            present = tuple(_person(live, player) for player in list(live.space.players.values())[:room])
            room -= len(present)
            people = sum(player.presence != "device" for player in live.space.players.values())
            told.append(SpaceReport(live.record.id, live.record.name, people, present))
        return NodeReport(self._node, self._version, self._clients(), cpu, lag, tuple(told), self._place)


def _person(live: LiveSpace, player: Player) -> PersonReport:
    link = live.hearing.links.get(player)
    zone = live.space.zones.zones.get(player.zone_id or "")
    return PersonReport(
        user_id=player.user_id,
        name=player.name,
        presence=player.presence,
        zone=zone.name if zone is not None else "",
        session=link.session if link is not None else "",
        worker=player.carrier or "",
        on=tuple(player.on_air()),
    )
