"""What a listener's transport-wide feedback costs: `python -m tests.bench.feedback`.

A listener tells twenty times a second what arrived of 1 and of 4 Mbit/s (100 and 400 packets a second), with
jitter, and where it says so with 2 % of loss. Counted is the CPU of all that the media server's Python does
about it: read the packet, look up what was sent, move the estimate, see whether bits are to be shared out
anew. The lookup itself is the plane's and is left out.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable
from typing import cast

from prometheus_client import CollectorRegistry

from sfu.congestion.ladder import Step
from sfu.downlink.bandwidth import Bandwidth, View
from sfu.forward.contract import Codec, ExtensionIds, Forwarder, SlotParams
from sfu.metrics import Metrics
from sfu.routing.slot import Slot
from sfu.rtp import rtcp
from sfu.rtp.twcc import TICKS_PER_SECOND, TransportFeedback

FEEDBACK_SECONDS = 0.05
SECONDS = 60.0
SIZE = 1100
ROUNDS = 5


class Plane:
    """Knows when each number was sent."""

    def __init__(self, rate: int) -> None:
        self._rate = rate

    def transport_sent(self, peer: int, numbers: list[int]) -> list[tuple[float, int]]:
        return [(1.0 + number / self._rate, SIZE) for number in numbers]

    def probe(self, slot: int, packets: int, padding: int) -> int:
        return packets


class Watching:
    """Sees three faces and hears five voices."""

    def videos(self, session: str) -> Iterable[View]:
        steps = (Step(0, 3, 150e3), Step(1, 3, 500e3), Step(2, 3, 1500e3))
        return [View(slot, (float(slot),), steps) for slot in (1, 2, 3)]

    def audible(self, session: str) -> int:
        return 5

    def select(self, slot: int, spatial: int, temporal: int, hold: bool) -> None:
        pass

    def shown(self, session: str, paused: frozenset[int]) -> None:
        pass


def told(rate: int, loss: float) -> list[bytes]:
    """A minute of feedback as it comes over the wire."""
    rng = random.Random(7)
    count = round(rate * FEEDBACK_SECONDS)
    packets = []
    for turn in range(round(SECONDS / FEEDBACK_SECONDS)):
        base = turn * count
        arrivals = tuple(
            (number & 0xFFFF, int((number / rate + rng.uniform(0.02, 0.022)) * TICKS_PER_SECOND))
            for number in range(base, base + count)
            if rng.random() >= loss
        )
        feedback = TransportFeedback(1, 2, base & 0xFFFF, count, turn & 0xFF, arrivals)
        packets.append(rtcp.build([feedback]))
    return packets


def cost(rate: int, loss: float) -> float:
    """CPU seconds that one listener costs a second."""
    packets = told(rate, loss)
    metrics = Metrics(CollectorRegistry())
    bandwidth = Bandwidth(cast(Forwarder, Plane(rate)), Watching(), metrics, lambda _: (-1.0, -1.0))
    params = SlotParams("video", 300, 301, {Codec.VP8: (96, 97)}, ExtensionIds(transport_cc=3))
    bandwidth.add("lisa", 1, [Slot(1, "lisa", "video", 0, params, "slot0")], 0.0)
    begun = time.process_time()
    now = 1.0
    for packet in packets:
        now += FEEDBACK_SECONDS
        for item in rtcp.parse(packet):
            if isinstance(item, TransportFeedback):
                bandwidth.feedback(1, item, now)
        bandwidth.tick(now)
    return (time.process_time() - begun) / SECONDS


def main() -> None:
    for rate in (100, 400):
        for loss in (0.0, 0.02):
            best = min(cost(rate, loss) for _ in range(ROUNDS))
            print(
                f"{rate} packets/s, {loss:.0%} lost: {best * 1e3:.2f} ms of CPU per listener and second, "
                f"{best * FEEDBACK_SECONDS * 1e6:.0f} µs per feedback, {best / rate * 1e6:.1f} µs per packet"
            )


if __name__ == "__main__":
    main()
