"""One node's leases: asks for them, renews them, and tells when a space has got another owner.

While the store is out of reach nothing is given up, and a space that nobody is known to own may be opened
here: if two nodes did that, one of them loses it as soon as the store answers again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Callable

from signaling.pauses import pause
from world.nodes.lease import RENEW_SECONDS, Lease, LeaseStore, Reach, Tenure, Want
from world.nodes.lease_store import InProcessLeases

# Every lease that concerns us is looked at so often (seconds): a renewal may fail once or twice.
LOOK_SECONDS = RENEW_SECONDS / 2

log = logging.getLogger("atrium.world")


class LeaseKeeper:
    """All leases that concern this node. `clock`: monotonic seconds; `wall`: seconds since 1970."""

    def __init__(
        self,
        store: LeaseStore | None = None,
        node: str | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.node = node if node is not None else secrets.token_hex(6)
        self.reach = Reach()
        # Told when a space has another owner than before, or none.
        self.changed: Callable[[str], None] = lambda server_id: None
        # Told after each look.
        self.looked: Callable[[], None] = lambda: None
        self._store = store if store is not None else InProcessLeases(wall)
        self._clock = clock
        self._wall = wall
        self._tenures: dict[str, Tenure] = {}
        self._owners: dict[str, Lease] = {}
        self._watched: set[str] = set()
        self._hurry = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def shared(self) -> bool:
        """Whether other nodes may take over what we give back."""
        return self._store.shared

    def start(self) -> None:
        """Begin to renew."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Give everything back and stop."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await asyncio.gather(*(self.release(server_id) for server_id in list(self._tenures)))
        await self._store.close()

    def clock(self) -> float:
        """Monotonic seconds."""
        return self._clock()

    # --- what we know ------------------------------------------------------------------------------

    def owner(self, server_id: str) -> Lease | None:
        """Who owns the space, as far as we know."""
        return self._owners.get(server_id)

    def tenure(self, server_id: str) -> Tenure | None:
        """Our own lease of it."""
        return self._tenures.get(server_id)

    def mine(self) -> list[str]:
        """The spaces that this node owns."""
        return list(self._tenures)

    def watch(self, server_id: str) -> None:
        """This node has clients there: it takes the space over when it is nobody's."""
        self._watched.add(server_id)

    def unwatch(self, server_id: str) -> None:
        """The last client there is gone."""
        self._watched.discard(server_id)
        if server_id not in self._tenures:
            self._owners.pop(server_id, None)

    def hurry(self) -> None:
        """Look now: a lease was given back."""
        self._hurry.set()

    # --- asking ------------------------------------------------------------------------------------

    async def acquire(self, server_id: str) -> Tenure | None:
        """Our lease of the space, taken if it is free; None when another node owns it or may."""
        tenure = self._tenures.get(server_id)
        if tenure is None:
            await self._look({server_id: Want(take=self.reach.steady(self._clock()))})
            tenure = self._tenures.get(server_id)
        if tenure is None and not self.reach.ok and server_id not in self._owners:
            # Nobody is known to own it and nobody can be asked: keep it if that is how it turns out.
            self._own(server_id, Lease(self.node, int(self._wall() * 1000)), self._clock())
            tenure = self._tenures[server_id]
        return tenure

    async def whose(self, server_id: str) -> Lease | None:
        """Who owns the space, asked without taking it. None: nobody, or it cannot be known."""
        if server_id in self._tenures or server_id in self._watched:
            return self._owners.get(server_id)
        try:
            return (await self._store.hold(self.node, {server_id: Want(take=False)}))[server_id]
        except ConnectionError:
            return None

    async def release(self, server_id: str) -> None:
        """Give our lease back."""
        tenure = self._tenures.pop(server_id, None)
        if tenure is not None:
            tenure.ended = True
            self._owners.pop(server_id, None)
            with contextlib.suppress(ConnectionError):
                await self._store.release(self.node, server_id, tenure.lease.epoch)

    # --- the round -----------------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause(LOOK_SECONDS)):
                    await self._hurry.wait()
            self._hurry.clear()
            try:
                steady = self.reach.steady(self._clock())
                wants = {server_id: Want(0, steady) for server_id in self._watched}
                wants |= {one: Want(t.lease.epoch, steady) for one, t in self._tenures.items()}
                if wants or not self.reach.ok:
                    await self._look(wants)
                self.looked()
            except Exception:
                log.exception("looking after leases failed")

    async def _look(self, wants: dict[str, Want]) -> None:
        asked = self._clock()
        try:
            found = await self._store.hold(self.node, wants)
        except ConnectionError as error:
            if self.reach.ok:
                log.warning("leases cannot be looked at, all is kept as it is: %s", error)
            self.reach.failed()
            for tenure in self._tenures.values():
                tenure.unreachable(self._clock())
            return
        self.reach.answered(self._clock())
        for server_id, lease in found.items():
            want = wants[server_id]
            mine = self._tenures.get(server_id)
            if (mine.lease.epoch if mine is not None else 0) != want.epoch:
                continue  # it was given back, or taken, while we asked
            self._take(server_id, lease, asked)

    def _take(self, server_id: str, lease: Lease | None, asked: float) -> None:
        mine, before = self._tenures.get(server_id), self._owners.get(server_id)
        if mine is not None and lease == mine.lease:
            mine.renewed(asked)
            return
        if mine is not None:
            log.warning("space %s has another owner now: %s", server_id, lease)
            mine.ended = True
            del self._tenures[server_id]
        if lease is not None and lease.node == self.node:
            self._own(server_id, lease, asked)
        elif lease is not None:
            self._owners[server_id] = lease
        else:
            self._owners.pop(server_id, None)
        if self._owners.get(server_id) != before:
            self.changed(server_id)

    def _own(self, server_id: str, lease: Lease, asked: float) -> None:
        self._tenures[server_id] = Tenure(lease, asked)
        self._owners[server_id] = lease
