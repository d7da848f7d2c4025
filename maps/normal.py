"""The normal form of a map: plain Tiled JSON that the browser's engine loads without further ado.

Finite, orthogonal, groups flattened, tilesets embedded, cells as plain integers, only known fields.
Reading the normal form again gives the same `TiledMap`.
"""

from __future__ import annotations

from typing import Any

from maps.model import ImageLayer, LayerInfo, MapObject, ObjectLayer, Properties, TiledMap, TileLayer, Tileset

_TYPE_NAMES = {bool: "bool", int: "int", float: "float", str: "string"}


def normalise(tiled: TiledMap) -> dict[str, Any]:
    """The map as a JSON object of Tiled 1.10."""
    layers = [_layer(tiled, layer) for layer in tiled.layers]
    objects = [o.id for layer in tiled.layers if isinstance(layer, ObjectLayer) for o in layer.objects]
    out: dict[str, Any] = {
        "type": "map",
        "version": "1.10",
        "orientation": "orthogonal",
        "renderorder": "right-down",
        "infinite": False,
        "width": tiled.columns,
        "height": tiled.rows,
        "tilewidth": tiled.tile,
        "tileheight": tiled.tile,
        "nextlayerid": max((layer.info.id for layer in tiled.layers), default=0) + 1,
        "nextobjectid": max(objects, default=0) + 1,
        "layers": layers,
        "tilesets": [_tileset(tileset) for tileset in tiled.tilesets],
    }
    if tiled.background:
        out["backgroundcolor"] = tiled.background
    _add_properties(out, tiled.properties)
    return out


def _layer(tiled: TiledMap, layer: TileLayer | ObjectLayer | ImageLayer) -> dict[str, Any]:
    out = _info(layer.info)
    if isinstance(layer, TileLayer):
        out |= {"type": "tilelayer", "width": tiled.columns, "height": tiled.rows}
        out["data"] = list(layer.cells)
    elif isinstance(layer, ObjectLayer):
        out |= {"type": "objectgroup", "draworder": "topdown"}
        out["objects"] = [_object(item) for item in layer.objects]
    else:
        out |= {"type": "imagelayer", "image": layer.image, "x": layer.x, "y": layer.y}
    return out


def _info(info: LayerInfo) -> dict[str, Any]:
    out: dict[str, Any] = {
        "id": info.id,
        "name": info.name,
        "visible": info.visible,
        "opacity": info.opacity,
        "x": 0,
        "y": 0,
    }
    if info.offset_x or info.offset_y:
        out |= {"offsetx": info.offset_x, "offsety": info.offset_y}
    _add_properties(out, info.properties)
    return out


def _object(item: MapObject) -> dict[str, Any]:
    out: dict[str, Any] = {
        "id": item.id,
        "name": item.name,
        "type": item.type,
        "x": item.x,
        # Tile objects stand on their y.
        "y": item.y + item.height if item.shape == "tile" else item.y,
        "width": item.width,
        "height": item.height,
        "rotation": item.rotation,
        "visible": item.visible,
    }
    match item.shape:
        case "point":
            out["point"] = True
        case "ellipse":
            out["ellipse"] = True
        case "polygon" | "polyline":
            out[item.shape] = [{"x": x, "y": y} for x, y in item.points]
        case "tile":
            out["gid"] = item.gid
        case "text":
            out["text"] = {}
        case "rectangle":
            pass
    _add_properties(out, item.properties)
    return out


def _tileset(tileset: Tileset) -> dict[str, Any]:
    out: dict[str, Any] = {
        "firstgid": tileset.first_gid,
        "name": tileset.name,
        "tilewidth": tileset.tile_width,
        "tileheight": tileset.tile_height,
        "tilecount": tileset.tile_count,
        "columns": tileset.columns,
        "margin": tileset.margin,
        "spacing": tileset.spacing,
    }
    if tileset.image:
        out |= {
            "image": tileset.image,
            "imagewidth": tileset.image_width,
            "imageheight": tileset.image_height,
        }
    ids = sorted({*tileset.tile_properties, *tileset.tile_images, *tileset.animations})
    if ids:
        out["tiles"] = [_tile(tileset, number) for number in ids]
    return out


def _tile(tileset: Tileset, number: int) -> dict[str, Any]:
    out: dict[str, Any] = {"id": number}
    if number in tileset.tile_images:
        image, width, height = tileset.tile_images[number]
        out |= {"image": image, "imagewidth": width, "imageheight": height}
    if number in tileset.animations:
        out["animation"] = [{"tileid": i, "duration": ms} for i, ms in tileset.animations[number]]
    _add_properties(out, tileset.tile_properties.get(number, {}))
    return out


def _add_properties(out: dict[str, Any], given: Properties) -> None:
    if given:
        out["properties"] = [
            {"name": name, "type": _TYPE_NAMES[type(value)], "value": value} for name, value in given.items()
        ]
