"""Which zone a point is in: the one rule that decides rooms, routers and who may hear whom.

A point is inside bounds when x <= px < x + width and y <= py < y + height: of two zones that share an
edge exactly one has it. Where zones overlap the one with the smallest area wins (a room drawn inside a
hall is the room), of equal areas the one with the smallest id. Outside every zone is None: public
space.
"""

from __future__ import annotations

from collections.abc import Iterable

from signaling.messages import Bounds, ZoneInfo
from world.records import ZoneRecord

# Zones are looked up by tiles of this size (px), so that a map with hundreds of zones costs the same.
TILE = 256.0
_ROW = 1 << 24


def contains(bounds: Bounds, x: float, y: float) -> bool:
    """Whether (x, y) is inside; edges are half-open."""
    return bounds.x <= x < bounds.x + bounds.width and bounds.y <= y < bounds.y + bounds.height


def precedence(zone: ZoneRecord) -> tuple[float, str]:
    """Smallest first: the order in which overlapping zones win."""
    return (zone.bounds.width * zone.bounds.height, zone.id)


class ZoneMap:
    """The zones of one server, clipped to a map of `width` × `height` px."""

    def __init__(self, zones: Iterable[ZoneRecord], width: float, height: float) -> None:
        self.zones: dict[str, ZoneRecord] = {zone.id: zone for zone in zones}
        # Of each tile: left, top, right, bottom and the zone, in the order in which they win.
        self._tiles: dict[int, list[tuple[float, float, float, float, ZoneRecord]]] = {}
        for zone in sorted(self.zones.values(), key=precedence):
            b = zone.bounds
            left, right = max(0.0, b.x), min(width, b.x + b.width)
            top, bottom = max(0.0, b.y), min(height, b.y + b.height)
            if left >= right or top >= bottom:
                continue
            for tx in range(int(left // TILE), int(right // TILE) + 1):
                for ty in range(int(top // TILE), int(bottom // TILE) + 1):
                    self._tiles.setdefault(tx * _ROW + ty, []).append(
                        (b.x, b.y, b.x + b.width, b.y + b.height, zone)
                    )

    def at(self, x: float, y: float) -> ZoneRecord | None:
        """The zone of a point on the map, None for public space outside every zone."""
        tile = self._tiles.get(int(x // TILE) * _ROW + int(y // TILE))
        if tile is not None:
            for left, top, right, bottom, zone in tile:
                if left <= x < right and top <= y < bottom:
                    return zone
        return None

    def infos(self, with_meetings: bool) -> list[ZoneInfo]:
        """As clients see them; `meeting_id` only for members."""
        return [
            ZoneInfo(
                id=zone.id,
                name=zone.name,
                type=zone.type,
                bounds=zone.bounds,
                meeting_id=zone.meeting_id if with_meetings else None,
                locked=zone.locked,
                capacity=zone.capacity,
            )
            for zone in self.zones.values()
        ]


def room_of(zone: ZoneRecord | None) -> str | None:
    """The private room that a zone is, None for public space: all public zones are one space."""
    return zone.id if zone is not None and zone.type == "PRIVATE" else None
