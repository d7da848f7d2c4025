"""The spaces that this node owns: loaded when somebody comes, given up when they are empty or another's.

What a loaded space is until everybody has come back (what an earlier owner left behind), and what must be
written before its lease is free. Who sits in it is `world.running.seating`. Nothing here waits for storage
between looking at a space and changing it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator, Mapping

from signaling.messages import Players
from world.clients.frames import frame
from world.media.negotiation import Media
from world.media.seated import Found
from world.metrics import WorldMetrics
from world.nodes.lease_keeper import LeaseKeeper
from world.running.directory import Directory
from world.running.live import LiveSpace, Outside
from world.running.refusals import NotHere
from world.running.state import Fenced, Position, PositionStore, PositionWriter
from world.space.ground import Ground

# A space that was taken over waits so long for its people (seconds): then those who have not come are
# told as gone, and later their media is ended.
GHOST_SECONDS = 3.0
ABANDON_SECONDS = 15.0


class Spaces:
    """One node's own spaces, by server id.

    Args:
        directory, load_map, leases: as in `world.service.WorldService`.
        store: the position store.
        media: carries the media of everybody here.
        now: the event loop's clock (seconds). wall: seconds since 1970.
    """

    def __init__(
        self,
        directory: Directory,
        load_map: Callable[[str], Ground],
        leases: LeaseKeeper,
        store: PositionStore,
        media: Media,
        metrics: WorldMetrics,
        now: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        self._directory = directory
        self._load_map = load_map
        self._leases = leases
        self._store = store
        self._media = media
        self._metrics = metrics
        self._now = now
        self.closing = False
        # Told when a space of ours is there, and when it is not any more.
        self.opened: Callable[[LiveSpace], None] = lambda live: None
        self.ended: Callable[[LiveSpace], None] = lambda live: None
        self._spaces: dict[str, LiveSpace] = {}
        self._empty_since: dict[str, float] = {}
        self._loading: dict[str, asyncio.Task[LiveSpace | None]] = {}
        self._recalled: dict[str, dict[str, Position]] = {}
        self._found: dict[str, dict[str, Found]] = {}
        # Leases of spaces that have ended and whose last positions may still have to be written.
        self._last_fence: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.writer = PositionWriter(store, self._everybody, metrics.positions_late.inc, self._fence)
        self._outside = Outside(
            routes=media.outbox.routes, positions=self.writer.note, wall=wall, monotonic=leases.clock
        )

    def __iter__(self) -> Iterator[tuple[str, LiveSpace]]:
        return iter(list(self._spaces.items()))

    def get(self, server_id: str) -> LiveSpace | None:
        """The space, if it is loaded here."""
        return self._spaces.get(server_id)

    def loading(self, server_id: str) -> bool:
        """Whether the space is about to be loaded here."""
        return server_id in self._loading

    def wanted(self, server_id: str) -> bool:
        """Whether we still need to own the space: it is loaded, or about to be, or just being left."""
        return server_id in self._spaces or server_id in self._loading or server_id in self._last_fence

    def _fence(self, server_id: str) -> int | None:
        live = self._spaces.get(server_id)
        return live.tenure.lease.epoch if live is not None else self._last_fence.get(server_id)

    def _everybody(self, server_id: str) -> Mapping[str, Position]:
        live = self._spaces.get(server_id)
        if live is None:
            return {}
        return {user_id: live.position(player) for user_id, player in live.space.players.items()}

    # --- coming ------------------------------------------------------------------------------------

    async def load(self, server_id: str) -> LiveSpace | None:
        """The running space of a server, loaded when it is not; None when there is no such server.

        Raises NotHere when another node owns it.
        """
        live = self._spaces.get(server_id)
        if live is not None:
            if live.owned:
                return live
            raise NotHere(server_id)
        loading = self._loading.get(server_id)
        if loading is None:
            loading = asyncio.get_running_loop().create_task(self._load(server_id))
            self._loading[server_id] = loading
            loading.add_done_callback(lambda _: self._loading.pop(server_id, None))
        return await asyncio.shield(loading)

    async def _load(self, server_id: str) -> LiveSpace | None:
        record = await self._directory.server(server_id)
        if record is None:
            return None
        ground = self._load_map(record.map_name)
        tenure = await self._leases.acquire(server_id)
        if tenure is None:
            raise NotHere(server_id)
        recalled: dict[str, Position] = {}
        found: dict[str, Found] = {}
        try:
            async with asyncio.timeout(1.0):
                recalled = await self._store.read(server_id, tenure.lease.epoch)
        except (ConnectionError, TimeoutError):
            pass
        except Fenced as error:
            raise NotHere(server_id) from error
        if recalled:
            found = await self._media.left_behind.find(server_id)
        if self.closing:
            return None
        if tenure.ended:
            raise NotHere(server_id)
        live = LiveSpace(record, ground, self._outside, self._metrics, tenure)
        self._spaces[server_id] = live
        self._empty_since[server_id] = self._now()
        self._last_fence.pop(server_id, None)
        # What an earlier owner left behind is nobody's presence, but it is where they were.
        self._recalled[server_id] = recalled
        self._found[server_id] = found
        if recalled:
            loop = asyncio.get_running_loop()
            loop.call_later(GHOST_SECONDS, self._tell_ghosts, live, frozenset(recalled))
            loop.call_later(ABANDON_SECONDS, self._abandon, live)
        self._metrics.spaces.set(len(self._spaces))
        self.opened(live)
        return live

    # --- what an earlier owner left behind -------------------------------------------------------

    def recall(self, server_id: str, user_id: str) -> Position | None:
        """Where somebody was under an earlier owner of the space; asked once."""
        return self._recalled.get(server_id, {}).pop(user_id, None)

    def find(self, server_id: str, session: str) -> Found | None:
        """A session that a worker still carries under an earlier owner's routes; asked once."""
        return self._found.get(server_id, {}).pop(session, None)

    def _tell_ghosts(self, live: LiveSpace, expected: frozenset[str]) -> None:
        """Those who were here under an earlier owner and have not come back are gone."""
        if not live.closed:
            self.writer.renew(live.record.id)
            gone = sorted(expected - live.space.players.keys())
            if gone:
                told = frame(Players(left=gone))
                for client in list(live.clients.values()):
                    client.send_frame(told)

    def _abandon(self, live: LiveSpace) -> None:
        if not live.closed:
            self._media.left_behind.abandon(live, self._found.pop(live.record.id, {}))

    # --- going -------------------------------------------------------------------------------------

    def occupied(self, server_id: str) -> None:
        """Somebody is there."""
        self._empty_since.pop(server_id, None)

    def emptied(self, server_id: str) -> None:
        """The last one has left."""
        self._empty_since[server_id] = self._now()

    def idle(self, live: LiveSpace, seconds: float) -> bool:
        """Whether nobody has been there for so long."""
        since = self._empty_since.get(live.record.id)
        return since is not None and not live.space.players and self._now() - since >= seconds

    def lost(self, live: LiveSpace) -> None:
        """Another node owns this space now: forget it, and leave everything of it as it is."""
        live.closed = True
        live.ticker.close()
        self._media.hand_over(live)
        self.writer.forget(live.record.id)
        self._forget(live)

    def end(self, live: LiveSpace) -> None:
        """The space ends; everybody has left it. What that means is written, then its lease is free."""
        live.tick(self._now())
        live.ticker.close()
        live.closed = True
        self._media.space_closed(live.record.id)
        if not self.closing:
            self._media.left_behind.abandon(live, self._found.pop(live.record.id, {}))
        self._last_fence[live.record.id] = live.tenure.lease.epoch
        self._forget(live)
        self._background(self._released(live.record.id))

    def _forget(self, live: LiveSpace) -> None:
        for index in (self._spaces, self._empty_since, self._recalled, self._found):
            index.pop(live.record.id, None)
        self._metrics.spaces.set(len(self._spaces))
        self.ended(live)

    async def _released(self, server_id: str) -> None:
        """After its last positions are written the space is free."""
        if not self.closing:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self.writer.flushed()
            if server_id not in self._spaces and server_id not in self._loading:
                await self._leases.release(server_id)
                self._last_fence.pop(server_id, None)

    def _background(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
