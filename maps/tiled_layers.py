"""Layers: groups flattened, chunks put together, object forms told apart.

An infinite map becomes a finite one here: the box of its non-empty tiles is the map, and everything
is shifted so that this box starts at 0, 0.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from maps.model import (
    ImageLayer,
    Layer,
    LayerInfo,
    MapError,
    MapObject,
    ObjectLayer,
    Properties,
    Scalar,
    Shape,
    TileLayer,
)
from maps.tiled_data import decode_cells
from maps.tiled_schema import (
    MAX_CELLS,
    MAX_LAYERS,
    MAX_NESTING,
    MAX_OBJECTS,
    MAX_SIDE,
    MAX_TOTAL_CELLS,
    RawLayer,
    RawMap,
    RawObject,
    RawProperty,
)

# Bit 28 (hexagonal rotation) has no meaning in an orthogonal map.
GID_AND_FLIPS = 0xEFFFFFFF


@dataclass(frozen=True, slots=True)
class Grid:
    """The rectangle of tiles that the map is, in the file's own tile coordinates."""

    column: int
    row: int
    columns: int
    rows: int


@dataclass(frozen=True, slots=True)
class _Chunk:
    column: int
    row: int
    columns: int
    rows: int
    cells: array[int]


@dataclass(frozen=True, slots=True)
class _Placed:
    """A layer that is no group, with what its groups add."""

    raw: RawLayer
    info: LayerInfo
    where: str


def properties(raw: list[RawProperty], where: str) -> Properties:
    """Custom properties with scalar values; the others (classes, lists, null) are left out."""
    out: dict[str, Scalar] = {}
    for item in raw:
        try:
            value = msgspec.json.decode(item.value)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise MapError(f"property {item.name[:64]!r}: {error}", where) from None
        if isinstance(value, bool | int | float | str):
            out[item.name] = value
    return out


def read_layers(raw: RawMap) -> tuple[Grid, tuple[Layer, ...]]:
    """Every layer that is no group, in drawing order (bottom first), and the map's grid."""
    placed = list(_flatten(raw.layers, "layers", 0, None))
    if len(placed) > MAX_LAYERS:
        raise MapError(f"more than {MAX_LAYERS} layers", "layers")
    if sum(len(p.raw.objects) for p in placed) > MAX_OBJECTS:
        raise MapError(f"more than {MAX_OBJECTS} objects", "layers")
    chunks = _chunks(raw, placed)
    grid = _grid_of(chunks) if raw.infinite else Grid(0, 0, raw.width, raw.height)
    _check_grid(grid, sum(1 for p in placed if p.raw.type == "tilelayer"))
    shift_x, shift_y = grid.column * raw.tilewidth, grid.row * raw.tileheight
    layers: list[Layer] = []
    for index, layer in enumerate(placed):
        if layer.raw.type == "tilelayer":
            layers.append(TileLayer(layer.info, _assemble(chunks[index], grid)))
        elif layer.raw.type == "objectgroup":
            objects = tuple(
                _object(o, f"{layer.where}.objects[{i}]", shift_x, shift_y)
                for i, o in enumerate(layer.raw.objects)
            )
            layers.append(ObjectLayer(layer.info, objects))
        else:
            x, y = layer.raw.x - shift_x, layer.raw.y - shift_y
            layers.append(ImageLayer(layer.info, layer.raw.image, x, y))
    return grid, tuple(layers)


def _flatten(layers: list[RawLayer], where: str, depth: int, parent: LayerInfo | None) -> Iterator[_Placed]:
    if depth > MAX_NESTING:
        raise MapError(f"groups nested deeper than {MAX_NESTING}", where[:200])
    for index, raw in enumerate(layers):
        here = f"{where}[{index}]"
        info = LayerInfo(
            id=raw.id,
            name=raw.name,
            visible=raw.visible and (parent is None or parent.visible),
            opacity=raw.opacity * (1.0 if parent is None else parent.opacity),
            offset_x=raw.offsetx + (0.0 if parent is None else parent.offset_x),
            offset_y=raw.offsety + (0.0 if parent is None else parent.offset_y),
            properties=properties(raw.properties, here),
        )
        if raw.type == "group":
            yield from _flatten(raw.layers, f"{here}.layers", depth + 1, info)
        elif raw.type in ("tilelayer", "objectgroup", "imagelayer"):
            yield _Placed(raw, info, here)
        else:
            raise MapError(f"layer type {raw.type[:64]!r} is not known", here)


def _chunks(raw: RawMap, placed: list[_Placed]) -> dict[int, list[_Chunk]]:
    """The decoded pieces of every tile layer, by its place in `placed`."""
    out: dict[int, list[_Chunk]] = {}
    total = 0
    for index, layer in enumerate(placed):
        item = layer.raw
        if item.type != "tilelayer":
            continue
        parts: list[_Chunk] = []
        if not raw.infinite:
            if (item.width, item.height) != (raw.width, raw.height):
                raise MapError("a tile layer of another size than its map", layer.where)
            pieces = [(0, 0, item.width, item.height, item.data, layer.where)]
        else:
            pieces = [
                (c.x, c.y, c.width, c.height, c.data, f"{layer.where}.chunks[{i}]")
                for i, c in enumerate(item.chunks or [])
            ]
        for column, row, columns, rows, data, where in pieces:
            total += columns * rows
            if columns * rows > MAX_CELLS or total > MAX_TOTAL_CELLS:
                raise MapError(f"more tiles than {MAX_CELLS} a layer or {MAX_TOTAL_CELLS} in all", where)
            cells = decode_cells(data, item.encoding, item.compression, columns * rows, where)
            parts.append(_Chunk(column, row, columns, rows, cells))
        out[index] = parts
    return out


def _grid_of(chunks: dict[int, list[_Chunk]]) -> Grid:
    """The box of all non-empty tiles of an infinite map."""
    left = top = 2**40
    right = bottom = -(2**40)
    for parts in chunks.values():
        for chunk in parts:
            for row in range(chunk.rows):
                line = chunk.cells[row * chunk.columns : (row + 1) * chunk.columns]
                used = [i for i, gid in enumerate(line) if gid]
                if used:
                    left, right = min(left, chunk.column + used[0]), max(right, chunk.column + used[-1])
                    top, bottom = min(top, chunk.row + row), max(bottom, chunk.row + row)
    if right < left:
        raise MapError("an infinite map without a single tile", "layers")
    return Grid(left, top, right - left + 1, bottom - top + 1)


def _check_grid(grid: Grid, tile_layers: int) -> None:
    if grid.columns < 1 or grid.rows < 1:
        raise MapError("a map of no tiles", "width")
    if grid.columns > MAX_SIDE or grid.rows > MAX_SIDE or grid.columns * grid.rows > MAX_CELLS:
        raise MapError(
            f"{grid.columns} x {grid.rows} tiles: the bounds are {MAX_SIDE} a side and {MAX_CELLS} in all",
            "width",
        )
    if grid.columns * grid.rows * tile_layers > MAX_TOTAL_CELLS:
        raise MapError(f"more than {MAX_TOTAL_CELLS} tiles in all layers", "layers")


def _assemble(parts: list[_Chunk], grid: Grid) -> array[int]:
    cells = array("I", bytes(4 * grid.columns * grid.rows))
    for chunk in parts:
        for index, gid in enumerate(chunk.cells):
            if gid:
                row, column = divmod(index, chunk.columns)
                at = (chunk.row + row - grid.row) * grid.columns + chunk.column + column - grid.column
                cells[at] = gid & GID_AND_FLIPS
    return cells


def _object(raw: RawObject, where: str, shift_x: float, shift_y: float) -> MapObject:
    if raw.template is not None:
        raise MapError(f"object {raw.id} uses the template {raw.template[:64]!r}: detach it in Tiled", where)
    if raw.width < 0 or raw.height < 0:
        raise MapError(f"object {raw.id} has a negative size", where)
    shape: Shape = "rectangle"
    points: tuple[tuple[float, float], ...] = ()
    y = raw.y
    if raw.gid:
        shape, y = "tile", raw.y - raw.height  # tile objects stand on (x, y)
    elif raw.point:
        shape = "point"
    elif raw.ellipse:
        shape = "ellipse"
    elif raw.polygon is not None:
        shape, points = "polygon", tuple((p.x, p.y) for p in raw.polygon)
    elif raw.polyline is not None:
        shape, points = "polyline", tuple((p.x, p.y) for p in raw.polyline)
    elif bytes(raw.text) not in (b"", b"null"):
        shape = "text"
    return MapObject(
        id=raw.id,
        name=raw.name,
        type=raw.type or raw.class_,
        shape=shape,
        x=raw.x - shift_x,
        y=y - shift_y,
        width=raw.width,
        height=raw.height,
        rotation=raw.rotation,
        visible=raw.visible,
        properties=properties(raw.properties, where),
        points=points,
        gid=raw.gid & GID_AND_FLIPS,
    )
