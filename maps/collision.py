"""Where feet can be and which straight steps they can take: the geometry of walking.

A player is a foot box of 2 * FOOT_HALF_WIDTH by 2 * FOOT_HALF_HEIGHT px, centred on (x, y). It may
touch a blocking tile's edge and the map's edge but not reach over it. A step is the box swept along a
segment, tested exactly: the box meets a tile iff the segment meets the tile grown by the half sides,
so that no angle and no step length slips through a wall or between two tiles that touch at a corner.

A summed-area table answers "does this rectangle of tiles hold a blocking one" with four look-ups, so
that an ordinary step costs about the same on any map.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from math import ceil, floor, hypot

FOOT_HALF_WIDTH = 8
FOOT_HALF_HEIGHT = 5
# px that a box may reach into a tile: swallows float rounding of positions computed elsewhere.
TOLERANCE = 1e-6
# Distances (px) that free_places tries to keep between its places, best first.
PLACE_SPACINGS = (32, 16, 8)
MAX_PLACES = 4096


class Collision:
    """The blocking tiles of one map. Immutable after construction; safe to share."""

    __slots__ = ("_blocked", "_sums", "columns", "height", "rows", "tile", "width")

    def __init__(self, columns: int, rows: int, tile: int, blocked: bytes | bytearray) -> None:
        """`blocked` holds columns * rows bytes, row by row; non-zero blocks. `tile` in px.

        Raises ValueError when the sizes do not fit together.
        """
        if columns < 1 or rows < 1 or tile < 1 or len(blocked) != columns * rows:
            raise ValueError(f"{len(blocked)} cells for a map of {columns} x {rows} tiles of {tile} px")
        self.columns = columns
        self.rows = rows
        self.tile = tile
        self.width = columns * tile
        self.height = rows * tile
        self._blocked = bytes(blocked)
        # _sums[r * (columns + 1) + c]: blocking tiles above row r and left of column c.
        stride = columns + 1
        sums = array("I", bytes(4 * stride * (rows + 1)))
        for row in range(rows):
            running = 0
            here = (row + 1) * stride + 1
            for column in range(columns):
                if self._blocked[row * columns + column]:
                    running += 1
                sums[here + column] = sums[here + column - stride] + running
        self._sums = sums

    def blocks(self, column: int, row: int) -> bool:
        """Whether the tile blocks; what lies outside the map does."""
        if not (0 <= column < self.columns and 0 <= row < self.rows):
            return True
        return self._blocked[row * self.columns + column] != 0

    def free(self, x: float, y: float) -> bool:
        """Whether feet at (x, y) px stay on the map and off every blocking tile."""
        if not self._inside(x, y):
            return False
        return not self._any(*self._span_x(x, x), *self._span_y(y, y))

    def clear_path(self, x0: float, y0: float, x1: float, y1: float) -> bool:
        """Whether feet can go straight from (x0, y0) to (x1, y1) px, both of which must be free."""
        if not (self._inside(x0, y0) and self._inside(x1, y1)):
            return False
        left, right = self._span_x(x0, x1) if x0 <= x1 else self._span_x(x1, x0)
        top, bottom = self._span_y(y0, y1) if y0 <= y1 else self._span_y(y1, y0)
        if not self._any(left, right, top, bottom):
            return True
        if not (self.free(x0, y0) and self.free(x1, y1)):
            return False
        dx, dy, tile = x1 - x0, y1 - y0, self.tile
        reach = FOOT_HALF_WIDTH - TOLERANCE
        for column in range(left, right + 1):
            # The part of the segment on which the box overlaps this column, as [start, end] of 0..1.
            start, end = 0.0, 1.0
            if dx:
                a = (column * tile - reach - x0) / dx
                b = ((column + 1) * tile + reach - x0) / dx
                start, end = max(start, min(a, b)), min(end, max(a, b))
                if start > end:
                    continue
            ya, yb = y0 + dy * start, y0 + dy * end
            span = self._span_y(ya, yb) if ya <= yb else self._span_y(yb, ya)
            if self._any(column, column, *span):
                return False
        return True

    def nearest_free(self, x: float, y: float) -> tuple[float, float]:
        """The free place nearest to (x, y) px, or (x, y) itself when it is free.

        Raises LookupError when no place of the map is free, ValueError when x or y is not finite.
        """
        if self.free(x, y):
            return x, y
        if not abs(x) + abs(y) < float("inf"):
            raise ValueError("a place must be finite")
        best: tuple[float, float] | None = None
        best_distance = float("inf")
        column = min(max(floor(x / self.tile), 0), self.columns - 1)
        row = min(max(floor(y / self.tile), 0), self.rows - 1)
        outside = hypot(x - min(max(x, 0), self.width), y - min(max(y, 0), self.height))
        for ring in range(max(self.columns, self.rows)):
            if best is not None and (ring - 1) * self.tile > best_distance + outside:
                break
            for c, r in _ring(column, row, ring):
                if self.blocks(c, r):
                    continue
                for place in self._places_of_tile(c, r, x, y):
                    distance = hypot(place[0] - x, place[1] - y)
                    if distance < best_distance and self.free(*place):
                        best, best_distance = place, distance
        if best is None:
            raise LookupError("no place of this map is free")
        return best

    def free_places(
        self, x: float, y: float, width: float, height: float, count: int
    ) -> list[tuple[float, float]]:
        """Up to `count` distinct free places in the rectangle, nearest its centre first.

        They are 32 px apart where the rectangle has room for that, else 16, else 8; fewer than
        `count` (perhaps none) when even those do not fit. `count` is bounded by MAX_PLACES.
        """
        left, right = max(x, 0.0), min(x + width, float(self.width))
        top, bottom = max(y, 0.0), min(y + height, float(self.height))
        if not (left < right and top < bottom):
            return []
        count = min(count, MAX_PLACES)
        places: list[tuple[float, float]] = []
        for spacing in PLACE_SPACINGS:
            places = self._grid_places((left, top, right, bottom), spacing, count)
            if len(places) >= count:
                break
        return places

    def _grid_places(
        self, box: tuple[float, float, float, float], spacing: int, count: int
    ) -> list[tuple[float, float]]:
        left, top, right, bottom = box
        cx, cy = (left + right) / 2, (top + bottom) / 2
        found: list[tuple[float, float, float]] = []
        rings = ceil(max(right - left, bottom - top) / 2 / spacing) + 1
        last = rings
        for ring in range(rings):
            if ring > last:
                break
            for i, j in _ring(0, 0, ring):
                px, py = cx + i * spacing, cy + j * spacing
                if left <= px < right and top <= py < bottom and self.free(px, py):
                    found.append((hypot(px - cx, py - cy), px, py))
            if last == rings and len(found) >= count:
                last = ceil(ring * 1.4143)  # a corner of this ring is as far as the side of that one
        found.sort()
        return [(px, py) for _, px, py in found[:count]]

    def _places_of_tile(self, column: int, row: int, x: float, y: float) -> Iterator[tuple[float, float]]:
        """The place in a free tile next to (x, y), and places that fit between small tiles."""
        left, top, tile = column * self.tile, row * self.tile, self.tile
        if tile < 2 * FOOT_HALF_WIDTH:
            yield left + tile / 2, top + tile / 2
            yield float(left), float(top)
            return
        # The box wholly in this tile, or over its edge when the neighbours are free too.
        for reach_x in (0, FOOT_HALF_WIDTH):
            for reach_y in (0, FOOT_HALF_HEIGHT):
                yield (
                    min(max(x, left + reach_x), left + tile - reach_x),
                    min(max(y, top + reach_y), top + tile - reach_y),
                )

    def _inside(self, x: float, y: float) -> bool:
        return (
            FOOT_HALF_WIDTH <= x <= self.width - FOOT_HALF_WIDTH
            and FOOT_HALF_HEIGHT <= y <= self.height - FOOT_HALF_HEIGHT
        )

    def _span_x(self, low: float, high: float) -> tuple[int, int]:
        """First and last column that the box touches while x goes from low to high."""
        reach, tile = FOOT_HALF_WIDTH - TOLERANCE, self.tile
        return floor((low - reach) / tile), ceil((high + reach) / tile) - 1

    def _span_y(self, low: float, high: float) -> tuple[int, int]:
        reach, tile = FOOT_HALF_HEIGHT - TOLERANCE, self.tile
        return floor((low - reach) / tile), ceil((high + reach) / tile) - 1

    def _any(self, left: int, right: int, top: int, bottom: int) -> bool:
        """Whether a tile of these columns and rows (inclusive, on the map) blocks."""
        sums, stride = self._sums, self.columns + 1
        low, high = top * stride, (bottom + 1) * stride
        return (sums[high + right + 1] - sums[high + left] - sums[low + right + 1] + sums[low + left]) != 0

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Collision):
            return NotImplemented
        return (self.columns, self.tile, self._blocked) == (other.columns, other.tile, other._blocked)

    def __hash__(self) -> int:
        return hash((self.columns, self.tile, self._blocked))


def _ring(column: int, row: int, radius: int) -> Iterator[tuple[int, int]]:
    """The cells at Chebyshev distance `radius`."""
    if radius == 0:
        yield column, row
        return
    for c in range(column - radius, column + radius + 1):
        yield c, row - radius
        yield c, row + radius
    for r in range(row - radius + 1, row + radius):
        yield column - radius, r
        yield column + radius, r
