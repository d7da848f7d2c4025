"""From relations to routes: what each worker is told and each client is shown. No I/O.

Keeps, for everybody who has media, the slots that they were last given; on a change makes one declarative
`SetRoutes` with a new epoch and the `slots` message that belongs to it.

What a turn takes away it takes at once: from everybody who lost somebody, and from all in another room.
What it gives to those who have stayed where they are is bounded: `LOOKS_PER_TURN` listeners are ranked
anew, the others wait for the next turns in order, so that a thousand people who enter one room delay nobody's
steps. A private room is ranked once for all, and only when its head changes are its members looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice

from signaling.control import Route, SetRoutes
from signaling.messages import Kind, SlotInfo, Slots
from world.hearing.attention import Rounds, look, rank_and_cap
from world.hearing.audibility import Audibility
from world.hearing.degrade import thin
from world.hearing.slots import Ears, RoomRank, Wish, public_wishes, rank_room, room_wishes
from world.space.player import Player

# Ranking one listener costs up to 0.1 ms: with this many, a turn is some ten ms longer, and a room of a
# thousand has been looked at after half a second.
LOOKS_PER_TURN = 100


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
    # How much its worker can carry now: an index into `degrade.LEVELS`.
    level: int = 0
    # What the worker was last told; None: nothing yet, tell it.
    router: str | None = None
    pinned: str | None = None


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
        # Those who will be looked at in the next turns, first come first served.
        self.waiting: dict[Player, None] = {}
        self._rounds = Rounds()
        # Each room as it was ranked last.
        self._ranks: dict[str, RoomRank] = {}

    def router(self, player: Player) -> str:
        """The router that the player belongs to now."""
        return router_of(self._server_id, player.room)

    def forget(self, player: Player) -> Link | None:
        """The player's media is over."""
        self.overflow.discard(player)
        self.waiting.pop(player, None)
        player.carrier = None
        player.piped = False
        player.sources.clear()
        return self.links.pop(player, None)

    def degraded(self, player: Player, level: int) -> None:
        """The player's worker can carry more or less now: it is looked at in one of the next turns."""
        self.links[player].level = level
        self.waiting[player] = None

    def receivers_of(self, player: Player) -> Iterable[Player]:
        """Everybody whose slots may carry the player, reserved ones included."""
        if player.room is not None:
            return self._audibility.room(player.room)
        return self._audibility.reach(player)

    def refresh(
        self,
        now: float,
        first: Iterable[Player],
        then: Iterable[Player] = (),
        rooms: Iterable[str] = (),
        lost: Iterable[tuple[Player, Player]] = (),
    ) -> list[Change]:
        """One turn: look at those who come `first`, and at as many of those who wait as the bound allows.

        `then` join those who wait, and so do the members of `rooms` whose head is another now. Of each
        (listener, other) in `lost` the listener may not receive the other as it did. `now` in seconds.
        """
        revoked = self._revoke(lost)
        for room in rooms:
            self._rank(room, now)
        looks = dict.fromkeys(first)
        self.waiting.update(dict.fromkeys(then))
        self.waiting.update(dict.fromkeys(revoked))
        for player in looks:
            self.waiting.pop(player, None)
        for player in list(islice(self.waiting, LOOKS_PER_TURN)):
            del self.waiting[player]
            looks[player] = None
        changes = []
        for player in looks:
            link = self.links.get(player)
            if link is not None and link.worker is not None:
                change = self._look(player, link, link.worker, player in revoked, now)
                if change is not None:
                    changes.append(change)
        for player, link in revoked.items():
            if player not in looks and link.worker is not None:
                changes.append(self._change(player, link, link.worker))
        return changes

    def rerank(self, now: float) -> list[str]:
        """People moved and spoke: look again at those who have more wishes than slots.

        In public space they wait to be looked at; the rooms among them are the answer, for `refresh`.
        """
        self.waiting.update(dict.fromkeys(player for player in self.overflow if player.room is None))
        return list({player.room: None for player in self.overflow if player.room is not None})

    @property
    def restless(self) -> bool:
        """Whether somebody has to be looked at by `attend` though nobody moves on."""
        return self._rounds.more

    def attend(self, moved: bool, now: float) -> list[Change]:
        """One turn of the slow round: those who see somebody come nearer or go, for the worker only."""
        changes = []
        for player in self._rounds.turn(moved, self.links, now):
            link = self.links.get(player)
            if link is None or link.ears is None or link.worker is None or player.room is not None:
                continue
            if look(player, link.ears):
                changes.append(self._change(player, link, link.worker, told=False))
        return changes

    def _revoke(self, lost: Iterable[tuple[Player, Player]]) -> dict[Player, Link]:
        """Free the slots that carry what may not be received any more; who is concerned."""
        revoked: dict[Player, Link] = {}
        for listener, other in lost:
            link = self.links.get(listener)
            if link is None or link.ears is None or not link.ears.carry(other):
                continue
            heard: bool | None = True
            if not self._audibility.hears(listener, other):
                heard = self._audibility.reach(listener).get(other)
            if heard is not None and not listener.can_receive(other):
                heard = None
            if link.ears.review(other, heard, other.on_air() if heard is not None else ()):
                revoked[listener] = link
        return revoked

    def _rank(self, room: str, now: float) -> None:
        members = self._audibility.room(room)
        if not members:
            self._ranks.pop(room, None)
            return
        before = self._ranks.get(room)
        rank = self._ranks[room] = rank_room(members, now, before)
        if before is None or before.head() != rank.head():
            self.waiting.update(members)
        else:
            self.waiting.update((player, None) for player in members if player.pinned is not None)

    def _look(self, player: Player, link: Link, worker: str, changed: bool, now: float) -> Change | None:
        ears = link.ears
        if ears is not None:
            audio, video = thin(link.level, *self._wishes(player, ears, now), player.pinned)
            changed = ears.assign(audio, video) or changed
            if ears.overflow:
                self.overflow.add(player)
            else:
                self.overflow.discard(player)
        if not changed and self.router(player) == link.router and player.pinned == link.pinned:
            return None
        return self._change(player, link, worker)

    def _change(self, player: Player, link: Link, worker: str, told: bool = True) -> Change:
        """The listener's slots as they are, to be told: to the worker, and if `told` to the client."""
        link.router, link.pinned = self.router(player), player.pinned
        epoch = self._next_epoch()
        if link.ears is not None:
            look(player, link.ears)
        routes = SetRoutes(link.session, epoch, link.router, self._routes(player, link.ears))
        slots = self.slots(player, epoch) if told and link.ears is not None else None
        return Change(player, worker, routes, slots)

    def _wishes(self, player: Player, ears: Ears, now: float) -> tuple[list[Wish], list[Wish]]:
        if not player.present:
            return [], []
        audio, video = self._others(player, ears, now)
        if player.booth and "mic" in player.sources:
            # The only way in which anybody is fed with their own voice.
            audio = [Wish(player, "mic", True), *audio]
        return audio, video

    def _others(self, player: Player, ears: Ears, now: float) -> tuple[list[Wish], list[Wish]]:
        if player.room is None:
            return public_wishes(player, self._audibility, ears, now)
        rank = self._ranks.get(player.room)
        if rank is None:
            rank = self._ranks[player.room] = rank_room(self._audibility.room(player.room), now)
        return room_wishes(player, rank, ears)

    def _routes(self, player: Player, ears: Ears | None) -> tuple[Route, ...]:
        if ears is None:
            return ()
        routes: list[Route] = []
        kinds: tuple[Kind, Kind] = ("audio", "video")
        for kind in kinds:
            for slot, wish in enumerate(ears.table(kind).slots):
                if wish is not None:
                    session = self.links[wish.player].session
                    rank, cap = rank_and_cap(player, wish, ears)
                    routes.append(Route(kind, slot, session, wish.source, wish.active, rank, cap))
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
        if listener is speaker:
            return 1.0  # the echo booth
        return round(self._audibility.gain(listener, speaker), 3)
