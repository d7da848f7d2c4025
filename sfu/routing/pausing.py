"""Which layers a publisher is to send: those that somebody receives, and what lies below them. Pure.

What is wanted is asked for at once; what is not any more is paused after a while, so that a listener who
steps aside and back costs no keyframe. Layers below the best one wanted go on: they are cheap, and what a
listener whose path narrows falls back to. (LiveKit's dynacast does the same, after the same five seconds.)
"""

from __future__ import annotations

from sfu.routing.layers import NOTHING

PAUSE_SECONDS = 5.0


class Wanted:
    """One source of `count` layers. `told` is the best layer that its publisher was asked for."""

    __slots__ = ("_less_since", "count", "told")

    def __init__(self, count: int) -> None:
        self.count = count
        self.told = count - 1  # publishers send everything until they hear otherwise
        self._less_since: float | None = None

    def look(self, highest: int, now: float) -> bool:
        """The best layer that is wanted now (NOTHING: none). Returns whether the publisher has to be told."""
        highest = max(NOTHING, min(highest, self.count - 1))
        if highest >= self.told:
            self._less_since = None
            more = highest > self.told
            self.told = highest
            return more
        if self._less_since is None:
            self._less_since = now
        if now - self._less_since < PAUSE_SECONDS:
            return False
        self._less_since = None
        self.told = highest
        return True

    @property
    def waiting(self) -> bool:
        """Whether time alone will change something."""
        return self._less_since is not None
