"""Reading a map made with Tiled: bytes in, a `TiledMap` or a `MapError` out.

Whatever the file holds, reading it either gives a map or says what is wrong and where; it raises
nothing else, opens nothing itself (the resolver does) and stays within the bounds of `tiled_schema`.
"""

from __future__ import annotations

import msgspec

from maps.model import MapError, ObjectLayer, TiledMap, TileLayer
from maps.tiled_layers import properties, read_layers
from maps.tiled_schema import MAX_FILE_BYTES, RawMap
from maps.tiled_tilesets import Resolver, check_gids, inside, read_tilesets

_DECODER = msgspec.json.Decoder(RawMap)


def read(data: bytes, resolve: Resolver | None = None, path: str = "map.json") -> TiledMap:
    """Decode a Tiled JSON map (.tmj, .json).

    `resolve` gives the bytes of files that the map refers to; `path` is the map's own path inside the
    folder that such references may not leave. Raises MapError.
    """
    if len(data) > MAX_FILE_BYTES:
        raise MapError(f"the file is larger than {MAX_FILE_BYTES} bytes")
    if data.lstrip()[:1] == b"<":
        raise MapError("this is a .tmx file: in Tiled, export the map as JSON (.tmj)")
    try:
        raw = _DECODER.decode(data)
    except msgspec.ValidationError as error:
        reason, _, where = str(error).partition(" - at ")
        raise MapError(reason, where.strip("`")) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MapError(f"the file is not JSON: {error}") from None
    except RecursionError:
        raise MapError("the file is nested too deeply") from None
    if raw.orientation != "orthogonal":
        raise MapError(f"the map is {raw.orientation[:32]}; only orthogonal maps can be used", "orientation")
    if raw.tilewidth != raw.tileheight:
        raise MapError(f"tiles of {raw.tilewidth} x {raw.tileheight} px; they must be square", "tilewidth")
    grid, layers = read_layers(raw)
    tilesets = read_tilesets(raw.tilesets, path, resolve)
    for layer in layers:
        where = f"layer {layer.info.name[:64]!r}"
        if isinstance(layer, TileLayer):
            check_gids(set(layer.cells), tilesets, where)
        elif isinstance(layer, ObjectLayer):
            check_gids({o.gid for o in layer.objects}, tilesets, where)
        elif layer.image:
            inside(path, layer.image, where)
    return TiledMap(
        columns=grid.columns,
        rows=grid.rows,
        tile=raw.tilewidth,
        background=raw.backgroundcolor or "",
        layers=layers,
        tilesets=tilesets,
        properties=properties(raw.properties, "properties"),
    )
