"""How a process is: its CPU, and how late its event loop runs. For metrics and reports."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import suppress

from prometheus_client import CollectorRegistry, Gauge, Histogram, ProcessCollector

from signaling.pauses import pause

SECONDS = 0.25
# CPU is looked at so often (seconds): a shorter look would show single ticks.
CPU_SECONDS = 2.0


class Pulse:
    """`cpu`: cores used lately. `lag`: by how much (s) a timer was late, at worst, in the same time."""

    def __init__(self, registry: CollectorRegistry, version: str) -> None:
        self.cpu = 0.0
        self.lag = 0.0
        self._lag = Histogram(
            "atrium_event_loop_lag_seconds",
            "How late timers of this process came",
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0),
            registry=registry,
        )
        build = Gauge("atrium_build_info", "1, with the version as label", ["version"], registry=registry)
        build.labels(version).set(1)
        ProcessCollector(registry=registry)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to feel it."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        looked, used, worst = time.monotonic(), _cpu_seconds(), 0.0
        while True:
            seconds = pause(SECONDS)
            due = time.monotonic() + seconds
            await asyncio.sleep(seconds)
            now = time.monotonic()
            late = max(0.0, now - due)
            self._lag.observe(late)
            worst = max(worst, late)
            if now - looked >= CPU_SECONDS:
                used_now = _cpu_seconds()
                self.cpu = (used_now - used) / (now - looked)
                self.lag = worst
                looked, used, worst = now, used_now, 0.0


def _cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system
