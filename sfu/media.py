"""The media server inside a worker: sessions, connections and the forwarding table. No bus, no tasks.

Commands come in as calls and events go out through `emit`; both happen on the event loop's thread, and
no call awaits. So a batch of routes is applied in one turn of the loop, and nothing runs between its
revocations and its grants.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterable, Sequence

from sfu.downlink.bandwidth import Bandwidth
from sfu.downlink.sight import Sight
from sfu.forward.contract import MAX_TEMPORAL, Forwarder, ProducerState, TableFull
from sfu.metrics import Metrics
from sfu.offers import MAX_SESSIONS, Offers
from sfu.pipes.pipes import Pipes
from sfu.reports import Reports
from sfu.routing.feeds import Feeds
from sfu.routing.first_packets import FirstPackets
from sfu.routing.layers import NOTHING, Layers
from sfu.routing.producer import Producer
from sfu.routing.router import Operation, RoutingTable
from sfu.routing.slot import Slot
from sfu.routing.speech import Speech
from sfu.rtcp.desk import RtcpDesk
from sfu.rtcp.heard import Heard
from sfu.session import Connection, PublishConnection, Session, SubscribeConnection
from sfu.transport.transport import Endpoint
from sfu.wishes import Wishes
from signaling.codecs import VIDEO_PREFERENCE
from signaling.context import about
from signaling.control import (
    ConnectionChanged,
    Event,
    ProducerClosed,
    SetRoutes,
)

# A connection whose client never comes: the SDP was answered, and then nothing.
CONNECT_SECONDS = 30.0
# How often is looked which layers flow.
LAYER_SECONDS = 0.2
log = logging.getLogger("atrium.sfu")

Emit = Callable[[str, Event], None]


class Media:
    """Everything that one forwarder carries; `reports` is what that forwarder reports to.

    `clock` gives seconds that never go back; `emit(topic, event)` hands an event on, in order; `name` is the
    worker's, as others know it.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        emit: Emit,
        metrics: Metrics,
        clock: Callable[[], float],
        max_sessions: int = MAX_SESSIONS,
        name: str = "",
        video_codecs: Sequence[str] = VIDEO_PREFERENCE,
    ) -> None:
        self.name = name
        self.video_codecs = tuple(video_codecs)  # what may be sent and received, the preferred one first
        self.endpoint = endpoint
        self.routing = RoutingTable()
        self.sessions: dict[str, Session] = {}
        self.heard = Heard()
        self.producers: dict[int, Producer] = {}
        self.sources: dict[int, Layers] = {}  # by group
        self.feeds = Feeds(self)
        self.wishes = Wishes(self)
        self._measured_at = float("-inf")
        self.slots: dict[int, Slot] = {}
        self.metrics = metrics
        self._emit = emit
        self.clock = clock
        self.offers = Offers(self, max_sessions)
        self._awaited = FirstPackets()
        self._levels: dict[int, int] = {}  # loudest of each microphone since the last poll
        self.connections: dict[int, Connection] = {}  # by the forwarder's peer
        self._handles = itertools.count(1)
        self.reports = Reports(self)
        # Called when `tick` has more to do than its daily round; the worker then ticks faster.
        self.hurry: Callable[[], None] = lambda: None
        self.sight = Sight(self.routing, self.feeds, self.select, self.tell, clock, name)
        self._speech = Speech(self.routing, self.sight.speaking, name)
        self.bandwidth: Bandwidth
        self.desk: RtcpDesk
        self.pipes: Pipes
        self.forwarder: Forwarder

    def attach(self, forwarder: Forwarder) -> None:
        """The forwarder that tells `reports`. Before anything else."""
        self.forwarder = self.endpoint.forwarder = forwarder
        self.bandwidth = Bandwidth(forwarder, self.sight, self.metrics, self.heard.of)
        self.desk = RtcpDesk(forwarder, self.producer_state, self.metrics)
        self.pipes = Pipes(self, self.name, forwarder.address, self.clock)

    # --- commands --------------------------------------------------------------------------------

    def apply_routes(self, changes: Iterable[SetRoutes]) -> None:
        """One tick's changes: moves and revocations, then grants."""
        changes = tuple(changes)
        self.apply(self.routing.apply(changes), [change.session for change in changes])
        self.pipes.follow()
        self.stir()

    def select(self, slot: int, spatial: int, temporal: int = MAX_TEMPORAL, hold: bool = True) -> None:
        """What a slot is to carry of the source that it is routed to, until it is routed anew.

        The best layer that flows, up to `spatial` (0 lowest; `layers.BEST`, `layers.NOTHING`), without the
        temporal layers above `temporal`. `hold`: the present layer flows until the new one shows a keyframe;
        without it, it stops at once.
        """
        self.feeds.select(slot, spatial, temporal, hold)
        self.wishes.tell()
        self.stir()

    def close_session(self, name: str, home: str = "") -> None:
        """End both connections and forget the session; with a `home` it goes on there, and may be heard
        here."""
        session = self.sessions.pop(name, None)
        if session is not None:
            for connection in session.connections:
                self.drop(connection)
        if not home:
            self.apply(self.routing.close(name))
        self.pipes.follow()

    def close(self) -> None:
        """End every session."""
        for name in list(self.sessions):
            self.close_session(name)
        self.pipes.close()
        self.endpoint.close()

    # --- what pipes need -------------------------------------------------------------------------

    def new_handle(self) -> int:
        """See `pipes.MediaServer`."""
        return next(self._handles)

    def add_source(self, layers: Layers) -> None:
        """See `pipes.MediaServer`."""
        self.sources[layers.group] = layers
        if layers.kind == "video":
            self.wishes.add(layers)

    def remove_source(self, group: int) -> None:
        """See `pipes.MediaServer`."""
        self.sources.pop(group, None)
        self.wishes.remove(group)
        self.sight.source_gone(group)

    def own_sources(self, session: str) -> list[Layers]:
        """See `pipes.MediaServer`."""
        known = self.sessions.get(session)
        return known.publish.sources if known is not None and known.publish is not None else []

    # --- sessions and connections ----------------------------------------------------------------

    def drop(self, connection: Connection) -> None:
        """Take a connection out of every table; its peer goes with its producers and slots."""
        session = connection.session
        if isinstance(connection, PublishConnection):
            for layers in connection.sources:
                self.apply(self.routing.remove_producer(session, layers.source, layers.group))
                self.remove_source(layers.group)
                if layers.started:
                    self.tell(session, ProducerClosed(session, layers.source, self.name))
            for handle in connection.producers:
                self.desk.remove_producer(handle)
                self.producers.pop(handle, None)
                self._levels.pop(handle, None)
        elif isinstance(connection, SubscribeConnection):
            self.bandwidth.remove(connection.transport.peer)
            self.sight.forget(session)
            self.apply(self.routing.clear_slots(session))
            for slot in connection.slots:
                self.feeds.slot_gone(slot.handle)
                self.desk.remove_slot(slot.handle)
                self.slots.pop(slot.handle, None)
        self.connections.pop(connection.transport.peer, None)
        connection.close()

    def connected(self, connection: Connection) -> None:
        """From a connection: keys are there."""
        transport = connection.transport
        if transport.connected_at is not None:
            self.metrics.connect_seconds.observe(transport.connected_at - transport.opened_at)
        with about(connection.session):
            log.info("%s connected", connection.name)
        self.tell(
            connection.session,
            ConnectionChanged(connection.session, connection.name, "connected", self.name),
        )

    def ended(self, connection: Connection, state: str) -> None:
        """From a connection: its client is gone."""
        session = self.sessions.get(connection.session)
        if session is None or connection not in session.connections:
            return
        with about(connection.session):
            log.info("%s %s", connection.name, state)
        self.drop(connection)
        self.tell(session.name, ConnectionChanged(session.name, connection.name, state, self.name))
        if connection is session.publish:
            session.publish = None
        else:
            session.subscribe = None
        if not session.connections:
            del self.sessions[session.name]

    def tell(self, session: str, event: Event) -> None:
        """Tell whoever has the session, as long as it is here."""
        known = self.sessions.get(session)
        if known is not None:
            self._emit(known.events, event)

    def apply(self, operations: Sequence[Operation], told: Sequence[str] = ()) -> None:
        """Do what the router says; whom it concerns, and who was `told` of ranks, see anew."""
        sessions = dict.fromkeys(told)
        now = self.clock()
        for slot, group in operations:
            if slot in self.slots:
                self.feeds.routed(slot, None if group is None else self.source_of(group))
                session = self.slots[slot].session
                self._awaited.routed(slot, group is not None and session in self.sessions, now)
                self.bandwidth.rerouted(session, slot)
                sessions[session] = None
        for session in sessions:
            self.bandwidth.changed(session, now)
        self.desk.begin((slot for slot, group in operations if group is not None and slot in self.slots), now)
        self.wishes.tell()
        self.stir()

    def source_of(self, group: int) -> Layers:
        """The source with this handle; one that came as a single stream from elsewhere is made here."""
        return self.sources.get(group) or Layers([self.producers[group]])

    def feed(self, slot: int, producer: int | None, hold: bool) -> None:
        """See `feeds.Hands`."""
        try:
            self.forwarder.route(slot, producer, hold)
        except (TableFull, ValueError) as error:
            log.warning("a slot could not be fed: %s", error)
        else:
            self.desk.routed(slot, producer)

    def thin(self, slot: int, temporal: int) -> None:
        """See `feeds.Hands`."""
        self.forwarder.limit(slot, temporal)

    def stir(self) -> None:
        """Have the next tick come sooner, where something waits for it."""
        if self.busy or self.pipes.dirty:
            self.hurry()

    def producer_state(self, handle: int) -> ProducerState:
        """The forwarder's figures. It tells the loudest level since it was last asked: kept for the poll."""
        state = self.forwarder.producer_state(handle)
        self._levels[handle] = min(state.audio_level, self._levels.get(handle, state.audio_level))
        return state

    # --- time ------------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether something waits for the next tick, which then is wanted in 20 ms."""
        return self.desk.busy or self.bandwidth.busy

    @property
    def flowing(self) -> bool:
        """Whether somebody is told of arrivals, or tells of them: then `tick` is wanted every 50 ms."""
        return self.desk.flowing or self.bandwidth.flowing

    @property
    def listening(self) -> bool:
        """Whether a microphone here tells how loud it is: then `poll_speakers` is wanted every 150 ms."""
        return any(self._tells_level(producer) for producer in self.producers.values())

    def _tells_level(self, producer: Producer) -> bool:
        # Of what came through a pipe its own worker tells.
        tells = producer.source == "mic" and producer.params.extensions.audio_level
        return bool(tells) and not self.pipes.imported(producer.handle)

    def tick(self) -> None:
        """RTCP that is due, and what listeners can be sent."""
        now = self.clock()
        self.desk.tick(now)
        self.bandwidth.tick(now)
        if now - self._measured_at >= LAYER_SECONDS:
            self._measured_at = now
            for layers in list(self.sources.values()):
                if layers.kind == "video":
                    self.measure(layers, now)
        for slot, seconds in self._awaited.arrived(self._carries, now):
            self.metrics.listener_first_packet_seconds.labels(self.slots[slot].kind).observe(seconds)
        self.wishes.tell()
        self.pipes.tick()

    def _carries(self, slot: int) -> bool:
        feed = self.feeds.of(slot)
        return feed is not None and feed.source.index(self.forwarder.slot_state(slot).producer) != NOTHING

    def measure(self, layers: Layers, now: float) -> None:
        """Find out which of a source's layers flow, and what its listeners are to get of them."""
        if layers.measure(self.forwarder.producer_state, now):
            self.feeds.shifted(layers)
            self.stir()

    def tell_anew(self, session: Session) -> None:
        """What its client was told lately it may not have heard: it begins with everything wanted and nothing
        paused, and is told what is otherwise."""
        self.sight.forget(session.name)
        for layers in session.publish.sources if session.publish is not None else ():
            self.wishes.forget(layers.group)
        self.bandwidth.changed(session.name, self.clock())
        self.wishes.tell()

    def expire(self) -> None:
        """Every half second or so: give up connections whose client is gone or never came."""
        now = self.clock()
        self.endpoint.expire()
        for session in list(self.sessions.values()):
            for connection in session.connections:
                if not connection.connected and now - connection.transport.opened_at > CONNECT_SECONDS:
                    connection.transport.end("failed")

    def poll_speakers(self) -> None:
        """Every 100 to 200 ms while `listening`: who speaks, told to a router's sessions when it changes."""
        levels: dict[str, int] = {}
        for producer in self.producers.values():
            if self._tells_level(producer):
                self.producer_state(producer.handle)
                levels[producer.session] = self._levels.pop(producer.handle)
        for members, speech in self._speech.poll(levels, self.clock()):
            topics = {self.sessions[member].events for member in members if member in self.sessions}
            for topic in sorted(topics):
                self._emit(topic, speech)
