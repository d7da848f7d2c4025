"""A media worker that wants to be empty: since when, until when, and whether it may hope to be."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress

from signaling.control import Drain
from signaling.registry import Registry

log = logging.getLogger("atrium.sfu")


class Draining:
    """The state of worker `name`. `changed` is called when others have to be told of another one."""

    def __init__(self, name: str, registry: Registry | None, changed: Callable[[], None]) -> None:
        self._name = name
        self._registry = registry
        self._changed = changed
        self._until: float | None = None
        self._empty = asyncio.Event()

    @property
    def active(self) -> bool:
        """Whether it takes nobody new."""
        return self._until is not None

    def take(self, command: Drain) -> None:
        """Begin, or take it back."""
        if command.cancel:
            self._until = None
        else:
            self._until = time.monotonic() + max(0.0, command.deadline)
            self._empty.clear()
        log.info("draining: %s", "cancelled" if command.cancel else f"{command.deadline:.0f} s to move")
        self._changed()

    def look(self, sessions: int) -> bool:
        """With so many sessions left: whether they have had their time."""
        if self._until is None:
            return False
        if not sessions:
            self._empty.set()
        return time.monotonic() >= self._until

    async def run(self, seconds: float) -> None:
        """Drain until nobody is left, or so long; not at all where there is no other worker for them."""
        if not await self._others():
            return
        self.take(Drain(seconds))
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._empty.wait()

    async def _others(self) -> bool:
        """Whether another worker takes people; True where that cannot be known."""
        if self._registry is None:
            return True
        try:
            beats = await self._registry.workers()
        except ConnectionError:
            return False  # nobody could be told where to go
        return any(beat.worker != self._name and not beat.draining for beat in beats)
