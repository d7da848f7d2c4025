"""Receiver's figures between reports (RFC 3550 §6.4.1, §A.3): totals in, report blocks out."""

from __future__ import annotations

from sfu.rtp.rtcp import ReportBlock


class ReceptionReport:
    """Makes the report blocks about one source; remembers the totals of the last one."""

    def __init__(self, ssrc: int) -> None:
        self.ssrc = ssrc
        self._expected = 0
        self._received = 0
        self._last_sr = 0
        self._last_sr_at = 0.0

    def sender_report(self, middle_ntp: int, now: float) -> None:
        """A sender report of the source came in (`sr.middle` of its NTP time)."""
        self._last_sr = middle_ntp
        self._last_sr_at = now

    def block(self, first: int, highest: int, packets: int, jitter: int, now: float) -> ReportBlock:
        """The block for now; `first` and `highest` extended, `packets` received, `jitter` in ticks."""
        expected = highest - first + 1 if packets else 0
        interval = expected - self._expected
        lost = interval - (packets - self._received)
        self._expected, self._received = expected, packets
        delay = int((now - self._last_sr_at) * 65536) if self._last_sr else 0
        return ReportBlock(
            ssrc=self.ssrc,
            fraction_lost=min(255, lost * 256 // interval) if interval > 0 and lost > 0 else 0,
            lost=expected - packets,
            highest=highest,
            jitter=jitter,
            last_sr=self._last_sr,
            delay=delay,
        )
