"""What a tick tells: each client what happened in its view, and no more than its connection takes.

Each distinct view's frame is made once. Where there is the C helper (`world.native.views`), it puts together
the frames of views in which people only moved, and writes to everybody in public space; rooms, those who
cross from one view into another, and whoever does not take a frame are told here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from signaling.messages import Closing, Message
from world.clients.client import CLEAR_BYTES, LAG_SECONDS, Client
from world.clients.frames import TickFrames, frame
from world.native import extension
from world.native.views import Views
from world.native.wires import SHUT
from world.space.interest import Delta, Deltas, Interest
from world.space.player import Player, View


class Telling:
    """The clients of one space."""

    def __init__(self) -> None:
        self._views = Views() if extension() is not None else None
        self.interest = Interest(self._views)
        self.clients: dict[Player, Client] = {}
        self._events: list[tuple[Player, bytes]] = []
        self._lagging: set[Client] = set()

    @property
    def waits(self) -> bool:
        """Whether somebody is to be told more without that anything happens."""
        return bool(self._lagging)

    # --- clients -------------------------------------------------------------------------------------

    def connect(self, client: Client) -> None:
        """The player has this client from now on."""
        player = client.player
        self.clients[player] = client
        self.interest.place(player)
        self._write_directly(client, client.outlet.wire)
        self.interest.look(player)

    def disconnect(self, player: Player) -> Client | None:
        """The player has no client any more; the one that it had."""
        self.interest.look_away(player)
        return self.clients.pop(player, None)

    def _write_directly(self, client: Client, wire: int) -> None:
        if self._views is not None:
            self._views.wire(client.player, wire)

    # --- telling -------------------------------------------------------------------------------------

    def to_viewers(self, player: Player, message: Message) -> None:
        """At the next tick, everybody who sees the player (itself included) gets this message."""
        self._events.append((player, frame(message)))

    def tick(self, touched: list[Player], gone: list[Player], now: float) -> None:
        """Send each view what happened in it, encoded once."""
        deltas = self.interest.deltas(touched, gone)
        frames = TickFrames()
        if self._views is not None:
            self._views.moved(deltas.by_cell)
        events = self._events_by_view()
        told = self._told(frames, deltas.shared, events)
        if self._views is not None:
            self._fan_out(self._views, told, deltas, frames, now)
        for view, data in told.items():
            if self._views is not None and view.room is None:
                continue
            for player in self.interest.viewers.get(view, ()):
                if player not in deltas.own:
                    self._send(self.clients[player], data, deltas.shared.get(view), now)
        for player, delta in deltas.own.items():
            data = frames.players(delta) if delta else b""
            if player.view is not None:
                data += events.get(player.view, b"")
            self._send(self.clients[player], data, delta, now)
        for client in list(self._lagging):
            self._catch_up(client, frames, now)

    def _told(
        self, frames: TickFrames, shared: Mapping[View, Delta], events: Mapping[View, bytes]
    ) -> dict[View, bytes]:
        """What each view is told, but for those which `_fan_out` tells of steps alone."""
        told: dict[View, bytes] = {}
        for view in {**shared, **events}:
            part = self._views.part(view.cell) if self._views is not None else b""
            delta = shared.get(view)
            data = frames.players(delta, part) if delta else frames.steps(part) if part else b""
            data += events.get(view, b"")
            if data:
                told[view] = data
        return told

    def _fan_out(
        self, views: Views, told: Mapping[View, bytes], deltas: Deltas, frames: TickFrames, now: float
    ) -> None:
        """Tell everybody in public space who has not crossed into another view."""
        public = {view.cell: data for view, data in told.items() if view.room is None}
        # The same bytes for all of a view: other nodes' gateways are sent each once.
        steps: dict[View, bytes] = {}
        for player, taken in views.send(public, deltas.own):
            client, view = self.clients.get(player), player.view
            if client is not None and view is not None:
                data = told.get(view) or steps.get(view)
                if data is None:
                    data = steps[view] = frames.steps(views.part(view.cell))
                if taken:
                    client.outlet.write(data[taken:])
                else:
                    self._send(client, data, deltas.shared.get(view), now)

    def _events_by_view(self) -> dict[View, bytes]:
        by_view: dict[View, list[bytes]] = {}
        for player, data in self._events:
            if player.view is not None:
                for view in self.interest.views_seeing(player.view):
                    by_view.setdefault(view, []).append(data)
        self._events = []
        return {view: b"".join(parts) for view, parts in by_view.items()}

    def _send(self, client: Client, data: bytes, delta: Delta | None, now: float) -> None:
        """What a tick has to tell a client, unless it lags; one that takes nothing begins to."""
        if not data or client.lagging_since is not None or client.closed or client.outlet.offer(data):
            return
        client.lagging_since = now
        self._write_directly(client, SHUT)
        view = client.player.view
        client.known = {p.user_id for p in self.interest.visible(view)} if view is not None else set()
        if delta is not None:
            client.known.update(p.user_id for p in delta.left)
        client.known.discard(client.player.user_id)
        self._lagging.add(client)

    def whole_picture(self, client: Client, shown: Iterable[str]) -> None:
        """Send a client whose picture is of an earlier time all that it sees now; `shown` are the ids of
        people who may still be in that picture."""
        view = client.player.view
        assert view is not None
        client.send_frame(self._picture(client, view, shown, TickFrames()))

    def _picture(self, client: Client, view: View, shown: Iterable[str], frames: TickFrames) -> bytes:
        """All that the client sees; who is `shown` to it and not there has left."""
        visible = [p for p in self.interest.visible(view) if p is not client.player]
        seen = {p.user_id for p in visible} | {client.player.user_id}
        return frames.all_of(visible, sorted(set(shown) - seen))

    def _catch_up(self, client: Client, frames: TickFrames, now: float) -> None:
        """A lagging client gets one whole picture once it has taken what it was sent."""
        view = client.player.view
        if client.closed or view is None or client.lagging_since is None:
            self._lagging.discard(client)
        elif client.outlet.pending() <= CLEAR_BYTES:
            client.outlet.write(self._picture(client, view, client.known, frames))
            client.lagging_since = None
            client.known = set()
            self._write_directly(client, client.outlet.wire)
            self._lagging.discard(client)
        elif now - client.lagging_since > LAG_SECONDS:
            self._lagging.discard(client)
            client.close(Closing("slow", "your connection takes in less than there is to tell", 5000))
