"""A uniform grid: who is near a point, at a cost that does not grow with the size of the world.

Exact positions in square cells; a query looks at the cells that its square touches. Knows players
only by their `x` and `y`. Source of the choice: measured, FIELD-NOTES "Spatial index".
"""

from __future__ import annotations

from world.player import Player

# The widest query of the rules (audibility.PREWARM_KEEP) touches at most 3 × 3 cells of this size.
CELL = 400.0
# Cells are keyed by one integer; rows lie this far apart. Positions are bounded far below it.
_ROW = 1 << 24


def _key(x: float, y: float) -> int:
    return int(x // CELL) * _ROW + int(y // CELL)


class Grid:
    """Players by place."""

    __slots__ = ("_at", "_cells")

    def __init__(self) -> None:
        self._cells: dict[int, dict[Player, None]] = {}
        self._at: dict[Player, int] = {}

    def __len__(self) -> int:
        return len(self._at)

    def put(self, player: Player) -> None:
        """The player is at its (x, y) now: added, or moved between cells."""
        key = _key(player.x, player.y)
        old = self._at.get(player)
        if old == key:
            return
        if old is not None:
            self._take(player, old)
        self._at[player] = key
        cell = self._cells.get(key)
        if cell is None:
            self._cells[key] = {player: None}
        else:
            cell[player] = None

    def remove(self, player: Player) -> None:
        """Forget the player. No effect when it is unknown."""
        old = self._at.pop(player, None)
        if old is not None:
            self._take(player, old)

    def _take(self, player: Player, key: int) -> None:
        cell = self._cells[key]
        del cell[player]
        if not cell:
            del self._cells[key]

    def near(self, x: float, y: float, radius: float) -> list[tuple[float, Player]]:
        """(squared distance, player) of all with distance < `radius` px, in no order."""
        found: list[tuple[float, Player]] = []
        limit = radius * radius
        cells = self._cells
        top, bottom = int((y - radius) // CELL), int((y + radius) // CELL)
        for cx in range(int((x - radius) // CELL), int((x + radius) // CELL) + 1):
            row = cx * _ROW
            for cy in range(top, bottom + 1):
                cell = cells.get(row + cy)
                if cell is None:
                    continue
                for player in cell:
                    dx = player.x - x
                    dy = player.y - y
                    squared = dx * dx + dy * dy
                    if squared < limit:
                        found.append((squared, player))
        return found

    def anybody_within(self, x: float, y: float, radius: float) -> bool:
        """Whether somebody stands closer than `radius` px."""
        return bool(self.near(x, y, radius))
