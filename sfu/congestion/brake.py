"""When all video to a listener stops at once: a path that has suddenly become narrow. Pure.

A path in front of which a queue stands gives its packets one after the other, so what arrives behind a queue
tells what the path carries, after a few packets already. Where that is much less than is sent, the queue
grows by nearly as much as is sent, in front of the voices too, and each picture that still goes out is a
longer silence. So none does until the queue is gone: what follows then is a smaller layer, with a keyframe.

A picture leaves at once and is a queue of its own making, which says nothing: what counts is how much longer
a packet stood than it would in front of a path that carries what is believed. Two packets that each took
much longer are enough, for while a third is waited for, the next picture leaves.

What a machine that stalls delays comes at once afterwards, so the rate behind it is high, and the newest of
it was hardly delayed: that brakes nothing.

It is what a congestion window does for a sender that has bytes in flight (libwebrtc's pushback), by what is
told of the path instead of by a count of bytes: the first frame of a picture is larger than a window would
be.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable

from sfu.congestion.path import PacketResult

# Packets that stood this long (s) did so in a queue.
QUEUED_SECONDS = 0.015
# So many packets and such a span of arrivals (s) tell a rate. Braking asks for that of a moment, since
# before it the path may have carried more; while the queue drains more of them tell it better.
MIN_PACKETS = 2
MIN_SPAN_SECONDS, MOMENT_SECONDS, MAX_SPAN_SECONDS = 0.015, 0.1, 0.5
# The last packet stood so much longer (s) than is due, and longer than the longest of each feedback mostly
# does, by so many deviations: jitter has its usual size. The one before it did for such a share of that time,
# so it was no single stumble. So many bytes show it.
STEEP_SECONDS, SPREAD, SHARE_OF_LAST, MIN_BYTES = 0.025, 5.0, 0.45, 2_000
USUAL_GAIN = 1 / 16
# The deviation (s) of a path of which nothing is known yet.
FIRST_SPREAD = 0.02
# A queue of our own making is not believed to be longer than this (s).
MAX_DUE_SECONDS = 0.2
# The path carries less than this share of what it was believed to, and of what is sent.
SHARE_OF_ESTIMATE, SHARE_OF_SENT = 0.7, 0.9
# The queue is gone.
DRAINED_SECONDS = 0.04
# Without video there may be nothing to tell of, and audio alone may be too much: then it is the estimate's
# matter.
MAX_SECONDS = 1.5
# The picture that comes afterwards begins with a burst of its own.
AGAIN_SECONDS = 1.0


class Brake:
    """One path. `on` while no video is to be sent; `rate` is what the path carries, bit/s, as seen last
    behind a queue."""

    __slots__ = ("_changed_at", "_free_at", "_run", "_spread", "_usual", "on", "rate")

    def __init__(self) -> None:
        self.on = False
        self.rate: float | None = None
        # (arrived, bytes, s in the queue beyond what is due) of what stood there without a break.
        self._run: deque[tuple[float, int, float]] = deque()
        self._changed_at = float("-inf")
        # When a path that carries what is believed has given all that left so far, on the sender's clock (s).
        self._free_at = float("-inf")
        # The most (s) by which one of a feedback stood longer than is due: mean and deviation.
        self._usual, self._spread = 0.0, FIRST_SPREAD

    def feedback(
        self, results: Iterable[PacketResult], base: float, estimate: float, sent: float | None, now: float
    ) -> bool:
        """The client tells of these packets, in the order in which they left. `base` is the way (s, between
        the two clocks) without a queue, `estimate` what the path was believed to carry, `sent` what is sent
        (bit/s; None: unknown).

        True where `on` has changed.
        """
        came = self._due(results, base, estimate)
        if not came:
            return False
        shortest, longest = self._stood(came)
        if self.on:
            self.rate = self._rate(MAX_SPAN_SECONDS) or self.rate
            return shortest < DRAINED_SECONDS and self._turn(False, now)
        rate = self._rate(MOMENT_SECONDS) if sent is not None and self._steep(now) else None
        off = longest - self._usual
        self._usual += USUAL_GAIN * off
        self._spread += USUAL_GAIN * (abs(off) - self._spread)
        if rate is None or rate >= min(SHARE_OF_ESTIMATE * estimate, SHARE_OF_SENT * (sent or 0.0)):
            return False
        self.rate = rate
        return self._turn(True, now)

    def missed(self) -> None:
        """What arrived just before the next ones is not known: they say no rate with those before."""
        self._run.clear()

    def _due(
        self, results: Iterable[PacketResult], base: float, estimate: float
    ) -> list[tuple[float, float, int, float]]:
        """Of those that arrived, as they did: when, when they had reached the queue (s of the client's
        clock), their bytes, and how long (s) a path that carries the estimate would make them stand."""
        came = []
        free_at, seconds = self._free_at, 8.0 / estimate
        for left, arrived, size in results:
            if arrived is not None:
                free_at = min(max(free_at, left), left + MAX_DUE_SECONDS) + size * seconds
                came.append((arrived, left + base, size, free_at - left))
        self._free_at = free_at
        came.sort()
        return came

    def _stood(self, came: list[tuple[float, float, int, float]]) -> tuple[float, float]:
        """The shortest time (s) that one stood in a queue, and the longest beyond what was due."""
        run = self._run
        shortest, longest = math.inf, 0.0
        before = run[-1][0] if run else math.inf
        for arrived, reached, size, due in came:
            queued = arrived - reached
            beyond = queued - due
            if queued < shortest:
                shortest = queued
            if beyond > longest:
                longest = beyond
            if queued < QUEUED_SECONDS or not reached <= before <= arrived:
                run.clear()  # there was no queue, or it was empty in between
            if queued >= QUEUED_SECONDS:
                run.append((arrived, size, beyond))
                before = arrived
            else:
                before = math.inf
        while run and run[-1][0] - run[0][0] > MAX_SPAN_SECONDS:
            run.popleft()
        return shortest, longest

    def _steep(self, now: float) -> bool:
        run = self._run
        if now - self._changed_at < AGAIN_SECONDS or len(run) < MIN_PACKETS:
            return False
        limit = max(STEEP_SECONDS, self._usual + SPREAD * self._spread)
        return (
            run[-1][2] >= limit
            and run[-2][2] >= SHARE_OF_LAST * limit
            and sum(size for _, size, _ in run) >= MIN_BYTES
        )

    def tick(self, now: float) -> bool:
        """Time has passed; True where `on` has changed."""
        return self.on and now - self._changed_at >= MAX_SECONDS and self._turn(False, now)

    def _turn(self, on: bool, now: float) -> bool:
        self.on = on
        self._changed_at = now
        return True

    def _rate(self, seconds: float) -> float | None:
        """bit/s at which the path gave what stood in front of it, in the last so many seconds of arrivals;
        None where too little has come."""
        packets = size = 0
        first = last = 0.0
        size_of_first = 0
        for arrived, bytes_, _ in reversed(self._run):
            last = last if packets else arrived
            if packets >= MIN_PACKETS and last - arrived > seconds:
                break
            packets, size, size_of_first, first = packets + 1, size + bytes_, bytes_, arrived
        if packets < MIN_PACKETS or last - first < MIN_SPAN_SECONDS:
            return None
        return (size - size_of_first) * 8 / (last - first)
