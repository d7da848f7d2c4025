"""The geometry that the world needs of a map, as a contract: `maps.model.GameMap` fulfils it."""

from __future__ import annotations

from typing import Protocol


class Collision(Protocol):
    """Where feet can stand and walk (px, centre of the feet's box)."""

    def free(self, x: float, y: float) -> bool:
        """Whether the foot box centred on (x, y) touches no wall and lies on the map."""

    def clear_path(self, x0: float, y0: float, x1: float, y1: float) -> bool:
        """Whether the foot box swept from (x0, y0) to (x1, y1) touches no wall and stays on the map."""


class Ground(Protocol):
    """A loaded map."""

    @property
    def width(self) -> float:
        """px"""

    @property
    def height(self) -> float:
        """px"""

    @property
    def tile(self) -> int:
        """px"""

    @property
    def collision(self) -> Collision:
        """Where one can walk."""
