"""The media workers as this node sees them: who lives, who wants to be drained, who has just died.

Heartbeats come over the Bus. One that stays away makes its worker a suspect, which is asked at once: a
killed process has lost its subscription on the Bus, so that nobody answers and its people need not wait
until silence alone is proof. While the Bus itself has been out of reach, or came back a moment ago, that
says nothing about the worker.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from functools import partial

import msgspec

from signaling.bus import Bus
from signaling.codec import decode_event, encode_control
from signaling.control import HEARTBEAT_TOPIC, GetStats, Heartbeat, worker_topic
from signaling.pauses import pause
from signaling.registry import Registry
from world.media.placement import Placement

# How often silence is looked at, how long an answer may take, and how long after a first vain question the
# second one is asked (seconds).
LOOK_SECONDS = 0.25
PROBE_SECONDS = 2.0
AGAIN_SECONDS = 0.15

log = logging.getLogger("atrium.world")


class Workers:
    """The live workers. `steady` says whether the Bus has been in reach long enough for silence to mean
    something; `lost(worker)` is told of each that died or began anew, `beaten(beat)` of each heartbeat."""

    def __init__(
        self,
        bus: Bus,
        placement: Placement,
        registry: Registry | None,
        now: Callable[[], float],
        steady: Callable[[], bool],
        lost: Callable[[str], None],
        beaten: Callable[[Heartbeat], None],
    ) -> None:
        self._bus = bus
        self._placement = placement
        self._registry = registry
        self._now = now
        self._steady = steady
        self._lost = lost
        self._beaten = beaten
        self._beat = asyncio.Event()
        self._probing: dict[str, asyncio.Task[None]] = {}
        self._task: asyncio.Task[None] | None = None
        self._unsubscribe: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Begin to listen."""
        self._unsubscribe = self._bus.subscribe(HEARTBEAT_TOPIC, self._on_heartbeat)
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Stop."""
        self._unsubscribe()
        tasks = [*self._probing.values(), *([self._task] if self._task is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def next_beat(self, seconds: float) -> None:
        """Wait for any heartbeat, so long at most."""
        self._beat.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._beat.wait()

    def bury(self, deaf: bool) -> None:
        """Look for workers that have been silent for too long. `deaf`: we could not have heard them."""
        if deaf:
            self._placement.excuse(self._now())
            return
        for worker in self._placement.bury(self._now()):
            log.warning("media worker %s is silent, its sessions must move", worker)
            self._lost(worker)

    def _on_heartbeat(self, payload: bytes) -> None:
        try:
            beat = decode_event(payload)
        except msgspec.DecodeError:
            return
        if isinstance(beat, Heartbeat):
            self._take(beat)

    def _take(self, beat: Heartbeat) -> None:
        if self._placement.beat(beat, self._now()) == "restarted":
            self._lost(beat.worker)
        self._beat.set()
        self._beaten(beat)

    async def _run(self) -> None:
        await self._introduce()
        while True:
            await asyncio.sleep(pause(LOOK_SECONDS))
            for worker in self._placement.suspects(self._now()) if self._steady() else ():
                if worker not in self._probing:
                    task = asyncio.get_running_loop().create_task(self._probe(worker))
                    self._probing[worker] = task
                    task.add_done_callback(partial(self._probed, worker))

    def _probed(self, worker: str, task: asyncio.Task[None]) -> None:
        self._probing.pop(worker, None)

    async def _introduce(self) -> None:
        """Those that lived before we came."""
        if self._registry is None:
            return
        try:
            known = await self._registry.workers()
        except ConnectionError as error:
            log.warning("the registry of workers cannot be read: %s", error)
            return
        for beat in known:
            if not self._placement.alive(beat.worker):
                self._take(beat)

    async def _probe(self, worker: str) -> None:
        for wait in (0.0, AGAIN_SECONDS):
            await asyncio.sleep(wait)
            try:
                ask = encode_control(GetStats(session=""))
                await self._bus.request(worker_topic(worker), ask, PROBE_SECONDS)
            except LookupError:
                continue
            except (OSError, TimeoutError):
                return  # slow, or out of reach: time will tell
            self._placement.seen(worker, self._now())
            return
        if self._steady() and worker in self._placement.suspects(self._now()):
            self._placement.forget(worker)
            log.warning("media worker %s is dead, its sessions must move", worker)
            self._lost(worker)
