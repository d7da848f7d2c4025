"""Who owns a space: one world node at a time, by a lease that must be renewed. Pure; `now` in seconds.

The owner ticks, decides who hears whom and writes positions; every other node with clients there is a
gateway for them. Each new ownership has a higher epoch (a fencing token: whoever is told something by two
owners believes the one with the higher epoch), so an owner that was paused and does not know yet that it
is none any more does no harm. Epochs are ms since 1970, or one more than the last where clocks disagree.

`decide` is the rule of the place where leases are kept; `world.nodes.lease_redis` runs the same inside Redis.
`Tenure` is what the owner itself may still believe, `Reach` when silence of that place means anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

# A lease that is not renewed for so long is free (seconds), and how often it is renewed.
LEASE_SECONDS = 3.0
RENEW_SECONDS = 1.0
# Changes of routes that one ownership can number per ms of its life: far more than a process can make.
# 2**42 ms reach to the year 2109, and both together stay exact in a browser's numbers (2**53).
ROUTE_BITS = 10


@dataclass(frozen=True, slots=True)
class Lease:
    """Who owns, and its fencing epoch."""

    node: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Held:
    """A lease as it is kept. `until` in seconds."""

    lease: Lease
    until: float


@dataclass(frozen=True, slots=True)
class Want:
    """What a node asks for. `epoch`: that of the lease it believes to hold (0: none). `take`: whether it
    takes the lease if nobody has it."""

    epoch: int = 0
    take: bool = True


def decide(held: Held | None, newest: int, node: str, want: Want, now: float) -> tuple[Held | None, int]:
    """Who holds the lease after `node` asked, and the newest epoch ever given.

    A lease in force stays, and is prolonged for its holder. A free one goes back to the one who held the
    newest of all (it was only late, or the place had lost its memory), or anew to who wants it.
    """
    if held is not None and held.until > now:
        if held.lease.node == node:
            held = Held(held.lease, now + LEASE_SECONDS)
        return held, newest
    if want.epoch and want.epoch >= newest:
        epoch = want.epoch
    elif want.take:
        epoch = max(newest + 1, int(now * 1000))
    else:
        return None, newest
    return Held(Lease(node, epoch), now + LEASE_SECONDS), epoch


class Tenure:
    """An owner's own knowledge of its lease, for the time between two answers."""

    def __init__(self, lease: Lease, asked: float) -> None:
        self.lease = lease
        self.ended = False
        self._sure_since = asked

    def renewed(self, asked: float) -> None:
        """The lease was prolonged; the question was sent at `asked`."""
        self._sure_since = asked

    def unreachable(self, now: float) -> None:
        """The place where leases are kept gave no answer: so nobody else can take it there either."""
        self._sure_since = now

    def holds(self, now: float) -> bool:
        """False for one who slept through the time of its lease: it must ask before it does anything."""
        return not self.ended and now - self._sure_since < LEASE_SECONDS


class Reach:
    """Whether the place where leases are kept answers, and for how long it has."""

    def __init__(self) -> None:
        self._since: float | None = float("-inf")

    @property
    def ok(self) -> bool:
        """Whether it answered the last time."""
        return self._since is not None

    def answered(self, now: float) -> None:
        """It gave an answer."""
        if self._since is None:
            self._since = now

    def failed(self) -> None:
        """It gave none."""
        self._since = None

    def steady(self, now: float) -> bool:
        """Whether an owner that lives has had the time to say so: only then is a free lease nobody's."""
        return self._since is not None and now - self._since >= LEASE_SECONDS


class RouteEpochs:
    """Numbers for `SetRoutes`: the lease's epoch in front."""

    def __init__(self, lease_epoch: int) -> None:
        self.last = lease_epoch << ROUTE_BITS

    def next(self) -> int:
        """A number above all before."""
        self.last += 1
        return self.last

    def above(self, epoch: int) -> None:
        """Somebody was told this number already: go on above it."""
        self.last = max(self.last, epoch)


class LeaseStore(Protocol):
    """The contract of both forms. Methods raise ConnectionError when the store is out of reach.

    `shared`: other processes ask it, too.
    """

    shared: bool

    async def hold(self, node: str, wants: dict[str, Want]) -> dict[str, Lease | None]:
        """Ask for the leases of these servers, in one round trip; says who holds each now."""

    async def release(self, node: str, server_id: str, epoch: int) -> None:
        """Give a lease back; no effect when it is not this node's any more."""

    async def close(self) -> None:
        """Release connections."""
