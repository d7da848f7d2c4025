"""Tiled files for tests: a small valid map as plain JSON, and the ways in which Tiled packs its cells."""

from __future__ import annotations

import base64
import gzip
import json
import struct
import zlib
from typing import Any

import zstandard

TILE = 32


def tileset(first_gid: int = 1, count: int = 16, **more: Any) -> dict[str, Any]:
    """An embedded tileset of `count` tiles."""
    return {
        "firstgid": first_gid,
        "name": f"set{first_gid}",
        "tilewidth": TILE,
        "tileheight": TILE,
        "tilecount": count,
        "columns": 4,
        "margin": 1,
        "spacing": 2,
        "image": "tiles.png",
        "imagewidth": 136,
        "imageheight": 136,
    } | more


def tile_layer(name: str, columns: int, rows: int, data: Any = None, **more: Any) -> dict[str, Any]:
    """A tile layer; without `data` an empty one."""
    return {
        "type": "tilelayer",
        "id": 1,
        "name": name,
        "visible": True,
        "opacity": 1,
        "x": 0,
        "y": 0,
        "width": columns,
        "height": rows,
        "data": [0] * (columns * rows) if data is None else data,
    } | more


def object_layer(name: str, *objects: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A layer of objects."""
    return {"type": "objectgroup", "id": 8, "name": name, "objects": list(objects)} | more


def rectangle(name: str, x: float, y: float, width: float, height: float, **more: Any) -> dict[str, Any]:
    """A rectangle object."""
    return {"id": 1, "name": name, "x": x, "y": y, "width": width, "height": height} | more


def point(name: str, x: float, y: float, **more: Any) -> dict[str, Any]:
    """A point object."""
    return {"id": 2, "name": name, "x": x, "y": y, "point": True} | more


def properties(**given: Any) -> list[dict[str, Any]]:
    """Custom properties."""
    names = {bool: "bool", int: "int", float: "float", str: "string"}
    return [{"name": k, "type": names.get(type(v), "class"), "value": v} for k, v in given.items()]


def tiled_map(columns: int = 4, rows: int = 3, *layers: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A map with one tileset of 16 tiles; without `layers` one empty layer."""
    return {
        "type": "map",
        "version": "1.10",
        "orientation": "orthogonal",
        "infinite": False,
        "width": columns,
        "height": rows,
        "tilewidth": TILE,
        "tileheight": TILE,
        "layers": list(layers) or [tile_layer("Floor", columns, rows)],
        "tilesets": [tileset()],
    } | more


def infinite_layer(name: str, *chunks: tuple[int, int, int, int, Any], **more: Any) -> dict[str, Any]:
    """A layer of an infinite map; chunks are (x, y, width, height, data)."""
    keys = ("x", "y", "width", "height", "data")
    return {
        "type": "tilelayer",
        "id": 1,
        "name": name,
        "chunks": [dict(zip(keys, chunk, strict=True)) for chunk in chunks],
    } | more


def packed(cells: list[int], compression: str) -> str:
    """Cells as Tiled writes them in base64: compression "", "gzip", "zlib" or "zstd"."""
    raw = struct.pack(f"<{len(cells)}I", *cells)
    if compression == "gzip":
        raw = gzip.compress(raw)
    elif compression == "zlib":
        raw = zlib.compress(raw)
    elif compression == "zstd":
        raw = zstandard.ZstdCompressor().compress(raw)
    return base64.b64encode(raw).decode()


def as_bytes(tiled: object) -> bytes:
    """The file."""
    return json.dumps(tiled).encode()
