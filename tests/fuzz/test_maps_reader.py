"""Whatever is done to a map file, reading it gives a map or a MapError, soon, and nothing else."""

from __future__ import annotations

import base64
import copy
import json
import time
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maps.meaning import game_map
from maps.model import MapError
from maps.normal import normalise
from maps.tiled import read
from maps.tiled_xml import tileset_from_xml
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

SECONDS = 2.0  # a generous bound for one small file on a busy machine

XML = (
    b'<?xml version="1.0"?><tileset name="t" tilewidth="32" tileheight="32" tilecount="16" columns="4">'
    b'<image source="t.png" width="128" height="128"/><tile id="3"><properties><property name="collides" '
    b'type="bool" value="true"/></properties><animation><frame tileid="1" duration="9"/></animation></tile>'
    b"</tileset>"
)


def _finite() -> dict[str, Any]:
    cells = [1, 0x80000002, 3, 0, 5, 6, 7, 8, 9, 10, 11, 12]
    zones = object_layer(
        "Zones",
        rectangle("Room", 1, 2, 30, 40, properties=properties(type="private")),
        rectangle("Hall", 1, 50, 0, 0, polygon=[{"x": 0, "y": 0}, {"x": 9, "y": 1}, {"x": 4, "y": 8}]),
        point("Spawn_main", 40, 40),
        rectangle("sofa", 32, 64, 32, 32, gid=3),
    )
    inner = tile_layer("Deep", 4, 3, packed(cells, "zlib"), encoding="base64", compression="zlib")
    zstd = tile_layer(
        "Collision", 4, 3, packed([0] * 11 + [1], "zstd"), encoding="base64", compression="zstd"
    )
    return tiled_map(
        4, 3, tile_layer("Floor", 4, 3, cells), {"type": "group", "name": "g", "layers": [inner]},
        zstd, zones,
        tilesets=[
            tileset(tiles=[{"id": 2, "properties": properties(collides=True)}]),
            {"firstgid": 40, "source": "sets/a.tsj"},
            {"firstgid": 60, "source": "sets/a.tsx"},
        ],
        properties=properties(mapName="fuzz"),
    )  # fmt: skip


def _infinite() -> dict[str, Any]:
    floor = infinite_layer("Floor", (-4, -4, 2, 2, [0, 0, 0, 1]), (0, 0, 2, 2, [2, 0, 0, 0]))
    return tiled_map(0, 0, floor, object_layer("Zones", rectangle("Room", -64, -64, 64, 64)), infinite=True)


SEEDS = (_finite(), _infinite())
WORDS = [
    "", "Collision", "Zones", "base64", "gzip", "zlib", "zstd", "tilelayer", "objectgroup", "group",
    "imagelayer", "isometric", "../x", "/etc/passwd", "a.tsx", "private", "collides", "start", "\ud800", "\0",
    "x" * 5000,
]  # fmt: skip
NUMBERS = [
    0,
    1,
    -1,
    2,
    3,
    255,
    1000,
    2**28,
    2**31,
    2**32 - 1,
    2**32,
    2**63,
    2**64,
    -(2**31),
    1e308,
    -1e308,
    0.5,
]
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(NUMBERS),
    st.sampled_from(WORDS),
    st.integers(),
    st.text(max_size=8),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=3),
)


def resolve(path: str) -> bytes:
    """Two files that exist."""
    given = tileset()
    del given["firstgid"]
    return {"sets/a.tsj": as_bytes(given), "sets/a.tsx": XML}[path]


def check(data: bytes) -> bool:
    """Read, interpret and normalise; True when it was a map."""
    started = time.process_time()
    try:
        tiled = read(data, resolve)
        game = game_map(tiled)
        for spawn in game.spawns:
            assert game.collision.free(spawn.x, spawn.y)
        for zone in game.zones:
            assert zone.bounds.width > 0
            assert zone.bounds.x >= 0
        again = read(json.dumps(normalise(tiled), allow_nan=False).encode())
        assert again == tiled
    except MapError:
        return False
    finally:
        assert time.process_time() - started < SECONDS
    return True


def _places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    found = [path] if path else []
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        found += _places(value, (*path, key))
    return found


PLACES = [_places(seed) for seed in SEEDS]


def test_the_seeds_are_maps() -> None:
    assert all(check(as_bytes(seed)) for seed in SEEDS)


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.data())
def test_a_map_with_changed_values_is_read_or_refused(data: st.DataObject) -> None:
    which = data.draw(st.integers(0, len(SEEDS) - 1))
    tiled = copy.deepcopy(SEEDS[which])
    for _ in range(data.draw(st.integers(1, 4))):
        path = data.draw(st.sampled_from(PLACES[which]))
        node: Any = tiled
        try:
            for key in path[:-1]:
                node = node[key]
            action = data.draw(st.sampled_from(["set", "delete", "double"]))
            if action == "set":
                node[path[-1]] = data.draw(values)
            elif action == "delete":
                del node[path[-1]]
            elif isinstance(node, list):
                node.insert(path[-1], node[path[-1]])
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took this place away
    check(json.dumps(tiled).encode())


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_map_with_changed_bytes_is_read_or_refused(data: st.DataObject) -> None:
    raw = bytearray(as_bytes(SEEDS[data.draw(st.integers(0, 1))]))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 6))] = data.draw(st.binary(max_size=6))
    check(bytes(raw))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_noise_is_refused(data: bytes) -> None:
    assert not check(data)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=120), st.sampled_from(["", "gzip", "zlib", "zstd", "lz4"]))
def test_noise_as_packed_cells_is_read_or_refused(noise: bytes, compression: str) -> None:
    text = base64.b64encode(noise).decode()
    layer = tile_layer("Floor", 4, 3, text, encoding="base64", compression=compression)
    check(as_bytes(tiled_map(4, 3, layer)))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_changed_xml_tileset_is_read_or_refused(data: st.DataObject) -> None:
    raw = bytearray(XML)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=6))
    try:
        json.loads(tileset_from_xml(bytes(raw), "here"))
    except MapError as error:
        assert error.reason
