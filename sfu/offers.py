"""Offers and answers: how a session gets its two connections. On the event loop's thread, without waiting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sfu.routing.producer import CODECS
from sfu.routing.router import ProducerRef, SlotRef
from sfu.session import PublishConnection, Session, SubscribeConnection
from signaling.control import (
    AcceptPlay,
    AcceptPublish,
    AcceptSlots,
    Answer,
    Done,
    Failed,
    Offer,
    OfferSlots,
    Restarted,
    RestartIce,
)
from signaling.messages import IceCredentials, Source

if TYPE_CHECKING:  # it has one of these
    from sfu.media import Media

MAX_SESSIONS = 2000


class WorkerFull(Exception):
    """There is no room for another session."""


class Offers:
    """Takes the commands of a media server that open, replace or restart connections."""

    def __init__(self, media: Media, max_sessions: int) -> None:
        self._media = media
        self._max_sessions = max_sessions

    def accept_publish(self, command: AcceptPublish) -> Answer:
        """Raises SdpError, WorkerFull, TableFull; then nothing has changed."""
        media = self._media
        session = self._session(command.session, command.events)
        new = PublishConnection(session.name, media.new_handle(), media.endpoint, media)
        try:
            answer = new.answer(
                *(command.sdp, command.sources, media.forwarder, media.new_handle),
                *(self._codecs(command), command.fixed),
            )
        except Exception:
            new.close()
            raise
        self._take(session, command.events)
        if session.publish is not None:
            media.drop(session.publish)
        session.publish = new
        media.connections[new.transport.peer] = new
        media.apply(media.routing.open(session.name, command.router))
        for producer in new.producers.values():
            media.producers[producer.handle] = producer
            media.desk.add_producer(producer, new.transport)
        for layers in new.sources:
            media.add_source(layers)
            if self._comes_by_pipe(session.name, layers.source):
                continue  # until the world says that the session is here now
            reference = ProducerRef(layers.group, layers.codec)
            media.apply(media.routing.add_producer(session.name, layers.source, reference))
        return Answer(answer)

    def _codecs(self, command: AcceptPublish) -> Sequence[str]:
        """The order of preference. Of who cannot change later: by how many can decode it, there and now."""
        media = self._media
        if not command.fixed:
            return media.video_codecs
        decoding = media.routing.viewers(command.router).decoding
        return sorted(media.video_codecs, key=lambda name: -decoding.get(CODECS[name], 0))

    def _comes_by_pipe(self, session: str, source: Source) -> bool:
        media = self._media
        known = media.routing.producer(session, source)
        return known is not None and media.pipes.imported(known.handle)

    def offer_slots(self, command: OfferSlots) -> Offer:
        """Raises ValueError (a pool that cannot be), WorkerFull, TableFull; then nothing has changed."""
        session = self._session(command.session, command.events)
        new = self._new_subscribe(session)
        try:
            offer = new.offer(command.audio, command.video, self._media.video_codecs)
        except Exception:
            new.close()
            raise
        self._replace_subscribe(session, command.events, command.router, new)
        return Offer(offer)

    def accept_slots(self, command: AcceptSlots) -> Done | Failed:
        """Raises SdpError, TableFull; the connection then still waits for a good answer."""
        media = self._media
        session = media.sessions.get(command.session)
        if session is None or session.subscribe is None:
            return Failed("unknown_session", "this session has no offer that waits for an answer")
        session.subscribe.accept(command.sdp, media.forwarder, media.new_handle)
        self._open_slots(session.subscribe)
        return Done()

    def accept_play(self, command: AcceptPlay) -> Answer:
        """Raises SdpError, WorkerFull, TableFull; then nothing has changed."""
        media = self._media
        session = self._session(command.session, command.events)
        new = self._new_subscribe(session)
        try:
            answer = new.play(command.sdp, media.forwarder, media.new_handle, media.video_codecs)
        except Exception:
            new.close()
            raise
        self._replace_subscribe(session, command.events, command.router, new)
        self._open_slots(new)
        kinds = [slot.kind for slot in new.slots]
        return Answer(answer, audio=kinds.count("audio"), video=kinds.count("video"))

    def restart_ice(self, command: RestartIce) -> Restarted | Failed:
        """Its network has changed: the same connections over another way."""
        media = self._media
        session = media.sessions.get(command.session)
        if session is None or session.publish is None:
            return Failed("unknown_session", "this session has no connection that could go on")
        media.tell_anew(session)
        publish = IceCredentials(*session.publish.transport.restart())
        subscribe = session.subscribe
        return Restarted(publish, IceCredentials(*subscribe.transport.restart()) if subscribe else None)

    def _session(self, name: str, events: str) -> Session:
        """The session, or a new one that is not kept before `_take`."""
        media = self._media
        session = media.sessions.get(name)
        if session is not None:
            return session
        if len(media.sessions) >= self._max_sessions:
            raise WorkerFull(f"this worker has its {self._max_sessions} sessions")
        return Session(name, events, media.clock())

    def _take(self, session: Session, events: str) -> None:
        media = self._media
        session.events = events
        media.sessions[session.name] = session

    def _new_subscribe(self, session: Session) -> SubscribeConnection:
        media = self._media
        return SubscribeConnection(session.name, media.new_handle(), media.endpoint, media)

    def _replace_subscribe(
        self, session: Session, events: str, router: str, new: SubscribeConnection
    ) -> None:
        media = self._media
        self._take(session, events)
        if session.subscribe is not None:
            media.drop(session.subscribe)
        session.subscribe = new
        media.connections[new.transport.peer] = new
        media.apply(media.routing.open(session.name, router))

    def _open_slots(self, connection: SubscribeConnection) -> None:
        media = self._media
        slots = {}
        for slot in connection.slots:
            media.slots[slot.handle] = slot
            media.desk.add_slot(slot, connection.transport)
            slots[slot.kind, slot.index] = SlotRef(slot.handle, slot.codecs)
        peer = connection.transport.peer
        media.bandwidth.add(connection.session, peer, connection.slots, media.clock())
        media.apply(media.routing.set_slots(connection.session, slots))
