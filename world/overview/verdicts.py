"""Figures for people: rates out of counters, and how good somebody's media is. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from signaling.control import Quality, SessionQuality

Verdict = Literal["none", "good", "fair", "poor"]

# With NACK and RTX 2 % are not noticed and 8 % are; a conversation is uneasy above 300 ms there and back
# (ITU-T G.114: 150 ms one way is fine, 400 ms is not).
FAIR_LOSS, POOR_LOSS = 0.02, 0.08
FAIR_SECONDS, POOR_SECONDS = 0.2, 0.4


@dataclass(frozen=True, slots=True)
class Flow:
    """One session between two looks: kbit/s of media both ways, packets lost on the way to us (0..1)."""

    up_kbit: float
    down_kbit: float
    up_loss: float


def per_second(before: float, after: float, seconds: float) -> float:
    """The rate of a counter; 0 where it began anew or no time has passed."""
    return (after - before) / seconds if seconds > 0 and after >= before else 0.0


def flow(before: SessionQuality | None, after: SessionQuality, seconds: float) -> Flow:
    """What flowed in between. Without an earlier look nothing is known of rates."""
    if before is None:
        return Flow(0.0, 0.0, 0.0)
    packets = max(0, after.up_packets - before.up_packets)
    lost = max(0, after.up_lost - before.up_lost)
    return Flow(
        per_second(before.up_bytes, after.up_bytes, seconds) * 8 / 1000,
        per_second(before.down_bytes, after.down_bytes, seconds) * 8 / 1000,
        lost / (packets + lost) if lost else 0.0,
    )


def verdict(session: SessionQuality | None, flows: Flow) -> Verdict:
    """How good somebody's media is: `none` without any connection."""
    if session is None or not session.connected:
        return "none"
    loss = max(flows.up_loss, session.loss)
    if loss > POOR_LOSS or session.round_trip > POOR_SECONDS:
        return "poor"
    if loss > FAIR_LOSS or session.round_trip > FAIR_SECONDS:
        return "fair"
    return "good"


def mean_loss(quality: Quality) -> float:
    """The mean of what listeners report (0..1); -1 where nobody has."""
    known = [session.loss for session in quality.sessions if session.loss >= 0]
    return sum(known) / len(known) if known else -1.0


def median_round_trip(quality: Quality) -> float:
    """The median (s); -1 where nobody has reported."""
    known = sorted(session.round_trip for session in quality.sessions if session.round_trip >= 0)
    return known[len(known) // 2] if known else -1.0
