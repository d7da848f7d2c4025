"""A link that loses, delays and queues, and flows over it: seeded, and in virtual time.

`Link` is a bottleneck with a first-in-first-out queue of bounded length. `Flow` is what the server sends to
one listener: frames that leave in bursts, as a forwarder's do, at the rate that its estimator allows, with
the listener's feedback coming back every 50 ms. `run` advances all of it in steps of a millisecond.
"""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sfu.congestion.estimator import Estimator
from sfu.congestion.path import PacketResult
from sfu.congestion.probing import Prober

STEP = 0.001
FEEDBACK_SECONDS = 0.05
TICK_SECONDS = 0.02
FRAME_SECONDS = 0.04
# A picture that was stopped comes back with a keyframe, so late and so many times the size of others.
KEYFRAME_SECONDS, KEYFRAME_SIZE = 0.08, 5
PACKET = 1200
AUDIO_PACKET = 120


@dataclass(slots=True)
class Packet:
    flow: Flow
    number: int
    size: int
    sent: float
    queued: float = 0.0  # s behind others


class Link:
    """`capacity(now)` in bit/s, `delay` and `jitter` in s, `queue` in bytes.

    `loss` is random; `burst` = (chance that a burst of loss begins, chance that it goes on), per packet.
    """

    def __init__(
        self,
        capacity: Callable[[float], float] | float,
        *,
        seed: int = 1,
        delay: float = 0.03,
        jitter: float = 0.0,
        loss: float = 0.0,
        burst: tuple[float, float] = (0.0, 0.0),
        queue: int = 60_000,
    ) -> None:
        self.capacity: Callable[[float], float] = capacity if callable(capacity) else lambda now: capacity
        self.delay = delay
        self._jitter = jitter
        self._loss = loss
        self._burst = burst
        self._bursting = False
        self._limit = queue
        self._random = random.Random(seed)
        self._queue: deque[Packet] = deque()
        self._backlog = 0
        self._credit = 0.0
        self._last = 0.0
        self.waits: list[tuple[float, float]] = []  # (when, s that a packet waited)

    def send(self, packet: Packet) -> None:
        """Into the queue, or nowhere."""
        chance = self._random.random()
        self._bursting = chance < (self._burst[1] if self._bursting else self._burst[0])
        if self._bursting or self._random.random() < self._loss or self._backlog + packet.size > self._limit:
            return
        self._queue.append(packet)
        self._backlog += packet.size

    def step(self, now: float) -> None:
        """A millisecond passes."""
        if not self._queue:
            self._credit = 0.0
            return
        self._credit += self.capacity(now) * STEP
        while self._queue and self._credit >= self._queue[0].size * 8:
            packet = self._queue.popleft()
            self._credit -= packet.size * 8
            self._backlog -= packet.size
            self.waits.append((now, now - packet.sent))
            at = now + self.delay + self._random.random() * self._jitter
            self._last = max(self._last, at)  # a path delays, it seldom reorders
            packet.flow.arrives(packet, self._last if self._jitter else at)


@dataclass(slots=True)
class Flow:
    """`wants(now)`: the bit/s that its streams would use; `layers`: where it can only send some of these
    rates (rising), as a forwarder does. `stalls`: (from, to) in which the listener's machine does nothing;
    what has arrived is read afterwards. `frame` and `feedback` are the s between two of them."""

    link: Link
    wants: Callable[[float], float]
    begins: float = 0.0
    start: float = 1_000_000.0
    layers: Sequence[float] = ()
    audio: bool = True
    feedback_loss: float = 0.0
    stalls: Sequence[tuple[float, float]] = ()
    seed: int = 7
    frame: float = FRAME_SECONDS
    feedback: float = FEEDBACK_SECONDS
    estimator: Estimator = field(init=False)
    prober: Prober = field(init=False)
    history: list[tuple[float, float]] = field(default_factory=list)  # (when, estimate)
    delivered: list[tuple[float, int]] = field(default_factory=list)
    stops: list[float] = field(default_factory=list)  # when all video was stopped

    def __post_init__(self) -> None:
        self.estimator = Estimator(self.start)
        self.prober = Prober(self.begins)
        self._random = random.Random(self.seed)
        self._sizes: dict[int, tuple[float, int]] = {}
        self._number = self._told = 0
        self._arrived: dict[int, float] = {}
        self._returning: deque[tuple[float, list[PacketResult], bool]] = deque()
        self._debt = 0.0
        self._frame_at = self._audio_at = self._feedback_at = self._tick_at = self.begins

    _random: random.Random = field(init=False)
    _sizes: dict[int, tuple[float, int]] = field(init=False)
    _number: int = field(init=False)
    _told: int = field(init=False)
    _arrived: dict[int, float] = field(init=False)
    _returning: deque[tuple[float, list[PacketResult], bool]] = field(init=False)
    _whole: bool = field(init=False, default=True)  # no feedback was lost before the next
    _debt: float = field(init=False)
    _keyframe_at: float = field(init=False, default=0.0)
    _frame_at: float = field(init=False)
    _audio_at: float = field(init=False)
    _feedback_at: float = field(init=False)
    _tick_at: float = field(init=False)

    def rate(self, now: float) -> float:
        """What is sent now, bit/s."""
        allowed = min(self.estimator.allowed, self.wants(now))
        fitting = [layer for layer in self.layers if layer <= allowed]
        return (fitting[-1] if fitting else 0.0) if self.layers else allowed

    def step(self, now: float) -> None:
        """A millisecond passes."""
        if now < self.begins:
            return
        if self.audio and now >= self._audio_at:
            self._audio_at += 0.02
            self._send(AUDIO_PACKET, now)
        if now >= self._frame_at:
            self._frame_at += self.frame
            audio = AUDIO_PACKET * 8 * 50 if self.audio else 0
            self._debt += self._picture(now) * max(self.rate(now) - audio, 0.0) * self.frame / 8
            self._burst(now)
        if now >= self._tick_at:
            self._tick_at += TICK_SECONDS
            estimator = self.estimator
            padding = self.prober.padding(
                estimator.bitrate, estimator.drops, self.wants(now), self.rate(now), now
            )
            while padding > 0:
                self._send(min(padding, 255) + 40, now)
                padding -= 255
            estimator.silence(True, now)
            estimator.brake.tick(now)
        if now >= self._feedback_at and self._awake(now) == now:
            self._feedback_at = now + self.feedback
            self._report(now)
        while self._returning and self._returning[0][0] <= now:
            _, results, whole = self._returning.popleft()
            self.estimator.feedback(results, now, whole)
            found = self.prober.feedback(results, now)
            if found is not None:
                self.estimator.probed(*found, now)
            self.history.append((now, self.estimator.bitrate))

    def _picture(self, now: float) -> int:
        """How many times an ordinary picture's size the next one has: 0 while there is none."""
        if self.estimator.brake.on:
            if not self._keyframe_at:
                self.stops.append(now)
            self._keyframe_at, self._debt = math.inf, 0.0
        elif self._keyframe_at == math.inf:
            self._keyframe_at = now + KEYFRAME_SECONDS
        if now < self._keyframe_at:
            return 0
        size, self._keyframe_at = KEYFRAME_SIZE if self._keyframe_at else 1, 0.0
        return size

    def _burst(self, now: float) -> None:
        while self._debt >= PACKET / 4:
            size = int(min(self._debt, PACKET))
            self._debt -= size
            self._send(size, now)

    def _send(self, size: int, now: float) -> None:
        packet = Packet(self, self._number, size, now)
        self._sizes[self._number] = (now, size)
        self._number += 1
        self.link.send(packet)

    def arrives(self, packet: Packet, at: float) -> None:
        """From the link."""
        at = self._awake(at)
        self._arrived[packet.number] = at
        self.delivered.append((at, packet.size))

    def _awake(self, now: float) -> float:
        """When the listener's machine does what is due now."""
        return next((end for begin, end in self.stalls if begin <= now < end), now)

    def _report(self, now: float) -> None:
        here = [number for number, at in self._arrived.items() if at <= now]
        if not here:
            return
        newest = max(here)
        results = []
        for number in range(self._told, newest + 1):
            sent, size = self._sizes.pop(number)
            at = self._arrived.pop(number, None)
            results.append(PacketResult(sent, None if at is None else 5000.0 + round(at * 4000) / 4000, size))
        self._told = newest + 1
        told = self._random.random() >= self.feedback_loss
        if told:
            self._returning.append((now + self.link.delay, results, self._whole))
        self._whole = told

    # --- looking ---------------------------------------------------------------------------------

    def mean(self, begin: float, end: float) -> float:
        """The mean estimate (bit/s) between these times."""
        found = [rate for at, rate in self.history if begin <= at < end]
        return sum(found) / len(found)

    def goodput(self, begin: float, end: float) -> float:
        """What arrived between these times, bit/s."""
        return sum(size for at, size in self.delivered if begin <= at < end) * 8 / (end - begin)


def run(link: Link, flows: Sequence[Flow], seconds: float) -> None:
    """Let so much time pass, from 0 on."""
    for step in range(round(seconds / STEP)):
        now = step * STEP
        for flow in flows:
            flow.step(now)
        link.step(now)


def waits(link: Link, begin: float, end: float) -> list[float]:
    """How long (s) each packet stood in the queue between these times, sorted."""
    return sorted(wait for at, wait in link.waits if begin <= at < end)


def share(values: Sequence[float], part: float) -> float:
    """The value that this part (0..1) of the sorted values does not exceed."""
    return values[min(len(values) - 1, int(part * len(values)))]
