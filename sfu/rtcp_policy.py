"""When RTCP says what: the rules behind keyframe requests, reports and synchronisation. Pure.

`now` is seconds of a clock that never goes back; `wall` is Unix seconds. Nothing here builds or parses
a packet: see `sfu.rtp.rtcp` for the wire and `sfu.rtcp_desk` for the hands.
"""

from __future__ import annotations

from dataclasses import dataclass

from sfu.forward.contract import ProducerState, SlotState

# Chromium makes at most one keyframe in about 300 ms, on all simulcast layers at once.
KEYFRAME_INTERVAL = 0.3
# A request or its keyframe may be lost while somebody waits for a first picture.
KEYFRAME_RETRY = 0.5
REPORT_INTERVAL = 1.0
# What one publisher may send up without better knowledge of its path.
MAX_VIDEO_BITRATE = 2_500_000
NTP_EPOCH = 2_208_988_800  # 1900 to 1970, seconds


class KeyframeRequests:
    """Requests for one producer, coalesced. `request` and `due` say whether to send one now."""

    __slots__ = ("_last", "_pending")

    def __init__(self) -> None:
        self._last: float | None = None
        self._pending = False

    def request(self, now: float) -> bool:
        """Somebody needs a keyframe."""
        self._pending = True
        return self.due(now, waiting=False)

    def due(self, now: float, waiting: bool) -> bool:
        """Time has passed; `waiting` says that a slot still has no picture."""
        since = None if self._last is None else now - self._last
        if self._pending:
            send = since is None or since >= KEYFRAME_INTERVAL
        else:
            send = waiting and (since is None or since >= KEYFRAME_RETRY)
        if send:
            self._last = now
            self._pending = False
        return send


def to_ntp(wall: float) -> int:
    """Unix seconds as a 64-bit NTP timestamp (RFC 3550 §4)."""
    return int((wall + NTP_EPOCH) * (1 << 32)) & 0xFFFFFFFFFFFFFFFF


def from_ntp(ntp: int) -> float:
    """A 64-bit NTP timestamp as Unix seconds (era 0)."""
    return ntp / (1 << 32) - NTP_EPOCH


def middle(ntp: int) -> int:
    """The middle 32 bits, as LSR carries them (RFC 3550 §6.4.1)."""
    return ntp >> 16 & 0xFFFFFFFF


class PublisherClock:
    """Translates one publisher's NTP clock into ours.

    The least difference ever seen is taken, for the network only adds. Audio and video of a
    publisher share it, so lips keep matching, and two publishers whose clocks disagree do not make a
    browser delay one of them.
    """

    __slots__ = ("_offset",)

    def __init__(self) -> None:
        self._offset: float | None = None

    def observe(self, ntp: int, wall: float) -> None:
        """A sender report with this NTP time arrived at `wall`."""
        offset = wall - from_ntp(ntp)
        if self._offset is None or offset < self._offset:
            self._offset = offset

    def to_wall(self, ntp: int) -> float:
        """Our Unix seconds for the publisher's NTP time. Before any `observe`: unchanged."""
        return from_ntp(ntp) + (self._offset or 0.0)


@dataclass(frozen=True, slots=True)
class SenderTime:
    """What a sender report says: this RTP timestamp was sampled at this NTP time. `at` is our `now`."""

    ntp: int
    rtp: int
    at: float


def slot_timestamp(
    report: SenderTime, clock: PublisherClock, clock_rate: int, state: SlotState, wall: float
) -> int:
    """The slot's RTP timestamp at `wall`, by the publisher's report and the slot's own offset."""
    elapsed = wall - clock.to_wall(report.ntp)
    return (report.rtp + round(elapsed * clock_rate) + state.timestamp_offset) & 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Reception:
    """The figures of one report block (RFC 3550 §6.4.1): fraction in 1/256, the last two in 1/65536 s."""

    fraction_lost: int
    total_lost: int
    highest: int
    jitter: int
    last_sr: int
    delay: int


class ReceptionReports:
    """Report blocks about one producer (RFC 3550 §A.3)."""

    __slots__ = ("_expected", "_received")

    def __init__(self) -> None:
        self._expected = 0
        self._received = 0

    def block(self, state: ProducerState, report: SenderTime | None, now: float) -> Reception:
        """The block for what has come since the last one."""
        expected = state.highest - state.first + 1
        lost = max(-0x800000, min(0x7FFFFF, expected - state.packets))
        expected_now = expected - self._expected
        lost_now = expected_now - (state.packets - self._received)
        self._expected = expected
        self._received = state.packets
        fraction = min(255, (lost_now << 8) // expected_now) if expected_now > 0 and lost_now > 0 else 0
        return Reception(
            fraction_lost=fraction,
            total_lost=lost,
            highest=state.highest & 0xFFFFFFFF,
            jitter=state.jitter & 0xFFFFFFFF,
            last_sr=middle(report.ntp) if report is not None else 0,
            delay=min(0xFFFFFFFF, int((now - report.at) * 65536)) if report is not None else 0,
        )
