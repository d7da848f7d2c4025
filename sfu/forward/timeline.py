"""Where a slot's time goes on when another producer begins to feed it. Pure; as in plane_listeners.c.

By the wall clock, unless the producer before was of the same group (simulcast layers of one source): then
by that source's own clock, so that pictures keep their distance and lips stay with them. The two have to
agree roughly, for a group's clock is only as good as the sender reports that it is made of.
"""

from __future__ import annotations

from typing import NamedTuple

from sfu.forward.contract import MAX_BEHIND_MS, MAX_SKEW_MS
from sfu.rtp.sequence import MASK_32


class Sync(NamedTuple):
    """A producer's RTP timestamp at an instant that all producers of its group have in common."""

    group: int
    timestamp: int


class Left(NamedTuple):
    """The producer that fed the slot before: its clock, and what was added to its timestamps."""

    sync: Sync
    offset: int


def step_to(
    timestamp: int, last: int, elapsed: float, clock_rate: int, sync: Sync | None, left: Left | None
) -> tuple[int, int]:
    """Ticks from the last timestamp sent to that of a first packet with this `timestamp` of its producer.

    `elapsed` is wall-clock seconds since the last packet was sent. Time that would go back stands still (one
    tick): the second value is how far the mapping then is ahead of the group's clock.
    """
    step = max(1, round(elapsed * clock_rate))
    if sync is None or left is None or sync.group != left.sync.group:
        return step, 0
    aligned = timestamp + left.offset + left.sync.timestamp - sync.timestamp
    ahead = (aligned - last + 0x80000000 & MASK_32) - 0x80000000
    per_ms = clock_rate // 1000
    if abs(ahead - step) > MAX_SKEW_MS * per_ms or ahead < -MAX_BEHIND_MS * per_ms:
        return step, 0
    return (ahead, 0) if ahead >= 1 else (1, 1 - ahead)
