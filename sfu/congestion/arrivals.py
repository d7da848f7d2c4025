"""Transport-wide feedback to a publisher: what arrived of it and when, as its estimator wants to know. Pure.

Every number that arrived is told once, and with it what is missing between. A number that comes after
later ones were told of is told on its own, in the next feedback.
"""

from __future__ import annotations

from collections.abc import Iterable

from sfu.rtp.sequence import near_16
from sfu.rtp.twcc import TICKS_PER_SECOND, TransportFeedback

# Numbers that one feedback covers at most: who skips more has begun anew, or jokes.
MAX_COUNT = 512
# Arrivals further apart than this (s) do not fit one feedback (16-bit deltas of 250 µs).
MAX_APART = 4.0


class ArrivalLog:
    """One publisher's transport-wide numbers."""

    __slots__ = ("_feedbacks", "_next")

    def __init__(self) -> None:
        self._next: int | None = None  # the first number that nothing was said of
        self._feedbacks = 0

    def feedback(
        self, arrivals: Iterable[tuple[int, float]], sender_ssrc: int, media_ssrc: int
    ) -> list[TransportFeedback]:
        """What to say about these (16-bit number, s)."""
        times: dict[int, float] = {}
        newest = self._next - 1 if self._next is not None else None
        for number, at in arrivals:
            extended = number if newest is None else near_16(number, newest)
            newest = extended if newest is None else max(newest, extended)
            times.setdefault(extended, at)
        told = []
        batch: list[int] = []
        for number in sorted(times):
            if batch and (
                number - batch[0] >= MAX_COUNT or abs(times[number] - times[batch[-1]]) > MAX_APART
            ):
                told.append(self._tell(batch, times, sender_ssrc, media_ssrc))
                batch = []
            batch.append(number)
        if batch:
            told.append(self._tell(batch, times, sender_ssrc, media_ssrc))
        return told

    def _tell(
        self, batch: list[int], times: dict[int, float], sender_ssrc: int, media_ssrc: int
    ) -> TransportFeedback:
        base, last = batch[0], batch[-1]
        if self._next is not None and last - MAX_COUNT < self._next < base:
            base = self._next  # what lies between was lost
        self._next = last + 1 if self._next is None else max(last + 1, self._next)
        arrivals = tuple(
            (number & 0xFFFF, int(times[number] * TICKS_PER_SECOND) & 0xFFFFFFFF) for number in batch
        )
        self._feedbacks = self._feedbacks + 1 & 0xFF
        return TransportFeedback(
            sender_ssrc, media_ssrc, base & 0xFFFF, last - base + 1, self._feedbacks - 1 & 0xFF, arrivals
        )
