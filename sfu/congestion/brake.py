"""When all video to a listener stops at once: a path that has suddenly become narrow. Pure.

A path in front of which a queue stands gives its packets one after the other, so what arrives behind a queue
tells what the path carries, after a few packets already. Where that is much less than is sent, the queue
grows by nearly as much as is sent, in front of the voices too, and each picture that still goes out is a
longer silence. So none does until the queue is gone: what follows then is a smaller layer, with a keyframe.

What a machine that stalls delays comes at once afterwards, so the rate behind it is high, and the newest of
it was hardly delayed: that brakes nothing.

It is what a congestion window does for a sender that has bytes in flight (libwebrtc's pushback), by what is
told of the path instead of by a count of bytes: the first frame of a picture is larger than a window would
be.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

# Packets that stood this long (s) did so in a queue.
QUEUED_SECONDS = 0.015
# So many packets and such a span of arrivals (s) tell a rate. Braking asks for that of a moment, since
# before it the path may have carried more; while the queue drains more of them tell it better.
MIN_PACKETS = 3
MIN_SPAN_SECONDS, MOMENT_SECONDS, MAX_SPAN_SECONDS = 0.03, 0.1, 0.5
# The queue is this long (s), and longer than the longest of each feedback mostly is, by so many deviations:
# jitter has its usual size. It has grown by so much (s) since it began to be seen, with so many bytes to
# show for it.
STEEP_SECONDS, SPREAD, GROWN_SECONDS, MIN_BYTES = 0.05, 3.0, 0.03, 2_000
USUAL_GAIN = 1 / 16
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

    __slots__ = ("_changed_at", "_run", "_spread", "_usual", "on", "rate")

    def __init__(self) -> None:
        self.on = False
        self.rate: float | None = None
        self._run: deque[tuple[float, int, float]] = deque()  # (arrived, bytes, s in the queue)
        self._changed_at = float("-inf")
        self._usual = self._spread = 0.0  # the longest queue (s) of each feedback: mean and deviation

    def feedback(
        self, arrivals: Iterable[tuple[float, int, float]], estimate: float, sent: float | None, now: float
    ) -> bool:
        """These arrived: when (s of the client's clock, rising), their bytes and how long (s) each stood in a
        queue. `estimate` is what the path was believed to carry, `sent` what is sent (bit/s; None: unknown).

        True where `on` has changed.
        """
        run = self._run
        queues = []
        for arrived, size, queued in arrivals:
            queues.append(queued)
            if queued < QUEUED_SECONDS or (run and not 0.0 <= arrived - run[-1][0] <= MAX_SPAN_SECONDS):
                run.clear()
            if queued >= QUEUED_SECONDS:
                run.append((arrived, size, queued))
                while arrived - run[0][0] > MAX_SPAN_SECONDS:
                    run.popleft()
        if not queues:
            return False
        if self.on:
            self.rate = self._rate(MAX_SPAN_SECONDS) or self.rate
            return min(queues) < DRAINED_SECONDS and self._turn(False, now)
        rate = self._rate(MOMENT_SECONDS) if sent is not None and self._steep(now) else None
        off = max(queues) - self._usual
        self._usual += USUAL_GAIN * off
        self._spread += USUAL_GAIN * (abs(off) - self._spread)
        if rate is None or rate >= min(SHARE_OF_ESTIMATE * estimate, SHARE_OF_SENT * (sent or 0.0)):
            return False
        self.rate = rate
        return self._turn(True, now)

    def _steep(self, now: float) -> bool:
        run = self._run
        if now - self._changed_at < AGAIN_SECONDS or len(run) < MIN_PACKETS:
            return False
        newest = min(run[-1][2], run[-2][2])
        return (
            newest >= max(STEEP_SECONDS, self._usual + SPREAD * self._spread)
            and newest - run[0][2] >= GROWN_SECONDS
            and sum(size for _, size, _ in run) - run[0][1] >= MIN_BYTES
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
