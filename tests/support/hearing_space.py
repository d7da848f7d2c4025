"""Audibility and routes together, one turn at a time, for tests of who is fed with whom."""

from __future__ import annotations

from world.hearing.audibility import Audibility
from world.hearing.routes import Change, Hearing, Link
from world.hearing.slots import Ears
from world.space.grid import Grid
from world.space.player import Player


class HearingSpace:
    """People with media, and one turn per call."""

    def __init__(self) -> None:
        self.grid, self.audibility = Grid(), Audibility()
        self.epoch = 0
        self.hearing = Hearing("s", self.audibility, self._next)
        self.now = 0.0

    def _next(self) -> int:
        self.epoch += 1
        return self.epoch

    def come(self, player: Player) -> Player:
        self.hearing.links[player] = Link(f"session-{player.user_id}", "w1", Ears(4, 4))
        return player

    def turn(self, *touched: Player) -> list[Change]:
        self.now += 0.05
        for player in touched:
            self.grid.put(player)
        heard = self.audibility.update(touched, [], self.grid)
        return self.hearing.refresh(self.now, heard.filed, heard.listeners, heard.rooms, heard.lost)

    def settle(self) -> None:
        while self.hearing.waiting:
            self.turn()

    def fed(self, listener: Player) -> set[str]:
        """Whom the listener's slots make audible or visible."""
        ears = self.hearing.links[listener].ears
        assert ears is not None
        wishes = [*ears.audio.slots, *ears.video.slots]
        return {wish.player.user_id for wish in wishes if wish is not None and wish.active}
