"""Every pipe of one worker: how a router is one room although its members are on several workers.

The receiving side asks for what its own members want of sessions that another worker carries
(`RoutingTable.wanted_of`); the sending side feeds a slot of the pipe with each. So a stream crosses once
per pair of workers, however many listen. Isolation stands on both sides. Where the stream is sent from,
the pipe's end is a member of the stream's router, fed by `Router.feeder` like everybody: when the session
leaves the router, its slot falls silent. Where it is received, the producer is the session's own entry in
that router, and leaves it when the world says so.

No bus and no tasks in here: what has to be said to another worker is marked in `dirty`, and
`sfu.pipes.keeper` says it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from sfu.forward.contract import Format, ProducerParams, TableFull
from sfu.pipes.pipe import EXTENSIONS, FEEDBACK, Import, OwnKeys, PipeEnd, new_keys, open_end, valid
from sfu.pipes.sender import MediaServer, PipeSender
from sfu.pipes.table import Wants
from sfu.routing.codec_choice import Audience
from sfu.routing.layers import BEST, Layers
from sfu.routing.producer import CODECS, Producer
from sfu.routing.router import ProducerRef
from signaling.control import (
    Failed,
    OpenPipe,
    PipeAudience,
    PipeOffers,
    PipeOpened,
    PipeSource,
    PipeStream,
    PipeWants,
)
from signaling.messages import KIND_OF_SOURCE, Source

# Other workers that one exchanges media with; beyond it there is something wrong.
MAX_PIPES = 64
# An end that has carried nothing for so long is taken down (seconds).
IDLE_SECONDS = 30.0
# A receiver of which neither a word on the Bus nor RTCP has come for so long (seconds) is dead.
SILENT_SECONDS = 6.0

log = logging.getLogger("atrium.sfu.pipe")


class Pipes:
    """All ends. `name` is this worker's, `address` where it receives; `clock` in seconds."""

    def __init__(
        self, media: MediaServer, name: str, address: tuple[str, int], clock: Callable[[], float]
    ) -> None:
        self.name = name
        self.address = address
        self.ends: dict[str, PipeEnd] = {}
        self.wants: dict[str, Wants] = {}
        # Workers that have to be told of changed wants, or of changed offers.
        self.dirty: set[str] = set()
        self.changed: set[str] = set()
        self._media = media
        self._clock = clock
        self._sending = PipeSender(media, clock)
        self._pending: dict[str, OwnKeys] = {}
        self._by_peer: dict[int, PipeEnd] = {}
        self._homes: dict[str, str] = {}  # sessions that are fetched, and from where
        self._handles: set[int] = set()  # producers that come over a pipe

    # --- opening ---------------------------------------------------------------------------------

    def proposal(self, worker: str) -> OpenPipe:
        """What to open the pipe to `worker` with; the same until it stands."""
        own = self._pending.setdefault(worker, new_keys())
        return OpenPipe(self.name, own.incarnation, self.address, own.key, own.rtcp_key)

    def accept(self, far: OpenPipe) -> PipeOpened | Failed:
        """Another worker opens a pipe. Raises TableFull, ValueError."""
        if not valid(far) or far.worker == self.name:
            return Failed("internal", "that is no end of a pipe")
        end = self._stand(far)
        own = end.own
        return PipeOpened(self.name, own.incarnation, self.address, own.key, own.rtcp_key)

    def opened(self, far: PipeOpened) -> None:
        """The answer to our proposal. Raises TableFull, ValueError."""
        if valid(far) and far.worker != self.name:
            self._stand(far)

    def _stand(self, far: OpenPipe | PipeOpened) -> PipeEnd:
        end = self.ends.get(far.worker)
        if end is not None and end.theirs == far.incarnation:
            return end
        if end is not None:
            self.drop(far.worker)
        if len(self.ends) >= MAX_PIPES:
            raise TableFull(f"{MAX_PIPES} pipes (MAX_PIPES)")
        own = self._pending.pop(far.worker, None) or new_keys()
        made = open_end(self._media.forwarder, self._media.new_handle(), own, far, self._clock())
        self.ends[far.worker] = self._by_peer[made.peer] = made
        log.info("pipe to worker %s at %s:%d stands", far.worker, *made.address)
        if self.wants.get(far.worker):
            self.dirty.add(far.worker)
        return made

    def drop(self, worker: str) -> None:
        """The pipe is over: what came over it is gone, and nothing is sent."""
        end = self.ends.pop(worker, None)
        self._pending.pop(worker, None)
        if end is None:
            return
        for stream in list(end.imports):
            self._forget(end, stream)
        self._sending.drop(end)
        del self._by_peer[end.peer]
        self._media.forwarder.remove_peer(end.peer)

    def close(self) -> None:
        """Every pipe."""
        for worker in list(self.ends):
            self.drop(worker)

    # --- receiving -------------------------------------------------------------------------------

    def follow(self) -> None:
        """After routes have changed: what is wanted of sessions elsewhere, and what may not stay."""
        routing, now = self._media.routing, self._clock()
        for session in routing.take_abroad():
            member = routing.member(session)
            home = member.home if member is not None else ""
            before = self._homes.get(session)
            if before is not None and before != home:
                self._fetch_no_more(session, before, now)
            if member is None or not home or home == self.name:
                if member is not None:
                    self._own_again(session)
                continue
            self._homes[session] = home
            wants = self.wants.setdefault(home, Wants())
            if wants.set(session, member.router, routing.wanted_of(session), now):
                self.dirty.add(home)
            self._keep_to_router(home)

    def _fetch_no_more(self, session: str, home: str, now: float) -> None:
        del self._homes[session]
        wants = self.wants.get(home)
        if wants is not None and wants.set(session, None, (), now):
            self.dirty.add(home)
        end = self.ends.get(home)
        for stream in [s for s in end.imports if s.session == session] if end is not None else ():
            assert end is not None
            self._forget(end, stream)

    def _own_again(self, session: str) -> None:
        """The session is carried here now: its own connection feeds its listeners."""
        for layers in self._media.own_sources(session):
            reference = ProducerRef(layers.group, layers.codec)
            self._media.apply(self._media.routing.add_producer(session, layers.source, reference))

    def _keep_to_router(self, worker: str) -> None:
        """Drop what is not wanted from there any more: above all, of sessions in another router now."""
        end, wants = self.ends.get(worker), self.wants.get(worker)
        if end is None:
            return
        for stream in [s for s in end.imports if wants is None or s not in wants]:
            self._forget(end, stream)

    def take_offers(self, offers: PipeOffers) -> bool:
        """What the other side sends now. False when it speaks of another pipe than we have."""
        end = self.ends.get(offers.worker)
        if end is None or end.own.incarnation != offers.incarnation:
            return False
        if offers.number < end.heard_offers:
            return True
        end.heard_offers = offers.number
        wants = self.wants.get(offers.worker, Wants())
        offered: dict[PipeStream, list[PipeSource]] = {}
        for source in sorted(offers.sources, key=lambda source: source.layer):
            if source.stream in wants:
                offered.setdefault(source.stream, []).append(source)
        for stream, known in list(end.imports.items()):
            if tuple(offered.get(stream, ())) != known.sources:
                self._forget(end, stream)
        for stream, sources in offered.items():
            member = self._media.routing.member(stream.session)
            here = member is not None and member.router == stream.router and member.home == end.worker
            if here and stream not in end.imports:
                self._import(end, stream, tuple(sources))
        return True

    def _import(self, end: PipeEnd, stream: PipeStream, sources: tuple[PipeSource, ...]) -> None:
        media, producers = self._media, list[Producer]()
        for source in sources:
            codec = CODECS.get(source.codec)
            params = _params(stream, source)
            if params is None or codec is None:
                continue  # of a later release
            handle = media.new_handle()
            try:
                media.forwarder.add_producer(handle, end.peer, params)
            except (TableFull, ValueError) as error:
                media.forwarder.remove_producer(handle)
                log.warning("a stream of worker %s is not taken: %s", end.worker, error)
                break
            group = producers[0].handle if producers else handle
            rid = str(source.layer) if len(sources) > 1 else ""
            producers.append(
                Producer(
                    *(handle, stream.session, stream.source, "", params, FEEDBACK),
                    *(source.ssrc, source.rtx_ssrc, False, rid, group),
                )
            )
        if not producers:
            return
        end.imports[stream] = Import(sources, tuple(producers))
        for producer in producers:
            self._handles.add(producer.handle)
            media.producers[producer.handle] = producer
            media.desk.add_producer(producer, end)
        first = producers[0]
        media.add_source(Layers(producers))
        if self.wants[end.worker].wish(stream, BEST):
            self.dirty.add(end.worker)
        reference = ProducerRef(first.group, first.codec)
        media.apply(media.routing.add_producer(stream.session, stream.source, reference))

    def _forget(self, end: PipeEnd, stream: PipeStream) -> None:
        media, producers = self._media, end.imports.pop(stream).producers
        group = producers[0].group
        media.apply(media.routing.remove_producer(stream.session, stream.source, group))
        media.remove_source(group)
        for producer in producers:
            self._handles.discard(producer.handle)
            media.desk.remove_producer(producer.handle)
            media.producers.pop(producer.handle, None)
            media.forwarder.remove_producer(producer.handle)

    def received(self, session: str, source: Source, top: int) -> None:
        """The best layer of a fetched video that somebody here receives now, NOTHING when nobody does."""
        member, home = self._media.routing.member(session), self._homes.get(session)
        wants = self.wants.get(home) if home is not None else None
        if member is None or home is None or wants is None:
            return
        if wants.wish(PipeStream(member.router, session, source), top):
            self.dirty.add(home)

    def watched(self, session: str, source: Source, audience: Audience) -> None:
        """Who is to see a fetched video here."""
        member, home = self._media.routing.member(session), self._homes.get(session)
        wants = self.wants.get(home) if home is not None else None
        if member is None or home is None or wants is None:
            return
        if wants.watch(PipeStream(member.router, session, source), audience):
            self.dirty.add(home)

    def audience(self, session: str, source: Source) -> Audience:
        """Who is to see a video of our own on all other workers."""
        return self._sending.audience(self.ends.values(), session, source)

    def imported(self, handle: int) -> bool:
        """Whether this producer comes over a pipe."""
        return handle in self._handles

    # --- sending ---------------------------------------------------------------------------------

    def take_wants(self, wants: PipeWants) -> PipeOffers | Failed:
        """What the other side wants now: feed it, and say with what. Raises TableFull, ValueError."""
        end = self.ends.get(wants.worker)
        if end is None or end.theirs != wants.incarnation:
            return Failed("unknown_pipe", "this worker has no such pipe (any more)")
        end.heard_at = self._clock()
        if wants.number >= end.wanted_number:
            end.wanted_number = wants.number
            everything = (BEST,) * len(wants.streams)
            tops = wants.tops if len(wants.tops) == len(wants.streams) else everything
            told = zip(wants.streams, map(_audience, wants.audiences), strict=False)
            end.audiences = dict(told)
            self._sending.carry(end, dict(zip(wants.streams, tops, strict=True)))
        return self._offers(end)

    def offers_to(self, worker: str) -> PipeOffers | None:
        """What we send to this worker now, if that is not what it was told last."""
        end = self.ends.get(worker)
        if end is None or self._sending.sources(end) == end.offered:
            return None
        return self._offers(end)

    def _offers(self, end: PipeEnd) -> PipeOffers:
        end.offered = self._sending.sources(end)
        end.offers_number += 1
        return PipeOffers(self.name, end.theirs, end.offers_number, end.offered)

    # --- RTCP and time ---------------------------------------------------------------------------

    def rtcp(self, peer: int, data: bytes) -> bool:
        """SRTCP of a pipe's peer. False when the peer is none."""
        end = self._by_peer.get(peer)
        if end is None:
            return False
        plain = end.unprotect_rtcp(data)
        if plain is not None:
            # It lives and receives, though the Bus may be out of reach.
            now = end.heard_at = self._clock()
            self._media.desk.from_publisher(peer, plain, now)
            self._media.desk.from_listener(list(end.slots.values()), plain, now)
        return True

    def tick(self) -> None:
        """A few times a second: what has become of our own sources, of silent and of idle pipes."""
        now = self._clock()
        for worker, wants in list(self.wants.items()):
            if wants.expire(now):
                self._keep_to_router(worker)
                self.dirty.add(worker)
        for worker, end in list(self.ends.items()):
            if len(end.pool) and now - end.heard_at > SILENT_SECONDS:
                log.warning("worker %s does not say any more what it wants", worker)
                self._sending.carry(end, {})
            wanted = self.wants.get(worker)
            if end.idle and not (wanted and wanted.streams) and now - end.heard_at > IDLE_SECONDS:
                self.drop(worker)
                continue
            if self._sending.stale(end):
                self._sending.carry(end, end.wanted)
            if self._sending.sources(end) != end.offered:
                self.changed.add(worker)


def _audience(said: PipeAudience) -> Audience:
    known = {
        CODECS[name]: min(count, said.listeners) for name, count in said.decoding.items() if name in CODECS
    }
    return Audience(said.listeners, known)


def _params(stream: PipeStream, source: PipeSource) -> ProducerParams | None:
    codec = CODECS.get(source.codec)
    if codec is None:
        return None
    return ProducerParams(
        kind=KIND_OF_SOURCE[stream.source],
        codec=codec,
        payload_type=source.payload_type,
        clock_rate=source.clock_rate,
        ssrc=source.ssrc,
        rtx_payload_type=source.rtx_payload_type,
        rtx_ssrc=source.rtx_ssrc,
        extensions=EXTENSIONS,
        others=tuple(
            Format(CODECS[other.codec], other.payload_type, other.rtx_payload_type)
            for other in source.others
            if other.codec in CODECS
        ),
    )
