"""What a Tiled map means to the game: zones, spawn points and blocking tiles.

Zones are rectangles of an object layer named Zones (or Areas, Rooms), objects whose class or properties
say that they are one, and WorkAdventure's areas and layers. The type: a property `type` or the class
wins, then WorkAdventure's properties, then the name ("room", "private", "office" ... is PRIVATE).
Tiles block in a layer named Collision (any tile), and anywhere with the tile property `collides`.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from maps.collision import Collision
from maps.model import (
    Bounds,
    GameMap,
    MapError,
    MapObject,
    MapSpawn,
    MapZone,
    ObjectLayer,
    Properties,
    TiledMap,
    TileLayer,
    Tileset,
    ZoneType,
)

MAX_ZONES = 256
MAX_SPAWNS = 256
MAX_NAME = 64  # characters, as the messages carry them

ZONE_LAYERS = ("zones", "areas", "rooms")
COLLISION_LAYERS = ("collision", "collisions")
PUBLIC_WORDS = ("public", "hall", "lobby", "reception", "plaza", "meadow", "garden", "park")
PRIVATE_WORDS = ("room", "private", "office", "meeting", "booth", "cabin", "conference")
TYPE_WORDS: dict[str, ZoneType] = {
    "public": "PUBLIC",
    "stage": "PUBLIC",
    "private": "PRIVATE",
    "silent": "SILENT",
}
ZONE_CLASSES = ("zone", "area", "room", *TYPE_WORDS)
# WorkAdventure: https://docs.workadventu.re/map-building/tiled-editor/
WORKADVENTURE_PRIVATE = ("jitsiRoom", "bbbMeeting", "livekitRoom")
WORKADVENTURE_SILENT = "silent"
# What makes a zone of a layer of tiles.
WORKADVENTURE_TILES = (*WORKADVENTURE_PRIVATE, WORKADVENTURE_SILENT)
WORKADVENTURE_PUBLIC = ("speakerMegaphone", "listenerMegaphone", "focusable")


def game_map(tiled: TiledMap) -> GameMap:
    """The game's view of a map. Raises MapError when nobody could stand on it or a zone is broken."""
    collision = Collision(tiled.columns, tiled.rows, tiled.tile, _blocked(tiled))
    try:
        middle = collision.nearest_free(collision.width / 2, collision.height / 2)
    except LookupError:
        raise MapError("the map is blocked everywhere: nobody could stand on it") from None
    zones = _unique(list(_zones(tiled)))
    spawns = [
        MapSpawn(s.name, *collision.nearest_free(s.x, s.y)) for s in _sorted_spawns(list(_spawns(tiled)))
    ]
    if len(zones) > MAX_ZONES or len(spawns) > MAX_SPAWNS:
        raise MapError(f"more than {MAX_ZONES} zones or {MAX_SPAWNS} spawn points")
    return GameMap(
        width=collision.width,
        height=collision.height,
        tile=tiled.tile,
        zones=tuple(zones),
        spawns=tuple(spawns) or (MapSpawn("Spawn_main", *middle),),
        collision=collision,
        title=_text(tiled.properties, "mapName", "title"),
        description=_text(tiled.properties, "mapDescription", "description"),
        copyright=_text(tiled.properties, "mapCopyright", "copyright"),
    )


def _has(given: Properties, *keys: str) -> bool:
    return any(given.get(key) not in (None, False, "") for key in keys)


def zone_type(name: str, class_: str, given: Properties) -> ZoneType:
    """The type of a zone by its properties, its class and its name, in this order."""
    for word in (given.get("type"), given.get("zone_type"), class_):
        if isinstance(word, str) and word.lower() in TYPE_WORDS:
            return TYPE_WORDS[word.lower()]
    if _has(given, *WORKADVENTURE_PRIVATE):
        return "PRIVATE"
    if _has(given, WORKADVENTURE_SILENT):
        return "SILENT"
    if _has(given, *WORKADVENTURE_PUBLIC):
        return "PUBLIC"
    lower = name.lower()
    if "private" in lower:
        return "PRIVATE"
    if any(word in lower for word in PUBLIC_WORDS):
        return "PUBLIC"
    return "PRIVATE" if any(word in lower for word in PRIVATE_WORDS) else "PUBLIC"


# --- blocking tiles ----------------------------------------------------------------------------


def _blocked(tiled: TiledMap) -> bytearray:
    blocked = bytearray(tiled.columns * tiled.rows)
    colliding = _colliding_gids(tiled.tilesets)
    for layer in tiled.layers:
        if not isinstance(layer, TileLayer):
            continue
        everything = layer.info.name.strip().lower() in COLLISION_LAYERS
        cells = [
            index
            for index, gid in enumerate(layer.cells)
            if gid and (everything or gid & 0x0FFFFFFF in colliding)
        ]
        if not cells:
            continue
        where = f"layer {layer.info.name[:64]!r}"
        columns, rest_x = divmod(layer.info.offset_x, tiled.tile)
        rows, rest_y = divmod(layer.info.offset_y, tiled.tile)
        if rest_x or rest_y:
            raise MapError("a layer that blocks is offset by less than whole tiles", where)
        for index in cells:
            row, column = divmod(index, tiled.columns)
            row, column = row + int(rows), column + int(columns)
            if 0 <= row < tiled.rows and 0 <= column < tiled.columns:
                blocked[row * tiled.columns + column] = 1
    return blocked


def _colliding_gids(tilesets: tuple[Tileset, ...]) -> frozenset[int]:
    return frozenset(
        tileset.first_gid + number
        for tileset in tilesets
        for number, given in tileset.tile_properties.items()
        if given.get("collides") is True
    )


# --- zones -------------------------------------------------------------------------------------


def _zones(tiled: TiledMap) -> Iterator[MapZone]:
    for layer in tiled.layers:
        info = layer.info
        if isinstance(layer, ObjectLayer):
            of_zones = info.name.strip().lower() in ZONE_LAYERS
            for item in layer.objects:
                if item.shape not in ("rectangle", "ellipse", "polygon") or not _is_zone(item, of_zones):
                    continue
                box = _box(item)
                if box.width <= 0 or box.height <= 0:
                    continue  # a stray click in Tiled
                name = item.name.strip() or f"Zone {item.id}"
                where = f"layer {info.name[:64]!r}, object {item.id}"
                if item.rotation:
                    raise MapError(f"zone {name[:64]!r} is rotated; zones must be upright", where)
                moved = Bounds(box.x + info.offset_x, box.y + info.offset_y, box.width, box.height)
                kind = zone_type(name, item.type, item.properties)
                yield MapZone(_name(name, where), kind, _clipped(moved, tiled, name, where))
        elif isinstance(layer, TileLayer) and _has(info.properties, *WORKADVENTURE_TILES):
            where = f"layer {info.name[:64]!r}"
            area = _used_box(layer, tiled)
            if area is not None:
                kind = zone_type(info.name, "", info.properties)
                yield MapZone(_name(info.name.strip() or f"Zone {info.id}", where), kind, area)


def _is_zone(item: MapObject, of_zones: bool) -> bool:
    given = item.properties
    if item.type.lower() in ("spawn", "start") or "start" in given:
        return False
    return (
        of_zones
        or item.type.lower() in ZONE_CLASSES
        or any(key in given for key in (*WORKADVENTURE_TILES, *WORKADVENTURE_PUBLIC))
        or str(given.get("zone_type", given.get("type", ""))).lower() in TYPE_WORDS
    )


def _box(item: MapObject) -> Bounds:
    """The upright box around an object's form."""
    if item.shape != "polygon" or not item.points:
        return Bounds(item.x, item.y, item.width, item.height)
    xs, ys = [p[0] for p in item.points], [p[1] for p in item.points]
    return Bounds(item.x + min(xs), item.y + min(ys), max(xs) - min(xs), max(ys) - min(ys))


def _clipped(box: Bounds, tiled: TiledMap, name: str, where: str) -> Bounds:
    width, height = tiled.columns * tiled.tile, tiled.rows * tiled.tile
    left, top = max(box.x, 0.0), max(box.y, 0.0)
    right, bottom = min(box.x + box.width, width), min(box.y + box.height, height)
    if right <= left or bottom <= top:
        raise MapError(f"zone {name[:64]!r} lies outside the map", where)
    if (left, top, right, bottom) == (box.x, box.y, box.x + box.width, box.y + box.height):
        return box
    return Bounds(left, top, right - left, bottom - top)


def _used_box(layer: TileLayer, tiled: TiledMap) -> Bounds | None:
    left, top, right, bottom = inf, inf, -inf, -inf
    for index, gid in enumerate(layer.cells):
        if gid:
            row, column = divmod(index, tiled.columns)
            left, right = min(left, column), max(right, column + 1)
            top, bottom = min(top, row), max(bottom, row + 1)
    if right < left:
        return None
    tile = tiled.tile
    return Bounds(left * tile, top * tile, (right - left) * tile, (bottom - top) * tile)


def _name(name: str, where: str) -> str:
    if len(name) > MAX_NAME:
        raise MapError(f"the name {name[:32]!r}... is longer than {MAX_NAME} characters", where)
    return name


def _unique(zones: list[MapZone]) -> list[MapZone]:
    """The same zones with names told apart: "Booth", "Booth (2)"."""
    seen: set[str] = set()
    out: list[MapZone] = []
    for zone in zones:
        name, number = zone.name, 2
        while name in seen:
            ending = f" ({number})"
            name, number = zone.name[: MAX_NAME - len(ending)] + ending, number + 1
        seen.add(name)
        out.append(MapZone(name, zone.type, zone.bounds))
    return out


# --- spawn points ------------------------------------------------------------------------------


def _spawns(tiled: TiledMap) -> Iterator[MapSpawn]:
    for layer in tiled.layers:
        info = layer.info
        where = f"layer {info.name[:64]!r}"
        if isinstance(layer, ObjectLayer):
            for item in layer.objects:
                if _is_spawn(item):
                    x, y = _box(item).centre
                    name = _name(item.name.strip() or f"Spawn {item.id}", where)
                    yield _on_map(MapSpawn(name, x + info.offset_x, y + info.offset_y), tiled, where)
        elif isinstance(layer, TileLayer):
            marked = info.properties.get("startLayer") is True or info.properties.get("start") is True
            area = _used_box(layer, tiled) if marked or info.name.strip().lower() == "start" else None
            if area is not None:
                x, y = area.centre
                yield MapSpawn(_name(info.name.strip() or f"Spawn {info.id}", where), x, y)


def _is_spawn(item: MapObject) -> bool:
    if item.shape not in ("point", "rectangle", "ellipse"):
        return False
    if item.type.lower() in ("spawn", "start") or item.properties.get("start") is True:
        return True
    return item.shape == "point" and item.name.strip().lower().startswith(("spawn", "start"))


def _on_map(spawn: MapSpawn, tiled: TiledMap, where: str) -> MapSpawn:
    width, height = tiled.columns * tiled.tile, tiled.rows * tiled.tile
    if not (0 <= spawn.x <= width and 0 <= spawn.y <= height):
        raise MapError(f"spawn point {spawn.name[:64]!r} lies outside the map", where)
    return spawn


def _sorted_spawns(spawns: list[MapSpawn]) -> list[MapSpawn]:
    """The main one first, otherwise as in the file."""
    return sorted(spawns, key=lambda s: s.name.lower() not in ("spawn_main", "start"))


def _text(given: Properties, *keys: str) -> str:
    return next((v for k in keys if isinstance(v := given.get(k), str)), "")
