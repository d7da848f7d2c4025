"""What a router's sessions are told of who speaks, and when."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from sfu.routing.router import RoutingTable
from sfu.routing.speakers import Speakers
from signaling.control import AudioLevels

# How often is told that those who speak are louder or quieter now.
LEVEL_SECONDS = 1.0


class Speech:
    """Who speaks in each router of `routing`; `seen` hears of it at every poll, worker `name` tells it."""

    def __init__(
        self, routing: RoutingTable, seen: Callable[[tuple[str, ...], float], None], name: str
    ) -> None:
        self._routing = routing
        self._seen = seen
        self._name = name
        self._speakers = Speakers()
        self._told: dict[str, tuple[AudioLevels, float]] = {}  # by router, and when

    def poll(self, levels: Mapping[str, int], now: float) -> list[tuple[Collection[str], AudioLevels]]:
        """The loudest level of each session's microphone since the last poll in; out comes what has changed,
        and the members of the router who are to be told."""
        self._speakers.update(levels, now)
        for name in self._told.keys() - self._routing.routers.keys():
            del self._told[name]
        changed: list[tuple[Collection[str], AudioLevels]] = []
        for domain, router in self._routing.routers.items():
            speaking = self._speakers.among(router.members)
            self._seen(speaking, now)
            speech = AudioLevels(domain, speaking, self._name, tuple(map(self._speakers.level, speaking)))
            before, told_at = self._told.get(domain, (AudioLevels(domain, (), self._name), now))
            if speaking == before.speaking and (speech == before or now - told_at < LEVEL_SECONDS):
                continue
            self._told[domain] = speech, now
            changed.append((router.members, speech))
        return changed
