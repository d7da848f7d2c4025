"""What a map is, twice: as Tiled says it (`TiledMap`) and as the game uses it (`GameMap`).

Plain frozen records without rules. Coordinates and sizes are map px with the origin at the top left,
unless a name says `columns`, `rows` or `cells`. `MapError` is the only thing that reading a map raises.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from maps.collision import Collision

ZoneType = Literal["PUBLIC", "PRIVATE", "SILENT"]
Scalar: TypeAlias = bool | int | float | str
Properties: TypeAlias = Mapping[str, Scalar]
Shape = Literal["rectangle", "point", "ellipse", "polygon", "polyline", "tile", "text"]


class MapError(ValueError):
    """A map was refused: `reason` says why, `where` the place in the file (may be empty)."""

    def __init__(self, reason: str, where: str = "") -> None:
        super().__init__(f"{reason} (at {where})" if where else reason)
        self.reason = reason
        self.where = where


@dataclass(frozen=True, slots=True)
class Bounds:
    """A rectangle in map px; (px, py) is inside when x <= px < x + width, and so for y."""

    x: float
    y: float
    width: float
    height: float

    def contains(self, x: float, y: float) -> bool:
        """Whether the point is inside."""
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height

    @property
    def centre(self) -> tuple[float, float]:
        """The middle of the rectangle."""
        return self.x + self.width / 2, self.y + self.height / 2


@dataclass(frozen=True, slots=True)
class MapZone:
    """A named area of a map."""

    name: str
    type: ZoneType
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class MapSpawn:
    """A place where players appear: the centre of their feet, always free."""

    name: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class GameMap:
    """What the rules of the world need of a map. `width` and `height` in px, `tile` px a side.

    `spawns` has at least one; the first is the main one. `zones` may be empty: then everything is
    public space.
    """

    width: int
    height: int
    tile: int
    zones: tuple[MapZone, ...]
    spawns: tuple[MapSpawn, ...]
    collision: Collision
    title: str = ""
    description: str = ""
    copyright: str = ""


@dataclass(frozen=True, slots=True)
class Tileset:
    """A tileset, embedded. `image` (or each tile's image in a collection) is a path relative to the map.

    `tile_properties` and `tile_images` are keyed by the tile's id within the set (gid - first_gid).
    """

    name: str
    first_gid: int
    tile_width: int
    tile_height: int
    tile_count: int
    columns: int
    margin: int
    spacing: int
    image: str
    image_width: int
    image_height: int
    tile_properties: Mapping[int, Properties] = field(default_factory=dict)
    # id -> (path, width px, height px); only in a collection of images
    tile_images: Mapping[int, tuple[str, int, int]] = field(default_factory=dict)
    # id -> ((id, ms), ...)
    animations: Mapping[int, tuple[tuple[int, int], ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LayerInfo:
    """What every layer has. Offsets (px) and visibility include those of the enclosing groups."""

    id: int
    name: str
    visible: bool
    opacity: float
    offset_x: float
    offset_y: float
    properties: Properties


@dataclass(frozen=True, slots=True)
class TileLayer:
    """columns * rows gids, row by row; the top three bits are the flips H, V, diagonal; 0 is empty."""

    info: LayerInfo
    cells: array[int]


@dataclass(frozen=True, slots=True)
class MapObject:
    """An object; (x, y) is the top left of its unrotated box except for points.

    `points` are relative to (x, y) (polygon and polyline). `rotation` in degrees, clockwise.
    """

    id: int
    name: str
    type: str
    shape: Shape
    x: float
    y: float
    width: float
    height: float
    rotation: float
    visible: bool
    properties: Properties
    points: tuple[tuple[float, float], ...] = ()
    gid: int = 0


@dataclass(frozen=True, slots=True)
class ObjectLayer:
    """A layer of objects."""

    info: LayerInfo
    objects: tuple[MapObject, ...]


@dataclass(frozen=True, slots=True)
class ImageLayer:
    """A picture; tolerated, it has no meaning for the rules."""

    info: LayerInfo
    image: str
    x: float
    y: float


Layer: TypeAlias = TileLayer | ObjectLayer | ImageLayer


@dataclass(frozen=True, slots=True)
class TiledMap:
    """A Tiled map, decoded: finite, groups flattened, tilesets embedded."""

    columns: int
    rows: int
    tile: int
    background: str
    layers: tuple[Layer, ...]
    tilesets: tuple[Tileset, ...]
    properties: Properties
