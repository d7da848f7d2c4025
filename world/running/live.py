"""One running space: its people, their clients, and the tick that tells everybody what has changed.

A tick reads top to bottom: who moved → who hears whom → routes for the workers and slots for the
clients → what each view is told. All of one tick's consequences of a step leave together, so that a
room is entered and its media routed at the same time. No await in here: nothing can come in between.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from signaling.control import SetRoutes
from signaling.messages import Direction, MediaChanged, MediaFlags, Message, Showing, Speaking, ZoneChanged
from world.clients.frames import frame
from world.hearing.abroad import Abroad
from world.hearing.audibility import LIMITS, Audibility, Changed
from world.hearing.routes import Hearing
from world.hearing.slots import RERANK_SECONDS
from world.metrics import WorldMetrics
from world.native import extension
from world.native.crossings import Crossings
from world.nodes.lease import RouteEpochs, Tenure
from world.records import ServerRecord
from world.running.state import Position
from world.running.telling import Telling
from world.running.tick import Ticker
from world.space.ground import Ground
from world.space.player import Player
from world.space.space import Space

# People who left are remembered so that a reconnect brings them back as they were; the oldest go first.
MAX_REMEMBERED = 5000


@dataclass(frozen=True, slots=True)
class Remembered:
    """Somebody who left: enough to take their seat again."""

    x: float
    y: float
    direction: Direction
    flags: MediaFlags
    watch: bool
    showing: Showing
    session: str
    at: float


@dataclass(frozen=True, slots=True)
class Outside:
    """The ways out of a space that lead to other parts."""

    routes: Callable[[str, SetRoutes], None]  # (worker, change)
    positions: Callable[[str, Mapping[str, Position], Iterable[str]], None]
    wall: Callable[[], float]  # seconds since 1970
    monotonic: Callable[[], float]  # the clock of leases


class LiveSpace:
    """A server while somebody is there and this node owns it."""

    def __init__(
        self,
        record: ServerRecord,
        ground: Ground,
        outside: Outside,
        metrics: WorldMetrics,
        tenure: Tenure,
    ) -> None:
        self.record = record
        # Which reading of the storage `record` is: later ones are greater.
        self.read_at = 0
        self.tenure = tenure
        self.epochs = RouteEpochs(tenure.lease.epoch)
        self.space = Space(record.id, ground, record.zones, record.spawns)
        self.telling = Telling()
        self.interest, self.clients = self.telling.interest, self.telling.clients
        self.audibility = Audibility(Crossings(LIMITS) if extension() is not None else None)
        self.hearing = Hearing(record.id, self.audibility, self.epochs.next)
        self.abroad = Abroad(self.hearing, self.epochs.next)
        self.remembered: OrderedDict[str, Remembered] = OrderedDict()
        # The workers that carry its sessions, as this node knows, its home first.
        self.workers: tuple[str, ...] = ()
        self.closed = False
        self.ticker = Ticker(self.tick)
        self._outside = outside
        self.metrics = metrics
        # People whose media changed, since the last tick, and those whom others must be told of.
        self._media: dict[Player, None] = {}
        self._flagged: dict[Player, None] = {}
        self._speaking: dict[str, set[Player]] = {}
        self._speaking_changed: set[Player] = set()
        self._ranked_at = float("-inf")
        # Accepted moves since the last tick.
        self.moves = 0

    # --- what others ask for -------------------------------------------------------------------------

    @property
    def owned(self) -> bool:
        """Whether what this space says counts now."""
        return self.tenure.holds(self._outside.monotonic())

    def wake(self) -> None:
        """Something changed that the next tick must tell."""
        self.ticker.wake()

    def tell_viewers(self, player: Player, message: Message) -> None:
        """At the next tick, everybody who sees the player (itself included) gets this message."""
        self.telling.to_viewers(player, message)
        self.wake()

    def tell_members(self, message: Message) -> None:
        """Everybody but the guests of single rooms gets this message now."""
        data = frame(message)
        for client in list(self.clients.values()):
            if client.player.presence == "walker":
                client.send_frame(data)

    def media_changed(self, player: Player) -> None:
        """The player's sources or wishes changed: look again at what it receives and who receives it."""
        self._media[player] = None
        self.wake()

    def flags_changed(self, player: Player) -> None:
        """The player says that it sends something else. Whoever switches to and fro within a tick is told of
        once, as they are then."""
        self._flagged[player] = None
        self.media_changed(player)

    def set_speaking(self, router: str, loud: Mapping[Player, float], now: float) -> None:
        """Who speaks in a router now, and how loud (amplitude, 0..1): the whole picture."""
        before, players = self._speaking.get(router, set()), set(loud)
        for player in before:
            player.spoke_at = now
        for player, loudness in loud.items():
            player.spoke_at, player.loudness = now, loudness
        self._speaking_changed |= before ^ players
        if players:
            self._speaking[router] = players
        else:
            self._speaking.pop(router, None)
        self.wake()

    def remember(self, player: Player, session: str, now: float) -> None:
        """Keep what a reconnect needs."""
        self.remembered.pop(player.user_id, None)
        self.remembered[player.user_id] = Remembered(
            player.x, player.y, player.direction, player.flags, player.watch, player.showing, session, now
        )
        if len(self.remembered) > MAX_REMEMBERED:
            self.remembered.popitem(last=False)

    def position(self, player: Player) -> Position:
        """As the position store has it."""
        return Position(player.x, player.y, player.zone_id, int(self._outside.wall() * 1000))

    # --- the tick ------------------------------------------------------------------------------------

    def tick(self, now: float) -> bool:
        """Tell everybody what has changed. Returns whether there is more to come without a `wake`.

        Not while our lease is in doubt: then all waits until we know that it is still ours.
        """
        if not self.owned:
            return not self.closed
        started = time.perf_counter()
        changes = self.space.drain()
        self.metrics.moves.inc(self.moves)
        self.moves = 0
        heard = self.audibility.update(changes.touched, changes.gone, self.space.grid)
        self._route(heard, bool(changes.touched), now)
        self._speak(heard)
        for player in self._flagged:
            self.telling.to_viewers(player, MediaChanged(player.user_id, player.flags))
        self._flagged = {}
        for player in changes.rezoned:
            self.telling.to_viewers(player, ZoneChanged(player.user_id, player.zone_id))
        self.telling.tick(changes.touched, changes.gone, now)
        if changes.touched or changes.gone:
            at = int(self._outside.wall() * 1000)
            stay = {p.user_id: Position(p.x, p.y, p.zone_id, at) for p in changes.touched}
            left = [p.user_id for p in changes.gone if p.user_id not in self.space.players]
            self._outside.positions(self.record.id, stay, left)
        self.metrics.tick_seconds.observe(time.perf_counter() - started)
        waiting = self.hearing.waiting or self.hearing.restless
        return bool(changes or self.telling.waits or waiting) or self._rank_due(now)

    def _rank_due(self, now: float) -> bool:
        return bool(self.hearing.overflow) and now - self._ranked_at < RERANK_SECONDS

    def _route(self, heard: Changed, moved: bool, now: float) -> None:
        for speakers in self._speaking.values():
            for player in speakers:
                player.spoke_at = now  # who goes on speaking is told of once
        rooms, then, lost = heard.rooms, heard.listeners, heard.lost
        for player in self._media:
            if player.room is not None:
                rooms.add(player.room)
            receivers = [other for other in self.hearing.receivers_of(player) if other is not player]
            lost += [(receiver, player) for receiver in receivers]
            if player.room is None:
                then.update(receivers)
        first = heard.filed.union(self._media)
        self._media = {}
        if self.hearing.overflow and now - self._ranked_at >= RERANK_SECONDS:
            self._ranked_at = now
            rooms.update(self.hearing.rerank(now))
        routed = self.hearing.refresh(now, first, then, rooms, lost)
        for change in (*routed, *self.hearing.attend(moved, now)):
            self.metrics.routes.inc()
            for worker, routes in self.abroad.tell(change):
                self._outside.routes(worker, routes)
            self._outside.routes(change.worker, change.routes)
            client = self.clients.get(change.player)
            if client is not None and change.slots is not None:
                client.send(change.slots)

    def _speak(self, heard: Changed) -> None:
        """Tell those whose set of audible speakers changed."""
        self._hush_those_who_left()
        if not self._speaking and not self._speaking_changed:
            return
        look = heard.filed.union(heard.listeners, *map(self.audibility.room, heard.rooms))
        for player in self._speaking_changed:
            look.update(self.audibility.hearers(player))
        self._speaking_changed = set()
        for listener in look:
            self._speak_to(listener)

    def _hush_those_who_left(self) -> None:
        """Nobody speaks where they are not, or with a microphone that is off.

        A worker tells of changes in a router to those in it, and of an empty one to nobody.
        """
        for router, players in list(self._speaking.items()):
            still = {
                player
                for player in players
                if self.space.players.get(player.user_id) is player
                and player.flags.mic
                and self.hearing.router(player) == router
            }
            if still != players:
                self._speaking_changed |= players - still
                if still:
                    self._speaking[router] = still
                else:
                    del self._speaking[router]

    def _speak_to(self, listener: Player) -> None:
        client = self.clients.get(listener)
        if client is None:
            return
        heard = sorted(
            player.user_id
            for players in self._speaking.values()
            for player in players
            if self.audibility.hears(listener, player)
        )
        if heard != client.speaking:
            client.speaking = heard
            client.send(Speaking(heard))
