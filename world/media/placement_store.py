"""Placements of one process: a dict under the rule of `world.media.placement.swap`."""

from __future__ import annotations

from collections import OrderedDict

from world.media.placement import Placed, swap

# Servers that are remembered; who was placed longest ago is forgotten first.
MAX_SERVERS = 100_000


class InProcessPlacements:
    """The store of one process, or of several nodes in it."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, Placed] = OrderedDict()

    async def read(self, server_id: str) -> Placed | None:
        return self._held.get(server_id)

    async def swap(self, server_id: str, before: int, workers: tuple[str, ...], epoch: int) -> Placed | None:
        after = swap(self._held.get(server_id), before, workers, epoch)
        if after is not None:
            self._held[server_id] = after
            self._held.move_to_end(server_id)
            if len(self._held) > MAX_SERVERS:
                self._held.popitem(last=False)
        return after

    async def close(self) -> None:
        self._held.clear()
