"""Who is heard across workers: what each worker is told of sessions that another one carries. Pure.

A listener's routes may name somebody whose media another worker has. That listener's worker is then told
where the other's media is and, above all, in which router: it enters the table there like everybody, and
when it moves, every worker that knows it is told in the same tick, so that nobody hears it on a second
worker any longer than on its own.
"""

from __future__ import annotations

from collections.abc import Callable

from signaling.control import SetRoutes
from world.hearing.routes import Change, Hearing
from world.space.player import Player


class Abroad:
    """The sessions of one space that are known to workers other than their own."""

    def __init__(self, hearing: Hearing, next_epoch: Callable[[], int]) -> None:
        self._hearing = hearing
        self._next_epoch = next_epoch
        # Of each player: the workers that were told, and what (router, home).
        self._told: dict[Player, dict[str, tuple[str, str]]] = {}

    def tell(self, change: Change) -> list[tuple[str, SetRoutes]]:
        """What other workers, and the listener's own, have to know besides this change."""
        player, worker = change.player, change.worker
        told: list[tuple[str, SetRoutes]] = []
        known = self._told.get(player)
        if known is not None:
            known.pop(worker, None)
            for other in list(known):
                self._say(player, other, change.routes.router, worker, told)
        link = self._hearing.links[player]
        if link.ears is None:
            return told
        for table in (link.ears.audio, link.ears.video):
            for wish in table.slots:
                if wish is not None and wish.player.carrier not in (worker, None):
                    speaker = wish.player
                    router, home = self._hearing.router(speaker), speaker.carrier
                    assert home is not None
                    self._say(speaker, worker, router, home, told)
        return told

    def moved(self, player: Player, old: str) -> None:
        """The player's media was at `old` until now: those who hear it there are told where it is."""
        self._told.setdefault(player, {})[old] = "", ""

    def forget(self, player: Player) -> list[str]:
        """The player's media is over: the workers besides its own that have to be told."""
        return list(self._told.pop(player, ()))

    def lost(self, worker: str) -> None:
        """The worker died: whatever it was told is forgotten there."""
        for player in [player for player, known in self._told.items() if known.pop(worker, None)]:
            if not self._told[player]:
                del self._told[player]

    def _say(
        self, player: Player, worker: str, router: str, home: str, told: list[tuple[str, SetRoutes]]
    ) -> None:
        known = self._told.setdefault(player, {})
        if known.get(worker) != (router, home):
            known[worker] = router, home
            session = self._hearing.links[player].session
            told.append((worker, SetRoutes(session, self._next_epoch(), router, (), home)))
