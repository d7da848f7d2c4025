"""The Office: three rooms above a hall, the geometry of the design's own map."""

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
    TEAL,
    WOOD,
    Ramp,
)
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
    house.build(
        scene,
        (house.Across(WALL_ROW, tuple(zip(DOORS, (TEAL, MUSTARD, PLUM), strict=True))),),
        tuple(house.Partition(column, 0, WALL_ROW) for column in PARTITIONS),
    )
    _room_1(scene)
    _room_2(scene)
    _room_3(scene)
    _hall(scene)
    return scene


def _floors(scene: Scene) -> None:
    floor = scene.floor
    i.tile_over(floor, i.planks(WOOD, 3, 11), 0, 0, COLUMNS * 32, ROWS * 32)
    i.tile_over(floor, i.carpet(TEAL, 2, 12), 32, 64, 11 * 32 - 16, 192)
    i.tile_over(floor, i.parquet(PALE_WOOD, 2, 13), 368, 64, 320, 192)
    i.tile_over(floor, i.planks(DARK_WOOD, 3, 14), 688, 64, 240, 192)


def _chair(scene: Scene, x: int, y: int, facing: str, tones: Ramp) -> None:
    """A chair blocks nobody: one stands in its place and seems to sit."""
    scene.seat(seats.chair(facing, tones), x, y, facing)


def _windows(scene: Scene, places: tuple[tuple[int, int], ...]) -> None:
    for x, width in places:
        scene.walls.stamp(f_window := i.window(width), x, 17)
        i.sunbeam(scene, x + 8, 66, width, 74, max(2, f_window.width // 24))


def _room_1(scene: Scene) -> None:
    """The meeting room: a long table before a whiteboard."""
    _windows(scene, ((52, 54), (284, 54)))
    scene.walls.stamp(decor.whiteboard(), 146, 15)
    scene.walls.stamp(decor.clock(), 254, 20)
    for x in (132, 166, 200, 234):
        _chair(scene, x, 78, "down", CORAL)
    scene.stand(tables.meeting_table(152, 52, 5), 4, 3, 4, 2, 0, -2)
    for x in (132, 166, 200, 234):
        _chair(scene, x, 150, "up", CORAL)
    _chair(scene, 92, 106, "right", CORAL)
    _chair(scene, 268, 106, "left", CORAL)
    scene.stand(shelves.sideboard(186, 3), 10, 2, 1, 6, 9, 0)
    scene.stand(plants.plant(1, "bush", CREAM), 1, 2, 1, 1)
    scene.stand(plants.plant(2, "palm", MUSTARD), 1, 7, 1, 1, 0, -8)
    scene.walls.stamp(i.name_plate(TEAL), 236, 262)


def _room_2(scene: Scene) -> None:
    """The workshop: bean bags around a rug, a large screen, books."""
    _windows(scene, ((442, 30), (578, 54)))
    scene.walls.stamp(decor.wall_screen(), 490, 15)
    scene.floor.stamp(decor.rug(150, 92, MUSTARD), 440, 110)
    scene.stand(tables.coffee_table(), 15, 4, 2, 1, 2, 4)
    for x, y, tones in ((444, 112, CORAL), (452, 160, TEAL), (548, 110, PLUM), (546, 158, LEAF)):
        scene.seat(seats.beanbag(tones), x, y)
    scene.stand(shelves.bookshelf(7, 60, 64), 12, 2, 2, 1, -3, -2)
    scene.stand(shelves.sideboard(186, 8, WOOD), 20, 2, 1, 6, 7, 0)
    scene.stand(plants.plant(4, "spikes", TEAL), 12, 7, 1, 1, -4, -8)
    scene.stand(plants.plant(9, "bush", CORAL), 19, 2, 1, 1, 0, -2)
    scene.walls.stamp(i.name_plate(MUSTARD), 556, 262)


def _room_3(scene: Scene) -> None:
    """The quiet lounge: sofas, a lamp, shelves."""
    _windows(scene, ((734, 46), (866, 46)))
    scene.walls.stamp(decor.picture(0), 786, 20)
    scene.walls.stamp(decor.picture(1), 820, 20)
    scene.floor.stamp(decor.rug(140, 84, CORAL), 742, 104)
    scene.stand(seats.sofa("down", 92, TEAL), 24, 2, 3, 1, 0, 8)
    scene.stand(tables.coffee_table(WOOD), 24, 4, 2, 1, 16, 4)
    scene.stand(seats.sofa("right", 84, MUSTARD), 22, 4, 1, 2, 4, 14)
    scene.stand(shelves.bookshelf(21, 30, 66, DARK_WOOD), 22, 2, 1, 1, 3, -2)
    scene.stand(plants.floor_lamp(), 28, 3, 1, 1, -4, -2)
    scene.above.stamp(plants.light_pool(58), 850, 62)
    scene.stand(plants.plant(12, "palm", CREAM), 28, 7, 1, 1, -2, -8)
    scene.walls.stamp(i.name_plate(PLUM), 876, 262)


def _hall(scene: Scene) -> None:
    """Desks, a lounge, the coffee corner and the way in. Rows 16 to 18 stay free."""
    for x, shown in ((340, 0), (420, 2), (640, 1)):
        scene.walls.stamp(decor.picture(shown).part(0, 0, 27, 20), x, 258)
    scene.walls.stamp(decor.note_board(46).part(0, 0, 48, 22), 700, 257)
    # Coffee corner
    scene.stand(shelves.kitchen(), 1, 9, 4, 1, 0, 4)
    scene.floor.stamp(decor.rug(118, 40, TEAL), 38, 330)
    scene.stand(shelves.fridge(), 8, 9, 1, 1, 8, 2)
    scene.stand(shelves.water_cooler(), 9, 9, 1, 1, 6, 0)
    for row in (12, 14):
        scene.stand(tables.round_table(), 2, row, 2, 1, -6, 6)
        scene.seat(seats.stool(CORAL), 36, row * 32 + 10)
        scene.seat(seats.stool(MUSTARD), 116, row * 32 + 10)
    scene.stand(plants.plant(31, "bush", TEAL), 1, 15, 1, 1, -4, 4)
    # Desks, back to back
    for k in range(3):
        column = 8 + 2 * k
        _chair(scene, column * 32 + 18, 352, "down", NAVY)
        scene.stand(tables.desk("back", 50 + k), column, 12, 2, 1, 0, 2)
        scene.stand(tables.desk("front", 60 + k), column, 13, 2, 1, 0, 6)
        _chair(scene, column * 32 + 18, 452, "up", NAVY)
    scene.stand(plants.plant(33, "spikes", CORAL), 7, 13, 1, 1, 4, 0)
    scene.stand(plants.plant(34, "palm", CREAM), 14, 13, 1, 1, -4, 0)
    # Lounge
    scene.floor.stamp(decor.rug(208, 132, CORAL), 570, 346)
    scene.stand(seats.sofa("down", 112, TEAL), 19, 10, 4, 1, 0, 8)
    scene.stand(tables.coffee_table(DARK_WOOD, 72), 20, 12, 2, 1, 0, 6)
    scene.stand(seats.sofa("right", 88, PLUM), 18, 12, 1, 2, 2, 16)
    scene.stand(seats.sofa("left", 88, MUSTARD), 23, 12, 1, 2, -2, 16)
    scene.stand(seats.sofa("up", 92, TEAL), 20, 14, 2, 1, 0, 14)
    scene.stand(plants.floor_lamp(), 18, 10, 1, 1, 2, 2)
    scene.above.stamp(plants.light_pool(64), 530, 270)
    scene.stand(plants.plant(36, "bush", MUSTARD), 23, 10, 1, 1, 2, 2)
    # Right wall
    scene.stand(shelves.bookshelf(41, 62, 64), 27, 9, 2, 1, 0, 2)
    scene.stand(shelves.arcade(), 28, 12, 1, 1, -3, 2)
    scene.stand(seats.beanbag(CORAL), 27, 14, 1, 1, 2, 4)
    scene.stand(plants.plant(44, "palm", TEAL), 28, 15, 1, 1, -3, 4)
    # Along the front
    for column, kind, pot in (
        (1, "palm", CORAL),
        (28, "bush", CREAM),
        (8, "spikes", MUSTARD),
        (21, "palm", TEAL),
    ):
        scene.stand(plants.plant(column * 3, kind, pot), column, 18, 1, 1, 0, 0)
    scene.stand(seats.sofa("up", 92, PLUM), 4, 18, 3, 1, 0, 2)
    scene.stand(seats.sofa("up", 92, CORAL), 23, 18, 3, 1, 0, 2)
    # The way in
    scene.floor.stamp(decor.round_rug(70, NAVY), 394, 500)
