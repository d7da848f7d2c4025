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
from signaling.messages import Closing, Direction, MediaFlags, Message, Showing, Speaking, ZoneChanged
from world.clients.client import CLEAR_BYTES, LAG_SECONDS, Client
from world.clients.frames import TickFrames, frame
from world.hearing.abroad import Abroad
from world.hearing.audibility import Audibility, Changed
from world.hearing.routes import Hearing
from world.hearing.slots import RERANK_SECONDS
from world.metrics import WorldMetrics
from world.nodes.lease import RouteEpochs, Tenure
from world.records import ServerRecord
from world.running.state import Position
from world.running.tick import Ticker
from world.space.ground import Ground
from world.space.interest import Delta, Interest
from world.space.player import Player, View
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
        self.audibility = Audibility()
        self.interest = Interest()
        self.hearing = Hearing(record.id, self.audibility, self.epochs.next)
        self.abroad = Abroad(self.hearing, self.epochs.next)
        self.clients: dict[Player, Client] = {}
        self.remembered: OrderedDict[str, Remembered] = OrderedDict()
        # The workers that carry its sessions, as this node knows, its home first.
        self.workers: tuple[str, ...] = ()
        self.closed = False
        self.ticker = Ticker(self.tick)
        self._outside = outside
        self._metrics = metrics
        self._events: list[tuple[Player, bytes]] = []
        # People whose media changed, since the last tick.
        self._media: dict[Player, None] = {}
        self._speaking: dict[str, set[Player]] = {}
        self._speaking_changed: set[Player] = set()
        self._lagging: set[Client] = set()
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
        self._events.append((player, frame(message)))
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
        self._metrics.moves.inc(self.moves)
        self.moves = 0
        heard = self.audibility.update(changes.touched, changes.gone, self.space.grid)
        self._route(heard, bool(changes.touched), now)
        self._speak(heard)
        for player in changes.rezoned:
            self._events.append((player, frame(ZoneChanged(player.user_id, player.zone_id))))
        self._show(changes.touched, changes.gone, now)
        if changes.touched or changes.gone:
            at = int(self._outside.wall() * 1000)
            stay = {p.user_id: Position(p.x, p.y, p.zone_id, at) for p in changes.touched}
            left = [p.user_id for p in changes.gone if p.user_id not in self.space.players]
            self._outside.positions(self.record.id, stay, left)
        self._metrics.tick_seconds.observe(time.perf_counter() - started)
        waiting = self.hearing.waiting or self.hearing.restless
        return bool(changes or self._lagging or waiting) or self._rank_due(now)

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
            self._metrics.routes.inc()
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

    def _show(self, touched: list[Player], gone: list[Player], now: float) -> None:
        """Send each view what happened in it, encoded once."""
        deltas = self.interest.deltas(touched, gone)
        own, clients = deltas.own, self.clients
        frames = TickFrames()
        events = self._events_by_view()
        parts = {view: frames.players(delta) for view, delta in deltas.shared.items() if delta}
        for view in events.keys() | parts.keys():
            data = parts.get(view, b"") + events.get(view, b"")
            shared = deltas.shared.get(view)
            for player in self.interest.viewers.get(view, ()):
                if player not in own:
                    client = clients[player]
                    # The straight way; `_send_tick` looks at all the others.
                    if client.lagging_since is not None or client.closed or not client.outlet.offer(data):
                        self._send_tick(client, data, shared, now)
        for player, delta in own.items():
            data = frames.players(delta) if delta else b""
            if player.view is not None:
                data += events.get(player.view, b"")
            self._send_tick(self.clients[player], data, delta, now)
        for client in list(self._lagging):
            self._catch_up(client, frames, now)

    def _events_by_view(self) -> dict[View, bytes]:
        by_view: dict[View, list[bytes]] = {}
        for player, data in self._events:
            if player.view is not None:
                for view in self.interest.views_seeing(player.view):
                    by_view.setdefault(view, []).append(data)
        self._events = []
        return {view: b"".join(parts) for view, parts in by_view.items()}

    def _send_tick(self, client: Client, data: bytes, delta: Delta | None, now: float) -> None:
        """What a tick has to tell a client, unless it lags; one that takes nothing begins to."""
        if not data or client.lagging_since is not None or client.closed or client.outlet.offer(data):
            return
        client.lagging_since = now
        view = client.player.view
        client.known = {p.user_id for p in self.interest.visible(view)} if view is not None else set()
        if delta is not None:
            client.known.update(p.user_id for p in delta.left)
        client.known.discard(client.player.user_id)
        self._lagging.add(client)

    def whole_picture(self, client: Client, gone: Iterable[str]) -> None:
        """Send a client whose picture is of an earlier time all that it sees now; `gone` are the ids of
        people who may still be in that picture and are not here any more."""
        view = client.player.view
        assert view is not None
        visible = [p for p in self.interest.visible(view) if p is not client.player]
        seen = {p.user_id for p in visible} | {client.player.user_id}
        left = [user_id for user_id in (*gone, *self.space.players) if user_id not in seen]
        client.send_frame(TickFrames().all_of(visible, sorted(set(left))))

    def _catch_up(self, client: Client, frames: TickFrames, now: float) -> None:
        """A lagging client gets one whole picture once it has taken what it was sent."""
        view = client.player.view
        if client.closed or view is None or client.lagging_since is None:
            self._lagging.discard(client)
        elif client.outlet.pending() <= CLEAR_BYTES:
            visible = [p for p in self.interest.visible(view) if p is not client.player]
            left = client.known.difference(p.user_id for p in visible)
            client.outlet.write(frames.all_of(visible, sorted(left)))
            client.lagging_since = None
            client.known = set()
            self._lagging.discard(client)
        elif now - client.lagging_since > LAG_SECONDS:
            self._lagging.discard(client)
            client.close(Closing("slow", "your connection takes in less than there is to tell", 5000))
