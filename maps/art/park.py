"""The Park: a fountain where all paths meet, a meadow, a lake, and three places to be among friends."""

from __future__ import annotations

from random import Random

from maps.art import furniture as f
from maps.art import ground as g
from maps.art import nature as n
from maps.art import outdoors as o
from maps.art.canvas import Canvas
from maps.art.interior import tile_over
from maps.art.palette import (
    CORAL,
    GRASS,
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

COLUMNS, ROWS = 50, 36
TITLE = "Park"
DESCRIPTION = "A meadow, a lake and a fountain; a pavilion, a tree house and a boat deck for private talks."

# The private places in tiles: column, row, columns, rows of what their railings enclose (inclusive).
PAVILION = (6, 6, 10, 8)
TREE_HOUSE = (36, 5, 9, 7)
BOAT = (37, 23, 8, 6)

SPAWNS = (
    ("Spawn_main", 784.0, 1040.0),
    ("Spawn_2", 736.0, 1040.0),
    ("Spawn_3", 832.0, 1040.0),
    ("Spawn_4", 784.0, 992.0),
)


def _zone(
    name: str, class_: str, box: tuple[int, int, int, int]
) -> tuple[str, str, float, float, float, float]:
    column, row, columns, rows = box
    return name, class_, column * 32.0, row * 32.0, columns * 32.0, rows * 32.0


ZONES = (
    _zone("Pavilion (private)", "private", PAVILION),
    _zone("Tree_house_room", "private", TREE_HOUSE),
    _zone("Boat_room", "private", BOAT),
    _zone("Meadow", "public", (3, 18, 18, 14)),
    _zone("Lakeside", "public", (28, 17, 8, 15)),
)


def paint() -> Scene:
    """The whole map."""
    scene = Scene(COLUMNS, ROWS)
    scene.zones, scene.spawns = list(ZONES), list(SPAWNS)
    rng = Random(2026)
    _ground(scene, rng)
    _edge_of_the_park(scene)
    _pavilion(scene)
    _tree_house(scene)
    _boat(scene)
    _plaza(scene)
    _fire_place(scene)
    _meadow(scene, rng)
    _lakeside(scene, rng)
    _trees(scene, rng)
    scene.close_pockets()
    return scene


def _ground(scene: Scene, rng: Random) -> None:
    """Grass, the paths and the lake."""
    width, height = COLUMNS * TILE, ROWS * TILE
    tile_over(scene.floor, g.grass(1), 0, 0, width, height)
    light = g.empty_mask(width, height)
    for x, y, rx, ry in (
        (330, 800, 210, 150),
        (780, 480, 250, 150),
        (1240, 340, 190, 110),
        (980, 900, 120, 150),
    ):
        g.blob(light, rng, x, y, rx, ry, 0.12)
    g.meadow_light(scene.floor, g.smooth(light), g.grass(2, 3))
    dark = g.empty_mask(width, height)
    for _ in range(20):
        g.blob(
            dark, rng, rng.randrange(width), rng.randrange(height), rng.randint(24, 60), rng.randint(16, 34)
        )
    g.fill(scene.floor, g.smooth(dark), (*GRASS[1][:3], 60))
    for _ in range(420):
        g.tuft(scene.floor, rng, rng.randrange(width), rng.randrange(height))
    for _ in range(40):
        g.flowers(scene.floor, rng, rng.randrange(width), rng.randrange(height), 14, rng.randint(3, 7))
    paths = g.empty_mask(width, height)
    wide = 58
    g.way(paths, rng, [(784, 1130), (784, 960), (784, 520)], 70)
    g.way(paths, rng, [(784, 620), (560, 600), (352, 560), (352, 420)], wide)
    g.way(paths, rng, [(800, 500), (1000, 470), (1312, 470), (1312, 370)], wide)
    g.way(paths, rng, [(784, 850), (980, 840), (1130, 830)], wide)
    g.way(paths, rng, [(784, 880), (600, 860), (430, 800), (300, 820)], 50)
    g.way(paths, rng, [(784, 520), (780, 300), (700, 190), (600, 150)], 46)
    g.path(scene.floor, g.smooth(paths), g.gravel(4))
    round_place = g.empty_mask(width, height)
    g.oval(round_place, 784, 500, 150, 118)
    g.oval(round_place, 560, 132, 74, 58)
    g.path(scene.floor, round_place, g.cobbles(5))
    lake = g.empty_mask(width, height)
    g.blob(lake, rng, 1372, 880, 205, 200, 0.1)
    g.blob(lake, rng, 1400, 700, 130, 70, 0.1)
    g.blob(lake, rng, 1230, 1000, 110, 90, 0.1)
    lake = g.smooth(lake)
    g.lake(scene.floor, lake, g.ripples(6))
    for row in range(ROWS):
        for column in range(COLUMNS):
            tile = lake.crop((column * TILE, row * TILE, column * TILE + TILE, row * TILE + TILE))
            if tile.histogram()[255] > TILE * TILE // 3:
                scene.block(column, row)


def _free(scene: Scene, box: tuple[int, int, int, int]) -> None:
    column, row, columns, rows = box
    for r in range(row, row + rows):
        for c in range(column, column + columns):
            scene.blocked[r * COLUMNS + c] = 0


def _railings(scene: Scene, box: tuple[int, int, int, int], gap: tuple[str, int], tones: Ramp) -> None:
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


def _platform(scene: Scene, box: tuple[int, int, int, int], seed: int, tones: Ramp, depth: int = 12) -> None:
    column, row, columns, rows = box
    boards = o.deck(columns * TILE, rows * TILE, seed, depth, tones)
    scene.floor.rect(column * TILE + columns * TILE, row * TILE + 10, 9, rows * TILE, shadow(60))
    scene.floor.stamp(boards, column * TILE, row * TILE)


def _pavilion(scene: Scene) -> None:
    column, row, columns, rows = PAVILION
    _free(scene, PAVILION)
    x, y, width = column * TILE, row * TILE, columns * TILE
    tile_over(scene.floor, g.cobbles(8), x, y, width, rows * TILE)
    scene.floor.rect(x + width, y + 10, 10, rows * TILE - 4, shadow(60))
    for k, level in ((0, 4), (3, 3), (8, 2)):
        scene.floor.rect(x, y + rows * TILE + k, width, 5, STONE[level])
    scene.floor.rect(x, y + rows * TILE + 13, width, 6, shadow(70))
    scene.floor.frame(x, y, width, rows * TILE, STONE[4])
    scene.floor.stamp(f.rug(176, 116, CORAL), x + 72, y + 76)
    _railings(scene, PAVILION, ("down", 10), PALE_WOOD)
    scene.floor.stamp(o.steps(64, 3), 10 * TILE, y + rows * TILE - 2)
    scene.stand(f.round_table(WOOD, 26), column + 4, row + 3, 2, 1, 0, 10)
    for cx, cy, tones in ((112, 112, TEAL), (194, 112, MUSTARD), (112, 158, PLUM), (194, 158, CORAL)):
        scene.furniture.stamp(f.stool(tones), x + cx - 4, y + cy - 16)
    scene.stand(o.bench("down"), column + 1, row + 1, 2, 1, 2, 0)
    scene.stand(o.bench("down"), column + 7, row + 1, 2, 1, -2, 0)
    scene.stand(f.plant(61, "bush", CORAL), column + 1, row + 5, 1, 1, 6, 4)
    scene.stand(f.plant(62, "bush", TEAL), column + 8, row + 5, 1, 1, -6, 4)
    for cx in (x - 2, x + width - 20):
        scene.place(o.column(96), cx, y + 34, 26)
        scene.place(o.column(50), cx, y + rows * TILE + 2, 26)
    for cx in (10 * TILE - 20, 12 * TILE):
        scene.place(o.column(50), cx, y + rows * TILE + 2, 26)
    for cx in (x + 118, x + width - 136):
        scene.place(o.column(96), cx, y + 30, 26)
    scene.above.stamp(o.beam(width + 16, 3), x - 8, y - 78)


def _tree_house(scene: Scene) -> None:
    column, row, columns, rows = TREE_HOUSE
    _free(scene, TREE_HOUSE)
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
    _platform(scene, TREE_HOUSE, 21, WOOD, 16)
    scene.floor.stamp(f.round_rug(62, TEAL), x + 82, y + 84)
    _railings(scene, TREE_HOUSE, ("down", 40), WOOD)
    scene.floor.stamp(o.steps(60, 4, WOOD), 40 * TILE + 2, y + rows * TILE - 2)
    for k, (cx, cy) in enumerate(((70, 96), (176, 92), (72, 152), (182, 150))):
        scene.furniture.stamp(f.beanbag((CORAL, MUSTARD, PLUM, LEAF)[k]), x + cx, y + cy - 16)
    scene.stand(f.coffee_table(WOOD, 48), column + 4, row + 3, 1, 1, 0, 8)
    scene.stand(f.bookshelf(77, 60, 58), column + 1, row + 1, 2, 1, 4, 0)
    scene.stand(f.floor_lamp(), column + 7, row + 1, 1, 1, -4, 0)
    scene.above.stamp(f.light_pool(56), x + 7 * TILE - 44, y + 4)
    # The crown that carries it all: behind the platform and over its corners.
    for k, (cx, cy, size) in enumerate(
        ((-34, 20, 1.25), (300, 24, 1.3), (46, -30, 1.35), (150, -46, 1.5), (242, -32, 1.35))
    ):
        crown = n.tree(300 + 3 * k, "oak", size)
        leaves = crown.part(0, 0, crown.width, int(crown.height * 0.66))
        scene.above.stamp(leaves, x + cx - leaves.width // 2, y + cy - leaves.height // 2)


def _boat(scene: Scene) -> None:
    column, row, _, rows = BOAT
    x, y = column * TILE, row * TILE
    _free(scene, BOAT)
    pier = (33, row + 2, 4, 2)
    _free(scene, pier)
    _platform(scene, pier, 31, PALE_WOOD, 10)
    for c in range(34, 37):
        scene.block(c, row + 1)
        scene.block(c, row + 4)
    _platform(scene, BOAT, 33, PALE_WOOD, 14)
    scene.floor.stamp(f.rug(140, 92, NAVY), x + 66, y + 62)
    _railings(scene, BOAT, ("left", row + 2), PALE_WOOD)
    scene.stand(f.round_table(PALE_WOOD, 22), column + 4, row + 2, 1, 1, -2, 16)
    for cx, cy in ((92, 92), (168, 92), (92, 132), (168, 132)):
        scene.furniture.stamp(f.stool(CORAL), x + cx - 8, y + cy - 14)
    scene.stand(o.bench("down"), column + 2, row + 1, 2, 1, 0, -4)
    scene.stand(f.plant(71, "palm", MUSTARD), column + 6, row + 1, 1, 1, 0, 0)
    for px, py in ((33 * TILE + 2, row * TILE + 66), (33 * TILE + 2, row * TILE + 142), (x - 18, y + 142)):
        scene.furniture.stamp(o.rope_bridge_post(), px, py - 18)
    scene.furniture.stamp(o.boat(CORAL), x + 40, y + rows * TILE + 26)
    scene.furniture.stamp(o.boat(TEAL), x + 120, y - 62)


def _plaza(scene: Scene) -> None:
    scene.stand(o.fountain(), 23, 14, 3, 2, 0, 12)
    scene.block(23, 16, 3, 1)
    for column, facing, row in ((20, "down", 12), (28, "down", 12), (20, "up", 18), (28, "up", 18)):
        scene.stand(o.bench(facing), column, row, 2, 1)
    for column, row in ((19, 14), (30, 14), (22, 26), (26, 26), (22, 21), (26, 21)):
        scene.stand(o.lamp_post(), column, row, 1, 1, 0, 0)
        scene.above.stamp(f.light_pool(60, 50), column * TILE - 44, row * TILE - 106)
    for x, y in ((20 * TILE, 10 * TILE + 12), (27 * TILE + 8, 10 * TILE + 12)):
        scene.stand(o.flower_bed(84, x), x // TILE, y // TILE, 3, 1, 0, 6)
    scene.stand(o.sign(), 22, 31, 1, 1)
    scene.block(22, 33)
    scene.block(26, 33)
    scene.place(o.gate(), 784 - 84, 34 * TILE, 30)
    scene.furniture.stamp(o.fence(104, WOOD), 784 - 52, 34 * TILE - 4)


def _fire_place(scene: Scene) -> None:
    """A camp fire with logs around it, where the northern path ends."""
    scene.stand(o.camp_fire(), 17, 3, 1, 1, 0, 12)
    scene.above.stamp(f.light_pool(70, 60), 560 - 70, 124 - 66)
    for x, y, turned in ((496, 112, False), (584, 112, True), (512, 150, True), (570, 152, False)):
        log = o.log()
        scene.furniture.stamp(log.flipped() if turned else log, x, y)


def _meadow(scene: Scene, rng: Random) -> None:
    for _ in range(30):
        g.flowers(scene.floor, rng, rng.randint(110, 660), rng.randint(600, 1010), 12, rng.randint(6, 13))
    scene.floor.stamp(o.blanket(CORAL), 336, 700)
    scene.floor.stamp(o.blanket(TEAL), 470, 900)
    scene.stand(o.picnic_table(), 13, 20, 2, 2, 0, -2)
    scene.stand(o.picnic_table(), 5, 28, 2, 2, 0, -2)
    scene.stand(o.bench("down"), 9, 19, 2, 1)
    for column, row, width in ((4, 22, 40), (17, 25, 44), (10, 30, 40), (19, 29, 36)):
        scene.stand(n.bush(column * 7, width, LEAF, berries=column % 2 == 0), column, row, 1, 1)
    for column, row in ((6, 26), (16, 31)):
        scene.stand(n.rock(column), column, row, 1, 1)
    for column, row, width in (
        (36, 17, 44),
        (45, 13, 40),
        (40, 15, 36),
        (22, 4, 40),
        (26, 3, 44),
        (33, 11, 40),
    ):
        scene.stand(n.bush(column * 5, width, LEAF, berries=column % 3 == 0), column, row, 1, 1)


def _lakeside(scene: Scene, rng: Random) -> None:
    for _ in range(14):
        g.flowers(scene.floor, rng, rng.randint(880, 1110), rng.randint(560, 1010), 11, rng.randint(5, 11))
    for column, row in ((30, 20), (30, 24), (31, 29)):
        scene.stand(o.bench("down"), column, row, 2, 1)
    scene.stand(o.sign(CORAL), 33, 23, 1, 1, -6, 0)
    for x, y in ((1148, 790), (1118, 1010), (1134, 1040), (1262, 690), (1300, 622), (1156, 950)):
        scene.furniture.stamp(n.reeds(x), x, y)
    for k, (x, y) in enumerate(((1160, 990), (1420, 1030), (1490, 700), (1210, 1030), (1500, 960))):
        scene.furniture.stamp(n.lily(k), x, y)
    for column, row in ((29, 30), (33, 20)):
        scene.stand(n.rock(column + 40, 34), column, row, 1, 1)


def _edge_of_the_park(scene: Scene) -> None:
    """Nobody leaves: a belt of trees around everything, open only to the eye at the gate."""
    for column in range(COLUMNS):
        scene.block(column, 0, 1, 2)
        scene.block(column, ROWS - 2, 1, 2)
    for row in range(ROWS):
        scene.block(0, row, 2, 1)
        scene.block(COLUMNS - 2, row, 2, 1)


def _trees(scene: Scene, rng: Random) -> None:
    """All trees, back to front, so that nearer crowns lie over farther ones."""
    spots: list[tuple[int, int, str, float]] = []
    kinds = ("oak", "oak", "pine", "oak", "birch", "pine", "autumn")
    for x in range(10, COLUMNS * TILE, 62):
        spots.append((x + rng.randint(-12, 12), 26 + rng.randint(-6, 4), rng.choice(kinds), 1.0))
        spots.append((x + 30 + rng.randint(-12, 12), 62 + rng.randint(-6, 4), rng.choice(kinds), 1.0))
        for base in (ROWS * TILE - 8, ROWS * TILE - 34):
            around = x + rng.randint(-12, 12), base + rng.randint(-6, 6)
            if abs(x - 784) > 100:
                spots.append((*around, rng.choice(kinds), 0.9))
    for y in range(90, ROWS * TILE - 50, 54):
        spots.append((22 + rng.randint(-8, 8), y, rng.choice(kinds), 0.95))
        spots.append((COLUMNS * TILE - 22 + rng.randint(-8, 8), y + 16, rng.choice(kinds), 0.95))
    inner = (
        (4, 12, "oak"),
        (22, 6, "blossom"),
        (17, 8, "birch"),
        (3, 16, "autumn"),
        (17, 14, "blossom"),
        (30, 5, "blossom"),
        (29, 10, "oak"),
        (33, 4, "pine"),
        (47, 14, "pine"),
        (42, 16, "oak"),
        (37, 17, "autumn"),
        (47, 18, "oak"),
        (4, 20, "birch"),
        (19, 21, "blossom"),
        (8, 24, "oak"),
        (5, 32, "autumn"),
        (14, 33, "pine"),
        (32, 19, "birch"),
        (30, 29, "blossom"),
        (28, 32, "oak"),
        (33, 32, "pine"),
        (46, 33, "oak"),
        (27, 6, "oak"),
        (18, 11, "pine"),
        (25, 5, "autumn"),
        (3, 5, "pine"),
        (19, 32, "blossom"),
        (31, 23, "autumn"),
        (13, 3, "oak"),
        (21, 3, "pine"),
        (45, 17, "blossom"),
        (35, 3, "birch"),
        (17, 20, "birch"),
        (3, 27, "pine"),
    )
    for column, row, kind in inner:
        scene.block(column, row)
        spots.append((column * TILE + 16, row * TILE + 28, kind, 1.05))
    spots.sort(key=lambda s: s[1])
    for index, (x, foot, kind, size) in enumerate(spots):
        thing = n.tree(index % 4 + 2, kind, 1.35 if (x, foot) == (272, 796) else size)
        n.tree_shadow(scene.floor, x, foot, size)
        scene.place(thing, x - thing.width // 2, foot, 28)
