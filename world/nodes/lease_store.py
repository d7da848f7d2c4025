"""Leases of one process: a dict under the rule of `world.nodes.lease.decide`."""

from __future__ import annotations

import time
from collections.abc import Callable

from world.nodes.lease import Held, Lease, Want, decide


class InProcessLeases:
    """The store of one process, or of several nodes in it. `wall`: seconds since 1970."""

    shared = False

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self._held: dict[str, Held] = {}
        self._newest: dict[str, int] = {}

    async def hold(self, node: str, wants: dict[str, Want]) -> dict[str, Lease | None]:
        return {server_id: self._one(node, server_id, want) for server_id, want in wants.items()}

    def _one(self, node: str, server_id: str, want: Want) -> Lease | None:
        before = self._held.get(server_id), self._newest.get(server_id, 0)
        held, newest = decide(*before, node, want, self._wall())
        if held is None:
            self._held.pop(server_id, None)
            return None
        self._held[server_id] = held
        self._newest[server_id] = newest
        return held.lease

    async def release(self, node: str, server_id: str, epoch: int) -> None:
        held = self._held.get(server_id)
        if held is not None and held.lease == Lease(node, epoch):
            del self._held[server_id]

    async def close(self) -> None:
        self._held.clear()
