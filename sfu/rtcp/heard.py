"""What listeners report of the streams that they get (RFC 3550 §6.4): loss and round trip. Pure.

Loss is what was lost of what was sent between two reports, over all streams of the session; both figures are
smoothed a little. Nothing is decided by them here: they are for those who run the place.
"""

from __future__ import annotations

from collections.abc import Collection

from sfu.rtp import rtcp
from sfu.rtp.errors import PacketError
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
        """Whether a packet is worth `take`: reports come first in it, and the last ones are a second old."""
        if len(packet) < 8 or packet[1] not in REPORTS:
            return False
        known = self._sessions.get(session)
        return known is None or now - known.at >= SECONDS

    def take(self, session: str, ssrcs: Collection[int], packet: bytes, now: float, ntp: int) -> None:
        """A compound packet of a listener; `ssrcs` are its slots', `now` in s, `ntp` our own NTP time."""
        if not self.due(session, packet, now):
            return
        known = self._sessions.setdefault(session, _Session())
        try:
            items = rtcp.parse(packet)
        except PacketError:
            return
        known.at = now
        blocks = [
            block
            for item in items
            if isinstance(item, rtcp.SenderReport | rtcp.ReceiverReport)
            for block in item.blocks
            if block.ssrc in ssrcs
        ]
        sent = lost = 0
        for block in blocks:
            before = known.totals.get(block.ssrc)
            known.totals[block.ssrc] = block.lost, block.highest
            if before is not None and 0 <= block.highest - before[1] <= MAX_JUMP:
                sent += block.highest - before[1]
                lost += max(0, block.lost - before[0])
        if sent:
            known.loss = _smoothed(known.loss, min(1.0, lost / sent))
        trips = [trip for b in blocks if (trip := round_trip(b.last_sr, b.delay, ntp)) is not None]
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
