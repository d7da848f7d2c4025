"""What a worker can carry, measured while it works. Pure.

A worker's packets go through one thread and its handshakes, RTCP and commands through another; whichever is
busier saturates first, whatever else its process or its machine does. Load is that thread's share of a core,
smoothed over some ten seconds: a crowd that connects at once is no reason to take anything away from anybody.
Capacity follows from what the packets have cost so far: before enough were sent there is none to tell.
"""

from __future__ import annotations

# Below this many packets a second the fixed costs of a process would be taken for the packets'.
LEAST_RATE = 500.0
# Weight of the newest measure (of two seconds) in the load, and in the cost of a packet.
LOAD_SMOOTHING = 0.3
COST_SMOOTHING = 0.2


class Capacity:
    """`load` 0..1; `cores` used by the whole process lately; `rate` and `capacity` in RTP packets sent per
    second (capacity 0: not known yet)."""

    def __init__(self) -> None:
        self._cost = 0.0
        self.cores = 0.0
        self.load = 0.0
        self.rate = 0.0

    @property
    def capacity(self) -> int:
        """Packets a second that would keep the busiest thread busy all the time."""
        return round(1 / self._cost) if self._cost else 0

    def measure(self, process: float, busiest: float, packets: int, seconds: float) -> None:
        """In the last so many seconds the process used so much CPU (s), its busiest thread so much, and so
        many packets were sent."""
        self.cores = process / seconds
        self.load += (min(1.0, busiest / seconds) - self.load) * LOAD_SMOOTHING
        self.rate = packets / seconds
        if self.rate < LEAST_RATE or not busiest:
            return
        cost = busiest / packets
        self._cost = cost if not self._cost else self._cost + (cost - self._cost) * COST_SMOOTHING
