"""`crossings.c` for the rules: the pairs of people whose relation may be another than at the last look."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

from world.native import extension
from world.space.player import Player


class Crossings:
    """People by `Player.number`. `limits`: the four distances (px, rising) at which the rule may change its
    mind."""

    def __init__(self, limits: Sequence[float]) -> None:
        module = extension()
        self._lib, self._ffi = module.lib, module.ffi
        made = self._lib.crossings_new(list(limits))
        if not made:
            raise MemoryError
        self._c: Any = self._ffi.gc(made, self._lib.crossings_free)
        self._people: dict[int, Player] = {}

    def add(self, player: Player) -> None:
        """Somebody new, who has to be among those at the next look."""
        if self._lib.crossings_add(self._c, player.number) < 0:
            raise MemoryError
        self._people[player.number] = player

    def remove(self, player: Player) -> None:
        """Somebody is not here any more."""
        if self._people.pop(player.number, None) is not None:
            self._lib.crossings_remove(self._c, player.number)

    def look(self, moved: Sequence[Player]) -> list[tuple[Player, Player]]:
        """Who stands otherwise to whom, perhaps, since these moved; a pair of one with itself: all that
        this one is related to. Pairs may come twice."""
        who = array("i", [player.number for player in moved])
        places = array("d", [at for player in moved for at in (player.x, player.y)])
        buffer = self._ffi.from_buffer
        found = self._lib.crossings_look(
            self._c, len(who), buffer("int32_t[]", who), buffer("double[]", places)
        )
        if found < 0:
            raise MemoryError
        numbers = self._ffi.unpack(self._c.pairs, 2 * found) if found else []
        people = self._people
        return [(people[numbers[at]], people[numbers[at + 1]]) for at in range(0, 2 * found, 2)]
