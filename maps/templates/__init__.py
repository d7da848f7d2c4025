"""The maps that come with the game: what a new server can be made of.

Each is a folder here with `map.json` (Tiled JSON in normal form), `thumbnail.png` and `template.json`
(title, description). This folder is what the browser sees under `/maps/`, so that an image which a
map names as `tiles.png` is `/maps/{name}/tiles.png`; `asset` says which files there are. The avatars'
sheets are in `avatars/`, the layers of looks of one's own in `looks/`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec

from maps.meaning import game_map
from maps.model import GameMap, TiledMap
from maps.tiled import read

FOLDER = Path(__file__).parent
# In the order in which they are offered.
NAMES = ("office", "park", "campus", "rooftop")
ASSET_TYPES = {".json": "application/json", ".png": "image/png"}


class _About(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """template.json"""

    title: str
    description: str


@dataclass(frozen=True, slots=True)
class MapTemplate:
    """One map to choose. `name` is what the API takes and what stands in `/maps/{name}/map.json`."""

    name: str
    title: str
    description: str
    game_map: GameMap
    tiled: TiledMap
    folder: Path

    @property
    def map_json(self) -> Path:
        """The Tiled JSON in normal form."""
        return self.folder / "map.json"

    @property
    def thumbnail(self) -> Path:
        """A picture of the map, 640 px wide."""
        return self.folder / "thumbnail.png"

    @property
    def map_url(self) -> str:
        """Where the browser finds the map."""
        return f"/maps/{self.name}/map.json"

    @property
    def thumbnail_url(self) -> str:
        """Where the browser finds the picture."""
        return f"/maps/{self.name}/thumbnail.png"


@cache
def template(name: str) -> MapTemplate:
    """The template `name`; read once. Raises LookupError for an unknown name."""
    if name not in NAMES:
        raise LookupError(f"there is no map {name[:64]!r}; there are {', '.join(NAMES)}")
    folder = FOLDER / name
    tiled = read((folder / "map.json").read_bytes(), path=f"{name}/map.json")
    about = msgspec.json.decode((folder / "template.json").read_bytes(), type=_About)
    return MapTemplate(name, about.title, about.description, game_map(tiled), tiled, folder)


def templates() -> list[MapTemplate]:
    """All templates in the order in which they are offered."""
    return [template(name) for name in NAMES]


def asset(path: str) -> Path | None:
    """The file behind `/maps/{path}`, or None: only JSON and PNG files of this folder, nothing else."""
    if "\0" in path or len(path) > 200:
        return None
    file = (FOLDER / path).resolve()
    if file.suffix not in ASSET_TYPES or not file.is_relative_to(FOLDER.resolve()) or not file.is_file():
        return None
    return file
