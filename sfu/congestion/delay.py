"""Whether a queue grows on the path: the delay part of the estimator (Google congestion control).

Packets that left together are one group. The time by which a group's way took longer than that of the
group before it, summed up and smoothed, is a line over time; its slope says whether a queue grows. What
counts as steep adapts itself, so that a path with jitter, or with other flows that fill the queue, does
not silence us.

Carlucci, De Cicco, Holmer, Mascolo, "Analysis and Design of the Google Congestion Control for Web
Real-time Communication" (MMSys 2016); the line instead of its Kalman filter is what libwebrtc does today,
and the constants are those of the field.
"""

from __future__ import annotations

from collections import deque
from typing import Literal

Signal = Literal["normal", "over", "under"]

# Packets that left within this time (s) are one group, and those that come out of a queue together.
BURST_SECONDS = 0.005
MAX_BURST_SECONDS = 0.1
WINDOW = 20  # groups in the line
SMOOTHING = 0.9
GAIN = 4.0
MAX_DELTAS = 60
OVERUSE_MS = 10.0  # so long it must be steep
# The threshold (ms) grows slowly where the line is steeper, falls fast where it is flatter, and ignores
# what is steeper by more than MAX_ADAPT.
FIRST_THRESHOLD = 12.5
MIN_THRESHOLD, MAX_THRESHOLD = 6.0, 600.0
K_UP, K_DOWN = 0.0087, 0.039
MAX_ADAPT = 15.0
MAX_ADAPT_MS = 100.0
# A pause of this length (s) says nothing of a queue: begin anew.
PAUSE_SECONDS = 2.0


class DelayTrend:
    """One path. `signal` is what the newest groups say."""

    __slots__ = (
        "_accumulated",
        "_adapted_at",
        "_arrived",
        "_count",
        "_first_arrived",
        "_first_sent",
        "_line",
        "_origin",
        "_over_count",
        "_over_ms",
        "_previous",
        "_sent",
        "_slope",
        "_smoothed",
        "_threshold",
        "signal",
    )

    def __init__(self) -> None:
        self.signal: Signal = "normal"
        self._threshold = FIRST_THRESHOLD
        self._adapted_at = -1.0
        self._restart()

    def _restart(self) -> None:
        self._first_sent = -1.0  # of the group that is being filled; -1: none
        self._sent = self._first_arrived = self._arrived = 0.0
        self._previous: tuple[float, float] | None = None  # last sent and last arrived of the one before
        self._line: deque[tuple[float, float]] = deque(maxlen=WINDOW)
        self._origin = 0.0
        self._accumulated = self._smoothed = self._slope = 0.0
        self._count = self._over_count = 0
        self._over_ms = 0.0
        self.signal = "normal"

    def packet(self, sent: float, arrived: float) -> None:
        """A packet that left at `sent` arrived at `arrived` (s; two clocks that need not agree).

        In the order in which they were sent; one that comes late is left out.
        """
        first = self._first_sent
        if first < 0.0:
            self._begin(sent, arrived)
            return
        if sent < first:
            return
        if sent - self._sent > PAUSE_SECONDS or abs(arrived - self._arrived) > PAUSE_SECONDS:
            self._restart()
            self._begin(sent, arrived)
            return
        if sent - first <= BURST_SECONDS or self._drained_together(sent, arrived):
            if sent > self._sent:
                self._sent = sent
            if arrived > self._arrived:
                self._arrived = arrived
            return
        if self._previous is not None:
            send_delta = self._sent - self._previous[0]
            arrival_delta = self._arrived - self._previous[1]
            self._observe((arrival_delta - send_delta) * 1000.0, send_delta * 1000.0, self._arrived)
        self._previous = (self._sent, self._arrived)
        self._begin(sent, arrived)

    def _begin(self, sent: float, arrived: float) -> None:
        self._first_sent = self._sent = sent
        self._first_arrived = self._arrived = arrived

    def _drained_together(self, sent: float, arrived: float) -> bool:
        """Left apart and arrived in one burst: some other thing on the way held them (Wi-Fi does)."""
        gap = arrived - self._arrived
        return (
            gap <= BURST_SECONDS
            and gap < sent - self._sent
            and arrived - self._first_arrived < MAX_BURST_SECONDS
        )

    def _observe(self, variation: float, send_delta: float, arrived: float) -> None:
        """A whole group took longer than the one before it by `variation` (ms)."""
        if self._count == 0:
            self._origin = arrived
        self._count += 1
        self._accumulated += variation
        self._smoothed = SMOOTHING * self._smoothed + (1 - SMOOTHING) * self._accumulated
        line = self._line
        line.append(((arrived - self._origin) * 1000.0, self._smoothed))
        slope = _slope(line) if len(line) == WINDOW else self._slope
        self._detect(slope, send_delta, arrived)

    def _detect(self, slope: float, send_delta: float, arrived: float) -> None:
        trend = min(self._count, MAX_DELTAS) * slope * GAIN
        if trend > self._threshold:
            self._over_ms += send_delta
            self._over_count += 1
            if self._over_ms > OVERUSE_MS and self._over_count > 1 and slope >= self._slope:
                self._over_ms, self._over_count = 0.0, 0
                self.signal = "over"
        else:
            self._over_ms, self._over_count = 0.0, 0
            self.signal = "under" if trend < -self._threshold else "normal"
        self._slope = slope
        self._adapt(abs(trend), arrived)

    def _adapt(self, trend: float, arrived: float) -> None:
        passed = (arrived - self._adapted_at) * 1000.0 if self._adapted_at >= 0.0 else 0.0
        self._adapted_at = arrived
        if trend > self._threshold + MAX_ADAPT:
            return  # a sudden jump, a new route perhaps
        rate = K_DOWN if trend < self._threshold else K_UP
        moved = rate * (trend - self._threshold) * min(max(passed, 0.0), MAX_ADAPT_MS)
        self._threshold = min(max(self._threshold + moved, MIN_THRESHOLD), MAX_THRESHOLD)


def _slope(line: deque[tuple[float, float]]) -> float:
    """Of the line nearest to these points (least squares), 0.0 where all have one x."""
    first_x, first_y = line[0]
    x_sum = y_sum = xx_sum = xy_sum = 0.0
    for x, y in line:
        x -= first_x  # small figures: nothing is lost in their squares
        y -= first_y
        x_sum += x
        y_sum += y
        xx_sum += x * x
        xy_sum += x * y
    count = len(line)
    lower = xx_sum - x_sum * x_sum / count
    return (xy_sum - x_sum * y_sum / count) / lower if lower > 0.0 else 0.0
