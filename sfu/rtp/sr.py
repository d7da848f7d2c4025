"""Sender reports on their way through (RFC 3550 §6.4.1): so that lips match at the listener.

A listener aligns audio and video by the NTP times of their sender reports. A slot keeps them true by
passing on its source's pairs of NTP and RTP time, with the slot's SSRC, timestamps and counts, and the
NTP time moved onto the server's clock, by one shift for all streams of a publisher.
"""

from __future__ import annotations

from dataclasses import replace

from sfu.rtp.rtcp import SenderReport
from sfu.rtp.sequence import MASK_32

NTP_EPOCH = 2208988800  # s from 1900 to 1970


def ntp_time(unix: float) -> int:
    """Seconds since 1970 as 64-bit NTP time (32.32)."""
    return int((unix + NTP_EPOCH) * 2**32)


def middle(ntp: int) -> int:
    """The middle 32 bits (16.16 s): what `last_sr` of a report block refers to."""
    return ntp >> 16 & MASK_32


def rewrite(
    report: SenderReport, ssrc: int, timestamp_offset: int, packets: int, octets: int, ntp_shift: int = 0
) -> SenderReport:
    """The source's report as that of a slot.

    `timestamp_offset` and the counts are those of `SlotState`; `ntp_shift` (32.32 s) is added to the NTP
    time. Report blocks are about other streams and left out.
    """
    return replace(
        report,
        ssrc=ssrc,
        ntp=report.ntp + ntp_shift,
        timestamp=report.timestamp + timestamp_offset & MASK_32,
        packets=packets,
        octets=octets,
        blocks=(),
    )


def round_trip(last_sr: int, delay: int, now_ntp: int) -> float | None:
    """Seconds of round trip out of a report block that came in now; None before the first SR."""
    if not last_sr:
        return None
    ticks = middle(now_ntp) - last_sr - delay & MASK_32
    return 0.0 if ticks >= 0x80000000 else ticks / 65536  # clocks that step back give no negative time
