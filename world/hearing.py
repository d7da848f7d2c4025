"""From relations to routes: what each worker is told and each client is shown. No I/O.

Keeps, for everybody who has media, the slots that they were last given; on a change makes one declarative
`SetRoutes` with a new epoch and the `slots` message that belongs to it. Everybody whose relations,
sources or wishes changed is looked at, nobody else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from signaling.control import Route, SetRoutes
from signaling.messages import Kind, SlotInfo, Slots
from world.audibility import Audibility
from world.player import Player
from world.slots import Ears, RoomRank, Wish, public_wishes, rank_room, room_wishes


def router_of(server_id: str, room: str | None) -> str:
    """The isolation domain of a private room, or of all public space."""
    return f"{server_id}:{room if room is not None else 'public'}"


@dataclass(eq=False, slots=True)
class Link:
    """One player's media. `session` lives as long as the seat; the rest comes and goes with a worker."""

    session: str
    worker: str | None = None
    # The subscribe connection's slots; None until the client has answered the offer.
    ears: Ears | None = None
    # What the worker was last told; None: nothing yet, tell it.
    router: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What one listener's change means: `routes` for the worker, `slots` for the client."""

    player: Player
    worker: str
    routes: SetRoutes
    slots: Slots | None


class Hearing:
    """The media relations of one space."""

    def __init__(self, server_id: str, audibility: Audibility, next_epoch: Callable[[], int]) -> None:
        self._server_id = server_id
        self._audibility = audibility
        self._next_epoch = next_epoch
        self.links: dict[Player, Link] = {}
        # Listeners with more wishes than slots.
        self.overflow: set[Player] = set()

    def router(self, player: Player) -> str:
        """The router that the player belongs to now."""
        return router_of(self._server_id, player.room)

    def forget(self, player: Player) -> Link | None:
        """The player's media is over."""
        self.overflow.discard(player)
        player.carrier = None
        player.sources.clear()
        return self.links.pop(player, None)

    def receivers_of(self, player: Player) -> Iterable[Player]:
        """Everybody whose slots may carry the player, reserved ones included."""
        if player.room is not None:
            return self._audibility.room(player.room)
        return self._audibility.reach(player)

    def refresh(self, listeners: Iterable[Player], now: float) -> list[Change]:
        """Look at these listeners again. `now` in seconds."""
        ranks: dict[str, RoomRank] = {}
        changes = []
        for player in listeners:
            link = self.links.get(player)
            if link is not None and link.worker is not None:
                change = self._one(player, link, link.worker, ranks, now)
                if change is not None:
                    changes.append(change)
        return changes

    def _one(
        self, player: Player, link: Link, worker: str, ranks: dict[str, RoomRank], now: float
    ) -> Change | None:
        changed = False
        ears = link.ears
        if ears is not None:
            changed = ears.assign(*self._wishes(player, ears, ranks, now))
            if ears.overflow:
                self.overflow.add(player)
            else:
                self.overflow.discard(player)
        router = self.router(player)
        if not changed and router == link.router:
            return None
        link.router = router
        epoch = self._next_epoch()
        routes = SetRoutes(link.session, epoch, router, self._routes(ears))
        return Change(player, worker, routes, self.slots(player, epoch) if ears is not None else None)

    def _wishes(
        self, player: Player, ears: Ears, ranks: dict[str, RoomRank], now: float
    ) -> tuple[list[Wish], list[Wish]]:
        if not player.present:
            return [], []
        if player.room is None:
            return public_wishes(player, self._audibility, ears, now)
        rank = ranks.get(player.room)
        if rank is None:
            rank = ranks[player.room] = rank_room(self._audibility.room(player.room), now)
        return room_wishes(player, rank, ears)

    def _routes(self, ears: Ears | None) -> tuple[Route, ...]:
        if ears is None:
            return ()
        routes: list[Route] = []
        kinds: tuple[Kind, Kind] = ("audio", "video")
        for kind in kinds:
            for slot, wish in enumerate(ears.table(kind).slots):
                if wish is not None:
                    session = self.links[wish.player].session
                    routes.append(Route(kind, slot, session, wish.source, wish.active))
        return tuple(routes)

    def slots(self, player: Player, epoch: int) -> Slots:
        """What the client is told: only what it really receives, with the world's gain."""
        link = self.links[player]
        assert link.ears is not None
        audio, video = (
            [
                SlotInfo(slot, wish.player.user_id, wish.source, self._gain(player, wish.player))
                for slot, wish in enumerate(table.slots)
                if wish is not None and wish.active
            ]
            for table in (link.ears.audio, link.ears.video)
        )
        return Slots(epoch, audio, video)

    def _gain(self, listener: Player, speaker: Player) -> float:
        return round(self._audibility.gain(listener, speaker), 3)
