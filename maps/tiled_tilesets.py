"""Tilesets: embedded ones, and those in files of their own (.tsj/.json, .tsx), which get embedded.

A referenced file is asked of the resolver by its path inside the map's folder; paths that lead out of
that folder, absolute paths and URLs are refused before anybody opens anything.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import TypeAlias

import msgspec

from maps.model import MapError, Tileset
from maps.tiled_layers import properties
from maps.tiled_schema import MAX_FILE_BYTES, RawTileset
from maps.tiled_xml import tileset_from_xml

# Gives the bytes of a file by its path inside the map's folder ("tiles/floor.tsj"); LookupError or
# OSError when there is none.
Resolver: TypeAlias = Callable[[str], bytes]

_GID_MASK = 0x0FFFFFFF


def inside(base: str, reference: str, where: str) -> str:
    """The path of `reference`, as written in the file `base`, both relative to the map's folder."""
    if "\\" in reference or ":" in reference or "\0" in reference or reference.startswith("/"):
        raise MapError(f"{reference[:128]!r} is no relative path", where)
    path = posixpath.normpath(posixpath.join(posixpath.dirname(base), reference))
    if path == ".." or path.startswith(("../", "/")):
        raise MapError(f"{reference[:128]!r} leads out of the map's folder", where)
    return path


def read_tilesets(raw: list[RawTileset], base: str, resolve: Resolver | None) -> tuple[Tileset, ...]:
    """All tilesets with their files read, by rising first gid. `base` is the map's own path."""
    sets: list[Tileset] = []
    for index, item in enumerate(raw):
        where = f"tilesets[{index}]"
        if item.source is None:
            sets.append(_tileset(item, item.firstgid, base, base, where))
            continue
        path = inside(base, item.source, f"{where}.source")
        sets.append(_tileset(_external(path, resolve, where), item.firstgid, base, path, where))
    sets.sort(key=lambda s: s.first_gid)
    for before, after in pairwise(sets):
        if before.first_gid + before.tile_count > after.first_gid:
            raise MapError(f"tilesets {before.name[:64]!r} and {after.name[:64]!r} overlap", "tilesets")
    return tuple(sets)


def _external(path: str, resolve: Resolver | None, where: str) -> RawTileset:
    if resolve is None:
        raise MapError(f"the tileset {path[:128]!r} is another file: embed it in Tiled", where)
    try:
        data = resolve(path)
    except (LookupError, OSError):
        raise MapError(f"the tileset file {path[:128]!r} is missing", where) from None
    if len(data) > MAX_FILE_BYTES:
        raise MapError(f"the tileset file {path[:128]!r} is larger than {MAX_FILE_BYTES} bytes", where)
    if path.lower().endswith((".tsx", ".xml")):
        data = tileset_from_xml(data, f"{where}: {path[:128]}")
    try:
        item = msgspec.json.decode(data, type=RawTileset)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MapError(f"the tileset file {path[:128]!r}: {error}", where) from None
    if item.source is not None:
        raise MapError(f"the tileset file {path[:128]!r} refers to yet another file", where)
    return item


def _tileset(raw: RawTileset, first_gid: int, base: str, file: str, where: str) -> Tileset:
    if raw.tilewidth < 1 or raw.tileheight < 1:
        raise MapError(f"tileset {raw.name[:64]!r} without a tile size", where)

    def image(name: str) -> str:
        """An image's path relative to the map (it is written relative to the tileset's file)."""
        return posixpath.relpath(inside(file, name, where), posixpath.dirname(base) or ".")

    # In a collection of images ids may have gaps, so the highest id bounds the gids.
    highest = max((t.id for t in raw.tiles), default=-1) + 1
    pictures = {t.id: (image(t.image), t.imagewidth, t.imageheight) for t in raw.tiles if t.image}
    return Tileset(
        name=raw.name,
        first_gid=first_gid,
        tile_width=raw.tilewidth,
        tile_height=raw.tileheight,
        tile_count=max(raw.tilecount, highest) if pictures else raw.tilecount,
        columns=raw.columns,
        margin=raw.margin,
        spacing=raw.spacing,
        image=image(raw.image) if raw.image else "",
        image_width=raw.imagewidth if raw.image else 0,
        image_height=raw.imageheight if raw.image else 0,
        tile_properties={t.id: given for t in raw.tiles if (given := properties(t.properties, where))},
        tile_images=pictures,
        animations={
            t.id: tuple((f.tileid, f.duration) for f in t.animation) for t in raw.tiles if t.animation
        },
    )


def check_gids(gids: Iterable[int], sets: tuple[Tileset, ...], where: str) -> None:
    """Refuse a gid (flags allowed) that no tileset has."""
    for gid in gids:
        number = gid & _GID_MASK
        if number and not any(s.first_gid <= number < s.first_gid + s.tile_count for s in sets):
            raise MapError(f"tile {number} belongs to no tileset", where)
