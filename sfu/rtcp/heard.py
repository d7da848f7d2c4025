"""What listeners report of the streams that they get (RFC 3550 §6.4): loss and round trip. Pure.

Loss is what was lost of what was sent between two reports, over all streams of the session; both figures are
smoothed a little. Nothing is decided by them here: they are for those who run the place.
"""

from __future__ import annotations

from collections.abc import Collection

from sfu.rtp import rtcp
from sfu.rtp.sr import round_trip

SECONDS = 1.0
SMOOTHING = 0.4
# Packet types that carry report blocks.
REPORTS = (200, 201)
# A stream whose numbers jump by more has begun anew (MAX_DROPOUT of RFC 3550 §A.1).
MAX_JUMP = 30_000


class _Session:
    def __init__(self) -> None:
        self.at = float("-inf")
        self.totals: dict[int, tuple[int, int]] = {}  # by SSRC: lost, highest
        self.loss = -1.0
        self.round_trip = -1.0


class Heard:
    """`of` tells (loss 0..1, round trip in s), -1 where a session has not reported."""

    def __init__(self) -> None:
        self._sessions: dict[str, _Session] = {}

    def due(self, session: str, packet: bytes, now: float) -> bool:
        """Whether a packet is worth `take`: report blocks come first, and the last ones are a second old."""
        if len(packet) < 8 or packet[1] not in REPORTS or not packet[0] & 0x1F:
            return False
        known = self._sessions.get(session)
        return known is None or now - known.at >= SECONDS

    def take(self, session: str, ssrcs: Collection[int], packet: bytes, now: float, ntp: int) -> None:
        """A packet of a listener that is `due`; `ssrcs` are its slots', `now` in s, `ntp` our NTP time."""
        known = self._sessions.setdefault(session, _Session())
        known.at = now
        sent = lost = 0
        trips = []
        for ssrc, lost_now, highest, last_sr, delay in rtcp.reports_in(packet):
            if ssrc not in ssrcs:
                continue
            before = known.totals.get(ssrc)
            known.totals[ssrc] = lost_now, highest
            if before is not None and 0 <= highest - before[1] <= MAX_JUMP:
                sent += highest - before[1]
                lost += max(0, lost_now - before[0])
            trip = round_trip(last_sr, delay, ntp)
            if trip is not None:
                trips.append(trip)
        if sent:
            known.loss = _smoothed(known.loss, min(1.0, lost / sent))
        if trips:
            known.round_trip = _smoothed(known.round_trip, min(trips))

    def of(self, session: str) -> tuple[float, float]:
        """(loss, round trip)."""
        known = self._sessions.get(session)
        return (known.loss, known.round_trip) if known is not None else (-1.0, -1.0)

    def keep(self, sessions: Collection[str]) -> None:
        """Forget all others."""
        for gone in self._sessions.keys() - set(sessions):
            del self._sessions[gone]


def _smoothed(before: float, now: float) -> float:
    return now if before < 0 else before + (now - before) * SMOOTHING
