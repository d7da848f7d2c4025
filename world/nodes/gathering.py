"""When what one node has for another goes out: at once after a pause, else so long after the last time that
several things go together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

# Between two publishes of one stream (seconds): what a tick says goes out in one.
GATHER_SECONDS = 0.01


class Gathering:
    """Calls `flush` when it is time. `flush` begins with `begin`, whoever called it."""

    __slots__ = ("_at", "_flush", "_handle")

    def __init__(self, flush: Callable[[], None]) -> None:
        self._flush = flush
        self._handle: asyncio.Handle | None = None
        self._at = float("-inf")

    def soon(self) -> None:
        """There is something."""
        if self._handle is None:
            loop = asyncio.get_running_loop()
            due = self._at + GATHER_SECONDS
            self._handle = (
                loop.call_soon(self._flush) if loop.time() >= due else loop.call_at(due, self._flush)
            )

    def begin(self) -> None:
        """It goes out now."""
        self.stop()
        self._at = asyncio.get_running_loop().time()

    def stop(self) -> None:
        """Nothing goes out by itself."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
