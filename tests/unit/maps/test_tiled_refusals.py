"""Whatever is malformed, hostile or out of bounds is refused, with the reason and the place."""

from __future__ import annotations

import base64
import json
import time
import zlib
from typing import Any

import pytest
import zstandard

from maps.model import MapError
from maps.tiled import read
from maps.tiled_schema import MAX_FILE_BYTES
from tests.support.tiled_files import (
    as_bytes,
    infinite_layer,
    object_layer,
    packed,
    properties,
    rectangle,
    tile_layer,
    tiled_map,
    tileset,
)


def refusal(tiled: object, **how: Any) -> MapError:
    """The MapError with which the map is refused."""
    data = tiled if isinstance(tiled, bytes) else as_bytes(tiled)
    with pytest.raises(MapError) as caught:
        read(data, **how)
    assert caught.value.reason
    return caught.value


def nested(depth: int) -> dict[str, Any]:
    """Groups in groups."""
    layer = tile_layer("Floor", 4, 3)
    for _ in range(depth):
        layer = {"type": "group", "name": "g", "layers": [layer]}
    return layer


def zlib_bomb() -> str:
    return base64.b64encode(zlib.compress(bytes(200_000_000), 9)).decode()


def zstd_bomb() -> str:
    return base64.b64encode(zstandard.ZstdCompressor(level=3).compress(bytes(200_000_000))).decode()


FLOOR = tile_layer("Floor", 4, 3)
REFUSED = {
    "not JSON": (b"hello", "not JSON"),
    "empty": (b"", "not JSON"),
    "not text": (b"\xff\xfe\x00{", "not JSON"),
    "a list": (b"[]", "Expected `object`"),
    "TMX": (b'<?xml version="1.0"?><map/>', "export the map as JSON"),
    "nested arrays": (b'{"layers":' + b"[" * 200_000, ""),
    "NaN": (b'{"width": NaN}', "not JSON"),
    "no layers": (
        {"width": 1, "height": 1, "tilewidth": 32, "tileheight": 32},
        "missing required field `layers`",
    ),
    "isometric": (tiled_map(orientation="isometric"), "only orthogonal"),
    "hexagonal": (tiled_map(orientation="hexagonal"), "only orthogonal"),
    "tiles not square": (tiled_map(tileheight=16), "must be square"),
    "huge tiles": (tiled_map(tilewidth=100_000), "Expected `int` <= 512"),
    "no tiles": (tiled_map(0, 0), "no tiles"),
    "too wide": (tiled_map(2000, 1), "2000 x 1 tiles"),
    "too many tiles": (tiled_map(900, 900), "more tiles than"),
    "too few cells": (tiled_map(4, 3, tile_layer("Floor", 4, 3, [0] * 11)), "11 tiles where 12 belong"),
    "a layer of another size": (tiled_map(4, 3, tile_layer("Floor", 3, 3)), "another size"),
    "no data": (tiled_map(4, 3, FLOOR | {"data": None}), "without data"),
    "negative gid": (tiled_map(4, 3, tile_layer("Floor", 4, 3, [-1] * 12)), "Expected `int` >= 0"),
    "gid over 32 bits": (tiled_map(4, 3, tile_layer("Floor", 4, 3, [2**32] * 12)), "Expected `int` <="),
    "gid of no tileset": (
        tiled_map(4, 3, tile_layer("Floor", 4, 3, [17] * 12)),
        "tile 17 belongs to no tileset",
    ),
    "object gid of no tileset": (
        tiled_map(4, 3, FLOOR, object_layer("o", rectangle("r", 0, 0, 1, 1, gid=99))),
        "tile 99 belongs to no tileset",
    ),
    "unknown layer type": (tiled_map(4, 3, FLOOR | {"type": "video"}), "layer type 'video'"),
    "unknown encoding": (tiled_map(4, 3, tile_layer("F", 4, 3, "1,2", encoding="csv")), "not base64"),
    "not base64": (tiled_map(4, 3, tile_layer("F", 4, 3, "%%%", encoding="base64")), "data is not base64"),
    "base64 too short": (
        tiled_map(4, 3, tile_layer("F", 4, 3, packed([1], ""), encoding="base64")),
        "4 bytes instead of 48",
    ),
    "base64 too long": (
        tiled_map(4, 3, tile_layer("F", 4, 3, packed([1] * 13, ""), encoding="base64")),
        "more than 48",
    ),
    "unknown compression": (
        tiled_map(4, 3, tile_layer("F", 4, 3, packed([0] * 12, ""), encoding="base64", compression="rar")),
        "compression 'rar' is not known",
    ),
    "broken zlib": (
        tiled_map(4, 3, tile_layer("F", 4, 3, packed([0] * 12, ""), encoding="base64", compression="zlib")),
        "zlib data is broken",
    ),
    "broken zstd": (
        tiled_map(4, 3, tile_layer("F", 4, 3, packed([0] * 12, ""), encoding="base64", compression="zstd")),
        "zstd data is broken",
    ),
    "an infinite number": (
        b'{"width": 1e999, "height": 1, "tilewidth": 32, "tileheight": 32, "layers": []}',
        "",
    ),
    "a far away object": (
        tiled_map(4, 3, FLOOR, object_layer("o", rectangle("r", 1e300, 0, 1, 1))),
        "Expected `float` <= 1000000",
    ),
    "a negative size": (
        tiled_map(4, 3, FLOOR, object_layer("o", rectangle("r", 0, 0, -1, 1))),
        "negative size",
    ),
    "a template": (
        tiled_map(4, 3, FLOOR, object_layer("o", {"id": 3, "template": "a.tj", "x": 0, "y": 0})),
        "detach it in Tiled",
    ),
    "groups too deep": (tiled_map(4, 3, nested(40)), "nested deeper than 16"),
    "groups absurdly deep": (b'{"layers":[' + b'{"type":"group","layers":[' * 100_000, ""),
    "too many layers": (tiled_map(4, 3, *([FLOOR] * 201)), "Expected `array` of length <= 200"),
    "too many layers in groups": (
        tiled_map(4, 3, *[{"type": "group", "layers": [FLOOR] * 150}] * 2),
        "more than 200 layers",
    ),
    "too many objects": (
        tiled_map(4, 3, FLOOR, object_layer("o", *[rectangle("r", 0, 0, 1, 1)] * 10_001)),
        "Expected `array` of length <= 10000",
    ),
    "too many objects in all": (
        tiled_map(4, 3, FLOOR, *[object_layer("o", *[rectangle("r", 0, 0, 1, 1)] * 6_000)] * 2),
        "more than 10000 objects",
    ),
    "too many tilesets": (tiled_map(tilesets=[tileset()] * 129), "Expected `array` of length <= 128"),
    "overlapping tilesets": (tiled_map(tilesets=[tileset(1), tileset(9)]), "overlap"),
    "a tileset without a tile size": (tiled_map(tilesets=[tileset(tilewidth=0)]), "without a tile size"),
    "an external tileset without a folder": (
        tiled_map(tilesets=[{"firstgid": 1, "source": "a.tsj"}]),
        "embed it in Tiled",
    ),
    "an image on the web": (tiled_map(tilesets=[tileset(image="http://x/y.png")]), "no relative path"),
    "an absolute image": (tiled_map(tilesets=[tileset(image="/etc/passwd")]), "no relative path"),
    "an image outside": (tiled_map(tilesets=[tileset(image="../../x.png")]), "leads out of the map's folder"),
    "an image layer outside": (
        tiled_map(4, 3, FLOOR, {"type": "imagelayer", "name": "i", "image": "../x.png"}),
        "leads out of the map's folder",
    ),
    "an infinite map of nothing": (
        tiled_map(0, 0, infinite_layer("F", (0, 0, 1, 1, [0])), infinite=True),
        "without a single tile",
    ),
    "chunks too far apart": (
        tiled_map(0, 0, infinite_layer("F", (-(2**30), 0, 1, 1, [1]), (2**30, 0, 1, 1, [1])), infinite=True),
        "the bounds are 1000 a side",
    ),
    "a broken property": (
        tiled_map(properties=[{"name": "a", "value": 1}, {"value": 2}]),
        "missing required field `name`",
    ),
    "a bad background": (tiled_map(backgroundcolor="red;}"), "matching regex"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused_with_its_reason(what: str) -> None:
    tiled, reason = REFUSED[what]
    assert reason in str(refusal(tiled))


def test_the_place_is_named() -> None:
    layer = tile_layer("Floor", 4, 3, [0, 0, "x", *[0] * 9])
    assert refusal(tiled_map(4, 3, FLOOR, layer)).where == "$.layers[1].data[2]"
    group = {"type": "group", "layers": [FLOOR, FLOOR | {"type": "video"}]}
    assert refusal(tiled_map(4, 3, FLOOR, group)).where == "layers[1].layers[1]"


def test_a_file_over_the_bound_is_refused_unread() -> None:
    assert "larger than" in str(refusal(b" " * (MAX_FILE_BYTES + 1)))


@pytest.mark.parametrize(("compression", "bomb"), [("zlib", zlib_bomb), ("zstd", zstd_bomb)])
def test_a_decompression_bomb_is_stopped_at_the_size_of_its_layer(compression: str, bomb: Any) -> None:
    data = as_bytes(
        tiled_map(4, 3, tile_layer("F", 4, 3, bomb(), encoding="base64", compression=compression))
    )
    started = time.process_time()
    assert "more than 48 bytes" in str(refusal(data))
    assert time.process_time() - started < 0.5


def test_many_large_layers_are_refused_before_they_fill_memory() -> None:
    cells = packed([0] * 250_000, "zlib")
    layer = tile_layer("F", 500, 500, cells, encoding="base64", compression="zlib")
    assert "4000000 in all" in str(refusal(tiled_map(500, 500, *[layer] * 40)))


def test_many_overlapping_chunks_are_refused() -> None:
    chunk = (0, 0, 500, 500, packed([1] * 250_000, "zlib"))
    layer = infinite_layer("F", *[chunk] * 40, encoding="base64", compression="zlib")
    assert "4000000 in all" in str(refusal(tiled_map(0, 0, layer, infinite=True)))


class TestExternalTilesets:
    """Files that a map refers to are as little trusted as the map."""

    def of(self, source: str, answer: bytes | Exception = b"") -> str:
        def resolve(_: str) -> bytes:
            if isinstance(answer, Exception):
                raise answer
            return answer

        return str(refusal(tiled_map(tilesets=[{"firstgid": 1, "source": source}]), resolve=resolve))

    @pytest.mark.parametrize("source", ["../a.tsj", "a/../../b.tsj", "..", "sub/../../x/y.tsj"])
    def test_a_path_out_of_the_folder_is_refused(self, source: str) -> None:
        assert "leads out of the map's folder" in self.of(source)

    @pytest.mark.parametrize(
        "source", ["/etc/passwd", "C:\\a.tsj", "file:///etc/passwd", "http://x/a.tsj", "a\0b"]
    )
    def test_what_is_no_relative_path_is_refused(self, source: str) -> None:
        assert "no relative path" in self.of(source)

    @pytest.mark.parametrize("error", [KeyError("a"), FileNotFoundError("a"), IsADirectoryError("a")])
    def test_a_missing_file_is_named(self, error: Exception) -> None:
        assert "'sub/a.tsj' is missing" in self.of("sub/a.tsj", error)

    def test_a_broken_file_is_named(self) -> None:
        assert "'a.tsj'" in self.of("a.tsj", b"{")

    def test_a_large_file_is_refused(self) -> None:
        assert "larger than" in self.of("a.tsj", b" " * (MAX_FILE_BYTES + 1))

    def test_a_chain_of_files_is_refused(self) -> None:
        assert "yet another file" in self.of("a.tsj", as_bytes({"firstgid": 1, "source": "a.tsj"}))

    def test_broken_xml_is_refused(self) -> None:
        assert "no good XML" in self.of("a.tsx", b"<tileset")

    def test_xml_without_a_tileset_is_refused(self) -> None:
        assert "holds no tileset" in self.of("a.tsx", b"<map/>")

    def test_an_xml_bomb_is_refused_at_its_document_type(self) -> None:
        bomb = b'<!DOCTYPE t [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><tileset name="&b;"/>'
        assert "may not declare a document type" in self.of("a.tsx", bomb)

    def test_deep_xml_is_refused(self) -> None:
        assert "nested deeper" in self.of("a.tsx", b"<tileset>" + b"<x>" * 100)

    @pytest.mark.parametrize("number", ["x", "", "1e9", "9" * 500, "--1", "٣x"])
    def test_a_broken_number_in_xml_is_refused(self, number: str) -> None:
        xml = f'<tileset tilewidth="{number}" tileheight="32"/>'.encode()
        assert "no whole number" in self.of("a.tsx", xml)


def test_a_property_with_an_absurd_value_is_refused_or_left_out() -> None:
    deep: Any = 1
    for _ in range(400):
        deep = [deep]
    assert read(as_bytes(tiled_map(properties=properties(a=deep)))).properties == {}
    text = json.dumps(tiled_map(properties=properties(a=1))).replace('"value": 1', '"value": 1e999')
    refusal(text.encode())
