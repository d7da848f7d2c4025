"""What Tiled can write is read: every packing of cells, infinite maps, groups, flips, objects, tilesets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from maps.model import MapObject, ObjectLayer, TiledMap, TileLayer
from maps.normal import normalise
from maps.tiled import read
from tests.support.tiled_files import (
    as_bytes,
    infinite_layer,
    object_layer,
    packed,
    point,
    properties,
    rectangle,
    tile_layer,
    tiled_map,
    tileset,
)

CELLS = [1, 2, 3, 0, 5, 6, 0, 8, 9, 10, 11, 12]


def cells_of(tiled: TiledMap, name: str) -> list[int]:
    """The cells of the layer `name`."""
    (layer,) = [x for x in tiled.layers if isinstance(x, TileLayer) and x.info.name == name]
    return list(layer.cells)


def objects_of(tiled: TiledMap) -> tuple[MapObject, ...]:
    """The objects of the only object layer."""
    (layer,) = [x for x in tiled.layers if isinstance(x, ObjectLayer)]
    return layer.objects


@pytest.mark.parametrize("compression", ["", "gzip", "zlib", "zstd"])
def test_base64_cells_are_the_cells_whatever_the_compression(compression: str) -> None:
    layer = tile_layer("Floor", 4, 3, packed(CELLS, compression), encoding="base64", compression=compression)
    assert cells_of(read(as_bytes(tiled_map(4, 3, layer))), "Floor") == CELLS


def test_cells_as_plain_numbers_are_read() -> None:
    assert cells_of(read(as_bytes(tiled_map(4, 3, tile_layer("Floor", 4, 3, CELLS)))), "Floor") == CELLS


def test_flips_are_kept_and_the_hexagonal_bit_is_dropped() -> None:
    flips = [0x80000001, 0x40000002, 0x20000003, 0xE0000004, 0x10000005, 0xF0000006, 0, 0, 0, 0, 0, 0]
    for data, more in ((flips, {}), (packed(flips, "zlib"), {"encoding": "base64", "compression": "zlib"})):
        tiled = read(as_bytes(tiled_map(4, 3, tile_layer("Floor", 4, 3, data, **more))))
        assert cells_of(tiled, "Floor")[:6] == [
            0x80000001, 0x40000002, 0x20000003, 0xE0000004, 5, 0xE0000006,
        ]  # fmt: skip


def test_an_infinite_map_with_negative_chunks_is_moved_to_the_origin_with_its_objects() -> None:
    floor = infinite_layer("Floor", (-16, -16, 2, 2, [0, 0, 0, 1]), (0, 0, 2, 2, [2, 0, 0, 0]))
    zones = object_layer("Zones", rectangle("Room", -480, -480, 64, 64), point("Spawn", 16, 16))
    tiled = read(as_bytes(tiled_map(0, 0, floor, zones, infinite=True)))
    # The box of the non-empty tiles is (-15, -15) to (0, 0).
    assert (tiled.columns, tiled.rows) == (16, 16)
    cells = cells_of(tiled, "Floor")
    assert (cells[0], cells[-1], sum(1 for c in cells if c)) == (1, 2, 2)
    room, spawn = objects_of(tiled)
    assert (room.x, room.y) == (0, 0)
    assert (spawn.x, spawn.y) == (496, 496)


def test_infinite_layers_of_different_extent_share_one_grid() -> None:
    low = infinite_layer("Floor", (0, 0, 1, 1, packed([1], "zstd")), encoding="base64", compression="zstd")
    high = infinite_layer("Walls", (2, 1, 1, 1, packed([2], "")), encoding="base64")
    tiled = read(as_bytes(tiled_map(0, 0, low, high, infinite=True)))
    assert (tiled.columns, tiled.rows) == (3, 2)
    assert cells_of(tiled, "Floor") == [1, 0, 0, 0, 0, 0]
    assert cells_of(tiled, "Walls") == [0, 0, 0, 0, 0, 2]


def test_groups_are_flattened_with_their_offsets_opacity_and_visibility() -> None:
    inner = tile_layer("Deep", 4, 3, offsetx=3, offsety=1, opacity=0.5)
    middle = {"type": "group", "name": "m", "layers": [inner], "offsetx": 10, "visible": False}
    outer = {"type": "group", "name": "o", "layers": [middle], "offsety": 100, "opacity": 0.5}
    tiled = read(as_bytes(tiled_map(4, 3, outer, tile_layer("Top", 4, 3))))
    assert [layer.info.name for layer in tiled.layers] == ["Deep", "Top"]
    info = tiled.layers[0].info
    assert (info.offset_x, info.offset_y, info.opacity, info.visible) == (13, 101, 0.25, False)


def test_every_form_of_object_is_told_apart() -> None:
    layer = object_layer(
        "Things",
        rectangle("r", 1, 2, 3, 4),
        point("p", 5, 6),
        rectangle("e", 1, 2, 3, 4, ellipse=True),
        rectangle("g", 1, 2, 0, 0, polygon=[{"x": 0, "y": 0}, {"x": 9, "y": 1}, {"x": 4, "y": 8}]),
        rectangle("l", 1, 2, 0, 0, polyline=[{"x": 0, "y": 0}, {"x": 9, "y": 1}]),
        rectangle("t", 1, 2, 3, 4, text={"text": "hello"}),
        rectangle("tile", 64, 96, 32, 48, gid=0x80000003),
    )
    objects = objects_of(read(as_bytes(tiled_map(4, 3, tile_layer("Floor", 4, 3), layer))))
    shapes = [o.shape for o in objects]
    assert shapes == ["rectangle", "point", "ellipse", "polygon", "polyline", "text", "tile"]
    assert objects[3].points == ((0, 0), (9, 1), (4, 8))
    # A tile object is placed by its bottom left corner.
    assert (objects[6].x, objects[6].y, objects[6].gid) == (64, 48, 0x80000003)


def test_the_class_of_tiled_1_9_is_the_type() -> None:
    layer = object_layer(
        "o", rectangle("a", 0, 0, 9, 9, **{"class": "room"}), rectangle("b", 0, 0, 9, 9, type="x")
    )
    objects = objects_of(read(as_bytes(tiled_map(4, 3, tile_layer("Floor", 4, 3), layer))))
    assert [o.type for o in objects] == ["room", "x"]


def test_scalar_properties_are_read_and_others_left_out() -> None:
    given = properties(a=True, b=3, c=1.5, d="x", e={"nested": 1}, f=None)
    tiled = read(as_bytes(tiled_map(4, 3, properties=given)))
    assert tiled.properties == {"a": True, "b": 3, "c": 1.5, "d": "x"}


def test_image_layers_are_tolerated() -> None:
    image = {"type": "imagelayer", "id": 5, "name": "sky", "image": "sky.png"}
    assert len(read(as_bytes(tiled_map(4, 3, image, tile_layer("Floor", 4, 3)))).layers) == 2


def test_an_external_tileset_is_fetched_and_embedded_with_its_image_relative_to_the_map() -> None:
    asked: list[str] = []

    def resolve(path: str) -> bytes:
        asked.append(path)
        given = tileset(tiles=[{"id": 2, "properties": properties(collides=True)}])
        del given["firstgid"]
        return as_bytes(given)

    source = {"firstgid": 7, "source": "../sets/floor.tsj"}
    tiled = read(as_bytes(tiled_map(tilesets=[source])), resolve, "maps/one.tmj")
    assert asked == ["sets/floor.tsj"]
    (got,) = tiled.tilesets
    assert (got.first_gid, got.tile_count, got.margin, got.spacing) == (7, 16, 1, 2)
    assert got.image == "../sets/tiles.png"
    assert got.tile_properties == {2: {"collides": True}}


def test_an_external_tileset_as_xml_is_read_the_same() -> None:
    xml = b"""<?xml version="1.0" encoding="UTF-8"?>
    <tileset version="1.10" name="floor" tilewidth="32" tileheight="32" tilecount="16" columns="4" spacing="2"
     margin="1"><image source="floor.png" width="136" height="136"/>
     <tile id="3"><properties><property name="collides" type="bool" value="true"/>
     <property name="note" value="wall"/><property name="n" type="int" value="4"/></properties></tile>
     <tile id="4"><animation><frame tileid="4" duration="100"/><frame tileid="5" duration="200"/></animation>
     </tile></tileset>"""
    source = {"firstgid": 1, "source": "floor.tsx"}
    (got,) = read(as_bytes(tiled_map(tilesets=[source])), lambda _: xml).tilesets
    assert (got.name, got.tile_count, got.columns, got.margin, got.spacing) == ("floor", 16, 4, 1, 2)
    assert got.tile_properties == {3: {"collides": True, "note": "wall", "n": 4}}
    assert got.animations == {4: ((4, 100), (5, 200))}
    assert (got.image, got.image_width) == ("floor.png", 136)


def test_a_collection_of_images_may_have_gaps_in_its_ids() -> None:
    tiles = [{"id": i, "image": f"{i}.png", "imagewidth": 32, "imageheight": 64} for i in (0, 9)]
    given = tileset(count=2, tiles=tiles, image="")
    tiled = read(as_bytes(tiled_map(4, 3, tile_layer("Floor", 4, 3, [10] + [0] * 11), tilesets=[given])))
    assert tiled.tilesets[0].tile_images[9] == ("9.png", 32, 64)


@pytest.fixture
def everything() -> dict[str, Any]:
    """A map with all that the normal form has to carry."""
    group = {
        "type": "group",
        "name": "g",
        "offsetx": 32,
        "layers": [tile_layer("Deep", 4, 3, packed(CELLS, "zlib"), encoding="base64", compression="zlib")],
    }
    things = object_layer(
        "Zones",
        rectangle("Room", 1.5, 2, 30, 40, rotation=0, properties=properties(type="private", n=3)),
        point("Spawn", 5, 6),
        rectangle("e", 1, 2, 3, 4, ellipse=True, visible=False),
        rectangle("g", 1, 2, 0, 0, polygon=[{"x": 0, "y": 0}, {"x": 9, "y": 1}, {"x": 4, "y": 8}]),
        rectangle("t", 1, 2, 3, 4, text={"text": "hello"}),
        rectangle("tile", 64, 96, 32, 48, gid=0x80000003),
    )
    image = {"type": "imagelayer", "id": 5, "name": "sky", "image": "sky.png", "x": 4}
    sets = [
        tileset(
            tiles=[
                {
                    "id": 2,
                    "properties": properties(collides=True),
                    "animation": [{"tileid": 1, "duration": 9}],
                }
            ]
        ),
        tileset(17, 2, image="", tiles=[{"id": 0, "image": "a.png", "imagewidth": 8, "imageheight": 9}]),
    ]
    return tiled_map(
        4, 3, tile_layer("Floor", 4, 3, CELLS), group, things, image,
        tilesets=sets, properties=properties(mapName="All"), backgroundcolor="#336699",
    )  # fmt: skip


def test_reading_the_normal_form_gives_the_same_map(everything: dict[str, Any]) -> None:
    tiled = read(as_bytes(everything))
    again = read(json.dumps(normalise(tiled), allow_nan=False).encode())
    assert again == tiled
    assert len(tiled.layers) == 4


def test_the_normal_form_is_plain_finite_and_flat(everything: dict[str, Any]) -> None:
    plain = normalise(read(as_bytes(everything)))
    assert plain["infinite"] is False
    assert {layer["type"] for layer in plain["layers"]} == {"tilelayer", "objectgroup", "imagelayer"}
    for layer in plain["layers"]:
        assert not {"encoding", "compression", "chunks", "layers"} & layer.keys()
        if layer["type"] == "tilelayer":
            assert len(layer["data"]) == plain["width"] * plain["height"]
            assert all(isinstance(cell, int) for cell in layer["data"])
    assert all("source" not in each for each in plain["tilesets"])


def test_a_tile_whose_properties_are_all_left_out_has_none() -> None:
    sets = [tileset(tiles=[{"id": 2, "properties": properties(a=None)}])]
    tiled = read(as_bytes(tiled_map(tilesets=sets)))
    assert tiled.tilesets[0].tile_properties == {}
    assert read(as_bytes(normalise(tiled))) == tiled
