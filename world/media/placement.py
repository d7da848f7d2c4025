"""Which media worker carries whom. Pure; `now` in seconds.

The least loaded live worker wins, where each recent join counts as load that the heartbeats do not show
yet: without it everybody who arrives between two heartbeats goes to the same worker (the Jitsi bridge's
stress rule). A server's sessions stay together on its worker until that one has reached the soft limit;
then they spill to another, and pipes join the two. Above the hard limit a worker takes nobody.

`Placed` is what is remembered of a server between its owners: see `world.media.placement_store`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import msgspec

from signaling.control import WORKER_STALE_SECONDS, WORKER_SUSPECT_SECONDS, Heartbeat

# What one join adds to a worker's load until heartbeats have caught up.
RECENT_JOIN = 0.01
RECENT_SECONDS = 10.0
MAX_WORKERS = 1024
# Shares of what a worker can carry. Up to the soft limit it takes whatever comes, between both only what
# finds no other place, and the rest is for those who are there already.
SOFT_LIMIT = 0.8
HARD_LIMIT = 0.95


@dataclass(slots=True)
class _Known:
    beat: Heartbeat
    seen: float
    joins: deque[float] = field(default_factory=lambda: deque(maxlen=1000))


class Placement:
    """The live workers. `region` is where this node stands: its workers come first, after those of the region
    that a server asks for."""

    def __init__(self, region: str = "") -> None:
        self._region = region
        self._workers: dict[str, _Known] = {}

    # --- who lives -----------------------------------------------------------------------------------

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

    def suspects(self, now: float) -> list[str]:
        """Those that have missed a heartbeat or two: whether they live has to be asked."""
        return [n for n, known in self._workers.items() if now - known.seen > WORKER_SUSPECT_SECONDS]

    def forget(self, worker: str) -> bool:
        """The worker is dead for certain. False when that was known."""
        return self._workers.pop(worker, None) is not None

    def seen(self, worker: str, now: float) -> None:
        """It answered: that is as good as a heartbeat."""
        known = self._workers.get(worker)
        if known is not None:
            known.seen = now

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

    def draining(self, worker: str) -> bool:
        """Whether this worker wants its sessions moved away."""
        known = self._workers.get(worker)
        return known is not None and known.beat.draining

    def piped(self, worker: str) -> bool:
        """Whether this worker can exchange media with others."""
        known = self._workers.get(worker)
        return known is not None and known.beat.address[1] != 0

    def load(self, worker: str) -> float:
        """What the worker said of its load last (0..1); 0 for one that is not known."""
        known = self._workers.get(worker)
        return known.beat.load if known is not None else 0.0

    def regions(self) -> list[str]:
        """Where live workers stand."""
        return sorted({known.beat.region for known in self._workers.values() if known.beat.region})

    # --- who is chosen -------------------------------------------------------------------------------

    def nearest(self, names: Sequence[str], region: str = "") -> tuple[str, ...]:
        """Those of these workers that are as near to `region` as any that can be chosen."""
        able = [name for name, known in self._workers.items() if not known.beat.draining]
        least = min((self._far(name, region) for name in able), default=0)
        return tuple(name for name in names if self._far(name, region) <= least)

    def choose(self, now: float, used: Sequence[str] = (), region: str = "") -> str | None:
        """The worker for one more session of a server that is on the workers `used`, its home first.

        `region` is the server's own: its workers come first. None when no live worker takes it: there is
        none, or all are full or being drained (`crowded`).
        """
        stress = {
            name: self._stress(known, now) for name, known in self._workers.items() if not known.beat.draining
        }
        for name in used:
            if stress.get(name, 1.0) < SOFT_LIMIT:
                return name
        # A worker without pipes can take a server as a whole, and no part of one.
        joined = [name for name in used if name in stress]
        if joined:
            stress = {n: s for n, s in stress.items() if n in joined or self.piped(n)}
            if not all(map(self.piped, joined)):
                stress = {n: s for n, s in stress.items() if n in joined}
        best = min(
            ((0, self._far(name, region), load, name) for name, load in stress.items() if load < SOFT_LIMIT),
            default=None,
        )
        if best is None:
            best = min(
                (
                    (int(name not in used), self._far(name, region), load, name)
                    for name, load in stress.items()
                    if self._fullness(self._workers[name]) < HARD_LIMIT
                ),
                default=None,
            )
        return best[-1] if best is not None else None

    def crowded(self) -> bool:
        """Whether there are workers that may be chosen: then a `choose` in vain means that they are full."""
        return any(not known.beat.draining for known in self._workers.values())

    def joined(self, worker: str, now: float) -> None:
        """A session was opened on this worker."""
        known = self._workers.get(worker)
        if known is not None:
            known.joins.append(now)

    def filled(self, worker: str) -> None:
        """It has refused a session: until its next heartbeat it takes nobody."""
        known = self._workers.get(worker)
        if known is not None:
            known.beat = msgspec.structs.replace(known.beat, load=1.0)

    def _far(self, name: str, region: str) -> int:
        """0: in the server's region, or in this node's where it has none; then this node's; then others."""
        preferred = [wanted for wanted in (region, self._region) if wanted]
        stands = self._workers[name].beat.region
        return preferred.index(stands) if stands in preferred else len(preferred)

    def _stress(self, known: _Known, now: float) -> float:
        """What it is compared by: recent joins will be load, though none of them is a reason to refuse."""
        while known.joins and now - known.joins[0] > RECENT_SECONDS:
            known.joins.popleft()
        return self._fullness(known) + RECENT_JOIN * len(known.joins)

    def _fullness(self, known: _Known) -> float:
        beat = known.beat
        unseen = sum(at > known.seen for at in known.joins)
        seats = (beat.sessions + unseen) / beat.max_sessions if beat.max_sessions else 0.0
        return max(beat.load, seats)


# --- what is remembered of a server ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Placed:
    """The workers of one server, its home first. `epoch` is the lease of who wrote it (`world.nodes.lease`),
    `version` counts the writings."""

    workers: tuple[str, ...]
    epoch: int
    version: int


def swap(held: Placed | None, before: int, workers: tuple[str, ...], epoch: int) -> Placed | None:
    """What is held after an attempt to write `workers` over version `before` (0: over nothing).

    Compare and set: it fails, and `held` stays, when somebody else has written meanwhile, or somebody with
    a higher epoch ever did.
    """
    if (held.version if held is not None else 0) != before or (held is not None and held.epoch > epoch):
        return held
    return Placed(workers, epoch, before + 1)


class PlacementStore(Protocol):
    """The contract of both forms. Methods raise ConnectionError when the store is out of reach."""

    async def read(self, server_id: str) -> Placed | None:
        """What is held of a server."""

    async def swap(self, server_id: str, before: int, workers: tuple[str, ...], epoch: int) -> Placed | None:
        """As the function `swap`, in one step."""

    async def close(self) -> None:
        """Release connections."""
