"""When a space ticks: on an absolute schedule while there is something to do, and else not at all.

A tick that comes late does not push the next one back; ticks that were missed altogether are skipped,
not made up for. An idle space costs nothing; what wakes it is told at once if the last tick was long
enough ago.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

TICK_SECONDS = 0.05

log = logging.getLogger("atrium.world")


def next_tick(scheduled: float, now: float, period: float = TICK_SECONDS) -> float:
    """The time of the tick after the one `scheduled`: on the same raster, not before `now`."""
    following = scheduled + period
    if following < now:
        following = scheduled + period * (int((now - scheduled) / period) + 1)
    return following


class Ticker:
    """Calls `tick(now)` (loop time, seconds) until it answers False, and again after `wake`."""

    def __init__(self, tick: Callable[[float], bool], period: float = TICK_SECONDS) -> None:
        self._tick = tick
        self._period = period
        self._handle: asyncio.TimerHandle | None = None
        self._last = float("-inf")
        self._closed = False

    @property
    def awake(self) -> bool:
        """Whether a tick is scheduled."""
        return self._handle is not None

    def wake(self) -> None:
        """There is something to do."""
        if self._handle is None and not self._closed:
            loop = asyncio.get_running_loop()
            self._schedule(loop, max(loop.time(), self._last + self._period))

    def close(self) -> None:
        """No tick after this."""
        self._closed = True
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _schedule(self, loop: asyncio.AbstractEventLoop, when: float) -> None:
        self._handle = loop.call_at(when, self._run, loop, when)

    def _run(self, loop: asyncio.AbstractEventLoop, scheduled: float) -> None:
        self._handle = None
        self._last = scheduled
        try:
            more = self._tick(loop.time())
        except Exception:
            # One bad tick must not end a space's time.
            log.exception("a tick failed")
            more = True
        if more and not self._closed and self._handle is None:
            self._schedule(loop, next_tick(scheduled, loop.time(), self._period))
