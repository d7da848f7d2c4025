"""The media server inside a worker: sessions, connections and the forwarding table. No bus, no tasks.

Commands come in as calls and events go out through `emit`; both happen on the event loop's thread, and
no call awaits. So a batch of routes is applied in one turn of the loop, and nothing runs between its
revocations and its grants.
"""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable, Iterable, Sequence

from sfu.downlink.bandwidth import Bandwidth
from sfu.downlink.sight import Sight
from sfu.forward.contract import MAX_TEMPORAL, Address, Forwarder, ProducerState, TableFull
from sfu.metrics import Metrics
from sfu.pipes.pipes import Pipes
from sfu.routing.feeds import Feeds
from sfu.routing.first_packets import FirstPackets
from sfu.routing.layers import NOTHING, Layers
from sfu.routing.pausing import Wanted
from sfu.routing.producer import Producer, find_producer
from sfu.routing.router import Operation, ProducerRef, RoutingTable, SlotRef
from sfu.routing.slot import Slot
from sfu.routing.speakers import Speakers
from sfu.rtcp.desk import RtcpDesk
from sfu.rtcp.heard import Heard
from sfu.rtp.sr import ntp_time
from sfu.rtp.twcc import TransportFeedback
from sfu.session import Connection, PublishConnection, Session, SubscribeConnection
from sfu.transport.transport import Endpoint
from signaling.context import about
from signaling.control import (
    AcceptPlay,
    AcceptPublish,
    AcceptSlots,
    Answer,
    AudioLevels,
    ConnectionChanged,
    Done,
    Event,
    Failed,
    LayersWanted,
    Offer,
    OfferSlots,
    ProducerClosed,
    ProducerOpened,
    Restarted,
    RestartIce,
    SetRoutes,
)
from signaling.messages import IceCredentials, Source

MAX_SESSIONS = 2000
# A connection whose client never comes: the SDP was answered, and then nothing.
CONNECT_SECONDS = 30.0
# How often is looked which layers flow.
LAYER_SECONDS = 0.2
# How often is told that those who speak are louder or quieter now.
LEVEL_SECONDS = 1.0

log = logging.getLogger("atrium.sfu")

Emit = Callable[[str, Event], None]


class WorkerFull(Exception):
    """There is no room for another session."""


class Media:
    """Everything that one forwarder carries. Is the `ForwarderEvents` of that forwarder.

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
    ) -> None:
        self._name = name
        self.endpoint = endpoint
        self.routing = RoutingTable()
        self.sessions: dict[str, Session] = {}
        self.heard = Heard()
        self.producers: dict[int, Producer] = {}
        self.sources: dict[int, Layers] = {}  # by group
        self.feeds = Feeds(self)
        self._wanted: dict[int, Wanted] = {}  # of video sources, by group
        self._pausing: set[int] = set()  # those that may be asked for less
        self._measured_at = float("-inf")
        self.slots: dict[int, Slot] = {}
        self.metrics = metrics
        self._emit = emit
        self._clock = clock
        self._max_sessions = max_sessions
        self._speakers = Speakers()
        self._awaited = FirstPackets()
        self._levels: dict[int, int] = {}  # loudest of each microphone since the last poll
        self._told_speech: dict[str, tuple[AudioLevels, float]] = {}  # by router, and when
        self._connections: dict[int, Connection] = {}  # by the forwarder's peer
        self._handles = itertools.count(1)
        # Called when `tick` has more to do than its daily round; the worker then ticks faster.
        self.hurry: Callable[[], None] = lambda: None
        self.sight = Sight(self.routing, self.feeds, self.select, self._tell, clock, name)
        self.bandwidth: Bandwidth
        self.desk: RtcpDesk
        self.pipes: Pipes
        self.forwarder: Forwarder

    def attach(self, forwarder: Forwarder) -> None:
        """The forwarder that reports to this object. Before anything else."""
        self.forwarder = self.endpoint.forwarder = forwarder
        self.bandwidth = Bandwidth(forwarder, self.sight, self.metrics)
        self.desk = RtcpDesk(forwarder, self.producer_state, self.metrics)
        self.pipes = Pipes(self, self._name, forwarder.address, self._clock)

    # --- commands --------------------------------------------------------------------------------

    def accept_publish(self, command: AcceptPublish) -> Answer:
        """Raises SdpError, WorkerFull, TableFull; then nothing has changed."""
        session = self._session(command.session, command.events)
        new = PublishConnection(session.name, self._handle(), self.endpoint, self)
        try:
            answer = new.answer(command.sdp, command.sources, self.forwarder, self._handle)
        except Exception:
            new.close()
            raise
        self._take(session, command.events)
        if session.publish is not None:
            self._drop(session.publish)
        session.publish = new
        self._connections[new.transport.peer] = new
        self._apply(self.routing.open(session.name, command.router))
        for producer in new.producers.values():
            self.producers[producer.handle] = producer
            self.desk.add_producer(producer, new.transport)
        for layers in new.sources:
            self.add_source(layers)
            if self._comes_by_pipe(session.name, layers.source):
                continue  # until the world says that the session is here now
            reference = ProducerRef(layers.group, self.producers[layers.group].params.codec)
            self._apply(self.routing.add_producer(session.name, layers.source, reference))
        return Answer(answer)

    def _comes_by_pipe(self, session: str, source: Source) -> bool:
        member = self.routing.member(session)
        known = member.producers.get(source) if member is not None else None
        return known is not None and self.pipes.imported(known.handle)

    def offer_slots(self, command: OfferSlots) -> Offer:
        """Raises ValueError (a pool that cannot be), WorkerFull, TableFull; then nothing has changed."""
        session = self._session(command.session, command.events)
        new = self._new_subscribe(session)
        try:
            offer = new.offer(command.audio, command.video)
        except Exception:
            new.close()
            raise
        self._replace_subscribe(session, command.events, command.router, new)
        return Offer(offer)

    def accept_slots(self, command: AcceptSlots) -> Done | Failed:
        """Raises SdpError, TableFull; the connection then still waits for a good answer."""
        session = self.sessions.get(command.session)
        if session is None or session.subscribe is None:
            return Failed("unknown_session", "this session has no offer that waits for an answer")
        session.subscribe.accept(command.sdp, self.forwarder, self._handle)
        self._open_slots(session.subscribe)
        return Done()

    def accept_play(self, command: AcceptPlay) -> Answer:
        """Raises SdpError, WorkerFull, TableFull; then nothing has changed."""
        session = self._session(command.session, command.events)
        new = self._new_subscribe(session)
        try:
            answer = new.play(command.sdp, self.forwarder, self._handle)
        except Exception:
            new.close()
            raise
        self._replace_subscribe(session, command.events, command.router, new)
        self._open_slots(new)
        kinds = [slot.kind for slot in new.slots]
        return Answer(answer, audio=kinds.count("audio"), video=kinds.count("video"))

    def restart_ice(self, command: RestartIce) -> Restarted | Failed:
        """Its network has changed: the same connections over another way."""
        session = self.sessions.get(command.session)
        if session is None or session.publish is None:
            return Failed("unknown_session", "this session has no connection that could go on")
        publish = IceCredentials(*session.publish.transport.restart())
        subscribe = session.subscribe
        return Restarted(publish, IceCredentials(*subscribe.transport.restart()) if subscribe else None)

    def apply_routes(self, changes: Iterable[SetRoutes]) -> None:
        """One tick's changes: moves and revocations, then grants."""
        changes = tuple(changes)
        self._apply(self.routing.apply(changes), [change.session for change in changes])
        self.pipes.follow()
        self._stir()

    def select(self, slot: int, spatial: int, temporal: int = MAX_TEMPORAL, hold: bool = True) -> None:
        """What a slot is to carry of the source that it is routed to, until it is routed anew.

        The best layer that flows, up to `spatial` (0 lowest; `layers.BEST`, `layers.NOTHING`), without the
        temporal layers above `temporal`. `hold`: the present layer flows until the new one shows a keyframe;
        without it, it stops at once.
        """
        self.feeds.select(slot, spatial, temporal, hold)
        self._tell_wanted()
        self._stir()

    def close_session(self, name: str, home: str = "") -> None:
        """End both connections and forget the session; with a `home` it goes on there, and may be heard
        here."""
        session = self.sessions.pop(name, None)
        if session is not None:
            for connection in session.connections:
                self._drop(connection)
        if not home:
            self._apply(self.routing.close(name))
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
        return self._handle()

    def apply(self, operations: Sequence[Operation]) -> None:
        """See `pipes.MediaServer`."""
        self._apply(operations)

    def add_source(self, layers: Layers) -> None:
        """See `pipes.MediaServer`."""
        self.sources[layers.group] = layers
        if layers.kind == "video":
            self._wanted[layers.group] = Wanted(len(layers.layers))
            self.feeds.changed.add(layers.group)

    def remove_source(self, group: int) -> None:
        """See `pipes.MediaServer`."""
        self.sources.pop(group, None)
        self._wanted.pop(group, None)
        self.sight.source_gone(group)

    def own_sources(self, session: str) -> list[Layers]:
        """See `pipes.MediaServer`."""
        known = self.sessions.get(session)
        return known.publish.sources if known is not None and known.publish is not None else []

    # --- sessions and connections ----------------------------------------------------------------

    def _handle(self) -> int:
        return next(self._handles)

    def _session(self, name: str, events: str) -> Session:
        """The session, or a new one that is not kept before `_take`."""
        session = self.sessions.get(name)
        if session is not None:
            return session
        if len(self.sessions) >= self._max_sessions:
            raise WorkerFull(f"this worker has its {self._max_sessions} sessions")
        return Session(name, events, self._clock())

    def _take(self, session: Session, events: str) -> None:
        session.events = events
        self.sessions[session.name] = session

    def _new_subscribe(self, session: Session) -> SubscribeConnection:
        return SubscribeConnection(session.name, self._handle(), self.endpoint, self)

    def _replace_subscribe(
        self, session: Session, events: str, router: str, new: SubscribeConnection
    ) -> None:
        self._take(session, events)
        if session.subscribe is not None:
            self._drop(session.subscribe)
        session.subscribe = new
        self._connections[new.transport.peer] = new
        self._apply(self.routing.open(session.name, router))

    def _open_slots(self, connection: SubscribeConnection) -> None:
        slots = {}
        for slot in connection.slots:
            self.slots[slot.handle] = slot
            self.desk.add_slot(slot, connection.transport)
            slots[slot.kind, slot.index] = SlotRef(slot.handle, slot.codecs)
        peer = connection.transport.peer
        self.bandwidth.add(connection.session, peer, connection.slots, self._clock())
        self._apply(self.routing.set_slots(connection.session, slots))

    def _drop(self, connection: Connection) -> None:
        """Take a connection out of every table; its peer goes with its producers and slots."""
        session = connection.session
        if isinstance(connection, PublishConnection):
            for layers in connection.sources:
                self._apply(self.routing.remove_producer(session, layers.source, layers.group))
                self.remove_source(layers.group)
                if layers.started:
                    self._tell(session, ProducerClosed(session, layers.source, self._name))
            for handle in connection.producers:
                self.desk.remove_producer(handle)
                self.producers.pop(handle, None)
                self._levels.pop(handle, None)
        elif isinstance(connection, SubscribeConnection):
            self.bandwidth.remove(connection.transport.peer)
            self.sight.forget(session)
            self._apply(self.routing.clear_slots(session))
            for slot in connection.slots:
                self.feeds.slot_gone(slot.handle)
                self.desk.remove_slot(slot.handle)
                self.slots.pop(slot.handle, None)
        self._connections.pop(connection.transport.peer, None)
        connection.close()

    def connected(self, connection: Connection) -> None:
        """From a connection: keys are there."""
        transport = connection.transport
        if transport.connected_at is not None:
            self.metrics.connect_seconds.observe(transport.connected_at - transport.opened_at)
        with about(connection.session):
            log.info("%s connected", connection.name)
        self._tell(
            connection.session,
            ConnectionChanged(connection.session, connection.name, "connected", self._name),
        )

    def ended(self, connection: Connection, state: str) -> None:
        """From a connection: its client is gone."""
        session = self.sessions.get(connection.session)
        if session is None or connection not in session.connections:
            return
        with about(connection.session):
            log.info("%s %s", connection.name, state)
        self._drop(connection)
        self._tell(session.name, ConnectionChanged(session.name, connection.name, state, self._name))
        if connection is session.publish:
            session.publish = None
        else:
            session.subscribe = None
        if not session.connections:
            del self.sessions[session.name]

    def _tell(self, session: str, event: Event) -> None:
        known = self.sessions.get(session)
        if known is not None:
            self._emit(known.events, event)

    def _apply(self, operations: Sequence[Operation], told: Sequence[str] = ()) -> None:
        """Do what the router says; whom it concerns, and who was `told` of ranks, see anew."""
        sessions = dict.fromkeys(told)
        now = self._clock()
        for slot, group in operations:
            if slot in self.slots:
                self.feeds.routed(slot, None if group is None else self._source(group))
                session = self.slots[slot].session
                self._awaited.routed(slot, group is not None and session in self.sessions, now)
                self.bandwidth.rerouted(session, slot)
                sessions[session] = None
        for session in sessions:
            self.bandwidth.changed(session, now)
        self.desk.begin((slot for slot, group in operations if group is not None and slot in self.slots), now)
        self._tell_wanted()
        self._stir()

    def _source(self, group: int) -> Layers:
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

    def _stir(self) -> None:
        if self.busy or self.pipes.dirty:
            self.hurry()

    # --- what the forwarder says -----------------------------------------------------------------

    def datagram(self, data: bytes, address: Address) -> None:
        """STUN, DTLS or garbage."""
        self.endpoint.datagram(data, address)

    def rtcp(self, peer: int, data: bytes) -> None:
        """SRTCP from a peer: authenticate it, then act on what is in it."""
        connection = self._connections.get(peer)
        if connection is None:
            if self.pipes.rtcp(peer, data):
                self._stir()
            return
        if not connection.transport.may_report(len(data), self._clock()):
            self.endpoint.dropped["too_much_rtcp"] += 1
            return
        plain = connection.transport.unprotect_rtcp(data)
        if plain is None:
            self.endpoint.dropped["srtcp"] += 1
            return
        if isinstance(connection, PublishConnection):
            self.desk.from_publisher(peer, plain, self._clock())
        elif isinstance(connection, SubscribeConnection):
            now = self._clock()
            if self.heard.due(connection.session, plain, now):
                ssrcs = {slot.params.ssrc for slot in connection.slots}
                self.heard.take(connection.session, ssrcs, plain, now, ntp_time(time.time()))
            for item in self.desk.from_listener(connection.slots, plain, now):
                if isinstance(item, TransportFeedback):
                    self.bandwidth.feedback(peer, item, now)
                else:
                    self.bandwidth.remb(peer, item.bitrate, now)
            self._stir()

    def unknown_ssrc(self, peer: int, ssrc: int, payload_type: int, mid: str, rid: str) -> None:
        """Bind the SSRC to the source that it belongs to, if there is exactly one."""
        connection = self._connections.get(peer)
        if not isinstance(connection, PublishConnection):
            return
        producer = find_producer(list(connection.producers.values()), payload_type, mid, rid)
        if producer is None:
            return
        rtx = payload_type != producer.params.payload_type
        if rtx:
            producer.rtx_ssrc = ssrc
        else:
            producer.ssrc = ssrc
        self.forwarder.bind_ssrc(producer.handle, ssrc, rtx)

    def producer_started(self, producer: int) -> None:
        """Its first packet is here."""
        found = self.producers.get(producer)
        if found is None or found.started:
            return
        layers = self._source(found.group)
        opened = not layers.started
        found.started = True
        self._first_packet(found.session)
        self.feeds.changed.add(layers.group)
        if opened and not self.pipes.imported(producer):
            self._tell(found.session, ProducerOpened(found.session, found.source, self._name))
        self._measure(layers, self._clock())

    def _first_packet(self, name: str) -> None:
        """A camera that is switched on later says nothing of how long media takes."""
        session = self.sessions.get(name)
        publish = session.publish if session is not None else None
        if publish is not None and not publish.flowed:
            publish.flowed = True
            self.metrics.first_packet_seconds.observe(self._clock() - publish.transport.opened_at)

    def keyframe_needed(self, producer: int) -> None:
        """A slot waits for a picture to begin with."""
        self.desk.keyframe_needed(producer, self._clock())
        self._stir()

    def packets_lost(self, producer: int, sequences: list[int]) -> None:
        """Ask the publisher for what is missing."""
        self.desk.packets_lost(producer, sequences, self._clock())
        self._stir()

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

    def tick(self) -> None:
        """RTCP that is due, and what listeners can be sent."""
        now = self._clock()
        self.desk.tick(now)
        self.bandwidth.tick(now)
        if now - self._measured_at >= LAYER_SECONDS:
            self._measured_at = now
            for layers in list(self.sources.values()):
                if layers.kind == "video":
                    self._measure(layers, now)
        for slot, seconds in self._awaited.arrived(self._carries, now):
            self.metrics.listener_first_packet_seconds.labels(self.slots[slot].kind).observe(seconds)
        self._tell_wanted()
        self.pipes.tick()

    def _carries(self, slot: int) -> bool:
        feed = self.feeds.of(slot)
        return feed is not None and feed.source.index(self.forwarder.slot_state(slot).producer) != NOTHING

    def _measure(self, layers: Layers, now: float) -> None:
        if layers.measure(self.forwarder.producer_state, now):
            self.feeds.shifted(layers)
            self._stir()

    def _tell_wanted(self) -> None:
        """Tell publishers, or the worker that has them, which layers of their video somebody receives, or is
        about to."""
        changed, self.feeds.changed = self.feeds.changed, set()
        for session, source in self.routing.prepared_changed:
            member = self.routing.member(session)
            reference = member.producers.get(source) if member is not None else None
            if reference is not None:
                changed.add(reference.handle)
        self.routing.prepared_changed.clear()
        now = self._clock()
        for group in changed | self._pausing:
            wanted, layers = self._wanted.get(group), self.sources.get(group)
            if wanted is None or layers is None or not layers.started:
                self._pausing.discard(group)
                continue
            prepared = self.routing.prepared[layers.session, layers.source]
            if wanted.look(max(self.feeds.highest(group), 0 if prepared else NOTHING), now):
                if self.pipes.imported(group):
                    self.pipes.received(layers.session, layers.source, wanted.told)
                else:
                    rids = layers.rids[: wanted.told + 1]
                    self._tell(layers.session, LayersWanted(layers.session, layers.source, rids, self._name))
            (self._pausing.add if wanted.waiting else self._pausing.discard)(group)

    def expire(self) -> None:
        """Every half second or so: give up connections whose client is gone or never came."""
        now = self._clock()
        self.endpoint.expire()
        for session in list(self.sessions.values()):
            for connection in session.connections:
                if not connection.connected and now - connection.transport.opened_at > CONNECT_SECONDS:
                    connection.transport.end("failed")

    def poll_speakers(self) -> None:
        """Every 100 to 200 ms: who speaks, told to a router's sessions when it changes."""
        levels: dict[str, int] = {}
        for producer in self.producers.values():
            if self.pipes.imported(producer.handle):
                continue  # its own worker tells of it
            if producer.source == "mic" and producer.params.extensions.audio_level:
                self.producer_state(producer.handle)
                levels[producer.session] = self._levels.pop(producer.handle)
        now = self._clock()
        self._speakers.update(levels, now)
        for name in self._told_speech.keys() - self.routing.routers.keys():
            del self._told_speech[name]
        for domain, router in self.routing.routers.items():
            speaking = self._speakers.among(router.members)
            self.sight.speaking(speaking, now)
            speech = AudioLevels(domain, speaking, self._name, tuple(map(self._speakers.level, speaking)))
            before, told_at = self._told_speech.get(domain, (AudioLevels(domain, (), self._name), now))
            if speaking == before.speaking and (speech == before or now - told_at < LEVEL_SECONDS):
                continue
            self._told_speech[domain] = speech, now
            topics = {self.sessions[member].events for member in router.members if member in self.sessions}
            for topic in sorted(topics):
                self._emit(topic, speech)
