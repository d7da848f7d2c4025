"""The maps of `maps.templates` as the world's `MapLibrary`. They are read when somebody asks first."""

from __future__ import annotations

from functools import cache

from maps import templates
from signaling.messages import Bounds
from world.records import Spawn
from world.storage.map_library import MapChoice, MapZone


class TemplateMaps:
    """The templates that come with the game."""

    def all(self) -> list[MapChoice]:
        """Every one, in the order in which they are offered."""
        return [_choice(name) for name in templates.NAMES]

    def get(self, name: str) -> MapChoice | None:
        """The one of this name."""
        return _choice(name) if name in templates.NAMES else None


@cache
def _choice(name: str) -> MapChoice:
    template = templates.template(name)
    game_map = template.game_map
    return MapChoice(
        name=template.name,
        title=template.title,
        description=template.description,
        width=game_map.width,
        height=game_map.height,
        zones=tuple(
            MapZone(
                zone.name,
                zone.type,
                Bounds(zone.bounds.x, zone.bounds.y, zone.bounds.width, zone.bounds.height),
            )
            for zone in game_map.zones
        ),
        spawns=tuple(Spawn(spawn.name, spawn.x, spawn.y) for spawn in game_map.spawns),
        thumbnail=template.thumbnail_url,
    )
