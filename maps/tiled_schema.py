"""The JSON of Tiled 1.0 to 1.11 as typed structs: what may stand where, and how large it may be.

Decoding into these refuses wrong types, NaN, infinite and out-of-range numbers with the place
(`$.layers[2].data[7]`), and never builds what the reader does not use. Meaning is given elsewhere
(`tiled_layers`, `tiled_tilesets`). Source: https://doc.mapeditor.org/en/stable/reference/json-map-format/
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Raw, Struct, field

# Bounds on everything that the author of a file can make grow.
MAX_FILE_BYTES = 8 * 1024 * 1024
MAX_SIDE = 1000  # tiles
MAX_CELLS = 250_000  # tiles of the map, a layer
MAX_TOTAL_CELLS = 4_000_000  # of all layers together, decoded
MAX_LAYERS = 200
MAX_NESTING = 16  # groups in groups
MAX_OBJECTS = 10_000
MAX_POINTS = 1_000  # of one polygon
MAX_TILESETS = 128
MAX_TILES_OF_SET = 65_536
MAX_PROPERTIES = 256
MAX_TEXT = 4_096
MAX_COORDINATE = 1_000_000.0

Text = Annotated[str, Meta(max_length=MAX_TEXT)]
Px = Annotated[float, Meta(ge=-MAX_COORDINATE, le=MAX_COORDINATE)]
Size = Annotated[int, Meta(ge=0, le=65_536)]
Cell = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
Gid = Annotated[int, Meta(ge=0, le=2**32 - 1)]
Cells = list[Gid] | str


class RawProperty(Struct, frozen=True):
    """A custom property; `value` stays raw because only scalars are used."""

    name: Text
    value: Raw = Raw(b"null")
    type: Text = "string"


RawProperties = Annotated[list[RawProperty], Meta(max_length=MAX_PROPERTIES)]


class RawPoint(Struct, frozen=True):
    """A corner of a polygon, relative to its object."""

    x: Px
    y: Px


RawPoints = Annotated[list[RawPoint], Meta(max_length=MAX_POINTS)]


class RawObject(Struct, frozen=True):
    """An object. `class` was the name of `type` in Tiled 1.9 only."""

    id: Cell = 0
    name: Text = ""
    type: Text = ""
    class_: Text = field(name="class", default="")
    x: Px = 0.0
    y: Px = 0.0
    width: Px = 0.0
    height: Px = 0.0
    rotation: Px = 0.0
    visible: bool = True
    gid: Gid = 0
    point: bool = False
    ellipse: bool = False
    polygon: RawPoints | None = None
    polyline: RawPoints | None = None
    text: Raw = Raw(b"")  # empty: no text
    template: Text | None = None
    properties: RawProperties = []


class RawChunk(Struct, frozen=True):
    """A piece of an infinite layer; x, y in tiles."""

    x: Cell
    y: Cell
    width: Size
    height: Size
    data: Cells


class RawLayer(Struct, frozen=True):
    """A layer of any type; fields of other types are left at their defaults."""

    type: Text
    id: Cell = 0
    name: Text = ""
    visible: bool = True
    opacity: Annotated[float, Meta(ge=0, le=1)] = 1.0
    offsetx: Px = 0.0
    offsety: Px = 0.0
    x: Px = 0.0
    y: Px = 0.0
    properties: RawProperties = []
    # tilelayer
    width: Size = 0
    height: Size = 0
    data: Cells | None = None
    chunks: Annotated[list[RawChunk], Meta(max_length=MAX_CELLS)] | None = None
    encoding: Text = ""
    compression: Text = ""
    # objectgroup
    objects: Annotated[list[RawObject], Meta(max_length=MAX_OBJECTS)] = []
    # imagelayer
    image: Text = ""
    # group
    layers: Annotated[list[RawLayer], Meta(max_length=MAX_LAYERS)] = []


class RawFrame(Struct, frozen=True):
    """One picture of an animation; `duration` in ms."""

    tileid: Size
    duration: Annotated[int, Meta(ge=0, le=3_600_000)]


class RawTile(Struct, frozen=True):
    """What a tileset says of one tile."""

    id: Size
    properties: RawProperties = []
    image: Text = ""
    imagewidth: Size = 0
    imageheight: Size = 0
    animation: Annotated[list[RawFrame], Meta(max_length=1024)] = []


class RawTileset(Struct, frozen=True):
    """A tileset, embedded or as a file of its own; or a reference to such a file (`source`)."""

    firstgid: Annotated[int, Meta(ge=1, le=2**28 - 1)] = 1
    source: Text | None = None
    name: Text = ""
    tilewidth: Size = 0
    tileheight: Size = 0
    tilecount: Annotated[int, Meta(ge=0, le=MAX_TILES_OF_SET)] = 0
    columns: Size = 0
    margin: Size = 0
    spacing: Size = 0
    image: Text = ""
    imagewidth: Size = 0
    imageheight: Size = 0
    tiles: Annotated[list[RawTile], Meta(max_length=MAX_TILES_OF_SET)] = []


class RawMap(Struct, frozen=True):
    """The file."""

    width: Size
    height: Size
    tilewidth: Annotated[int, Meta(ge=1, le=512)]
    tileheight: Annotated[int, Meta(ge=1, le=512)]
    layers: Annotated[list[RawLayer], Meta(max_length=MAX_LAYERS)]
    tilesets: Annotated[list[RawTileset], Meta(max_length=MAX_TILESETS)] = []
    orientation: Text = "orthogonal"
    infinite: bool = False
    backgroundcolor: Annotated[str, Meta(pattern=r"^#[0-9A-Fa-f]{6,8}$")] | None = None
    properties: RawProperties = []
