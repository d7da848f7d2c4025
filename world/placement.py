"""Which media worker carries what. Pure; `now` in seconds.

The least loaded live worker wins, where each recent join counts as load that the heartbeats do not show
yet: without it everybody who arrives between two heartbeats goes to the same worker (the Jitsi bridge's
stress rule, FIELD-NOTES §4). A server's sessions stay together: the caller asks once for a server.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from signaling.control import WORKER_STALE_SECONDS, Heartbeat

# What one join adds to a worker's load until heartbeats have caught up.
RECENT_JOIN = 0.01
RECENT_SECONDS = 10.0
MAX_WORKERS = 1024


@dataclass(slots=True)
class _Known:
    beat: Heartbeat
    seen: float
    joins: deque[float] = field(default_factory=lambda: deque(maxlen=1000))


class Placement:
    """The live workers."""

    def __init__(self) -> None:
        self._workers: dict[str, _Known] = {}

    def beat(self, beat: Heartbeat, now: float) -> Literal["new", "alive", "restarted"]:
        """Take a heartbeat. "restarted": the same name, but what it carried is lost."""
        known = self._workers.get(beat.worker)
        if known is None:
            if len(self._workers) < MAX_WORKERS:
                self._workers[beat.worker] = _Known(beat, now)
            return "new"
        restarted = known.beat.started != beat.started
        known.beat = beat
        known.seen = now
        return "restarted" if restarted else "alive"

    def bury(self, now: float) -> list[str]:
        """Forget the workers that have been silent for too long, and name them."""
        dead = [n for n, known in self._workers.items() if now - known.seen > WORKER_STALE_SECONDS]
        for name in dead:
            del self._workers[name]
        return dead

    def excuse(self, now: float) -> None:
        """We could not hear anybody: silence counts from now on only."""
        for known in self._workers.values():
            known.seen = now

    def names(self) -> list[str]:
        """All live workers."""
        return list(self._workers)

    def alive(self, worker: str) -> bool:
        """Whether this worker is known and not stale."""
        return worker in self._workers

    def choose(self, now: float) -> str | None:
        """The worker for a server that has none; None when there is no live one that takes more."""
        best = min(
            (
                (self._load(known, now), name)
                for name, known in self._workers.items()
                if not known.beat.draining
            ),
            default=None,
        )
        return best[1] if best is not None else None

    def joined(self, worker: str, now: float) -> None:
        """A session was opened on this worker."""
        known = self._workers.get(worker)
        if known is not None:
            known.joins.append(now)

    def _load(self, known: _Known, now: float) -> float:
        while known.joins and now - known.joins[0] > RECENT_SECONDS:
            known.joins.popleft()
        return known.beat.load + RECENT_JOIN * len(known.joins)
