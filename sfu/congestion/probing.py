"""When to try more, and what came of it: short bursts of padding above the estimate.

An estimate cannot grow far beyond what is sent, and more is sent only when the estimate has grown. A
probe cuts that knot: for PROBE_SECONDS padding fills up to a higher rate, and the arrival times say how
much of it the path carried. It is short, so that where it is too much the queue it leaves is too
(at most its length times the share by which it was too much).

A probe that was carried is followed by the next, at once; one that was not by a longer pause. There are
none while nobody would use more. Constants after libwebrtc and LiveKit, but the longest pause is short:
a path that has become wider is to be found within five seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sfu.congestion.path import PacketResult

PROBE_SECONDS = 0.06
FIRST_FACTOR = 3.0
FACTOR = 2.0
CAUTIOUS_FACTOR = 1.5  # after a probe that was not carried
NEXT_SECONDS = 0.25  # after one that was
FIRST_PAUSE_SECONDS = 1.0
PAUSE_FACTOR = 1.5
MAX_PAUSE_SECONDS = 3.5
AFTER_DROP_SECONDS = 1.5
# Feedback that has not come so long after the probe will not come.
LATE_SECONDS = 1.0
MIN_PACKETS = 5
MIN_SHARE = 0.8  # of the probe's bytes that must be known to have arrived
# What arrives slower than it was sent by more than this was held up: the path is full.
CARRIED = 0.9
FULL_SHARE = 0.95
# So much of what all streams would use is worth knowing of: a layer has to fit with a margin.
WORTH = 1.2
LEAST_STEP = 1.05
# Of what is sent otherwise, so much is counted on: audio falls silent, a still picture is small.
SURE_SHARE = 0.7
MAX_PROBE_BITRATE = 20_000_000.0


@dataclass(slots=True)
class _Probe:
    estimate: float
    bitrate: float
    begun: float
    until: float
    padded_at: float
    padding: float = 0.0  # bytes sent beside the media
    results: list[PacketResult] = field(default_factory=list)


class Prober:
    """Probes of one path."""

    __slots__ = ("_drops", "_factor", "_next_at", "_pause", "_probe", "failed", "sent", "succeeded")

    def __init__(self, now: float) -> None:
        self._probe: _Probe | None = None
        self._next_at = now
        self._pause = FIRST_PAUSE_SECONDS
        self._factor = FIRST_FACTOR
        self._drops = 0
        self.sent = self.succeeded = self.failed = 0

    @property
    def busy(self) -> bool:
        """Whether a probe is being sent: `padding` is to be asked every 10 to 20 ms."""
        return self._probe is not None

    def padding(self, estimate: float, drops: int, goal: float, sending: float, now: float) -> int:
        """How many bytes of padding to send now; begins a probe when it is time for one.

        `goal` is the rate that everybody's streams would use, `sending` what is sent now (bit/s), `drops`
        the estimator's count.
        """
        if drops != self._drops:
            # Congestion: no probe now, and carefully afterwards.
            self._drops = drops
            self._probe = None
            self._factor = CAUTIOUS_FACTOR
            self._next_at = max(self._next_at, now + AFTER_DROP_SECONDS)
            return 0
        probe = self._probe
        if probe is None:
            if now < self._next_at or goal * WORTH <= estimate:
                return 0
            bitrate = min(self._factor * estimate, goal * WORTH * LEAST_STEP, MAX_PROBE_BITRATE)
            bitrate = max(bitrate, estimate * LEAST_STEP)
            probe = self._probe = _Probe(estimate, bitrate, now, now + PROBE_SECONDS, now - PROBE_SECONDS / 3)
            self.sent += 1
        if now >= probe.until:
            if now >= probe.until + LATE_SECONDS:
                self._failed(now)
            return 0
        passed = min(now - probe.padded_at, PROBE_SECONDS)
        probe.padded_at = now
        wanted = max(probe.bitrate - SURE_SHARE * sending, 0.0) * passed / 8
        probe.padding += wanted
        return round(wanted)

    def feedback(self, results: Sequence[PacketResult], now: float) -> tuple[float, bool] | None:
        """What the client tells. The rate of a probe once it is known, and whether the path carried it."""
        probe = self._probe
        if probe is None or now < probe.begun:
            return None
        probe.results += [one for one in results if probe.begun <= one.sent <= probe.until]
        if not any(one.sent > probe.until for one in results) and now < probe.until + LATE_SECONDS / 4:
            return None
        rate = measured(probe.results)
        if rate is None:
            self._failed(now)
            return None
        carried = rate >= probe.bitrate * 0.8
        if carried and rate > probe.estimate:
            self.succeeded += 1
            self._probe = None
            self._pause = FIRST_PAUSE_SECONDS
            self._factor = FACTOR
            self._next_at = now + NEXT_SECONDS
        else:
            self._failed(now)
        return rate, carried

    def _failed(self, now: float) -> None:
        self.failed += 1
        self._probe = None
        self._next_at = now + self._pause
        self._pause = min(self._pause * PAUSE_FACTOR, MAX_PAUSE_SECONDS)
        self._factor = CAUTIOUS_FACTOR


def measured(results: Sequence[PacketResult]) -> float | None:
    """The rate (bit/s) at which the path carried these packets; None where they say too little."""
    arrived = [(one.sent, one.arrived, one.size) for one in results if one.arrived is not None]
    total = sum(one.size for one in results)
    size = sum(one[2] for one in arrived)
    if len(arrived) < MIN_PACKETS or size < MIN_SHARE * total:
        return None
    first_sent, last_sent = min(one[0] for one in arrived), max(one[0] for one in arrived)
    first = min(arrived, key=lambda one: one[1])
    last_arrived = max(one[1] for one in arrived)
    # What left last took no part of the time between the first and the last; of the arrivals, the first.
    left = size - sum(one[2] for one in arrived if one[0] == last_sent)
    came = size - first[2]
    if last_sent - first_sent < PROBE_SECONDS / 4 or last_arrived <= first[1]:
        return None
    sending = left * 8 / (last_sent - first_sent)
    receiving = came * 8 / (last_arrived - first[1])
    if receiving < CARRIED * sending:
        return FULL_SHARE * receiving
    return min(sending, receiving)
