"""Last positions for storage: on leaving, and at most every `EVERY_SECONDS` while walking.

One write at a time, the newest position of each person; storage that is slow or away delays nobody.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging

from world.running.directory import Directory
from world.space.player import Player

EVERY_SECONDS = 10.0
RETRY_SECONDS = 2.0
# Seconds that leaving positions may take when the world stops.
LAST_SECONDS = 5.0
# People whose position waits for storage that is away. Beyond that the oldest are let go.
MAX_WAITING = 20_000

log = logging.getLogger("atrium.world")

Key = tuple[str, str]  # server id, user id
Place = tuple[float, float]


class PositionSaver:
    """Saves positions through the Directory."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._saved: dict[Key, tuple[Place, float]] = {}
        self._waiting: dict[Key, Place] = {}
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to save."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    def moved(self, server_id: str, player: Player, now: float) -> None:
        """Save where the player is, unless that was done lately or they have not moved."""
        key, place = (server_id, player.user_id), (player.x, player.y)
        saved = self._saved.get(key)
        if saved is None:
            self._saved[key] = place, now
        elif saved[0] != place and now - saved[1] >= EVERY_SECONDS:
            self._saved[key] = place, now
            self._put(key, place)

    def leave(self, server_id: str, player: Player) -> None:
        """Save where the player was last."""
        key = server_id, player.user_id
        self._saved.pop(key, None)
        self._put(key, (player.x, player.y))

    def forget(self, server_id: str) -> None:
        """The server is gone or another node's: nothing of it needs to be saved here."""
        for index in (self._waiting, self._saved):
            for key in [key for key in index if key[0] == server_id]:
                del index[key]

    async def close(self) -> None:
        """Save what waits, within `LAST_SECONDS`, and stop."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        try:
            async with asyncio.timeout(LAST_SECONDS):
                while self._waiting:
                    await self._save_one()
        except Exception as error:
            log.warning("%d last positions were not saved: %s", len(self._waiting), error)

    def _put(self, key: Key, place: Place) -> None:
        self._waiting.pop(key, None)
        self._waiting[key] = place
        if len(self._waiting) > MAX_WAITING:
            del self._waiting[next(iter(self._waiting))]
        self._wake.set()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                while self._waiting:
                    await self._save_one()
            except Exception as error:
                log.warning("last positions cannot be saved, will try again: %s", error)
                await asyncio.sleep(RETRY_SECONDS)
                self._wake.set()

    async def _save_one(self) -> None:
        key = next(iter(self._waiting))
        place = self._waiting[key]
        await self._directory.save_position(*key, *place)
        if self._waiting.get(key) == place:
            del self._waiting[key]
