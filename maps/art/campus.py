"""The Campus: a larger house with a library, meeting rooms, workplaces, a reception and a chill room."""

from __future__ import annotations

from maps.art import decor, house, plants, seats, shelves, tables
from maps.art import interior as i
from maps.art.palette import (
    CORAL,
    CREAM,
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
)
from maps.art.scene import TILE, Scene

COLUMNS, ROWS = 40, 30
TITLE = "Campus"
DESCRIPTION = "A whole house: reception, library, workplaces, four rooms to meet in and one to do nothing in."

UPPER, LOWER = 9, 19  # rows of the inner walls
# name, class, first column, first row, columns, rows: the inner tiles of each room
ROOMS = (
    ("library", "public", 1, 2, 10, 7),
    ("meeting_room", "", 12, 2, 9, 7),
    ("brainstorm_room", "", 22, 2, 8, 7),
    ("admin_room", "", 31, 2, 8, 7),
    ("reception", "", 1, 10, 11, 9),
    ("Hall", "", 12, 10, 27, 9),
    ("chill_room", "", 1, 20, 12, 9),
    ("workplace", "public", 14, 20, 14, 9),
    ("focus_room", "", 29, 20, 10, 9),
)
SPAWNS = (
    ("Spawn_main", 432.0, 464.0),
    ("Spawn_2", 432.0, 512.0),
    ("Spawn_3", 496.0, 464.0),
    ("Spawn_4", 496.0, 512.0),
    ("Spawn_admin", 1120.0, 240.0),
)


def paint() -> Scene:
    """The whole map."""
    scene = Scene(COLUMNS, ROWS)
    scene.zones = [
        (name, class_, column * 32.0, row * 32.0, columns * 32.0, rows * 32.0)
        for name, class_, column, row, columns, rows in ROOMS
    ]
    scene.spawns = list(SPAWNS)
    _floors(scene)
    house.build(
        scene,
        (
            house.Across(UPPER, ((5, MUSTARD), (15, TEAL), (25, CORAL), (32, PLUM))),
            house.Across(LOWER, ((6, LEAF), (19, NAVY), (33, CORAL))),
        ),
        (
            *(house.Partition(column, 0, UPPER) for column in (11, 21, 30)),
            *(house.Partition(column, LOWER, ROWS - 1) for column in (13, 28)),
        ),
    )
    _library(scene)
    _meeting(scene)
    _brainstorm(scene)
    _admin(scene)
    _reception(scene)
    _hall(scene)
    _chill(scene)
    _workplace(scene)
    _focus(scene)
    scene.close_pockets()
    return scene


def _floors(scene: Scene) -> None:
    floor = scene.floor
    i.tile_over(floor, i.planks(PALE_WOOD, 2, 41), 0, 0, COLUMNS * TILE, ROWS * TILE)
    for pattern, x, y, width, height in (
        (i.planks(DARK_WOOD, 3, 42), 32, 64, 336, 224),
        (i.carpet(TEAL, 2, 43), 368, 64, 320, 224),
        (i.parquet(PALE_WOOD, 2, 44), 688, 64, 288, 224),
        (i.carpet(NAVY, 2, 45), 976, 64, 272, 224),
        (i.stone_tiles(STONE, 3, 46), 32, 320, 352, 288),
        (i.planks(WOOD, 3, 47), 32, 640, 400, 288),
        (i.carpet(STONE, 1, 48), 432, 640, 480, 288),
        (i.parquet(WOOD, 2, 49), 912, 640, 336, 288),
    ):
        i.tile_over(floor, pattern, x, y, width, height)


def _chairs(scene: Scene, tones: Ramp, *places: tuple[int, int, str]) -> None:
    for x, y, facing in places:
        scene.seat(seats.chair(facing, tones), x, y, facing)


def _windows(scene: Scene, *places: tuple[int, int]) -> None:
    for x, width in places:
        scene.walls.stamp(i.window(width), x, 17)
        i.sunbeam(scene, x + 8, 66, width, 74, max(2, width // 24))


def _library(scene: Scene) -> None:
    for k, column in enumerate((1, 3, 7, 9)):
        scene.stand(shelves.bookshelf(100 + k, 62, 66, DARK_WOOD), column, 2, 2, 1, 0, -2)
    _windows(scene, (164, 54))
    scene.stand(shelves.bookshelf(110, 62, 58, WOOD), 2, 5, 2, 1, 0, 0)
    scene.stand(shelves.bookshelf(111, 62, 58, WOOD), 8, 5, 2, 1, 0, 0)
    scene.floor.stamp(decor.rug(132, 84, CORAL), 128, 128)
    scene.stand(tables.round_table(WOOD), 5, 4, 2, 1, 0, 12)
    for x, y, tones in ((136, 130, MUSTARD), (220, 130, TEAL)):
        scene.seat(seats.stool(tones), x, y)
    scene.stand(plants.floor_lamp(), 1, 7, 1, 1)
    scene.above.stamp(plants.light_pool(60), -12 + 0, 150)
    scene.stand(plants.plant(120, "bush", CREAM), 10, 7, 1, 1)
    scene.walls.stamp(i.name_plate(MUSTARD), 236, UPPER * 32 + 6)


def _meeting(scene: Scene) -> None:
    _windows(scene, (396, 54), (612, 54))
    scene.walls.stamp(decor.whiteboard(), 482, 15)
    _chairs(scene, MUSTARD, *((x, 84, "down") for x in (452, 490, 528, 566)))
    scene.stand(tables.meeting_table(152, 54, 8, WOOD), 14, 3, 5, 2, 0, 6)
    _chairs(scene, MUSTARD, *((x, 160, "up") for x in (452, 490, 528, 566)))
    scene.stand(plants.plant(130, "palm", CORAL), 12, 2, 1, 1)
    scene.stand(plants.plant(131, "spikes", TEAL), 20, 7, 1, 1)
    scene.walls.stamp(i.name_plate(TEAL), 556, UPPER * 32 + 6)


def _brainstorm(scene: Scene) -> None:
    _windows(scene, (712, 44), (914, 44))
    scene.walls.stamp(decor.wall_screen(), 800, 15)
    scene.walls.stamp(decor.note_board(36), 876, 17)
    scene.floor.stamp(decor.round_rug(72, PLUM), 748, 110)
    scene.stand(tables.coffee_table(WOOD, 48), 25, 4, 1, 1, 4, 10)
    for k, (x, y) in enumerate(((752, 118), (856, 116), (760, 176), (852, 178))):
        scene.seat(seats.beanbag((CORAL, TEAL, MUSTARD, LEAF)[k]), x, y)
    scene.stand(shelves.bookshelf(141, 30, 66, PALE_WOOD), 22, 2, 1, 1, 0, -2)
    scene.stand(plants.plant(142, "bush", MUSTARD), 29, 2, 1, 1)
    scene.stand(plants.plant(143, "palm", TEAL), 29, 7, 1, 1)
    scene.walls.stamp(i.name_plate(CORAL), 876, UPPER * 32 + 6)


def _admin(scene: Scene) -> None:
    _windows(scene, (1004, 54), (1180, 44))
    scene.walls.stamp(decor.picture(1), 1090, 20)
    scene.walls.stamp(decor.picture(2), 1124, 20)
    scene.stand(tables.desk("back", 150, 62, DARK_WOOD), 34, 4, 2, 1, 0, 4)
    _chairs(scene, PLUM, (1108, 94, "down"), (1084, 168, "up"), (1132, 168, "up"))
    scene.stand(shelves.bookshelf(151, 62, 66, DARK_WOOD), 37, 2, 2, 1, -2, -2)
    scene.stand(seats.sofa("right", 88, CORAL), 31, 4, 1, 2, 4, 18)
    scene.stand(plants.plant(152, "bush", TEAL), 31, 2, 1, 1)
    scene.stand(plants.floor_lamp(), 38, 6, 1, 1)
    scene.above.stamp(plants.light_pool(60), 1172, 112)
    scene.walls.stamp(i.name_plate(PLUM), 1002, UPPER * 32 + 6)


def _reception(scene: Scene) -> None:
    scene.floor.stamp(decor.rug(200, 120, NAVY), 92, 400)
    scene.stand(tables.meeting_table(126, 34, 160, DARK_WOOD), 4, 12, 4, 1, 0, 6)
    _chairs(scene, CORAL, (148, 356, "down"), (204, 356, "down"))
    scene.walls.stamp(decor.bunting(118), 248, UPPER * 32 + 4)
    scene.stand(seats.sofa("right", 92, TEAL), 1, 13, 1, 3, 2, -4)
    scene.stand(seats.sofa("up", 92, TEAL), 4, 16, 3, 1, 0, 0)
    scene.stand(plants.plant(161, "palm", CREAM), 1, 11, 1, 1)
    scene.stand(plants.plant(162, "bush", CORAL), 1, 17, 1, 1)
    scene.stand(plants.plant(163, "spikes", MUSTARD), 10, 12, 1, 1)
    scene.stand(shelves.water_cooler(), 1, 10, 1, 1, -2, -4)


def _hall(scene: Scene) -> None:
    for x, shown in ((400, 0), (620, 2), (700, 1)):
        scene.walls.stamp(decor.picture(shown).part(0, 0, 27, 20), x, UPPER * 32 + 3)
    scene.floor.stamp(decor.rug(240, 140, CORAL), 648, 380)
    scene.stand(seats.sofa("down", 112, TEAL), 22, 11, 4, 1, 0, 4)
    scene.stand(tables.coffee_table(DARK_WOOD, 76), 23, 13, 2, 1, 2, 8)
    scene.stand(seats.sofa("right", 88, PLUM), 20, 13, 1, 2, 6, 14)
    scene.stand(seats.sofa("left", 88, MUSTARD), 27, 13, 1, 2, -6, 14)
    scene.stand(plants.floor_lamp(), 20, 11, 1, 1)
    scene.above.stamp(plants.light_pool(66), 590, 286)
    scene.stand(plants.plant(170, "bush", CREAM), 27, 11, 1, 1)
    scene.stand(shelves.kitchen(124), 35, 10, 4, 1, 0, 4)
    scene.stand(shelves.fridge(), 34, 10, 1, 1, 0, 2)
    scene.floor.stamp(decor.rug(118, 40, TEAL), 1126, 362)
    for row in (13, 15):
        scene.stand(tables.round_table(), 36, row, 2, 1, 0, 8)
        scene.seat(seats.stool(CORAL), 1134, row * 32 + 12)
        scene.seat(seats.stool(MUSTARD), 1214, row * 32 + 12)
    scene.stand(shelves.arcade(), 30, 10, 1, 1, 0, 4)
    for column, kind in ((13, "palm"), (30, "spikes"), (38, "bush")):
        scene.stand(plants.plant(column * 9, kind, TEAL), column, 17, 1, 1)
    scene.floor.stamp(decor.round_rug(66, NAVY), 398, 440)


def _chill(scene: Scene) -> None:
    scene.floor.stamp(decor.rug(220, 130, MUSTARD), 110, 720)
    scene.stand(seats.sofa("down", 112, CORAL), 4, 22, 4, 1, 10, 0)
    scene.stand(tables.coffee_table(WOOD, 72), 6, 24, 2, 1, -6, 4)
    for k, (x, y) in enumerate(((120, 750), (300, 752), (130, 806), (288, 808))):
        scene.seat(seats.beanbag((TEAL, PLUM, LEAF, NAVY)[k]), x, y)
    scene.stand(shelves.sideboard(216, 30, WOOD), 12, 21, 1, 7, 4, 0)
    scene.stand(shelves.arcade(), 1, 21, 1, 1)
    scene.stand(shelves.arcade().flipped(), 2, 21, 1, 1, 4, 0)
    for column, row, kind in ((1, 28, "palm"), (11, 28, "bush"), (1, 24, "spikes")):
        scene.stand(plants.plant(180 + row + column, kind, CREAM), column, row, 1, 1)
    scene.stand(plants.floor_lamp(), 9, 21, 1, 1)
    scene.above.stamp(plants.light_pool(70), 234, 610)
    scene.walls.stamp(decor.bunting(120), 272, LOWER * 32 + 4)
    scene.walls.stamp(i.name_plate(LEAF), 172, LOWER * 32 + 6)


def _workplace(scene: Scene) -> None:
    for block, row in enumerate((22, 26)):
        for k in range(4):
            column = 16 + 2 * k + (k // 2) * 2
            seed = 200 + 10 * block + k
            _chairs(scene, TEAL, (column * 32 + 18, row * 32 - 32, "down"))
            scene.stand(tables.desk("back", seed), column, row, 2, 1, 0, 2)
            scene.stand(tables.desk("front", seed + 50), column, row + 1, 2, 1, 0, 6)
            if row + 2 < ROWS - 1:
                _chairs(scene, TEAL, (column * 32 + 18, row * 32 + 68, "up"))
    for column, row, kind in (
        (14, 20, "bush"),
        (27, 20, "palm"),
        (14, 28, "palm"),
        (27, 28, "bush"),
        (27, 24, "spikes"),
    ):
        scene.stand(plants.plant(210 + row + column, kind, CORAL), column, row, 1, 1)
    scene.walls.stamp(decor.note_board(66).part(0, 0, 68, 22), 730, LOWER * 32 + 2)
    scene.walls.stamp(i.name_plate(NAVY), 684, LOWER * 32 + 6)


def _focus(scene: Scene) -> None:
    scene.walls.stamp(decor.picture(0).part(0, 0, 27, 20), 980, LOWER * 32 + 3)
    _chairs(scene, NAVY, *((x, 722, "down") for x in (1010, 1048, 1086, 1124)))
    scene.stand(tables.meeting_table(168, 54, 220, PALE_WOOD), 31, 23, 6, 2, -2, 6)
    _chairs(
        scene,
        NAVY,
        *((x, 800, "up") for x in (1010, 1048, 1086, 1124)),
        (958, 756, "right"),
        (1180, 756, "left"),
    )
    scene.stand(shelves.bookshelf(221, 62, 64), 30, 20, 2, 1, 0, -2)
    scene.stand(shelves.bookshelf(222, 62, 64), 37, 20, 2, 1, 0, -2)
    scene.stand(plants.plant(223, "bush", TEAL), 29, 28, 1, 1)
    scene.stand(plants.plant(224, "palm", MUSTARD), 38, 28, 1, 1)
    scene.stand(seats.sofa("up", 92, TEAL), 32, 28, 3, 1, 0, 0)
    scene.walls.stamp(i.name_plate(CORAL), 1134, LOWER * 32 + 6)
