"""A house seen from above: outer walls, inner walls across with doors in them, partitions between rooms.

The wall at the back is two tiles high; inner walls across are one tile high with their upper side drawn
over whoever stands close behind them; partitions are thin strips in the middle of their column.
"""

from __future__ import annotations

from dataclasses import dataclass

from maps.art import interior as i
from maps.art.canvas import CLEAR, Canvas
from maps.art.palette import SAND, STONE, Ramp, shadow
from maps.art.scene import TILE, Scene

EDGE = 18  # px of the outer columns that lie outside the house
CAP_OVER = 12  # px of an inner wall's upper side
PARTITION = 14  # px of a partition's thickness
INSET = (TILE - PARTITION) // 2


@dataclass(frozen=True)
class Across:
    """An inner wall over the whole width in tile row `row`; doors: (first of two columns, mat)."""

    row: int
    doors: tuple[tuple[int, Ramp], ...]


@dataclass(frozen=True)
class Partition:
    """A wall in tile column `column` from row `top` (0: the back wall, else an inner wall's row) down to
    the inner or outer wall of row `bottom`."""

    column: int
    top: int
    bottom: int


def build(scene: Scene, across: tuple[Across, ...], partitions: tuple[Partition, ...]) -> None:
    """Paint and block all walls. Floors are painted before: walls throw shadows on them."""
    _block(scene, across, partitions)
    width, bottom = scene.columns * TILE, (scene.rows - 1) * TILE
    left, right = TILE, width - TILE
    i.face(scene.walls, left, i.CAP_DEPTH, right - left, 2 * TILE - i.CAP_DEPTH)
    i.foot_shadow(scene, left, 2 * TILE, right - left)
    i.side_shadow(scene, left, 2 * TILE, bottom - 2 * TILE)
    caps = Canvas(width, scene.rows * TILE)
    i.cap(caps, EDGE, 0, width - 2 * EDGE, i.CAP_DEPTH)
    i.cap(caps, EDGE, 0, i.CAP_DEPTH, bottom + i.CAP_DEPTH)
    i.cap(caps, right, 0, i.CAP_DEPTH, bottom + i.CAP_DEPTH)
    i.cap(caps, EDGE, bottom, width - 2 * EDGE, i.CAP_DEPTH)
    for wall in across:
        start = left
        for stop in (*(door * TILE for door, _ in wall.doors), right):
            i.face(scene.walls, start, wall.row * TILE, stop - start, TILE)
            i.foot_shadow(scene, start, (wall.row + 1) * TILE, stop - start)
            i.cap(caps, start, wall.row * TILE - CAP_OVER, stop - start, CAP_OVER)
            start = stop + 2 * TILE
    for wall_ in partitions:
        x, top = wall_.column * TILE + INSET, max(0, wall_.top * TILE - CAP_OVER)
        i.cap(caps, x, top, PARTITION, wall_.bottom * TILE - top)
        lit = (wall_.top + 1) * TILE if wall_.top else 2 * TILE
        i.side_shadow(scene, x + PARTITION, lit, wall_.bottom * TILE - lit)
    i.cap_edges(scene, caps)
    for wall in across:
        over = wall.row * TILE - CAP_OVER
        for door, mat in wall.doors:
            i.doorway(scene, door, wall.row, 2, over - 2, mat)
        # This upper side stands before whoever is close behind it.
        strip = scene.walls.part(left, over, right - left, CAP_OVER)
        for wall_ in partitions:
            if wall_.top < wall.row <= wall_.bottom:
                gap = wall_.column * TILE + INSET - left
                strip.image.paste(CLEAR, (gap, 0, gap + PARTITION, CAP_OVER))
        scene.above.stamp(strip, left, over)
    _outside(scene, bottom + i.CAP_DEPTH)


def _block(scene: Scene, across: tuple[Across, ...], partitions: tuple[Partition, ...]) -> None:
    scene.block(0, 0, scene.columns, 2)
    scene.block(0, 0, 1, scene.rows)
    scene.block(scene.columns - 1, 0, 1, scene.rows)
    scene.block(0, scene.rows - 1, scene.columns, 1)
    for wall in across:
        for column in range(scene.columns):
            if not any(door <= column < door + 2 for door, _ in wall.doors):
                scene.block(column, wall.row)
    for wall_ in partitions:
        scene.block(wall_.column, wall_.top, 1, wall_.bottom - wall_.top + 1)


def _outside(scene: Scene, below: int) -> None:
    """What is to be seen beyond the outer walls: a strip of paving and the front of the house."""
    width, height = scene.columns * TILE, scene.rows * TILE
    for x in (0, width - EDGE):
        i.tile_over(scene.walls, i.stone_tiles(SAND, 2, 15), x, 0, EDGE, height)
    scene.walls.rect(width - EDGE, 0, 6, height, shadow(60))
    front = width - 2 * EDGE
    i.tile_over(scene.walls, i.stone_tiles(STONE, 1, 16), EDGE, below, front, height - below)
    scene.walls.rect(EDGE, below, front, 3, shadow(90))
