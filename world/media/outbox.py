"""What workers still have to be told: one batch per worker at a time, the newest picture per session.

`SetRoutes` is declarative, so while a batch is on its way later pictures of a session replace earlier
ones that wait: the queue is bounded by the sessions there are, however slow the bus is. A session's end
comes after its last picture.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field

from signaling.bus import Bus
from signaling.codec import encode_control
from signaling.control import ApplyRoutes, CloseSession, SetRoutes, worker_topic

log = logging.getLogger("atrium.world")


@dataclass(slots=True)
class _Waiting:
    routes: dict[str, SetRoutes] = field(default_factory=dict)
    ends: dict[str, tuple[int, str]] = field(default_factory=dict)  # epoch, home
    task: asyncio.Task[None] | None = None


class Outbox:
    """Commands without a reply."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._workers: dict[str, _Waiting] = {}

    def routes(self, worker: str, change: SetRoutes) -> None:
        """Tell the worker, together with everything else of this turn of the loop."""
        self._for(worker).routes[change.session] = change

    def end(self, worker: str, session: str, epoch: int, home: str = "") -> None:
        """The session is over, unless somebody has given it routes with a higher epoch; or, with `home`,
        it is over at this worker and goes on at another."""
        waiting = self._for(worker)
        if not home:
            waiting.routes.pop(session, None)
        waiting.ends[session] = epoch, home

    def drop(self, worker: str, session: str) -> None:
        """The session is somebody else's now: what waits for it is not said."""
        waiting = self._workers.get(worker)
        if waiting is not None:
            waiting.routes.pop(session, None)

    def forget(self, worker: str) -> None:
        """The worker is dead: nobody needs to be told anything."""
        waiting = self._workers.pop(worker, None)
        if waiting is not None and waiting.task is not None:
            waiting.task.cancel()

    async def close(self) -> None:
        """Send what waits and stop."""
        tasks = [waiting.task for waiting in self._workers.values() if waiting.task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=1.0)
        for task in tasks:
            task.cancel()

    def _for(self, worker: str) -> _Waiting:
        waiting = self._workers.get(worker)
        if waiting is None:
            waiting = self._workers[worker] = _Waiting()
        if waiting.task is None:
            # Runs when the tick that filled it is over: one publish per worker and tick.
            waiting.task = asyncio.get_running_loop().create_task(self._send(worker, waiting))
        return waiting

    async def _send(self, worker: str, waiting: _Waiting) -> None:
        topic = worker_topic(worker)
        try:
            while waiting.routes or waiting.ends:
                routes, waiting.routes = waiting.routes, {}
                ends, waiting.ends = waiting.ends, {}
                try:
                    if routes:
                        await self._bus.publish(topic, encode_control(ApplyRoutes(tuple(routes.values()))))
                    for session, (epoch, home) in ends.items():
                        end = CloseSession(session, epoch, home)
                        await self._bus.publish(topic, encode_control(end))
                except (OSError, TimeoutError) as error:
                    # The worker keeps the last picture; the newest one is sent when the bus is back.
                    log.warning("worker %s could not be told: %s", worker, error)
                    waiting.routes = routes | waiting.routes
                    waiting.ends = ends | waiting.ends
                    await asyncio.sleep(0.5)
        finally:
            waiting.task = None
