"""What a worker can carry, measured while it works. Pure.

A worker's packets go through one thread and its handshakes, RTCP and commands through another; whichever is
busier saturates first, whatever else its process or its machine does. Load is that thread's share of a core,
smoothed over some ten seconds: a crowd that connects at once is no reason to take anything away from anybody.
Where the operator says how much the network takes, its share counts too, whichever is greater. Capacity
follows from what the packets have cost so far, in time and in bits: before enough were sent there is none.
"""

from __future__ import annotations

# Below this many packets a second the fixed costs of a process would be taken for the packets'.
LEAST_RATE = 500.0
# Weight of the newest measure (of two seconds) in the load, and in the cost of a packet.
LOAD_SMOOTHING = 0.3
COST_SMOOTHING = 0.2
# What a packet is on the wire besides SRTP, in bytes: IPv4 and UDP.
OVERHEAD_BYTES = 20 + 8


class Capacity:
    """`load` 0..1; `cores` used by the whole process lately; `rate` and `capacity` in RTP packets sent per
    second (capacity 0: not known yet). `most_bits` is what the network takes a second, 0 for no limit."""

    def __init__(self, most_bits: float = 0.0) -> None:
        self._most_bits = most_bits
        self._cost = 0.0
        self._bits = 0.0  # of a packet
        self.cores = 0.0
        self.load = 0.0
        self.rate = 0.0

    @property
    def capacity(self) -> int:
        """Packets a second that would keep the busiest thread busy all the time, or fill the network."""
        if not self._cost:
            return 0
        by_time = 1 / self._cost
        return round(
            min(by_time, self._most_bits / self._bits) if self._most_bits and self._bits else by_time
        )

    def measure(self, process: float, busiest: float, packets: int, seconds: float, sent: int = 0) -> None:
        """In the last so many seconds the process used so much CPU (s), its busiest thread so much, and so
        many packets were sent, of `sent` bytes of SRTP together."""
        self.cores = process / seconds
        bits = 8.0 * (sent + packets * OVERHEAD_BYTES)
        network = bits / seconds / self._most_bits if self._most_bits else 0.0
        self.load += (min(1.0, max(busiest / seconds, network)) - self.load) * LOAD_SMOOTHING
        self.rate = packets / seconds
        if self.rate < LEAST_RATE or not busiest:
            return
        cost = busiest / packets
        self._bits = (
            bits / packets if not self._bits else self._bits + (bits / packets - self._bits) * COST_SMOOTHING
        )
        self._cost = cost if not self._cost else self._cost + (cost - self._cost) * COST_SMOOTHING
