"""How many bits a second one listener's path carries: a send-side estimate out of its feedback.

Two witnesses. The delay trend (`delay.py`) says that a queue grows: then the rate falls below what the
path was seen to deliver, so that the queue drains. Loss says it where the queue is too short to be
seen: loss above what the path loses anyhow. Random loss is not congestion, so what stays when the rate
has fallen is taken for the path's own.

Without either, the rate grows: by a share while the path's limit is unknown, by about half a packet a
round trip near the limit where it was last. It never grows far beyond what was really delivered:
further up only a probe knows (`probing.py`). Where the client gives no transport-wide feedback, REMB is
the estimate.

Carlucci et al. (MMSys 2016); draft-ietf-rmcat-gcc-02 §5.5, §6.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from sfu.congestion.brake import Brake
from sfu.congestion.delay import DelayTrend
from sfu.congestion.path import LOSS_SECONDS, AckedRate, LossWatch, PacketResult, QueueDelay

START_BITRATE = 1_000_000.0
MIN_BITRATE = 50_000.0
MAX_BITRATE = 50_000_000.0

DECREASE = 0.85  # of what was delivered
INCREASE = 1.08  # a second, far from the limit
MIN_ADDITIVE = 8_000.0  # bit/s a second, near it
RESPONSE_SECONDS = 0.1  # beside the round trip: how soon more is seen to be too much
PROBED_STEP = 50_000.0  # bit/s that a probe below the limit gives
# What goes through without a queue is carried, whatever is believed: audio is sent in any case. The estimate
# follows within so many seconds, to its share (DECREASE) of that.
PROVEN_SECONDS = 1.0
# Growth ends here: more was not tried.
HEADROOM, HEADROOM_BITRATE = 1.5, 20_000.0

# A queue of this length (s) is congestion, whatever the trend says, and is to be gone within a second.
LONG_QUEUE_SECONDS = 0.2
STANDING_SECONDS = 0.06
# A trend without a queue to show for it is the jitter of many small packets.
SHOWN_SECONDS = 0.025
MIN_DRAIN = 0.4
# Between two decreases: the first one has to show.
DECREASE_SECONDS = 0.2

# Loss of a path that is too full is gone when a little less is sent than was delivered.
LOSS_DECREASE = 0.95
STAYED = 0.5

# Media is sent and the client tells nothing: the path is choked, or gone.
SILENCE_SECONDS = 1.0
SILENCE_DECREASE = 0.7


class Estimator:
    """One path. `bitrate` is bit/s on the wire above UDP; every call says the time (s)."""

    __slots__ = (
        "_believed",
        "_decreased_at",
        "_draining",
        "_feedback_at",
        "_grown_at",
        "_left",
        "_limit",
        "_limit_deviation",
        "_lost_before",
        "_packet_bits",
        "_trend",
        "acked",
        "bitrate",
        "brake",
        "drops",
        "loss",
        "queue",
        "round_trip",
    )

    def __init__(self, start: float = START_BITRATE) -> None:
        self.bitrate = start
        self.acked = AckedRate()
        self._left = AckedRate()  # of the same packets, by when they left: no burst of arrivals in it
        self.loss = LossWatch()
        self.queue = QueueDelay()
        self.round_trip = 0.1  # s, smoothed
        self.brake = Brake()
        self.drops = 0  # how often congestion was seen
        self._trend = DelayTrend()
        self._grown_at: float | None = None
        self._feedback_at: float | None = None
        self._decreased_at = float("-inf")
        self._draining = False
        self._limit: float | None = None  # delivered when congestion was seen: mean and deviation, bit/s
        self._limit_deviation = 0.0
        self._packet_bits = 9600.0
        self._lost_before = 0.0  # the loss for which less was sent
        self._believed = start  # before all video was stopped

    @property
    def signal(self) -> str:
        """What the delay says: normal, over, under."""
        return self._trend.signal

    def feedback(self, results: Sequence[PacketResult], now: float, whole: bool = True) -> None:
        """The client tells of these packets, in the order in which they were sent. Not `whole`: it told of
        others before them, and that was lost."""
        self._feedback_at = now
        lost = bytes_acked = acked = 0
        newest = 0.0
        over = False
        trend = self._trend
        ways = []
        for sent, arrived, size in results:
            if arrived is None:
                lost += 1
                continue
            acked += 1
            bytes_acked += size
            newest = max(newest, sent)
            ways.append(arrived - sent)
            self.acked.add(arrived, size)
            self._left.add(sent, size)
            trend.packet(sent, arrived)
            over = over or trend.signal == "over"
        if not results:
            return
        self.loss.add(len(results), lost, now)
        queued = self.queue.seconds
        self.queue.add(ways, now)
        if not whole:
            self.brake.missed()
        self._stop_or_go(results, now)
        if acked:
            self.round_trip += (min(max(now - newest, 0.0), 2.0) - self.round_trip) / 8
            self._packet_bits += (bytes_acked * 8 / acked - self._packet_bits) / 16
        self._draining = self._draining and self.queue.seconds > STANDING_SECONDS
        over = over and self.queue.seconds > SHOWN_SECONDS
        if self.brake.on:
            self._grown_at = now
            return
        over = over or self.queue.seconds > max(LONG_QUEUE_SECONDS, queued)
        # Where feedback was lost it is not known what was delivered: the next one tells it better.
        self._act(over and whole, now)

    @property
    def allowed(self) -> float:
        """What may be sent now, bit/s: less than `bitrate` while a queue has to drain."""
        if not self._draining:
            return self.bitrate
        return self.bitrate * max(1.0 + STANDING_SECONDS - self.queue.seconds, MIN_DRAIN)

    def _stop_or_go(self, results: Sequence[PacketResult], now: float) -> None:
        """A queue that rises steeply stops all video; what it drained at is the path's rate."""
        brake = self.brake
        if not brake.feedback(results, self.queue.base, self.bitrate, self._left.bitrate, now):
            return
        assert brake.rate is not None
        if brake.on:
            self.drops += 1
            self._believed = self.bitrate
        self._decreased_at = now
        self._limit, self._limit_deviation = brake.rate, 0.0
        self.bitrate = max(min(DECREASE * brake.rate, self._believed), MIN_BITRATE)
        self._trend = DelayTrend()

    def _act(self, over: bool, now: float) -> None:
        since = now - self._decreased_at
        if over:
            if since >= max(DECREASE_SECONDS, min(self.round_trip, 0.5)):
                self._decrease(DECREASE * self._delivered(), now)
        elif self.loss.excess:
            if since >= LOSS_SECONDS + self.round_trip:
                self._lose(now)
        elif self._trend.signal == "normal" and not self.loss.hinders:
            self._grow(self.acked.bitrate, now)
            return
        self._grown_at = now

    def _delivered(self) -> float:
        """What the path delivers now, bit/s; the estimate as long as we cannot tell."""
        known = [rate for rate in (self.acked.bitrate, self.acked.recent()) if rate is not None]
        # Behind a long queue the newest arrivals are the path's rate. Else they may be a burst's, and the
        # mean that of a source which sends little.
        choose = min if self.queue.seconds > LONG_QUEUE_SECONDS else max
        return choose(known, default=self.bitrate)

    def _lose(self, now: float) -> None:
        """More is lost than the path's own: send less, unless that was tried just now and changed nothing."""
        ratio = self.loss.ratio
        if self._lost_before and ratio >= STAYED * self._lost_before:
            self.loss.accept()
            self._lost_before = 0.0
            return
        self._lost_before = ratio
        self._decrease(min(LOSS_DECREASE * (self.acked.bitrate or math.inf), 0.9 * self.bitrate), now)

    def _decrease(self, bitrate: float, now: float) -> None:
        delivered = self.acked.bitrate
        if delivered is not None:
            if self._limit is None or abs(delivered - self._limit) > 3 * self._deviation():
                self._limit, self._limit_deviation = delivered, 0.0
            else:
                off = delivered - self._limit
                self._limit += 0.05 * off
                self._limit_deviation += 0.05 * (abs(off) - self._limit_deviation)
        self.drops += 1
        self._decreased_at = now
        self._draining = self.queue.seconds > STANDING_SECONDS
        self.bitrate = max(min(bitrate, self.bitrate), MIN_BITRATE)

    def _deviation(self) -> float:
        """Of the limit where congestion was seen, bit/s."""
        assert self._limit is not None
        return max(self._limit_deviation, 0.05 * self._limit)

    def _grow(self, delivered: float | None, now: float) -> None:
        self._lost_before = 0.0
        passed = min(now - self._grown_at, 1.0) if self._grown_at is not None else 0.0
        self._grown_at = now
        if delivered is None:
            return
        if self._limit is not None and delivered > self._limit + 3 * self._deviation():
            self._limit = None  # the path carries more than it did
        if self._limit is not None:
            response = self.round_trip + RESPONSE_SECONDS
            grown = self.bitrate + max(0.5 * self._packet_bits / response, MIN_ADDITIVE) * passed
        else:
            grown = self.bitrate * INCREASE**passed
        grown = min(grown, HEADROOM * delivered + HEADROOM_BITRATE, MAX_BITRATE)
        proven = DECREASE * min(delivered, self._left.bitrate or 0.0)
        if self.queue.seconds < STANDING_SECONDS and proven > self.bitrate:
            grown = max(grown, self.bitrate + (proven - self.bitrate) * passed / PROVEN_SECONDS)
        self.bitrate = max(self.bitrate, grown)

    def silence(self, sending: bool, now: float) -> None:
        """Call it a few times a second; `sending`: packets go out that the client should tell of."""
        if self._feedback_at is None or not sending:
            self._feedback_at = now if not sending and self._feedback_at is not None else self._feedback_at
            return
        if now - self._feedback_at >= SILENCE_SECONDS and now - self._decreased_at >= SILENCE_SECONDS / 2:
            self.drops += 1
            self._decreased_at = self._grown_at = now
            self.bitrate = max(self.bitrate * SILENCE_DECREASE, MIN_BITRATE)

    def probed(self, bitrate: float, carried: bool, now: float) -> None:
        """A probe was delivered at this rate, or, not `carried`, held up at this rate.

        It only ever raises the estimate; near the limit only when it was carried, since what a burst takes
        from a full path it takes from others.
        """
        if bitrate <= self.bitrate or now - self._decreased_at < DECREASE_SECONDS:
            return
        if self._limit is not None:
            if not carried:
                return
            if bitrate <= self._limit + 3 * self._deviation():
                bitrate = min(bitrate, self.bitrate + PROBED_STEP)
            else:
                self._limit = None
        self.bitrate = max(self.bitrate, min(bitrate, MAX_BITRATE))

    def remb(self, bitrate: int, now: float) -> None:
        """The client's own estimate, where it gives no transport-wide feedback."""
        if self._feedback_at is None:
            if bitrate < self.bitrate:
                self.drops += 1
                self._decreased_at = now
            self.bitrate = min(max(float(bitrate), MIN_BITRATE), MAX_BITRATE)
