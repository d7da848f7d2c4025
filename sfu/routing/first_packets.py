"""How long listeners wait for somebody's sound or picture, from the route to the first packet. Pure.

Slots that are still silent after `GIVE_UP_SECONDS` are not counted: whoever is to be heard or seen there
sends nothing, or there is no room for it.
"""

from __future__ import annotations

from collections.abc import Callable

GIVE_UP_SECONDS = 10.0


class FirstPackets:
    """The slots that have been given a source and carry nothing of it yet."""

    def __init__(self) -> None:
        self._since: dict[int, float] = {}

    def routed(self, slot: int, fed: bool, now: float) -> None:
        """The slot was given a source, or lost it."""
        if fed:
            self._since[slot] = now
        else:
            self._since.pop(slot, None)

    def arrived(self, carries: Callable[[int], bool], now: float) -> list[tuple[int, float]]:
        """The slots that carry their source now, and how long that took (s)."""
        done = [(slot, now - since) for slot, since in self._since.items() if carries(slot)]
        for slot, _ in done:
            del self._since[slot]
        for slot in [slot for slot, since in self._since.items() if now - since > GIVE_UP_SECONDS]:
            del self._since[slot]
        return done
