"""Tilesets as XML (.tsx), which is what Tiled writes unless told otherwise, turned into their JSON.

Document types and entities are refused outright: no tileset has them, every XML bomb does.
"""

from __future__ import annotations

import re
from typing import Any
from xml.parsers import expat

import msgspec

from maps.model import MapError
from maps.tiled_schema import MAX_TILES_OF_SET

_MAX_DEPTH = 16
_WHOLE = re.compile(r"-?[0-9]{1,12}")
_NUMBERS = ("tilewidth", "tileheight", "tilecount", "columns", "margin", "spacing")


def tileset_from_xml(data: bytes, where: str) -> bytes:
    """The same tileset as JSON. Raises MapError when the XML is broken or says something forbidden."""
    reader = _Reader(where)
    parser = expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.StartDoctypeDeclHandler = reader.doctype
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError) as error:
        if isinstance(error, MapError):
            raise
        raise MapError(f"the tileset is no good XML: {error}", where) from None
    if reader.root is None:
        raise MapError("the XML file holds no tileset", where)
    return msgspec.json.encode(reader.root)


class _Reader:
    """Builds the JSON form element by element; elements without a meaning here are passed over."""

    def __init__(self, where: str) -> None:
        self.root: dict[str, Any] | None = None
        self._where = where
        self._path: list[str] = []
        self._tile: dict[str, Any] | None = None

    def doctype(self, *_: object) -> None:
        raise MapError("a tileset may not declare a document type", self._where)

    def start(self, tag: str, a: dict[str, str]) -> None:
        self._path.append(tag)
        if len(self._path) > _MAX_DEPTH:
            raise MapError(f"elements nested deeper than {_MAX_DEPTH}", self._where)
        match self._path:
            case ["tileset"]:
                self.root = {"name": a.get("name", ""), "tiles": []}
                self.root.update({key: self._int(a[key]) for key in _NUMBERS if key in a})
            case ["tileset", "image"]:
                self._image(self._root, a)
            case ["tileset", "tile"]:
                self._tile = {"id": self._int(a.get("id", "")), "properties": [], "animation": []}
                self._root["tiles"].append(self._tile)
                if len(self._root["tiles"]) > MAX_TILES_OF_SET:
                    raise MapError(f"more than {MAX_TILES_OF_SET} tiles", self._where)
            case ["tileset", "tile", "image"] if self._tile is not None:
                self._image(self._tile, a)
            case ["tileset", "tile", "properties", "property"] if self._tile is not None:
                kind = a.get("type", "string")
                value = self._value(kind, a.get("value", ""))
                item = {"name": a.get("name", ""), "type": kind, "value": value}
                self._tile["properties"].append(item)
            case ["tileset", "tile", "animation", "frame"] if self._tile is not None:
                frame = {key: self._int(a.get(key, "")) for key in ("tileid", "duration")}
                self._tile["animation"].append(frame)

    def end(self, _: str) -> None:
        self._path.pop()

    @property
    def _root(self) -> dict[str, Any]:
        assert self.root is not None  # the path starts with it
        return self.root

    def _image(self, to: dict[str, Any], a: dict[str, str]) -> None:
        to["image"] = a.get("source", "")
        to["imagewidth"] = self._int(a.get("width", "0"))
        to["imageheight"] = self._int(a.get("height", "0"))

    def _value(self, kind: str, text: str) -> bool | int | float | str:
        if kind == "bool":
            return text == "true"
        if kind in ("int", "object"):
            return self._int(text)
        if kind == "float":
            try:
                return float(text)
            except ValueError:
                raise MapError(f"{text[:64]!r} is no number", self._where) from None
        return text

    def _int(self, text: str) -> int:
        if not _WHOLE.fullmatch(text):
            raise MapError(f"{text[:64]!r} is no whole number", self._where)
        return int(text)
