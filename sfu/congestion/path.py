"""What feedback says of one path: what arrives, how long packets stand in a queue, what is lost. Pure.

What is to be made of it is the estimator's.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

ACKED_SECONDS = 0.5
# More than fit into that at MAX_BITRATE. The times are the client's word: it may say that its clock stands.
MAX_ACKED = 4096
RECENT_SECONDS = 0.2
# The shortest way of the last so many seconds is that without a queue (clocks drift, routes change).
BASE_SECONDS = 15.0
JUMP_SECONDS = 5.0  # no queue is that long
LOSS_SECONDS = 1.0
MIN_LOSS_PACKETS = 20
# Loss above the path's own by this much is congestion; below GROW it does not hinder.
LOSS_EXCESS, LOSS_GROW = 0.05, 0.02
MAX_OWN_LOSS = 0.3
# It is learned sooner than it is forgotten: a second without loss is chance where little is sent.
OWN_LOSS_SECONDS, FORGET_SECONDS = 3.0, 15.0
# Standard deviations by which a small sample may be off.
LOSS_SIGMAS = 3.0


class PacketResult(NamedTuple):
    """What became of one packet: left at `sent` (s), arrived at `arrived` (s of the client's clock) or
    None where it was lost, `size` in bytes."""

    sent: float
    arrived: float | None
    size: int


class AckedRate:
    """What the path delivers: bits of the last ACKED_SECONDS of arrivals."""

    __slots__ = ("_bytes", "_packets")

    def __init__(self) -> None:
        self._packets: deque[tuple[float, int]] = deque()
        self._bytes = 0

    def add(self, arrived: float, size: int) -> None:
        """A packet arrived."""
        packets = self._packets
        if packets and abs(arrived - packets[-1][0]) > 2.0:
            packets.clear()
            self._bytes = 0
        packets.append((arrived, size))
        self._bytes += size
        while arrived - packets[0][0] > ACKED_SECONDS or len(packets) > MAX_ACKED:
            self._bytes -= packets.popleft()[1]

    @property
    def bitrate(self) -> float | None:
        """bit/s, None before there is enough."""
        packets = self._packets
        if len(packets) < 5:
            return None
        span = packets[-1][0] - packets[0][0]
        if span < ACKED_SECONDS / 2:
            return None
        return (self._bytes - packets[0][1]) * 8 / span

    def recent(self) -> float | None:
        """bit/s of the last RECENT_SECONDS: what a path that has just become narrow delivers."""
        packets = self._packets
        size = last = 0
        begun = packets[-1][0] if packets else 0.0
        for arrived, bytes_ in reversed(packets):
            if packets[-1][0] - arrived > RECENT_SECONDS:
                break
            size, last, begun = size + bytes_, bytes_, arrived
        span = packets[-1][0] - begun if packets else 0.0
        return (size - last) * 8 / span if span >= RECENT_SECONDS / 2 else None


class QueueDelay:
    """How long packets stand in a queue: their way less the shortest way of late.

    A queue delays all that one feedback tells of. What only waited for a machine that stalled, the
    listener's or one on the way, comes at once afterwards, and the newest of it hardly waited: so the
    shortest way counts.
    """

    __slots__ = ("_base", "_before", "_turned_at", "seconds")

    def __init__(self) -> None:
        self.seconds = 0.0  # now, smoothed
        self._base = self._before = math.inf
        self._turned_at: float | None = None

    @property
    def base(self) -> float:
        """The shortest way (s, between two clocks): that of a packet which meets no queue."""
        return min(self._base, self._before)

    def add(self, ways: Sequence[float], now: float) -> None:
        """The ways (s, between two clocks) of the packets that one feedback tells of."""
        if not ways:
            return
        if self._turned_at is None or now - self._turned_at > BASE_SECONDS:
            self._turned_at = now
            self._before, self._base = self._base, math.inf
        shortest = self.base
        if not shortest - JUMP_SECONDS < ways[0] < shortest + JUMP_SECONDS:
            self._base = self._before = math.inf  # the client's clock was set, or another way is taken
            self.seconds = 0.0
        self._base = min(self._base, *ways)
        queue = min(ways) - self.base
        self.seconds += (queue - self.seconds) / 2


class LossWatch:
    """Loss of the last second, and what the path loses anyhow."""

    __slots__ = ("_at", "_results", "excess", "hinders", "own", "ratio")

    def __init__(self) -> None:
        self._results: deque[tuple[float, int, int]] = deque()  # (when, packets, lost)
        self._at: float | None = None
        self.own = 0.0
        self.ratio = 0.0
        self.excess = 0.0  # congestion's part, 0 where there is none
        self.hinders = False

    def add(self, packets: int, lost: int, now: float) -> None:
        """One feedback told of so many packets."""
        self._results.append((now, packets, lost))
        while now - self._results[0][0] > LOSS_SECONDS:
            self._results.popleft()
        total = sum(count for _, count, _ in self._results)
        passed = min(now - self._at, 1.0) if self._at is not None else 0.0
        self._at = now
        if total < MIN_LOSS_PACKETS:
            self.excess, self.hinders = 0.0, False
            return
        self.ratio = sum(missing for _, _, missing in self._results) / total
        above = self.ratio - self.own
        doubt = LOSS_SIGMAS * math.sqrt(max(self.own, 0.01) * (1 - self.own) / total)
        congested = above > max(LOSS_EXCESS, doubt)
        self.excess = above if congested else 0.0
        self.hinders = above > max(LOSS_GROW, doubt)
        if not congested:
            pace = OWN_LOSS_SECONDS if above > 0.0 else FORGET_SECONDS
            self.own = min(self.own + above * passed / pace, MAX_OWN_LOSS)

    def accept(self) -> None:
        """What is lost now is the path's own."""
        self.own = min(self.ratio, MAX_OWN_LOSS)
        self.excess, self.hinders = 0.0, False
