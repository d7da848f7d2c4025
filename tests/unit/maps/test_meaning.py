"""Zones, their types, spawn points and blocking tiles come out of a map as its author meant them."""

from __future__ import annotations

from typing import Any

import pytest

from maps.meaning import game_map
from maps.model import Bounds, GameMap, MapError
from maps.tiled import read
from tests.support.tiled_files import (
    as_bytes,
    object_layer,
    point,
    properties,
    rectangle,
    tile_layer,
    tiled_map,
    tileset,
)


def game(*layers: dict[str, Any], columns: int = 10, rows: int = 8, **more: Any) -> GameMap:
    """The game's view of a map of 320 x 256 px."""
    return game_map(
        read(as_bytes(tiled_map(columns, rows, tile_layer("Floor", columns, rows), *layers, **more)))
    )


def zones(*objects: dict[str, Any], layer: str = "Zones") -> dict[str, str]:
    """Name -> type of the zones that the objects become."""
    return {z.name: z.type for z in game(object_layer(layer, *objects)).zones}


def box(name: str, **more: Any) -> dict[str, Any]:
    return rectangle(name, 32, 32, 64, 64, **more)


@pytest.mark.parametrize(
    ("name", "type_"),
    [
        ("Room_1", "PRIVATE"),
        ("meeting_room", "PRIVATE"),
        ("Private corner", "PRIVATE"),
        ("Office 3", "PRIVATE"),
        ("Pavilion (private)", "PRIVATE"),
        ("Hall", "PUBLIC"),
        ("reception", "PUBLIC"),
        ("public room", "PUBLIC"),
        ("Meadow", "PUBLIC"),
        ("library", "PUBLIC"),
    ],
)
def test_the_type_follows_the_name(name: str, type_: str) -> None:
    assert zones(box(name)) == {name: type_}


def test_a_property_or_a_class_wins_over_the_name() -> None:
    assert zones(
        box("Room_1", properties=properties(type="public")),
        box("Hall", properties=properties(type="PRIVATE")),
        box("Hall 2", type="private"),
        box("Room_2", **{"class": "Public"}),
        box("Hall 3", type="public", properties=properties(zone_type="private")),
    ) == {"Room_1": "PUBLIC", "Hall": "PRIVATE", "Hall 2": "PRIVATE", "Room_2": "PUBLIC", "Hall 3": "PRIVATE"}


def test_a_zone_may_be_silent_by_its_type() -> None:
    assert zones(box("Room_1", properties=properties(type="silent")), box("Hall", type="silent")) == {
        "Room_1": "SILENT",
        "Hall": "SILENT",
    }


def test_an_unknown_type_leaves_it_to_the_name() -> None:
    assert zones(box("Room_1", type="area", properties=properties(type="banana"))) == {"Room_1": "PRIVATE"}


def test_workadventure_areas_are_zones_whose_meetings_are_private() -> None:
    assert zones(
        box("jitsi", type="area", properties=properties(jitsiRoom="abc")),
        box("bbb", type="area", properties=properties(bbbMeeting="abc")),
        box("quiet", type="area", properties=properties(silent=True)),
        box("loud", type="area", properties=properties(speakerMegaphone="x")),
        box("plain", type="area"),
        box("off", type="area", properties=properties(silent=False)),
        layer="floorLayer",
    ) == {
        "jitsi": "PRIVATE",
        "bbb": "PRIVATE",
        "quiet": "SILENT",
        "loud": "PUBLIC",
        "plain": "PUBLIC",
        "off": "PUBLIC",
    }


def test_a_workadventure_layer_with_a_meeting_is_a_zone_around_its_tiles() -> None:
    cells = [0] * 80
    cells[2 * 10 + 3] = cells[4 * 10 + 5] = 1
    got = game(tile_layer("meeting", 10, 8, cells, properties=properties(jitsiRoom="abc")))
    assert [(z.name, z.type, z.bounds) for z in got.zones] == [("meeting", "PRIVATE", Bounds(96, 64, 96, 96))]


def test_things_in_other_layers_are_no_zones() -> None:
    assert zones(box("Room_1"), box("a sofa"), layer="Decoration") == {}


def test_stray_clicks_and_points_are_no_zones() -> None:
    assert zones(rectangle("Room", 5, 5, 0, 0), point("Room_2", 5, 5)) == {}


def test_polygons_and_ellipses_become_the_box_around_them() -> None:
    got = game(
        object_layer(
            "Zones",
            rectangle(
                "Room a", 50, 60, 0, 0, polygon=[{"x": 0, "y": 0}, {"x": -10, "y": 20}, {"x": 30, "y": 5}]
            ),
            rectangle("Room b", 50, 60, 20, 30, ellipse=True),
        )
    )
    assert [z.bounds for z in got.zones] == [Bounds(40, 60, 40, 20), Bounds(50, 60, 20, 30)]


def test_a_zone_moves_with_its_layer_and_is_cut_at_the_edge_of_the_map() -> None:
    got = game(object_layer("Zones", rectangle("Room", 280, 10, 100, 40), offsetx=10, offsety=-20))
    assert got.zones[0].bounds == Bounds(290, 0, 30, 30)


def test_names_are_made_unique_and_missing_ones_made() -> None:
    assert list(zones(box("Booth"), box("Booth"), box("Booth (2)"), box(""))) == [
        "Booth",
        "Booth (2)",
        "Booth (2) (2)",
        "Zone 1",
    ]


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (box("Room", rotation=45), "zone 'Room' is rotated"),
        (rectangle("Room", 5000, 0, 10, 10), "zone 'Room' lies outside the map"),
        (box("x" * 65), "longer than 64 characters"),
        (point("Spawn", 5000, 0), "spawn point 'Spawn' lies outside the map"),
    ],
)
def test_a_broken_zone_or_spawn_is_refused(item: dict[str, Any], reason: str) -> None:
    with pytest.raises(MapError, match=reason.replace("(", r"\(")):
        game(object_layer("Zones", item))


def test_too_many_zones_are_refused() -> None:
    with pytest.raises(MapError, match="more than 256 zones"):
        game(object_layer("Zones", *[box("Room")] * 300))


def test_a_map_without_zones_is_all_public_space() -> None:
    assert game().zones == ()


def test_a_map_without_a_spawn_gets_one_near_its_middle() -> None:
    (spawn,) = game().spawns
    assert (spawn.name, spawn.x, spawn.y) == ("Spawn_main", 160, 128)
    cells = [0] * 80
    cells[34] = cells[35] = cells[44] = cells[45] = 1
    walled = game(tile_layer("Collision", 10, 8, cells))
    (moved,) = walled.spawns
    assert walled.collision.free(moved.x, moved.y)
    assert abs(moved.x - 160) + abs(moved.y - 128) < 60


def test_the_main_spawn_is_the_first_whatever_the_order_in_the_file() -> None:
    got = game(
        object_layer("Zones", point("Spawn_2", 50, 50), point("Spawn_main", 90, 90), point("start_x", 70, 70))
    )
    assert [s.name for s in got.spawns] == ["Spawn_main", "Spawn_2", "start_x"]


def test_a_spawn_in_a_wall_moves_to_the_nearest_free_place() -> None:
    cells = [0] * 80
    cells[11] = 1
    got = game(tile_layer("Collision", 10, 8, cells), object_layer("Zones", point("Spawn", 60, 48)))
    assert (got.spawns[0].x, got.spawns[0].y) == (72, 48)


def test_start_layers_and_start_areas_are_spawns() -> None:
    cells = [0] * 80
    cells[2 * 10 + 3] = cells[2 * 10 + 4] = 1
    got = game(
        tile_layer("start", 10, 8, cells),
        tile_layer("side door", 10, 8, cells, properties=properties(startLayer=True)),
        object_layer("floorLayer", box("gate", type="area", properties=properties(start=True))),
    )
    assert [(s.name, s.x, s.y) for s in got.spawns] == [
        ("start", 128, 80),
        ("side door", 128, 80),
        ("gate", 64, 64),
    ]
    assert got.zones == ()


def test_any_tile_of_the_collision_layer_blocks_though_it_is_hidden() -> None:
    cells = [0] * 80
    cells[12] = 7
    got = game(tile_layer("collision", 10, 8, cells, visible=False))
    assert got.collision.blocks(2, 1)
    assert not got.collision.blocks(3, 1)


def test_tiles_that_collide_block_in_every_layer_and_flipped_too() -> None:
    sets = [
        tileset(
            tiles=[
                {"id": 4, "properties": properties(collides=True)},
                {"id": 5, "properties": properties(collides=False)},
            ]
        )
    ]
    cells = [0] * 80
    cells[12], cells[13], cells[14] = 5, 5 | 0x80000000, 6
    got = game(tile_layer("Walls", 10, 8, cells), tilesets=sets)
    assert [got.collision.blocks(c, 1) for c in (2, 3, 4)] == [True, True, False]


def test_a_blocking_layer_may_be_moved_by_whole_tiles_only() -> None:
    cells = [0] * 80
    cells[12] = cells[9] = 1
    got = game(tile_layer("Collision", 10, 8, cells, offsetx=32, offsety=-32))
    assert got.collision.blocks(3, 0)
    assert sum(got.collision.blocks(c, r) for c in range(10) for r in range(8)) == 1
    with pytest.raises(MapError, match="less than whole tiles"):
        game(tile_layer("Collision", 10, 8, cells, offsetx=5))


def test_a_map_blocked_everywhere_is_refused() -> None:
    with pytest.raises(MapError, match="nobody could stand on it"):
        game(tile_layer("Collision", 10, 8, [1] * 80))


def test_title_description_and_copyright_are_kept() -> None:
    got = game(properties=properties(mapName="A", mapDescription="B", mapCopyright="C"))
    assert (got.title, got.description, got.copyright) == ("A", "B", "C")
