"""Where somebody who arrives is put: on firm ground, in the right zone, and not on top of others.

Candidates lie on rings around an anchor (a spawn point, the last position, the middle of a zone). The
first that is free, reachable from the anchor in a straight line, in the anchor's zone and not taken
wins. When a crowd has taken them all, people do stand close: the anchor itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from world.records import Spawn, ZoneRecord
from world.space.grid import Grid
from world.space.ground import Collision
from world.space.zones import ZoneMap, contains

# Elbow room (px): avatars are 32 px wide.
SPACING = 30.0
RINGS = 8
# How far around a spawn point people count when the emptiest is chosen (px).
SPAWN_CROWD = 150.0


def rings(x: float, y: float) -> Iterator[tuple[float, float]]:
    """(x, y), then points around it on rings `SPACING` apart: 1 + 6 + 12 + … of them."""
    yield x, y
    for ring in range(1, RINGS + 1):
        count = 6 * ring
        for step in range(count):
            angle = 2 * math.pi * step / count
            yield x + ring * SPACING * math.cos(angle), y + ring * SPACING * math.sin(angle)


class Places:
    """Finds places on one map."""

    def __init__(self, collision: Collision, zones: ZoneMap, grid: Grid, returning: bool = False) -> None:
        # Who comes back stands where they stood, however close others are.
        self._returning = returning
        self._collision = collision
        self._zones = zones
        self._grid = grid

    def beside(self, x: float, y: float) -> tuple[float, float] | None:
        """A free place at or near (x, y) in the same zone; None when (x, y) itself is no legal place."""
        if not (math.isfinite(x) and math.isfinite(y)) or not self._collision.free(x, y):
            return None
        zone = self._zones.at(x, y)
        for px, py in rings(x, y):
            if (
                self._collision.free(px, py)
                and self._collision.clear_path(x, y, px, py)
                and self._zones.at(px, py) is zone
                and (self._returning or not self._grid.anybody_within(px, py, SPACING * 0.8))
            ):
                return px, py
        return x, y

    def at_spawn(self, spawns: tuple[Spawn, ...], width: float, height: float) -> tuple[float, float]:
        """A place at the emptiest spawn point (the first of equals). A map without usable spawn points
        takes the free ground nearest to its middle."""
        crowd = sorted(
            (len(self._grid.near(spawn.x, spawn.y, SPAWN_CROWD)), order, spawn)
            for order, spawn in enumerate(spawns)
            if self._collision.free(spawn.x, spawn.y)
        )
        for _, _, spawn in crowd:
            place = self.beside(spawn.x, spawn.y)
            if place is not None:
                return place
        return self._ground_near(width / 2, height / 2, None) or (width / 2, height / 2)

    def in_zone(self, zone: ZoneRecord, x: float | None, y: float | None) -> tuple[float, float]:
        """(x, y) if it lies in the zone and is free, else a place near the zone's middle."""
        if x is not None and y is not None and contains(zone.bounds, x, y) and self._zones.at(x, y) is zone:
            place = self.beside(x, y)
            if place is not None:
                return place
        bounds = zone.bounds
        middle = bounds.x + bounds.width / 2, bounds.y + bounds.height / 2
        anchor = self._ground_near(*middle, zone)
        if anchor is None:
            return middle
        return self.beside(*anchor) or anchor

    def _ground_near(self, x: float, y: float, zone: ZoneRecord | None) -> tuple[float, float] | None:
        """The first free point on growing squares around (x, y), inside `zone` if one is given."""
        reach = max(zone.bounds.width, zone.bounds.height) if zone is not None else 64 * SPACING
        steps = min(64, int(reach / SPACING) + 1)
        for ring in range(steps):
            for dx in range(-ring, ring + 1):
                for dy in range(-ring, ring + 1):
                    if max(abs(dx), abs(dy)) != ring:
                        continue
                    px, py = x + dx * SPACING / 2, y + dy * SPACING / 2
                    if zone is not None and self._zones.at(px, py) is not zone:
                        continue
                    if self._collision.free(px, py):
                        return px, py
        return None
