"""When RTCP says what: the rules behind keyframe requests and synchronisation. Pure.

`now` is seconds of a clock that never goes back; `wall` is Unix seconds. The wire is `sfu.rtp.rtcp`,
NACK and reception reports have their own rules there, and the hands are `sfu.rtcp.desk`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from sfu.rtp.sequence import MASK_32
from sfu.rtp.sr import NTP_EPOCH
from signaling.ratelimit import TokenBucket

# Chromium makes at most one keyframe in about 300 ms, on all simulcast layers at once.
KEYFRAME_INTERVAL = 0.3
# And a source's publisher is asked for so many in any second at most, whoever waits: each costs as much as
# ten ordinary pictures.
KEYFRAMES_A_SECOND = 2
# A request or its keyframe may be lost while somebody waits for a first picture.
KEYFRAME_RETRY = 0.5
# Receiver reports and bitrate limits to publishers.
REPORT_INTERVAL = 1.0
# Sender reports of one slot while its source stays the same: clocks drift slowly, and a publisher with
# fifty listeners would make fifty of each of its own (RFC 3550 §6.2 has 5 s between reports too).
SLOT_REPORT_INTERVAL = 5.0
# But for the second one of a slot with a new source: a browser knows how two clocks run, and keeps sound and
# picture in step, from two reports on. Chromium looks at the newest once a second, so sooner were no use.
SECOND_REPORT_SECONDS = 1.2
# A publisher's clock may run so much slower than ours (200 ppm; a quartz is good for 50), and a report is
# at most so late: what says more is another clock, of a machine that slept or was set anew.
MAX_DRIFT = 200e-6
MAX_LATE_SECONDS = 1.0
# Sound and pictures on their way are younger than that, and a silent voice says so four times a second (DTX).
MAX_AGE_SECONDS = 0.5
# What each video of a publisher may take, without better knowledge of its path (bit/s).
MAX_VIDEO_BITRATE = 2_500_000
# Packets that one listener may ask for again, a second and at once: beyond that the retransmissions
# would be the congestion.
NACK_RATE = 1000.0
NACK_BURST = 500.0
# Pictures that one slot may ask for anew, a second and at once. Each costs the publisher's other listeners
# quality, and a listener on an honest path is repaired by retransmission before it asks.
PICTURE_RATE = 0.3
PICTURE_BURST = 10.0


class PictureBudget:
    """How often one slot's listener is believed that it needs a new picture. `rate` a second.

    What it repeats while the picture it asked for may still be on its way costs nothing.
    """

    __slots__ = ("_asked_at", "_bucket")

    def __init__(self, rate: float = PICTURE_RATE) -> None:
        self._bucket = TokenBucket(rate, PICTURE_BURST)
        self._asked_at: float | None = None

    def take(self, now: float) -> bool:
        """Whether this request counts (`now` in seconds)."""
        if self._asked_at is not None and now - self._asked_at < KEYFRAME_RETRY:
            return True
        if not self._bucket.take(now):
            return False
        self._asked_at = now
        return True


class KeyframeRequests:
    """Requests for one source, coalesced over its layers. `request` and `due` say whether to send one now."""

    __slots__ = ("_pending", "_sent")

    def __init__(self) -> None:
        self._sent: deque[float] = deque(maxlen=KEYFRAMES_A_SECOND)
        self._pending = False

    @property
    def pending(self) -> bool:
        """Whether a request waits for its time."""
        return self._pending

    def request(self, now: float) -> bool:
        """Somebody needs a keyframe."""
        self._pending = True
        return self.due(now, waiting=False)

    def due(self, now: float, waiting: bool) -> bool:
        """Time has passed; `waiting` says that a slot still has no picture."""
        if not (self._pending or waiting):
            return False
        if self._sent:
            if now - self._sent[-1] < (KEYFRAME_INTERVAL if self._pending else KEYFRAME_RETRY):
                return False
            if len(self._sent) == KEYFRAMES_A_SECOND and now - self._sent[0] < 1.0:
                return False
        self._sent.append(now)
        self._pending = False
        return True


class PublisherClock:
    """Translates one publisher's NTP clock into ours.

    The least difference seen is taken, for the network only adds, and it grows by MAX_DRIFT until it is seen
    again. Audio and video of a publisher share it, so lips keep matching, and two publishers whose clocks
    disagree do not make a browser delay one of them.
    """

    __slots__ = ("_at", "_offset")

    def __init__(self) -> None:
        self._offset = 0.0
        self._at: float | None = None

    def observe(self, ntp: int, wall: float) -> None:
        """A sender report with this 64-bit NTP time arrived at `wall`."""
        offset = wall - _unix(ntp)
        if self._at is not None and offset < self._offset + MAX_LATE_SECONDS:
            offset = min(offset, self._offset + max(0.0, wall - self._at) * MAX_DRIFT)
        self._offset, self._at = offset, wall

    def to_wall(self, ntp: int) -> float:
        """Our Unix seconds for the publisher's NTP time. Before any `observe`: unchanged."""
        return _unix(ntp) + self._offset


def _unix(ntp: int) -> float:
    return ntp / (1 << 32) - NTP_EPOCH


@dataclass(frozen=True, slots=True)
class SampledAt:
    """What a sender report says: this RTP timestamp was sampled at this NTP time."""

    ntp: int
    timestamp: int


def timestamp_at(wall: float, sampled: SampledAt, clock: PublisherClock, clock_rate: int, offset: int) -> int:
    """A slot's RTP timestamp at `wall`: its source's, counted on from the report, plus the slot's `offset`.

    So a slot's own reports can be sent at any time, also before its new source reports again (Chromium
    does so every four seconds for audio).
    """
    elapsed = wall - clock.to_wall(sampled.ntp)
    return (sampled.timestamp + round(elapsed * clock_rate) + offset) & MASK_32


def is_present(timestamp: int, last: int, clock_rate: int) -> bool:
    """Whether a slot's `timestamp` for now fits what it sends, whose last packet had `last`.

    It does not where the source's timestamps stood still since it reported, as Chromium's do for a voice that
    is muted: then that report says nothing any more.
    """
    ahead = (timestamp - last + 0x80000000 & MASK_32) - 0x80000000
    return abs(ahead) <= MAX_AGE_SECONDS * clock_rate
