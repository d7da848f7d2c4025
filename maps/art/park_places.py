"""The Park's three private places: platforms with railings around them and one way in.

What a railing encloses, its own tiles included, is the zone: one cannot stand beside the zone and inside.
"""

from __future__ import annotations

from maps.art import decor, plants, seats, shelves, sights, tables
from maps.art import ground as g
from maps.art import nature as n
from maps.art import outdoors as o
from maps.art.canvas import Canvas
from maps.art.interior import tile_over
from maps.art.palette import (
    CORAL,
    LEAF,
    MUSTARD,
    NAVY,
    PALE_WOOD,
    PLUM,
    STONE,
    TEAL,
    WOOD,
    Ramp,
    shadow,
)
from maps.art.scene import TILE, Scene

# The private places in tiles: column, row, columns, rows of what their railings enclose (inclusive).
PAVILION = (6, 6, 10, 8)
TREE_HOUSE = (36, 5, 9, 7)
BOAT = (37, 23, 8, 6)


def free(scene: Scene, box: tuple[int, int, int, int]) -> None:
    column, row, columns, rows = box
    for r in range(row, row + rows):
        for c in range(column, column + columns):
            scene.blocked[r * scene.columns + c] = 0


def railings(scene: Scene, box: tuple[int, int, int, int], gap: tuple[str, int], tones: Ramp) -> None:
    """Block the border tiles of a box and draw its railing, open for two tiles from `gap`.

    gap: ("down", first column) or ("left", first row).
    """
    column, row, columns, rows = box
    side, first = gap
    for c in range(column, column + columns):
        scene.block(c, row)
        if not (side == "down" and first <= c < first + 2):
            scene.block(c, row + rows - 1)
    for r in range(row, row + rows):
        scene.block(column + columns - 1, r)
        if not (side == "left" and first <= r < first + 2):
            scene.block(column, r)
    x, y, width, height = column * TILE, row * TILE, columns * TILE, rows * TILE
    scene.place(o.fence(width - 16, tones), x + 8, y + 28, 24)
    if side == "left":
        upper = first * TILE - y
        scene.furniture.stamp(o.side_fence(upper - 8, tones), x + 10, y + 8)
        scene.furniture.stamp(o.side_fence(height - upper - 64 - 8, tones), x + 10, first * TILE + 64)
    else:
        scene.furniture.stamp(o.side_fence(height - 24, tones), x + 10, y + 8)
    scene.furniture.stamp(o.side_fence(height - 24, tones), x + width - 22, y + 8)
    bottom = y + height - 2
    if side == "down":
        left = first * TILE - x
        scene.place(o.fence(left - 8, tones), x + 8, bottom, 26)
        scene.place(o.fence(width - left - 64 - 8, tones), x + left + 64, bottom, 26)
    else:
        scene.place(o.fence(width - 16, tones), x + 8, bottom, 26)


def platform(scene: Scene, box: tuple[int, int, int, int], seed: int, tones: Ramp, depth: int = 12) -> None:
    column, row, columns, rows = box
    boards = o.deck(columns * TILE, rows * TILE, seed, depth, tones)
    scene.floor.rect(column * TILE + columns * TILE, row * TILE + 10, 9, rows * TILE, shadow(60))
    scene.floor.stamp(boards, column * TILE, row * TILE)


def pavilion(scene: Scene) -> None:
    """A white pavilion with vines."""
    column, row, columns, rows = PAVILION
    free(scene, PAVILION)
    x, y, width = column * TILE, row * TILE, columns * TILE
    tile_over(scene.floor, g.cobbles(8), x, y, width, rows * TILE)
    scene.floor.rect(x + width, y + 10, 10, rows * TILE - 4, shadow(60))
    for k, level in ((0, 4), (3, 3), (8, 2)):
        scene.floor.rect(x, y + rows * TILE + k, width, 5, STONE[level])
    scene.floor.rect(x, y + rows * TILE + 13, width, 6, shadow(70))
    scene.floor.frame(x, y, width, rows * TILE, STONE[4])
    scene.floor.stamp(decor.rug(176, 116, CORAL), x + 72, y + 76)
    railings(scene, PAVILION, ("down", 10), PALE_WOOD)
    scene.floor.stamp(o.steps(64, 3), 10 * TILE, y + rows * TILE - 2)
    scene.stand(tables.round_table(WOOD, 26), column + 4, row + 3, 2, 1, 0, 10)
    for cx, cy, tones in ((112, 112, TEAL), (194, 112, MUSTARD), (112, 158, PLUM), (194, 158, CORAL)):
        scene.seat(seats.stool(tones), x + cx - 4, y + cy - 16)
    scene.stand(o.bench("down"), column + 1, row + 1, 2, 1, 2, 0)
    scene.stand(o.bench("down"), column + 7, row + 1, 2, 1, -2, 0)
    scene.stand(plants.plant(61, "bush", CORAL), column + 1, row + 5, 1, 1, 6, 4)
    scene.stand(plants.plant(62, "bush", TEAL), column + 8, row + 5, 1, 1, -6, 4)
    for cx in (x - 2, x + width - 20):
        scene.place(sights.column(96), cx, y + 34, 26)
        scene.place(sights.column(50), cx, y + rows * TILE + 2, 26)
    for cx in (10 * TILE - 20, 12 * TILE):
        scene.place(sights.column(50), cx, y + rows * TILE + 2, 26)
    for cx in (x + 118, x + width - 136):
        scene.place(sights.column(96), cx, y + 30, 26)
    scene.above.stamp(sights.beam(width + 16, 3), x - 8, y - 78)


def tree_house(scene: Scene) -> None:
    """A deck in the crown of a tree."""
    column, row, columns, rows = TREE_HOUSE
    free(scene, TREE_HOUSE)
    x, y, width = column * TILE, row * TILE, columns * TILE
    scene.floor.disc(x + width / 2 + 10, y + rows * TILE - 10, width * 0.62, 130, shadow(46))
    for tx in (x + 14, x + width - 52):
        trunk_ = Canvas(44, 90)
        n.trunk(trunk_, 22, 0, 88, 26)
        trunk_.outline(0.4)
        scene.furniture.stamp(trunk_, tx, y + rows * TILE - 26)
    scene.block(column, row + rows)
    scene.block(column + 1, row + rows)
    scene.block(column + columns - 2, row + rows)
    scene.block(column + columns - 1, row + rows)
    platform(scene, TREE_HOUSE, 21, WOOD, 16)
    scene.floor.stamp(decor.round_rug(62, TEAL), x + 82, y + 84)
    railings(scene, TREE_HOUSE, ("down", 40), WOOD)
    scene.floor.stamp(o.steps(60, 4, WOOD), 40 * TILE + 2, y + rows * TILE - 2)
    for k, (cx, cy) in enumerate(((70, 96), (176, 92), (72, 152), (182, 150))):
        scene.seat(seats.beanbag((CORAL, MUSTARD, PLUM, LEAF)[k]), x + cx, y + cy - 16)
    scene.stand(tables.coffee_table(WOOD, 48), column + 4, row + 3, 1, 1, 0, 8)
    scene.stand(shelves.bookshelf(77, 60, 58), column + 1, row + 1, 2, 1, 4, 0)
    scene.stand(plants.floor_lamp(), column + 7, row + 1, 1, 1, -4, 0)
    scene.above.stamp(plants.light_pool(56), x + 7 * TILE - 44, y + 4)
    # The crown that carries it all: behind the platform and over its corners.
    for k, (cx, cy, size) in enumerate(
        ((-34, 20, 1.25), (300, 24, 1.3), (46, -30, 1.35), (150, -46, 1.5), (242, -32, 1.35))
    ):
        crown = n.tree(300 + 3 * k, "oak", size)
        leaves = crown.part(0, 0, crown.width, int(crown.height * 0.66))
        scene.above.stamp(leaves, x + cx - leaves.width // 2, y + cy - leaves.height // 2)


def boat_deck(scene: Scene) -> None:
    """A deck on the lake, at the end of a pier."""
    column, row, _, rows = BOAT
    x, y = column * TILE, row * TILE
    free(scene, BOAT)
    pier = (33, row + 2, 4, 2)
    free(scene, pier)
    platform(scene, pier, 31, PALE_WOOD, 10)
    for c in range(34, 37):
        scene.block(c, row + 1)
        scene.block(c, row + 4)
    platform(scene, BOAT, 33, PALE_WOOD, 14)
    scene.floor.stamp(decor.rug(140, 92, NAVY), x + 66, y + 62)
    railings(scene, BOAT, ("left", row + 2), PALE_WOOD)
    scene.stand(tables.round_table(PALE_WOOD, 22), column + 4, row + 2, 1, 1, -2, 16)
    for cx, cy in ((92, 92), (168, 92), (92, 132), (168, 132)):
        scene.seat(seats.stool(CORAL), x + cx - 8, y + cy - 14)
    scene.stand(o.bench("down"), column + 2, row + 1, 2, 1, 0, -4)
    scene.stand(plants.plant(71, "palm", MUSTARD), column + 6, row + 1, 1, 1, 0, 0)
    for px, py in ((33 * TILE + 2, row * TILE + 66), (33 * TILE + 2, row * TILE + 142), (x - 18, y + 142)):
        scene.furniture.stamp(o.rope_bridge_post(), px, py - 18)
    scene.furniture.stamp(sights.boat(CORAL), x + 40, y + rows * TILE + 26)
    scene.furniture.stamp(sights.boat(TEAL), x + 120, y - 62)
