"""What a worker can carry, measured while it works. Pure.

Load is the share of its CPU budget that is used. Capacity follows from what each packet has cost so far:
before enough of them were sent there is none to tell.
"""

from __future__ import annotations

# Cores that one worker is reckoned to have: its data thread's, which is what saturates first.
BUDGET_CORES = 1.0
# Below this many packets a second the fixed costs of a process would be taken for the packets'.
LEAST_RATE = 500.0
# Weight of the newest measure in the cost of a packet.
SMOOTHING = 0.2


class Capacity:
    """`load` 0..1, `rate` and `capacity` in RTP packets sent per second (capacity 0: not known yet)."""

    def __init__(self, budget: float = BUDGET_CORES) -> None:
        self._budget = budget
        self._cost = 0.0
        self.cores = 0.0
        self.rate = 0.0

    @property
    def load(self) -> float:
        """The share of the budget that was used lately."""
        return min(1.0, self.cores / self._budget)

    @property
    def capacity(self) -> int:
        """Packets a second that would use the whole budget."""
        return round(self._budget / self._cost) if self._cost else 0

    def measure(self, cpu_seconds: float, packets: int, seconds: float) -> None:
        """So much CPU was used, and so many packets sent, in the last so many seconds."""
        self.cores = cpu_seconds / seconds
        self.rate = packets / seconds
        if self.rate < LEAST_RATE or not cpu_seconds:
            return
        cost = cpu_seconds / packets
        self._cost = cost if not self._cost else self._cost + (cost - self._cost) * SMOOTHING
