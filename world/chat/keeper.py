"""Writes the chat down behind the talk: lines wait in a bounded queue and go to the database in batches.

When the database does not answer, lines wait and are tried again; when more than `MAX_WAITING` wait the
oldest are given up and counted. Channels are pruned as they grow; once an hour goes what is too old, and
files that no line has any more.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter, deque
from collections.abc import Callable

from signaling.messages import ChatFileInfo, Emote
from world.chat.archive import Line
from world.chat.files import FileStore
from world.chat.rules import Channel
from world.chat.store import ChatStore

MAX_WAITING = 5000
BATCH = 200
# Seconds before a batch that failed is tried again.
RETRY_SECONDS = 1.0
# A channel is pruned once it has grown by so many lines.
PRUNE_EVERY = 200
MAX_COUNTED = 10_000
SWEEP_SECONDS = 3600.0

log = logging.getLogger("atrium.chat")


class ChatKeeper:
    """`world.chat.archive.ChatArchive` on the database. `lost` counts lines that were given up."""

    def __init__(
        self, store: ChatStore, files: FileStore, lost: Callable[[int], None] = lambda count: None
    ) -> None:
        self._store = store
        self._files = files
        self._lost = lost
        self._waiting: deque[Line] = deque()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._grown: Counter[tuple[str, Channel]] = Counter()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to write."""
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._run()), loop.create_task(self._sweep())]

    async def close(self) -> None:
        """Write what waits, as far as the database takes it soon, and stop."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.7):
                await self._idle.wait()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def keep(self, line: Line) -> None:
        """See ChatArchive."""
        self._waiting.append(line)
        if len(self._waiting) > MAX_WAITING:
            self._waiting.popleft()
            self._lost(1)
        self._idle.clear()
        self._wake.set()

    async def line(self, server_id: str, line_id: str) -> Line | None:
        """See ChatArchive."""
        for line in self._waiting:
            if line.id == line_id and line.server_id == server_id:
                return line
        return await self._store.line(server_id, line_id)

    async def react(self, line_id: str, user_id: str, reaction: Emote, on: bool) -> int | None:
        """See ChatArchive."""
        async with asyncio.timeout(5.0):
            await self._idle.wait()
        return await self._store.react(line_id, user_id, reaction, on)

    async def forget(self, line_id: str) -> None:
        """See ChatArchive."""
        async with asyncio.timeout(5.0):
            await self._idle.wait()
        await self._store.forget(line_id)

    async def take_file(
        self, file_id: str, server_id: str, user_id: str, channel: Channel, line_id: str
    ) -> ChatFileInfo | None:
        """See ChatArchive."""
        return await self._store.take_file(file_id, server_id, user_id, channel, line_id)

    async def _run(self) -> None:
        while True:
            if not self._waiting:
                self._idle.set()
                self._wake.clear()
                await self._wake.wait()
            # They stay in the queue until they are written: a reader still finds them there.
            batch = [self._waiting[i] for i in range(min(BATCH, len(self._waiting)))]
            try:
                await self._store.add(batch)
            except Exception as error:
                log.warning("%d lines of chat wait for the database: %s", len(self._waiting), error)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            written = {line.id for line in batch}
            while self._waiting and self._waiting[0].id in written:
                self._waiting.popleft()
            await self._prune(batch)

    async def _prune(self, batch: list[Line]) -> None:
        self._grown.update((line.server_id, line.channel) for line in batch)
        for server_id, channel in {(line.server_id, line.channel) for line in batch}:
            if self._grown[server_id, channel] < PRUNE_EVERY:
                continue
            del self._grown[server_id, channel]
            try:
                await self._store.prune(server_id, channel)
            except Exception as error:
                log.warning("a channel of the chat could not be pruned: %s", error)
        if len(self._grown) > MAX_COUNTED:
            self._grown.clear()

    async def _sweep(self) -> None:
        while True:
            try:
                await self._store.prune_old()
                await self._files.sweep()
            except Exception as error:
                log.warning("old chat could not be swept: %s", error)
            await asyncio.sleep(SWEEP_SECONDS)
