"""The Park: a fountain where all paths meet, a meadow, a lake, and three places to be among friends."""

from __future__ import annotations

from random import Random

from maps.art import ground as g
from maps.art import nature as n
from maps.art import outdoors as o
from maps.art import park_places, plants, sights
from maps.art.interior import tile_over
from maps.art.palette import (
    CORAL,
    GRASS,
    LEAF,
    TEAL,
    WOOD,
)
from maps.art.scene import TILE, Scene

COLUMNS, ROWS = 50, 36
TITLE = "Park"
DESCRIPTION = "A meadow, a lake and a fountain; a pavilion, a tree house and a boat deck for private talks."

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
    _zone("Pavilion (private)", "private", park_places.PAVILION),
    _zone("Tree_house_room", "private", park_places.TREE_HOUSE),
    _zone("Boat_room", "private", park_places.BOAT),
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
    park_places.pavilion(scene)
    park_places.tree_house(scene)
    park_places.boat_deck(scene)
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
    g.way(paths, rng, [(784, 520), (780, 300), (730, 190), (650, 150)], 46)
    g.path(scene.floor, g.smooth(paths), g.gravel(4))
    round_place = g.empty_mask(width, height)
    g.oval(round_place, 784, 500, 150, 118)
    g.oval(round_place, 624, 132, 74, 58)
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


def _plaza(scene: Scene) -> None:
    scene.stand(sights.fountain(), 23, 14, 3, 2, 0, 12)
    scene.block(23, 16, 3, 1)
    for column, facing, row in ((20, "down", 12), (28, "down", 12), (20, "up", 18), (28, "up", 18)):
        scene.stand(o.bench(facing), column, row, 2, 1)
    for column, row in ((19, 14), (30, 14), (22, 26), (26, 26), (22, 21), (26, 21)):
        scene.stand(o.lamp_post(), column, row, 1, 1, 0, 0)
        scene.above.stamp(plants.light_pool(60, 50), column * TILE - 44, row * TILE - 106)
    for x, y in ((20 * TILE, 10 * TILE + 12), (27 * TILE + 8, 10 * TILE + 12)):
        scene.stand(o.flower_bed(84, x), x // TILE, y // TILE, 3, 1, 0, 6)
    scene.stand(o.sign(), 22, 31, 1, 1)
    scene.block(22, 33)
    scene.block(26, 33)
    scene.place(sights.gate(), 784 - 84, 34 * TILE, 30)
    scene.furniture.stamp(o.fence(104, WOOD), 784 - 52, 34 * TILE - 4)


def _fire_place(scene: Scene) -> None:
    """A camp fire with logs around it, where the northern path ends."""
    scene.stand(sights.camp_fire(), 19, 3, 1, 1, 0, 12)
    scene.above.stamp(plants.light_pool(70, 60), 624 - 70, 124 - 66)
    for x, y, turned in ((560, 112, False), (648, 112, True), (576, 150, True), (634, 152, False)):
        log = sights.log()
        scene.furniture.stamp(log.flipped() if turned else log, x, y)


def _meadow(scene: Scene, rng: Random) -> None:
    for _ in range(30):
        g.flowers(scene.floor, rng, rng.randint(110, 660), rng.randint(600, 1010), 12, rng.randint(6, 13))
    scene.floor.stamp(sights.blanket(CORAL), 336, 700)
    scene.floor.stamp(sights.blanket(TEAL), 470, 900)
    scene.stand(sights.picnic_table(), 13, 20, 2, 2, 0, -2)
    scene.stand(sights.picnic_table(), 5, 28, 2, 2, 0, -2)
    scene.stand(o.bench("down"), 9, 19, 2, 1)
    for column, row, width in ((4, 22, 40), (17, 25, 44), (10, 30, 40), (19, 29, 36)):
        scene.stand(n.bush(column * 7, width, LEAF, berries=column % 2 == 0), column, row, 1, 1)
    for column, row in ((6, 26), (16, 31)):
        scene.stand(n.rock(column), column, row, 1, 1)
    for column, row, width in (
        (36, 17, 44),
        (45, 13, 40),
        (40, 15, 36),
        (23, 3, 40),
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
        (17, 9, "blossom"),
        (22, 9, "birch"),
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
        (16, 3, "pine"),
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
