"""Where everybody stands, for whoever asks from outside: the position store, its in-process form, and the
writer that keeps it true.

Each write names the epoch of the writer's lease (`fence`): once a newer owner has read the positions, the
writes of an older one are refused. A hash `server:{server_id}:positions`, field the user id, value JSON
`{x, y, current_zone_id, last_updated}` (map px, zone id or null, ms since 1970). It is written once a
tick and server, never per move, and nothing that moves waits for it: while the store is out of reach
nothing is queued, and when it is back the whole state is written once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any, Protocol

import msgspec

log = logging.getLogger("atrium.world")

# A store that was out of reach is tried again after so long (seconds).
RETRY_SECONDS = 0.5
# What waits when the world stops is given so long (seconds).
LAST_SECONDS = 2.0


class Position(msgspec.Struct, frozen=True):
    """One value of the hash."""

    x: float
    y: float
    current_zone_id: str | None
    last_updated: int


class Fenced(Exception):
    """A write came with an older fence than one that the store has seen: somebody else owns the space."""


class PositionStore(Protocol):
    """The contract of both forms. Methods raise ConnectionError when the store is out of reach.

    `fence` is a lease's epoch; without one nothing is checked. Raises Fenced when it is outdated.
    """

    async def write_batch(
        self,
        server_id: str,
        changed: Mapping[str, Position],
        removed: Iterable[str],
        fence: int | None = None,
    ) -> None:
        """One tick's changes of one server, in one round trip."""

    async def rewrite(
        self, server_id: str, everybody: Mapping[str, Position], fence: int | None = None
    ) -> None:
        """Replace all positions of the server, atomically."""

    async def read(self, server_id: str, fence: int | None = None) -> dict[str, Position]:
        """All positions of the server; values that are no positions are left out. With a `fence`, writes
        with an older one are refused from now on."""

    async def close(self) -> None:
        """Release connections."""


class InProcessPositions:
    """The store of one process: a dict."""

    def __init__(self) -> None:
        self._servers: dict[str, dict[str, Position]] = {}
        self._fences: dict[str, int] = {}

    async def write_batch(
        self,
        server_id: str,
        changed: Mapping[str, Position],
        removed: Iterable[str],
        fence: int | None = None,
    ) -> None:
        self._pass(server_id, fence)
        positions = self._servers.setdefault(server_id, {})
        positions.update(changed)
        for user_id in removed:
            positions.pop(user_id, None)
        if not positions:
            del self._servers[server_id]

    async def rewrite(
        self, server_id: str, everybody: Mapping[str, Position], fence: int | None = None
    ) -> None:
        self._pass(server_id, fence)
        self._servers.pop(server_id, None)
        if everybody:
            self._servers[server_id] = dict(everybody)

    async def read(self, server_id: str, fence: int | None = None) -> dict[str, Position]:
        self._pass(server_id, fence)
        return dict(self._servers.get(server_id, {}))

    async def close(self) -> None:
        self._servers.clear()

    def _pass(self, server_id: str, fence: int | None) -> None:
        if fence is not None:
            newest = self._fences.get(server_id, fence)
            if fence < newest:
                raise Fenced(f"{server_id} has a newer owner")
            self._fences[server_id] = fence


class PositionWriter:
    """Writes what has changed, one batch at a time, without anybody waiting for it.

    `everybody(server_id)` gives the whole truth, for the time after an outage; `fence` our lease's epoch.
    What waits is bounded by the people there are: the newest position of each; during an outage only the
    servers' names wait.
    """

    def __init__(
        self,
        store: PositionStore,
        everybody: Callable[[str], Mapping[str, Position]],
        failed: Callable[[], None] = lambda: None,
        fence: Callable[[str], int | None] = lambda server_id: None,
    ) -> None:
        self._fence = fence
        self._store = store
        self._everybody = everybody
        self._failed = failed
        self._changed: dict[str, dict[str, Position]] = {}
        self._removed: dict[str, set[str]] = {}
        self._rewrite: set[str] = set()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    def note(self, server_id: str, changed: Mapping[str, Position], removed: Iterable[str]) -> None:
        """One tick's changes."""
        if server_id not in self._rewrite:
            waiting = self._changed.setdefault(server_id, {})
            gone = self._removed.setdefault(server_id, set())
            waiting.update(changed)
            if gone:
                gone.difference_update(changed)
            for user_id in removed:
                waiting.pop(user_id, None)
                gone.add(user_id)
        self._wake_up()

    def renew(self, server_id: str) -> None:
        """Write the server's whole state instead of changes."""
        self._rewrite.add(server_id)
        self._changed.pop(server_id, None)
        self._removed.pop(server_id, None)
        self._wake_up()

    def _wake_up(self) -> None:
        self._idle.clear()
        self._wake.set()

    def forget(self, server_id: str) -> None:
        """Somebody else writes this server's positions from now on."""
        self._rewrite.discard(server_id)
        self._changed.pop(server_id, None)
        self._removed.pop(server_id, None)

    async def flushed(self) -> None:
        """Wait until nothing waits. Bound it: the store may be away."""
        await self._idle.wait()

    @property
    def waiting(self) -> int:
        """How many positions and removals wait to be written."""
        return sum(map(len, self._changed.values())) + sum(map(len, self._removed.values()))

    async def close(self) -> None:
        """Write what waits, if the store takes it at once, and stop."""
        self._stopping = True
        self._wake.set()
        task, self._task = self._task, None
        if task is not None:
            # Asked before it is cancelled: a cancelled Redis call may come back as an ordinary error.
            await asyncio.wait([task], timeout=LAST_SECONDS)
            task.cancel()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._flush()
            except Exception as error:
                self._failed()
                log.warning("positions could not be written, will try again: %s", error)
                if not self._stopping:
                    await asyncio.sleep(RETRY_SECONDS)
                    self._wake.set()
            if self._stopping:
                return

    async def _flush(self) -> None:
        for server_id in list(self._rewrite):
            everybody = self._everybody(server_id)
            # Changes from here on are noted again; a failure brings the name back.
            self._rewrite.discard(server_id)
            await self._attempt(server_id, self._store.rewrite(server_id, everybody, self._fence(server_id)))
        while self._changed or self._removed:
            server_id = next(iter(self._changed or self._removed))
            changed = self._changed.pop(server_id, {})
            removed = self._removed.pop(server_id, set())
            if changed or removed:
                fence = self._fence(server_id)
                await self._attempt(server_id, self._store.write_batch(server_id, changed, removed, fence))
        if not self._rewrite:
            self._idle.set()

    async def _attempt(self, server_id: str, write: Coroutine[Any, Any, None]) -> None:
        try:
            await write
        except Fenced as error:
            log.warning("positions are not ours to write any more: %s", error)
            self.forget(server_id)
        except BaseException:
            # Whether it was written is unknown: the whole state makes it right either way.
            self.renew(server_id)
            for other in {*self._changed, *self._removed}:
                self.renew(other)
            raise
