"""A uniform grid: who is near a point, at a cost that does not grow with the size of the world.

Exact positions in square cells; a query looks at the cells that its square touches. Knows players
only by their `x` and `y`. Source of the choice: measured, against a brute-force search.
"""

from __future__ import annotations

from world.space.player import Player

# The widest query of the rules (audibility.PREWARM_KEEP) touches at most 3 × 3 cells of this size.
CELL = 400.0
# Cells are keyed by one integer; rows lie this far apart. Positions are bounded far below it.
_ROW = 1 << 24


class _Cell:
    """A square and who is in it. Cells stay once they were entered: a map has a bounded number of them."""

    __slots__ = ("around", "bottom", "left", "players", "right", "top")

    def __init__(self, cx: int, cy: int) -> None:
        self.left, self.right = cx * CELL, (cx + 1) * CELL
        self.top, self.bottom = cy * CELL, (cy + 1) * CELL
        self.players: dict[Player, None] = {}
        # Itself and its eight neighbours, once somebody was here.
        self.around: tuple[_Cell, ...] = ()


class Grid:
    """Players by place."""

    __slots__ = ("_at", "_cells")

    def __init__(self) -> None:
        self._cells: dict[int, _Cell] = {}
        self._at: dict[Player, _Cell] = {}

    def __len__(self) -> int:
        return len(self._at)

    def put(self, player: Player) -> None:
        """The player is at its (x, y) now: added, or moved between cells."""
        x, y = player.x, player.y
        old = self._at.get(player)
        if old is not None:
            if old.left <= x < old.right and old.top <= y < old.bottom:
                return
            del old.players[player]
        cx, cy = int(x // CELL), int(y // CELL)
        cell = self._cell(cx, cy)
        if not cell.around:
            cell.around = tuple(self._cell(cx + dx, cy + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1))
        cell.players[player] = None
        self._at[player] = cell

    def remove(self, player: Player) -> None:
        """Forget the player. No effect when it is unknown."""
        old = self._at.pop(player, None)
        if old is not None:
            del old.players[player]

    def _cell(self, cx: int, cy: int) -> _Cell:
        key = cx * _ROW + cy
        cell = self._cells.get(key)
        if cell is None:
            cell = self._cells[key] = _Cell(cx, cy)
        return cell

    def around(self, player: Player) -> tuple[_Cell, ...]:
        """The cells that hold everybody within CELL px of somebody who is in the grid."""
        return self._at[player].around

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
                for player in cell.players:
                    dx = player.x - x
                    dy = player.y - y
                    squared = dx * dx + dy * dy
                    if squared < limit:
                        found.append((squared, player))
        return found

    def anybody_within(self, x: float, y: float, radius: float) -> bool:
        """Whether somebody stands closer than `radius` px."""
        return bool(self.near(x, y, radius))
