"""The media workers that are alive, as far as their heartbeats on the bus say."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec
from prometheus_client import CollectorRegistry, Gauge

from signaling import codec
from signaling.bus import Bus
from signaling.control import HEARTBEAT_TOPIC, WORKER_STALE_SECONDS, Heartbeat

MAX_WORKERS = 1024


class WorkersSeen:
    """Listens from the moment that it is made; `close` ends it. `clock`: monotonic seconds."""

    def __init__(
        self, bus: Bus, registry: CollectorRegistry, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._beats: dict[str, tuple[float, Heartbeat]] = {}
        gauge = Gauge("atrium_world_workers", "Media workers that this node hears of", registry=registry)
        gauge.set_function(lambda: len(self.alive()))
        self.close = bus.subscribe(HEARTBEAT_TOPIC, self._beat)

    def _beat(self, payload: bytes) -> None:
        try:
            event = codec.decode_event(payload)
        except msgspec.DecodeError:
            return
        if isinstance(event, Heartbeat) and (len(self._beats) < MAX_WORKERS or event.worker in self._beats):
            self._beats[event.worker] = self._clock(), event

    def alive(self) -> dict[str, Heartbeat]:
        """The workers that have been heard of lately, by name."""
        oldest = self._clock() - WORKER_STALE_SECONDS
        self._beats = {name: known for name, known in self._beats.items() if known[0] > oldest}
        return {name: beat for name, (_, beat) in sorted(self._beats.items())}

    async def check(self) -> None:
        """For `/readyz`. Raises LookupError when no worker has been heard of lately."""
        if not self.alive():
            raise LookupError("no media worker is alive")
