"""The Office: three rooms above a hall, the geometry of the design's own map."""

from __future__ import annotations

from random import Random

from maps.art import interior as i
from maps.art.palette import CORAL, MUSTARD, NAVY, PALE_WOOD, PLUM, SAND, STONE, TEAL, WOOD, shadow
from maps.art.scene import Scene

COLUMNS, ROWS = 30, 20
TITLE = "Office"
DESCRIPTION = "Three meeting rooms above a sunny hall with desks, sofas and a coffee corner."

# name, class, x, y, width, height (px). No class: the type follows the name.
ZONES = (
    ("Room_1", "", 30.67, 21.33, 308.0, 232.0),
    ("Room_2", "", 368.0, 26.67, 296.0, 229.33),
    ("Room_3", "", 686.67, 26.67, 234.67, 230.67),
    ("Hall", "", 30.67, 278.67, 897.33, 330.67),
)
SPAWNS = (
    ("Spawn_main", 465.33, 577.33),
    ("Spawn_2", 417.33, 577.33),
    ("Spawn_3", 513.33, 577.33),
    ("Spawn_4", 561.33, 577.33),
)
DOORS = (5, 15, 25)  # first of two columns
PARTITIONS = (11, 21)  # columns of the walls between the rooms
WALL_ROW = 8


def paint() -> Scene:
    """The whole map."""
    scene = Scene(COLUMNS, ROWS)
    scene.zones = list(ZONES)
    scene.spawns = list(SPAWNS)
    _floors(scene)
    _walls(scene)
    return scene


def _floors(scene: Scene) -> None:
    floor = scene.floor
    i.tile_over(floor, i.planks(WOOD, 3, 11), 0, 0, COLUMNS * 32, ROWS * 32)
    i.tile_over(floor, i.carpet(TEAL, 2, 12), 32, 64, 11 * 32 - 16, 192)
    i.tile_over(floor, i.parquet(PALE_WOOD, 2, 13), 368, 64, 320, 192)
    i.tile_over(floor, i.carpet(PLUM, 2, 14), 688, 64, 240, 192)


def _walls(scene: Scene) -> None:
    width, height = COLUMNS * 32, ROWS * 32
    inner_left, inner_right = 32, width - 32
    bottom = height - 32
    # Collision: the outer walls, the partitions, the wall with the doors.
    scene.block(0, 0, COLUMNS, 2)
    scene.block(0, 0, 1, ROWS)
    scene.block(COLUMNS - 1, 0, 1, ROWS)
    scene.block(0, ROWS - 1, COLUMNS, 1)
    for column in PARTITIONS:
        scene.block(column, 0, 1, WALL_ROW + 1)
    for column in range(COLUMNS):
        if not any(door <= column < door + 2 for door in DOORS):
            scene.block(column, WALL_ROW)
    # Faces and their shadows.
    i.face(scene.walls, inner_left, i.CAP_DEPTH, inner_right - inner_left, 64 - i.CAP_DEPTH)
    i.foot_shadow(scene, inner_left, 64, inner_right - inner_left)
    i.side_shadow(scene, inner_left, 64, bottom - 64)
    caps = i.Canvas(width, height)
    outer = 18
    i.cap(caps, outer, 0, width - 2 * outer, i.CAP_DEPTH)
    i.cap(caps, outer, 0, i.CAP_DEPTH, bottom + i.CAP_DEPTH)
    i.cap(caps, inner_right, 0, i.CAP_DEPTH, bottom + i.CAP_DEPTH)
    i.cap(caps, outer, bottom, width - 2 * outer, i.CAP_DEPTH)
    top = WALL_ROW * 32 - 12
    for column in PARTITIONS:
        i.cap(caps, column * 32 + 9, 0, 14, top + 12)
        i.side_shadow(scene, column * 32 + 23, 64, 192)
    left = inner_left
    for stop in (*(door * 32 for door in DOORS), inner_right):
        i.face(scene.walls, left, WALL_ROW * 32, stop - left, 32)
        i.foot_shadow(scene, left, WALL_ROW * 32 + 32, stop - left)
        i.cap(caps, left, top, stop - left, 12)
        left = stop + 64
    i.cap_edges(scene, caps)
    for door, mat in zip(DOORS, (TEAL, MUSTARD, PLUM), strict=True):
        i.doorway(scene, door, WALL_ROW, 2, top - 2, mat)
    # The upper side of the wall with the doors stands before whoever is close behind it.
    strip = scene.walls.part(inner_left, top, inner_right - inner_left, 12)
    for column in PARTITIONS:
        strip.rect(column * 32 + 9 - inner_left, 0, 14, 12, (0, 0, 0, 0))
    scene.above.stamp(strip, inner_left, top)
    _outside(scene, outer, bottom + i.CAP_DEPTH)


def _outside(scene: Scene, outer: int, below: int) -> None:
    """What is to be seen beyond the outer walls: a strip of paving and the front of the house."""
    width, height = COLUMNS * 32, ROWS * 32
    for x in (0, width - outer):
        i.tile_over(scene.walls, i.stone_tiles(SAND, 2, 15), x, 0, outer, height)
    scene.walls.rect(width - outer, 0, 6, height, shadow(60))
    i.tile_over(scene.walls, i.stone_tiles(STONE, 1, 16), outer, below, width - 2 * outer, height - below)
    scene.walls.rect(outer, below, width - 2 * outer, 3, shadow(90))
    _ = (CORAL, NAVY, Random)
