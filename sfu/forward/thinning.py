"""Which packets a slot with a limit on temporal layers takes. Pure; the same as `pass` in plane_slots.c.

Pictures are taken or dropped whole. Going down holds from the next picture on; one goes up a layer only
at a picture that depends on the base layer alone (the Y bit of RFC 7741 §4.2). What is dropped lowers the
numbers of all that follows; a late packet keeps the mapping that was in force when its numbers were passed.
"""

from __future__ import annotations

from collections.abc import Iterable

from sfu.forward.contract import MAX_TEMPORAL
from sfu.forward.pictures import Picture

# Runs of dropped packets that are remembered for late ones and retransmission: four seconds at 30 fps.
THIN_SEGMENTS = 64


class Thinning:
    """One slot's state while packets are looked at. `newest` is the source's number seen last."""

    __slots__ = ("allowed", "dropped", "limit", "newest", "skips", "timestamp")

    def __init__(self, limit: int, allowed: int, newest: int, timestamp: int) -> None:
        self.limit = limit
        self.allowed = allowed
        self.newest = newest
        self.timestamp = timestamp  # of the picture that `newest` belongs to, as the source has it
        self.skips = False  # that picture
        self.dropped = 0

    @classmethod
    def of_new_source(cls, limit: int, first: int, timestamp: int) -> Thinning:
        """From a keyframe on every layer may be taken at once."""
        return cls(limit, limit, first - 1, timestamp)

    @classmethod
    def from_now_on(cls, limit: int, newest: int, timestamp: int) -> Thinning:
        """All layers were taken so far."""
        return cls(limit, MAX_TEMPORAL, newest, timestamp)

    def takes(self, layer: int) -> bool:
        """Whether a layer is taken at present."""
        return layer <= self.allowed

    def look(self, sequence: int, timestamp: int, picture: Picture | None) -> tuple[bool, bool]:
        """For a packet newer than `newest`: is it dropped, and does a picture begin that is dropped whole."""
        self.newest = sequence
        begins = timestamp != self.timestamp
        if begins:
            self.timestamp = timestamp
            layer = picture.layer if picture is not None else -1
            self.allowed = min(self.allowed, self.limit)
            if self.allowed < layer <= self.limit and picture is not None and picture.sync:
                self.allowed = layer
            self.skips = layer > self.allowed
        self.dropped += self.skips
        return self.skips, begins and self.skips


def find_late(stretches: Iterable[tuple[int, int]], sequence: int) -> int | None:
    """Which stretch a late packet of the source belongs to, counted from the newest (0).

    `stretches` are (first slot number, offset), newest first. None: it was dropped, or is forgotten.
    """
    end: int | None = None
    for place, (first, offset) in enumerate(stretches):
        if sequence >= first - offset:
            return None if end is not None and sequence + offset >= end else place
        end = first
    return None
