"""What storage and API need to know of maps: which there are, their zones, spawns and size.

`world` makes servers out of these; where the maps come from is the business of whoever composes the
parts (`web.compose` takes `maps.templates`, tests a tiny one).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from signaling.messages import Bounds, ZoneType
from world.records import Spawn


@dataclass(frozen=True, slots=True)
class MapZone:
    """A zone as the map's author drew it (px)."""

    name: str
    type: ZoneType
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class MapChoice:
    """One map to make a server from. Sizes in px, `thumbnail` a URL."""

    name: str
    title: str
    description: str
    width: float
    height: float
    zones: tuple[MapZone, ...]
    spawns: tuple[Spawn, ...]
    thumbnail: str


class MapLibrary(Protocol):
    """The maps that this installation offers."""

    def all(self) -> Iterable[MapChoice]:
        """Every map, in the order in which they are offered."""

    def get(self, name: str) -> MapChoice | None:
        """The map of this name."""
