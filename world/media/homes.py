"""Which workers carry a running space: chosen by `world.media.placement`, remembered in a `PlacementStore`.

The owner of a space decides; the store keeps its choice for the next owner, and by compare-and-set with
the lease's epoch keeps out what an earlier owner still wants to write. A store that is out of reach
holds nobody up: then the choice is this node's own until it answers again. A server whose region has changed,
or whose region's workers are back, goes there when it is next empty.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from world.media.placement import Placed, Placement, PlacementStore
from world.media.placement_store import InProcessPlacements
from world.running.live import LiveSpace

# Attempts to write against others who write: there is one owner, so one is enough but for its first moment.
TRIES = 5

log = logging.getLogger("atrium.world")


class Homes:
    """The placements of this node's spaces."""

    def __init__(
        self, placement: Placement, now: Callable[[], float], store: PlacementStore | None = None
    ) -> None:
        self._placement = placement
        self._now = now
        self._store: PlacementStore = store if store is not None else InProcessPlacements()

    async def close(self) -> None:
        """Release connections."""
        await self._store.close()

    async def choose(self, live: LiveSpace) -> str | None:
        """The worker for one more session of the space; None when no live one takes it."""
        for _ in range(TRIES):
            held = await self._read(live)
            used = tuple(
                name
                for name in (held.workers if held is not None else live.workers)
                if self._placement.alive(name) and not self._placement.draining(name)
            )
            region = live.record.region
            if not any(link.worker for link in live.hearing.links.values()):
                used = self._placement.nearest(used, region)  # nobody is there whom a pipe would have to join
            chosen = self._placement.choose(self._now(), used, region)
            if chosen is None:
                return None
            wanted = used if chosen in used else (*used, chosen)
            if held is not None and wanted == held.workers:
                live.workers = wanted
                return chosen
            after = await self._swap(live, held.version if held is not None else 0, wanted)
            if after is None or after.workers == wanted:
                live.workers = wanted
                return chosen
        log.warning("the placement of space %s is written by somebody else too", live.record.id)
        return None

    async def _read(self, live: LiveSpace) -> Placed | None:
        try:
            return await self._store.read(live.record.id)
        except ConnectionError:
            return None

    async def _swap(self, live: LiveSpace, before: int, workers: tuple[str, ...]) -> Placed | None:
        epoch = live.tenure.lease.epoch
        try:
            return await self._store.swap(live.record.id, before, workers, epoch)
        except ConnectionError as error:
            log.warning("a placement is not written down: %s", error)
            return None
