"""RTCP of one forwarder: reads what publishers and listeners say, and says what the policies decide.

Towards publishers: PLI, NACK, and once a second receiver reports with a bitrate limit. Towards
listeners: sender reports of their slots, at once when a slot's source has changed. What listeners ask
for (NACK, PLI, FIR) is answered from the cache or passed on, coalesced. RTCP that cannot be read is
counted and raises nothing.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable

from sfu.forward.contract import Forwarder, ProducerState
from sfu.metrics import Metrics
from sfu.routing.producer import Producer
from sfu.routing.slot import Slot
from sfu.rtcp.parties import Group, Publisher, Sink, Source
from sfu.rtcp.policy import (
    MAX_VIDEO_BITRATE,
    NACK_BURST,
    NACK_RATE,
    PICTURE_RATE,
    REPORT_INTERVAL,
    SECOND_REPORT_SECONDS,
    SLOT_REPORT_INTERVAL,
    PictureBudget,
    SampledAt,
    is_present,
    timestamp_at,
)
from sfu.rtcp.transport import RtcpTransport
from sfu.rtcp.uplink import Uplink
from sfu.rtp import rtcp
from sfu.rtp.errors import PacketError
from sfu.rtp.sr import middle, ntp_time
from sfu.rtp.stats import ReceptionReport
from sfu.rtp.twcc import TransportFeedback
from signaling.ratelimit import TokenBucket

# Reports are about what others sent: the server is one source to all publishers (RFC 7022 asks for a
# random name, made once).
_CNAME = secrets.token_urlsafe(12)


class RtcpDesk:
    """`ask` gives the forwarder's figures of a producer; `wall` is Unix seconds."""

    def __init__(
        self,
        forwarder: Forwarder,
        ask: Callable[[int], ProducerState],
        metrics: Metrics,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._forwarder = forwarder
        self._ask = ask
        self._metrics = metrics
        self._wall = wall
        self._ssrc = secrets.randbits(31) + 1
        self._uplink = Uplink(forwarder, self._ssrc, metrics)
        self._publishers: dict[int, Publisher] = {}
        self._sources: dict[int, Source] = {}
        self._sinks: dict[int, Sink] = {}
        self._listeners: dict[int, set[int]] = {}  # producer to the slots that it feeds
        self._fresh: set[int] = set()
        self._second: dict[int, float] = {}  # slots that were reported once, and when to do it again
        self._losing: set[int] = set()
        self._groups: dict[int, Group] = {}
        self._asked: set[int] = set()  # groups whose keyframe request waits for its time
        self._report_at = 0.0

    # --- tables ----------------------------------------------------------------------------------

    def add_producer(self, producer: Producer, transport: RtcpTransport) -> None:
        """A source that is sent over this transport."""
        publisher = self._publishers.setdefault(transport.peer, Publisher(transport))
        group = self._groups.setdefault(producer.group, Group())
        group.members += 1
        source = Source(producer, publisher, group)
        publisher.sources[producer.handle] = self._sources[producer.handle] = source
        self._uplink.add(producer, transport)

    def remove_producer(self, handle: int) -> None:
        """It is gone, and with its last source the publisher."""
        source = self._sources.pop(handle, None)
        if source is None:
            return
        del source.publisher.sources[handle]
        self._uplink.remove(handle, source.publisher.transport.peer)
        if not source.publisher.sources:
            del self._publishers[source.publisher.transport.peer]
        for slot in list(self._listeners.get(handle, ())):
            self.routed(slot, None)
        self._losing.discard(handle)
        source.group.asked.discard(handle)
        source.group.members -= 1
        if not source.group.members:
            del self._groups[source.producer.group]
            self._asked.discard(source.producer.group)

    def codec_changed(self, handle: int) -> None:
        """What it sent before is not repaired any more, and who goes on with it waits for a keyframe."""
        source = self._sources.get(handle)
        if source is not None:
            source.nacks.forget()
            self._losing.discard(handle)
        for slot in self._listeners.get(handle, ()):
            self._sinks[slot].reported_at = None
            self._fresh.add(slot)

    def add_slot(self, slot: Slot, transport: RtcpTransport, picture_rate: float = PICTURE_RATE) -> None:
        """A slot that is received over this transport; it may ask for so many new pictures a second."""
        self._sinks[slot.handle] = Sink(
            slot, transport, TokenBucket(NACK_RATE, NACK_BURST), PictureBudget(picture_rate)
        )

    def remove_slot(self, handle: int) -> None:
        """It is gone."""
        if handle in self._sinks:
            self.routed(handle, None)
            del self._sinks[handle]

    def routed(self, slot: int, producer: int | None) -> None:
        """The slot is fed by this producer from now on, or by nothing."""
        sink = self._sinks[slot]
        listeners = self._listeners.get(sink.source)
        if listeners is not None:
            listeners.discard(slot)
            if not listeners:
                del self._listeners[sink.source]
        sink.source = producer or 0
        sink.reported_at = None
        self._second.pop(slot, None)
        if producer is None:
            self._fresh.discard(slot)
        else:
            self._listeners.setdefault(producer, set()).add(slot)
            self._fresh.add(slot)

    def begin(self, slots: Iterable[int], now: float) -> None:
        """These slots were given a source in this turn: whose picture does not come by itself is asked for at
        once, a source once for all who wait for it. Ticks ask again."""
        for number in self._waiting(slots):
            if self._groups[number].keyframes.due(now, waiting=True):
                self._request_keyframe(number)

    # --- what publishers say ---------------------------------------------------------------------

    def from_publisher(self, peer: int, packet: bytes, now: float) -> None:
        """A compound packet of a publish connection, unprotected."""
        publisher = self._publishers.get(peer)
        if publisher is None:
            return
        for item in self._parse(packet):
            if isinstance(item, rtcp.SenderReport):
                for source in publisher.sources.values():
                    if source.producer.ssrc == item.ssrc:
                        self._sender_report(source, item, now)

    def _sender_report(self, source: Source, report: rtcp.SenderReport, now: float) -> None:
        source.publisher.clock.observe(report.ntp, self._wall())
        source.sampled = SampledAt(report.ntp, report.timestamp)
        if source.producer.kind == "video":
            self._sync(source, source.sampled)
        self._reception(source).sender_report(middle(report.ntp), now)
        for slot in self._listeners.get(source.producer.handle, ()):
            sink = self._sinks[slot]
            if sink.reported_at is None or now - sink.reported_at >= SLOT_REPORT_INTERVAL:
                self._report_slot(sink, now)

    def _sync(self, source: Source, sampled: SampledAt) -> None:
        """Tell the forwarder how the layers of a source stand to each other."""
        group = source.group
        if group.instant is None:
            group.instant = sampled.ntp
        elapsed = (group.instant - sampled.ntp) / (1 << 32)
        timestamp = sampled.timestamp + round(elapsed * source.producer.params.clock_rate)
        self._forwarder.sync(source.producer.handle, source.producer.group, timestamp)

    def packets_lost(self, handle: int, sequences: list[int], now: float) -> None:
        """A gap in what a publisher sends: ask for it, where it keeps packets to repeat."""
        source = self._sources.get(handle)
        if source is not None and "nack" in source.producer.feedback:
            source.nacks.lost(sequences, now)
            self._losing.add(handle)

    # --- what listeners say ----------------------------------------------------------------------

    def from_listener(
        self, slots: list[Slot], packet: bytes, now: float
    ) -> list[TransportFeedback | rtcp.Remb]:
        """A compound packet of a subscribe connection, unprotected. What it says of its path is returned."""
        path: list[TransportFeedback | rtcp.Remb] = []
        by_ssrc = {slot.params.ssrc: slot.handle for slot in slots}
        for item in self._parse(packet):
            if isinstance(item, rtcp.Nack):
                self._nack(by_ssrc.get(item.media_ssrc), item.sequences, now)
            elif isinstance(item, rtcp.Pli):
                self._picture_lost(by_ssrc.get(item.media_ssrc), now)
            elif isinstance(item, rtcp.Fir):
                for ssrc, _ in item.requests:
                    self._picture_lost(by_ssrc.get(ssrc), now)
            elif isinstance(item, TransportFeedback | rtcp.Remb):
                path.append(item)
        return path

    def _nack(self, slot: int | None, sequences: tuple[int, ...], now: float) -> None:
        sink = self._sinks.get(slot or 0)
        if sink is None:
            return
        self._metrics.nacks_received.inc(len(sequences))
        if sink.budget.take(now, len(sequences)):
            self._metrics.retransmitted.inc(self._forwarder.retransmit(sink.slot.handle, list(sequences)))

    def _picture_lost(self, slot: int | None, now: float) -> None:
        sink = self._sinks.get(slot or 0)
        if sink is not None and sink.slot.kind == "video" and sink.pictures.take(now):
            self.keyframe_needed(sink.source, now)

    def _parse(self, packet: bytes) -> list[rtcp.RtcpPacket]:
        try:
            return rtcp.parse(packet)
        except PacketError:
            self._metrics.rtcp_malformed.inc()
            return []

    # --- what we say -----------------------------------------------------------------------------

    def keyframe_needed(self, handle: int, now: float) -> None:
        """Somebody's picture cannot begin or go on without one."""
        source = self._sources.get(handle)
        if source is None or source.producer.kind != "video":
            return
        source.group.asked.add(handle)
        if source.group.keyframes.request(now):
            self._request_keyframe(source.producer.group)
        else:
            self._asked.add(source.producer.group)

    @property
    def busy(self) -> bool:
        """Whether something waits for the next tick: a slot's first report, a repeated request."""
        return bool(self._fresh or self._asked or self._losing)

    @property
    def flowing(self) -> bool:
        """Whether somebody has to be told of arrivals: then `tick` is wanted every 50 ms."""
        return bool(self._uplink)

    def tick(self, now: float) -> None:
        """Every 10 to 40 ms while `busy`, else a few times a second: repeat and report what is due."""
        self._uplink.tick(now)
        waiting = self._settle_fresh(now)
        for number in waiting | self._asked:
            group = self._groups[number]
            if group.keyframes.due(now, number in waiting):
                self._request_keyframe(number)
            if not group.keyframes.pending:
                self._asked.discard(number)
        for handle in list(self._losing):
            self._repeat_nacks(self._sources[handle], now)
        for slot in [slot for slot, due in self._second.items() if due <= now]:
            del self._second[slot]
            self._report_slot(self._sinks[slot], now)
        if now >= self._report_at:
            self._report_at = now + REPORT_INTERVAL
            for publisher in self._publishers.values():
                self._report_publisher(publisher, now)

    def _settle_fresh(self, now: float) -> set[int]:
        """Report slots whose new source has arrived; the groups of the video that others wait for."""
        for slot in list(self._fresh):
            if self._arrived(slot):
                self._fresh.discard(slot)
                self._report_slot(self._sinks[slot], now)
        return self._waiting(self._fresh)

    def _arrived(self, slot: int) -> bool:
        return self._forwarder.slot_state(slot).producer == self._sinks[slot].source

    def _waiting(self, slots: Iterable[int]) -> set[int]:
        """The groups of the video that these slots, fresh ones, wait for."""
        waiting = set()
        for slot in slots:
            sink = self._sinks[slot]
            if slot in self._fresh and sink.slot.kind == "video" and sink.transport.connected_at is not None:
                source = self._sources[sink.source]
                source.group.asked.add(sink.source)
                waiting.add(source.producer.group)
        return waiting

    def _request_keyframe(self, number: int) -> None:
        """One request for all layers of the source that somebody waits for."""
        group = self._groups[number]
        asked = [self._sources[handle] for handle in sorted(group.asked)]
        group.asked.clear()
        known: list[rtcp.RtcpPacket] = [
            rtcp.Pli(self._ssrc, source.producer.ssrc) for source in asked if source.producer.ssrc
        ]
        if known and self._say(asked[0].publisher, known):
            self._metrics.keyframe_requests.inc()

    def _repeat_nacks(self, source: Source, now: float) -> None:
        handle = source.producer.handle
        numbers = source.nacks.due(now, lambda asked: self._forwarder.missing(handle, asked))
        if numbers and self._say(
            source.publisher, [rtcp.Nack(self._ssrc, source.producer.ssrc, tuple(numbers))]
        ):
            self._metrics.nacks_sent.inc(len(numbers))
        if source.nacks.overrun:
            source.nacks.overrun = False
            self.keyframe_needed(handle, now)
        if not len(source.nacks):
            self._losing.discard(handle)

    def _reception(self, source: Source) -> ReceptionReport:
        ssrc = source.producer.ssrc
        if source.reception is None or source.reception.ssrc != ssrc:
            source.reception = ReceptionReport(ssrc)
        return source.reception

    def _report_publisher(self, publisher: Publisher, now: float) -> None:
        started = [source for source in publisher.sources.values() if source.producer.started]
        if not started:
            return
        blocks = []
        for source in started:
            state = self._ask(source.producer.handle)
            blocks.append(
                self._reception(source).block(state.first, state.highest, state.packets, state.jitter, now)
            )
        limited = [source.producer.ssrc for source in started if "goog-remb" in source.producer.feedback]
        more: list[rtcp.RtcpPacket] = []
        if limited:
            more.append(rtcp.Remb(self._ssrc, MAX_VIDEO_BITRATE * len(limited), tuple(limited)))
        self._say(publisher, more, tuple(blocks))

    def _report_slot(self, sink: Sink, now: float) -> None:
        """A sender report of the slot for now, once its source has said how its clocks stand.

        A wrong one would be worse than none: browsers lay a line through the last twenty, so a single one
        puts lips out of step for minutes, whereas without one they go on by the line that they have.
        """
        source = self._sources.get(sink.source)
        if source is None or source.sampled is None:
            return
        state = self._forwarder.slot_state(sink.slot.handle)
        if state.producer != sink.source:
            return
        wall = self._wall()
        rate = source.producer.params.clock_rate
        timestamp = timestamp_at(wall, source.sampled, source.publisher.clock, rate, state.timestamp_offset)
        if not is_present(timestamp, state.last_timestamp, rate):
            return
        ssrc = sink.slot.params.ssrc
        report = rtcp.SenderReport(ssrc, ntp_time(wall), timestamp, state.packets, state.bytes)
        if sink.transport.send_rtcp(rtcp.build([report, rtcp.Sdes(((ssrc, sink.slot.cname),))])):
            if sink.reported_at is None:
                self._second[sink.slot.handle] = now + SECOND_REPORT_SECONDS
            sink.reported_at = now

    def _say(
        self,
        publisher: Publisher,
        items: list[rtcp.RtcpPacket],
        blocks: tuple[rtcp.ReportBlock, ...] = (),
    ) -> bool:
        """A compound that begins with a report and names us, as RFC 3550 §6.1 wants it of everybody."""
        head: list[rtcp.RtcpPacket] = [
            rtcp.ReceiverReport(self._ssrc, blocks),
            rtcp.Sdes(((self._ssrc, _CNAME),)),
        ]
        return publisher.transport.send_rtcp(rtcp.build([*head, *items]))
