"""`views.c` for the running space: whoever has only to be told of steps is told in one call."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Mapping
from typing import Any, get_args

from msgspec.json import encode

from signaling.messages import Direction
from world.native import extension
from world.native.wires import WIRES
from world.space.player import Cell, Player

_CODES = {direction: code for code, direction in enumerate(get_args(Direction))}


class Views:
    """People by `Player.number`, and the cells that they look from."""

    def __init__(self) -> None:
        module = extension()
        self._lib, self._ffi = module.lib, module.ffi
        self._v: Any = self._ffi.gc(_made(self._lib.views_new()), self._lib.views_free)
        self._people: list[Player] = []
        self._part = self._ffi.new("char **")

    def add(self, player: Player) -> None:
        """Somebody new, of whom others are told."""
        name = b"[" + encode(player.user_id) + b","
        _done(self._lib.views_add(self._v, player.number, name, len(name)))
        self._people += [player] * (player.number + 1 - len(self._people))
        self._people[player.number] = player

    def wire(self, player: Player, wire: int) -> None:
        """Where the player can be written to directly; -1: nowhere for now."""
        self._lib.views_wire(self._v, player.number, wire)

    def watch(self, player: Player, cell: Cell) -> None:
        """The player sees what is seen from this cell of public space, and nothing else."""
        _done(self._lib.views_watch(self._v, player.number, *cell))

    def unwatch(self, player: Player) -> None:
        """The player is told by others."""
        self._lib.views_unwatch(self._v, player.number)

    def moved(self, by_cell: Mapping[Cell, Collection[Player]]) -> None:
        """A tick begins: these moved within their cells."""
        people = [player for group in by_cell.values() for player in group]
        cells = array("i", [at for cell in by_cell for at in cell])
        sizes = array("i", map(len, by_cell.values()))
        numbers = array("i", [player.number for player in people])
        places = array("d", [at for player in people for at in (player.x, player.y)])
        codes = array("b", [_CODES[player.direction] for player in people])
        buffer = self._ffi.from_buffer
        _done(
            self._lib.views_moved(
                self._v,
                len(sizes),
                buffer("int32_t[]", cells),
                buffer("int32_t[]", sizes),
                buffer("int32_t[]", numbers),
                buffer("double[]", places),
                buffer("int8_t[]", codes),
            )
        )

    def part(self, cell: Cell) -> bytes:
        """What was said to have `moved`, as seen from a cell: elements of the array `moved`."""
        length = self._lib.views_part(self._v, *cell, self._part)
        return bytes(self._ffi.buffer(self._part[0], length)) if length else b""

    def send(self, frames: Mapping[Cell, bytes], exempt: Iterable[Player]) -> list[tuple[Player, int]]:
        """Tell everybody who looks from public space: those at the cells of `frames` that, others who has
        `moved`, and the `exempt` nothing. Of each who did not take all of it, how many bytes they took."""
        late = array("i", bytes(8 * len(self._people)))
        buffer = self._ffi.from_buffer
        kept = [buffer(data) for data in frames.values()]
        for cell, data in zip(frames, kept, strict=True):
            self._lib.views_instead(self._v, *cell, data, len(data))
        for player in exempt:
            self._lib.views_exempt(self._v, player.number)
        count = self._lib.views_send(self._v, buffer("int32_t[]", WIRES.fds), buffer("int32_t[]", late))
        return [(self._people[late[at]], late[at + 1]) for at in range(0, 2 * count, 2)]


def _made(pointer: Any) -> Any:
    if not pointer:
        raise MemoryError
    return pointer


def _done(result: int) -> int:
    if result < 0:
        raise MemoryError
    return result
