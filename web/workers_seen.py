"""Whether any media worker is alive, as far as the bus says: for `/readyz`."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec
from prometheus_client import CollectorRegistry, Gauge

from signaling import codec
from signaling.bus import Bus
from signaling.control import HEARTBEAT_TOPIC, WORKER_STALE_SECONDS, Heartbeat

MAX_WORKERS = 1000


class WorkersSeen:
    """Listens to heartbeats from the moment that it is made; `close` ends it."""

    def __init__(
        self, bus: Bus, registry: CollectorRegistry | None = None, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._now = now
        if registry is not None:
            alive = Gauge("atrium_world_workers", "Media workers that this node hears of", registry=registry)
            alive.set_function(self._alive)
        self._seen: dict[str, float] = {}
        self.close = bus.subscribe(HEARTBEAT_TOPIC, self._beat)

    def _beat(self, payload: bytes) -> None:
        try:
            event = codec.decode_event(payload)
        except msgspec.DecodeError:
            return
        if isinstance(event, Heartbeat) and (len(self._seen) < MAX_WORKERS or event.worker in self._seen):
            self._seen[event.worker] = self._now()

    def _alive(self) -> int:
        oldest = self._now() - WORKER_STALE_SECONDS
        self._seen = {worker: at for worker, at in self._seen.items() if at > oldest}
        return len(self._seen)

    async def check(self) -> None:
        """Raises LookupError when no worker has been heard of lately."""
        if not self._alive():
            raise LookupError("no media worker is alive")
