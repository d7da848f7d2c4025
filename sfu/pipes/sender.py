"""The sending side of pipes: slots that are fed with what the other worker wants. No bus, no tasks.

The end of a pipe is a member of each router that something is wanted of, under a name of its own; so what
feeds its slots is decided where it is decided for everybody, by `Router.feeder`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from sfu.forward.contract import Forwarder, SlotParams
from sfu.pipes.pipe import EXTENSIONS, PAYLOAD_TYPES, PipeEnd
from sfu.pipes.table import NOBODY, Lane, Place
from sfu.routing.codec_choice import Audience
from sfu.routing.feeds import Feeds
from sfu.routing.layers import NOTHING, Layers
from sfu.routing.producer import CODECS, NAMES, Producer
from sfu.routing.router import Operation, RoutingTable, SlotRef
from sfu.routing.slot import Slot
from sfu.rtcp.desk import RtcpDesk
from sfu.rtcp.policy import KEYFRAMES_A_SECOND
from signaling.control import PipeFormat, PipeSource, PipeStream, Route, SetRoutes
from signaling.messages import Source


class MediaServer(Protocol):
    """What pipes need of `sfu.media.Media`."""

    routing: RoutingTable
    forwarder: Forwarder
    desk: RtcpDesk
    producers: dict[int, Producer]
    sources: dict[int, Layers]
    slots: dict[int, Slot]
    feeds: Feeds

    def new_handle(self) -> int:
        """A handle of the forwarder."""

    def apply(self, operations: Sequence[Operation]) -> None:
        """Do what the routing table says."""

    def add_source(self, layers: Layers) -> None:
        """A source has come, from a session here or over a pipe."""

    def remove_source(self, group: int) -> None:
        """It is no more."""

    def own_sources(self, session: str) -> list[Layers]:
        """What a session that is connected here sends."""


class PipeSender:
    """Feeds the slots of every pipe's end."""

    def __init__(self, media: MediaServer, clock: Callable[[], float]) -> None:
        self._media = media
        self._clock = clock

    def carry(self, end: PipeEnd, streams: Mapping[PipeStream, int]) -> None:
        """Send these streams, the layers of each up to the one that is named, and no others.

        The layers above have their slots too, which rest: whoever wants them later has them at once, and
        their publisher may pause them. Raises TableFull, ValueError.
        """
        for stream in {*end.wanted, *streams}:
            self._media.routing.watched_elsewhere(stream.session, stream.source)
        end.wanted = dict(streams)
        back, taken = end.pool.want(self._lanes(end), self._clock())
        for lane, place in back:
            member = _member(end.worker, lane.stream.router)
            self._media.apply(self._media.routing.take_slot(member, (place.kind, place.index)))
        for lane, place in taken:
            self._take_slot(end, lane, place)
        for lane, place in end.pool.lanes.items():
            wanted = lane.layer <= end.wanted[lane.stream]
            self._media.feeds.only(end.slots[place].handle, lane.layer if wanted else NOTHING)
        self._route(end)

    def stale(self, end: PipeEnd) -> bool:
        """Whether what is carried is not what is wanted: a source has come or has other layers, or slots
        that rested may be taken."""
        return not end.pool.settled(self._lanes(end), self._clock())

    def drop(self, end: PipeEnd) -> None:
        """Send nothing, and take the slots down."""
        self.carry(end, {})
        for slot in end.slots.values():
            self._media.feeds.slot_gone(slot.handle)
            self._media.desk.remove_slot(slot.handle)
            self._media.slots.pop(slot.handle, None)
        end.slots.clear()

    def sources(self, end: PipeEnd) -> tuple[PipeSource, ...]:
        """What is really sent: a stream is missing while its session is in another router."""
        found = []
        for lane, place in end.pool.lanes.items():
            layers = self._layers(lane.stream)
            if layers is None or lane.layer >= len(layers.layers):
                continue
            params, slot = layers.layers[lane.layer].producer.params, end.slots[place].params
            # What it begins with, whatever it sends now: a change is no other source.
            first, *others = [
                PipeFormat(NAMES[form.codec], *slot.payload_types[form.codec]) for form in params.formats
            ]
            found.append(
                PipeSource(
                    *(lane.stream, first.codec, slot.ssrc, slot.rtx_ssrc),
                    *(first.payload_type, first.rtx_payload_type, params.clock_rate),
                    *(lane.layer, tuple(others)),
                )
            )
        return tuple(found)

    def audience(self, ends: Iterable[PipeEnd], session: str, source: Source) -> Audience:
        """Who is to see this video of a session here behind these pipes.

        A worker of an earlier release says nothing of that: it has one who decodes what was sent at first.
        """
        found = NOBODY
        member = self._media.routing.member(session)
        reference = self._media.routing.producer(session, source)
        layers = self._media.sources.get(reference.handle) if reference is not None else None
        if member is None or layers is None:
            return found
        stream = PipeStream(member.router, session, source)
        first = Audience(1, {layers.codecs[0]: 1})
        for end in ends:
            if stream in end.wanted:
                found = found.plus(end.audiences.get(stream, first))
        return found

    def _lanes(self, end: PipeEnd) -> list[Lane]:
        lanes = []
        for stream in end.wanted:
            layers = self._layers(stream)
            lanes += [Lane(stream, layer) for layer in range(len(layers.layers) if layers is not None else 1)]
        return lanes

    def _layers(self, stream: PipeStream) -> Layers | None:
        """The source, if its session is here and in this router."""
        member = self._media.routing.member(stream.session)
        reference = self._media.routing.producer(stream.session, stream.source)
        if member is None or reference is None or member.router != stream.router or member.home:
            return None
        return self._media.sources.get(reference.handle)

    def _take_slot(self, end: PipeEnd, lane: Lane, place: Place) -> None:
        slot = end.slots.get(place) or self._make_slot(end, place)
        router = lane.stream.router
        reference = SlotRef(slot.handle, slot.codecs)
        self._media.routing.put_slot(
            _member(end.worker, router), router, (place.kind, place.index), reference
        )

    def _make_slot(self, end: PipeEnd, place: Place) -> Slot:
        media, audio = self._media, place.kind == "audio"
        used = {s for slot in end.slots.values() for s in (slot.params.ssrc, slot.params.rtx_ssrc)}
        params = SlotParams(
            kind=place.kind,
            ssrc=_new_ssrc(used),
            rtx_ssrc=0 if audio else _new_ssrc(used),
            payload_types={c: p for c, p in PAYLOAD_TYPES.items() if (c is CODECS["opus"]) == audio},
            extensions=EXTENSIONS,
        )
        handle = media.new_handle()
        media.forwarder.add_slot(handle, end.peer, params)
        slot = end.slots[place] = Slot(handle, f"pipe:{end.worker}", place.kind, place.index, params, "pipe")
        media.slots[handle] = slot
        media.desk.add_slot(slot, end, KEYFRAMES_A_SECOND)  # many listeners ask through it
        return slot

    def _route(self, end: PipeEnd) -> None:
        """The pipe's members want what its slots carry: as the world would say it of a listener."""
        end.epoch += 1
        routes: dict[str, list[Route]] = {}
        for lane, place in end.pool.lanes.items():
            route = Route(place.kind, place.index, lane.stream.session, lane.stream.source)
            routes.setdefault(lane.stream.router, []).append(route)
        changes = [
            SetRoutes(_member(end.worker, router), end.epoch, router, tuple(wanted))
            for router, wanted in routes.items()
        ]
        self._media.apply(self._media.routing.apply(changes))


def _member(worker: str, router: str) -> str:
    """The name under which the pipe to a worker is a member of a router; no session has a colon."""
    return f"pipe:{worker}:{router}"


def _new_ssrc(used: set[int]) -> int:
    while True:
        ssrc = secrets.randbits(32)
        if ssrc and ssrc not in used:
            used.add(ssrc)
            return ssrc
