"""When the media server looks again at what is due: soon while something waits, and at once when told so."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

from signaling.pauses import pause

# While something waits to be repeated or reported, while media flows, while somebody may speak, and the rest
# of the time, together with others. Waking fifty times a second for nothing is what an idle server would
# mostly do.
TICK_SECONDS = 0.02
FLOWING_SECONDS = 0.05
SPEECH_SECONDS = 0.15
IDLE_SECONDS = 0.25


class Paced(Protocol):
    """What is looked at."""

    @property
    def busy(self) -> bool:
        """Whether something waits."""

    @property
    def flowing(self) -> bool:
        """Whether media flows that somebody has to be told of."""

    @property
    def listening(self) -> bool:
        """Whether there are microphones that tell how loud they are."""


class Pace:
    """The pauses between two looks, on the event loop's thread."""

    def __init__(self, paced: Paced) -> None:
        self._paced = paced
        self._sleeper: asyncio.Future[bool] | None = None

    def hurry(self) -> None:
        """Something waits since now: the pause is a short one from here on."""
        self._wake(True)

    def _wake(self, hurried: bool) -> None:
        if self._sleeper is not None and not self._sleeper.done():
            self._sleeper.set_result(hurried)

    async def pause(self) -> float:
        """Until the next look; by how many seconds it is late."""
        if not self._paced.busy:
            seconds = self._seconds()
            due = time.monotonic() + seconds
            if not await self._sleep(seconds):
                return max(0.0, time.monotonic() - due)
        due = time.monotonic() + TICK_SECONDS
        await asyncio.sleep(TICK_SECONDS)
        return max(0.0, time.monotonic() - due)

    def _seconds(self) -> float:
        if self._paced.flowing:
            return FLOWING_SECONDS
        return SPEECH_SECONDS if self._paced.listening else pause(IDLE_SECONDS)

    async def _sleep(self, seconds: float) -> bool:
        """So long, or until somebody hurries: True. (`asyncio.timeout` costs three times as much.)"""
        loop = asyncio.get_running_loop()
        self._sleeper = loop.create_future()
        timer = loop.call_later(seconds, self._wake, False)
        try:
            return await self._sleeper
        finally:
            timer.cancel()
            self._sleeper = None
