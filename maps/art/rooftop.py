"""The Rooftop: a terrace over a city at dusk, with strings of lights, a fire and three private decks."""

from __future__ import annotations

from random import Random

from maps.art import decor, dusk, park_places, plants, seats, shelves, sights, tables
from maps.art import ground as g
from maps.art import interior as i
from maps.art import nature as n
from maps.art import outdoors as o
from maps.art.dusk import Lamp
from maps.art.palette import (
    BLOSSOM,
    CORAL,
    DARK_WOOD,
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

COLUMNS, ROWS = 38, 28
TITLE = "Rooftop"
DESCRIPTION = "A terrace over the city at dusk: a fire, a bar, a garden, and three decks for private talks."

SKY_ROWS = 4
BACK = SKY_ROWS * TILE  # px: where the parapet stands
FRONT_ROW = 26
SIDE = 22  # px of the outer columns that lie beyond the roof

# The private decks in tiles: column, row, columns, rows of what their railings enclose (inclusive).
GLASS_HOUSE = (3, 7, 9, 7)
SKY_LOUNGE = (26, 7, 9, 7)
CINEMA = (25, 17, 10, 7)

ZONES = tuple(
    (name, class_, column * 32.0, row * 32.0, columns * 32.0, rows * 32.0)
    for name, class_, (column, row, columns, rows) in (
        ("Glass_house", "private", GLASS_HOUSE),
        ("Sky_lounge", "private", SKY_LOUNGE),
        ("Cinema", "private", CINEMA),
        ("Bar", "public", (14, 5, 10, 5)),
        ("Garden", "public", (2, 17, 11, 8)),
    )
)
SPAWNS = (
    ("Spawn_main", 608.0, 784.0),
    ("Spawn_2", 560.0, 784.0),
    ("Spawn_3", 656.0, 784.0),
    ("Spawn_4", 608.0, 736.0),
)


def paint() -> Scene:
    """The whole map."""
    scene = Scene(COLUMNS, ROWS)
    scene.zones, scene.spawns = list(ZONES), list(SPAWNS)
    _roof(scene)
    lamps = [*_glass_house(scene), *_sky_lounge(scene), *_cinema(scene)]
    lamps += [*_bar(scene), *_fire_place(scene), *_garden(scene), *_strings(scene)]
    dusk.light(scene, lamps, BACK - 6)
    dusk.sky(scene.floor, BACK, 7)
    scene.close_pockets()
    return scene


def _roof(scene: Scene) -> None:
    """Paving, the parapet around it, and the front of the house below."""
    width, height = COLUMNS * TILE, ROWS * TILE
    i.tile_over(scene.floor, i.stone_tiles(STONE, 2, 41), 0, BACK, width, height - BACK)
    walk = g.empty_mask(width, height)
    g.oval(walk, 608, 496, 132, 100)
    g.fill_pattern(scene.floor, walk, g.cobbles(9))
    dusk.parapet(scene, 0, BACK, width, STONE)
    scene.block(0, 0, COLUMNS, SKY_ROWS + 1)
    scene.block(0, 0, 1, ROWS)
    scene.block(COLUMNS - 1, 0, 1, ROWS)
    scene.block(0, FRONT_ROW, COLUMNS, ROWS - FRONT_ROW)
    bottom = FRONT_ROW * TILE
    for x in (0, width - SIDE):
        scene.walls.rect(x, BACK, SIDE, bottom - BACK + 8, STONE[4])
        scene.walls.rect(x, BACK, 1, bottom - BACK, STONE[5])
        scene.walls.rect(x + SIDE - 1, BACK, 1, bottom - BACK, STONE[1])
    scene.floor.rect(SIDE, BACK + 30, 6, bottom - BACK - 30, shadow(60))
    scene.walls.rect(0, bottom, width, 10, STONE[4])
    scene.walls.rect(0, bottom, width, 1, STONE[5])
    i.tile_over(scene.walls, i.stone_tiles(STONE, 1, 42), 0, bottom + 10, width, height - bottom - 10)
    scene.walls.rect(0, bottom + 10, width, 4, shadow(110))
    rng = Random(5)
    for x in range(28, width - 40, 62):
        warm = rng.random() < 0.6
        scene.walls.rect(x, bottom + 26, 26, 30, DARK_WOOD[0])
        scene.walls.rect(x + 2, bottom + 28, 22, 28, MUSTARD[4] if warm else NAVY[1])
        scene.walls.rect(x + 12, bottom + 28, 2, 28, DARK_WOOD[0])
        scene.walls.rect(x - 2, bottom + 24, 30, 3, STONE[4])


def _deck(scene: Scene, box: tuple[int, int, int, int], tones: Ramp, seed: int) -> tuple[int, int]:
    """A private deck with its boards; railings come last. Returns its upper left corner in px."""
    park_places.free(scene, box)
    park_places.platform(scene, box, seed, tones)
    return box[0] * TILE, box[1] * TILE


def _glass_house(scene: Scene) -> list[Lamp]:
    """Plants all around a table."""
    x, y = _deck(scene, GLASS_HOUSE, PALE_WOOD, 11)
    column, row = GLASS_HOUSE[:2]
    scene.floor.stamp(decor.rug(150, 84, TEAL), x + 69, y + 84)
    park_places.railings(scene, GLASS_HOUSE, ("down", column + 4), PALE_WOOD)
    scene.stand(tables.round_table(WOOD, 24), column + 4, row + 3, 2, 1, -16, 6)
    for cx, cy, tones in ((86, 96, CORAL), (178, 96, MUSTARD), (86, 138, PLUM), (178, 138, LEAF)):
        scene.seat(seats.stool(tones), x + cx, y + cy)
    for k, (dx, kind, pot) in enumerate(
        ((1, "palm", TEAL), (2, "bush", CORAL), (6, "spikes", MUSTARD), (7, "palm", PLUM))
    ):
        scene.stand(plants.plant(70 + k, kind, pot), column + dx, row + 1, 1, 1)
    scene.stand(plants.plant(76, "bush", PLUM), column + 1, row + 5, 1, 1, 4, 2)
    scene.stand(plants.plant(77, "bush", CORAL), column + 7, row + 5, 1, 1, -4, 2)
    scene.above.stamp(sights.beam(9 * TILE + 12, 12), x - 6, y - 40)
    return [Lamp(x + 144, y + 118, 150, 0.85), Lamp(x + 40, y + 30, 60, 0.6), Lamp(x + 250, y + 30, 60, 0.6)]


def _sky_lounge(scene: Scene) -> list[Lamp]:
    """Sofas with a view."""
    x, y = _deck(scene, SKY_LOUNGE, DARK_WOOD, 12)
    column, row = SKY_LOUNGE[:2]
    scene.floor.stamp(decor.rug(170, 100, PLUM), x + 59, y + 74)
    park_places.railings(scene, SKY_LOUNGE, ("down", column + 3), DARK_WOOD)
    scene.stand(seats.sofa("down", 100, CORAL), column + 3, row + 1, 3, 1, 0, 8)
    scene.stand(seats.sofa("right", 84, MUSTARD), column + 1, row + 3, 1, 2, 8, 6)
    scene.stand(seats.sofa("left", 84, TEAL), column + 7, row + 3, 1, 2, -8, 6)
    scene.stand(tables.coffee_table(WOOD, 64), column + 3, row + 3, 3, 1, 0, 2)
    scene.stand(plants.floor_lamp(), column + 1, row + 1, 1, 1, 0, 2)
    scene.stand(plants.floor_lamp(), column + 7, row + 1, 1, 1, 0, 2)
    return [Lamp(x + 48, y + 56, 92, 0.9), Lamp(x + 240, y + 56, 92, 0.9), Lamp(x + 144, y + 130, 110, 0.5)]


def _cinema(scene: Scene) -> list[Lamp]:
    """A screen, and bean bags before it."""
    x, y = _deck(scene, CINEMA, WOOD, 13)
    column, row = CINEMA[:2]
    park_places.railings(scene, CINEMA, ("left", row + 3), WOOD)
    scene.block(column + 3, row + 1, 4, 1)
    screen = dusk.cinema_screen()
    scene.place(screen, x + 160 - screen.width // 2, y + 66, 20)
    scene.floor.stamp(decor.rug(190, 96, NAVY), x + 65, y + 92)
    for cx, cy, tones in (
        (76, 92, CORAL),
        (144, 100, MUSTARD),
        (212, 92, TEAL),
        (100, 138, PLUM),
        (188, 138, LEAF),
    ):
        scene.seat(seats.beanbag(tones), x + cx, y + cy, "up")
    scene.stand(plants.plant(81, "palm", CORAL), column + 1, row + 1, 1, 1, 4, 2)
    scene.stand(plants.plant(82, "palm", TEAL), column + 8, row + 1, 1, 1, -4, 2)
    return [Lamp(x + 160, y + 30, 110, 0.9), Lamp(x + 160, y + 130, 90, 0.35)]


def _bar(scene: Scene) -> list[Lamp]:
    """The bar at the back, with stools before it."""
    scene.stand(shelves.kitchen(), 15, 5, 4, 1, 0, 6)
    scene.stand(shelves.fridge(), 19, 5, 1, 1, 4, 4)
    scene.stand(shelves.arcade(), 21, 5, 1, 1, 0, 4)
    for k, tones in enumerate((CORAL, MUSTARD, TEAL, PLUM)):
        scene.seat(seats.stool(tones), 486 + 30 * k, 204, "up")
    for column, pot in ((14, CORAL), (22, MUSTARD)):
        scene.stand(plants.plant(90 + column, "spikes", pot), column, 5, 1, 1, 0, 4)
    for column in (15, 21):
        scene.stand(tables.round_table(), column, 8, 2, 1, -16, 8)
    return [Lamp(540, 200, 120, 0.9), Lamp(690, 190, 60, 0.7)]


def _fire_place(scene: Scene) -> list[Lamp]:
    """A fire where everybody passes, and seats around it."""
    scene.stand(sights.camp_fire(), 18, 15, 1, 1, 16, 4)
    scene.stand(seats.sofa("down", 92, PLUM), 17, 12, 4, 1, 0, 6)
    scene.stand(seats.sofa("right", 80, CORAL), 15, 14, 1, 2, 8, 6)
    scene.stand(seats.sofa("left", 80, TEAL), 22, 14, 1, 2, -8, 6)
    for x, y in ((566, 544), (610, 556), (652, 544)):
        scene.seat(seats.stool(MUSTARD), x - 10, y - 14, "up")
    return [Lamp(608, 496, 150, 1.0), Lamp(608, 496, 70, 0.8)]


def _garden(scene: Scene) -> list[Lamp]:
    """Trees in beds, a bench, a blanket; and the way in."""
    lawn = g.empty_mask(COLUMNS * TILE, ROWS * TILE)
    g.oval(lawn, 222, 690, 158, 96)
    g.meadow_light(scene.floor, lawn, g.grass(3, 3))
    rng = Random(17)
    for _ in range(16):
        g.flowers(scene.floor, rng, rng.randint(110, 330), rng.randint(630, 750), 10, rng.randint(4, 8))
    scene.floor.stamp(sights.blanket(CORAL), 196, 668)
    trees = ((3, 19, "blossom"), (10, 19, "birch"), (3, 23, "oak"), (11, 23, "blossom"), (7, 18, "pine"))
    for column, row, kind in sorted(trees, key=lambda t: t[1]):
        scene.block(column, row)
        n.tree_shadow(scene.floor, column * TILE + 16, row * TILE + 28, 0.8)
        thing = n.tree(column % 4 + 2, kind, 0.85)
        scene.place(thing, column * TILE + 16 - thing.width // 2, row * TILE + 28, 28)
    scene.stand(o.bench("down"), 5, 18, 2, 1, -8, 0)
    scene.stand(o.flower_bed(84, 33), 5, 24, 3, 1, 0, 2)
    for column in (14, 23):
        scene.stand(o.lamp_post(), column, 22, 1, 1)
    for column, colour in ((16, BLOSSOM), (21, LEAF)):
        scene.stand(n.bush(column, 40, colour, berries=column == 21), column, 25, 1, 1)
    scene.floor.stamp(decor.rug(112, 40, CORAL), 608 - 56, 772)
    return [
        Lamp(14 * TILE + 16, 22 * TILE - 8, 96, 0.85),
        Lamp(23 * TILE + 16, 22 * TILE - 8, 96, 0.85),
        Lamp(222, 690, 70, 0.3),
        Lamp(608, 790, 80, 0.4),
    ]


def _strings(scene: Scene) -> list[Lamp]:
    """Strings of lights from pole to pole over the middle of the roof."""
    poles = ((13, 11), (24, 11), (13, 17), (24, 17))
    for column, row in poles:
        scene.stand(dusk.pole(), column, row, 1, 1)
    tops = [(column * TILE + 16, (row + 1) * TILE - 102) for column, row in poles]
    lamps: list[Lamp] = []
    lamps += dusk.string_lights(scene, tops[0], tops[1], 26)
    lamps += dusk.string_lights(scene, tops[2], tops[3], 26)
    lamps += dusk.string_lights(scene, (40, BACK - 2), tops[0], 22)
    lamps += dusk.string_lights(scene, tops[1], (COLUMNS * TILE - 40, BACK - 2), 22)
    return lamps
