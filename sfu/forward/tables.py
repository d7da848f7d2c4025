"""The tables of the Python plane: peers, what they send, what they receive, and who feeds what.

Control writes here, the packet's way (`python.py`) reads. What the way needs per listener lies flat on
the `Slot` (SRTP context, remote, offsets), and a producer's listeners with equal header bytes stand in
one `Group`, so that those bytes are made once per packet. Nothing here does I/O.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections import deque
from collections.abc import Hashable
from typing import Any, NamedTuple

from sfu.forward.contract import (
    AUDIO_CACHE_MS,
    AUDIO_CACHE_PACKETS,
    MAX_TEMPORAL,
    VIDEO_CACHE_MS,
    VIDEO_CACHE_PACKETS,
    Codec,
    ExtensionIds,
    ProducerParams,
    SlotParams,
)
from sfu.forward.datagrams import Remote
from sfu.forward.layout import Layout, LayoutKey, layout_key
from sfu.forward.pictures import NO_SHIFT, LastPicture, Picture, Shift
from sfu.forward.srtp import SrtpSession
from sfu.forward.thinning import THIN_SEGMENTS, Thinning, find_late
from sfu.forward.timeline import Left, Sync, step_to
from sfu.rtp import keyframe
from sfu.rtp.sequence import MASK_32, near_16

# Stretches of continuous mapping that a slot remembers for retransmission: more switches than anybody
# makes in the two seconds of the cache.
MAX_SEGMENTS = 16
# Packets whose last retransmission a slot remembers for the 40 ms gate.
MAX_RESENT = 512
# Bursts whose departure is remembered per peer for transport-wide feedback: half a second of a full pool
# of slots (12 × 50 audio packets and 12 × 30 frames a second).
TRANSPORT_HISTORY = 512
# Sequence numbers start here or below, so that a lost first packet cannot be taken for a wrap.
MAX_FIRST_SEQUENCE = 2**15

SILENT = 127  # -dBov
# Transport-wide numbers remembered per slot that resends the same bytes (a power of two, over the cache).
MAX_SENT_NUMBERS = 128

_KEYFRAME: dict[Codec, keyframe.Detector] = {
    Codec.OPUS: keyframe.every,
    Codec.VP8: keyframe.vp8,
    Codec.VP9: keyframe.vp9,
    Codec.H264: keyframe.h264,
    Codec.AV1: keyframe.av1,
}


class Packet(NamedTuple):
    """A packet of a producer as received: one per incoming packet, shared by all its listeners.

    `sequence` is extended, `marker` 0 or 0x80, level and orientation a byte or ABSENT, `at` in seconds.
    """

    sequence: int
    marker: int
    timestamp: int
    audio_level: int
    orientation: int
    payload: bytes
    at: float
    picture: Picture | None = None


class TransportHistory:
    """When and how big the transport-wide numbers of a peer went out, burst by burst."""

    __slots__ = ("_bursts", "next")

    def __init__(self) -> None:
        self.next = 0
        # First number, time, sizes (shared by all listeners of a burst).
        self._bursts: deque[tuple[int, float, list[int]]] = deque(maxlen=TRANSPORT_HISTORY)

    def take(self, sizes: list[int], now: float) -> int:
        """The first of the numbers of packets of these sizes that go out now."""
        number = self.next
        self.next = number + len(sizes)
        self._bursts.append((number, now, sizes))
        return number

    def look_up(self, numbers: list[int]) -> list[tuple[float, int]]:
        """When each 16-bit number went out, and its bytes; (0.0, 0) when forgotten or never used."""
        starts = [first for first, _, _ in self._bursts]
        found = []
        for number in numbers:
            extended = near_16(number, self.next - 1)
            place = bisect_right(starts, extended) - 1
            if place < 0 or extended >= self.next:
                found.append((0.0, 0))
            else:
                first, at, sizes = self._bursts[place]
                found.append((at, sizes[extended - first]))
        return found


class Peer:
    """One remote transport: keys, nominated address, what it sends and receives."""

    __slots__ = (
        "arrived",
        "handle",
        "keys",
        "producers",
        "receiver",
        "remote",
        "repeatable",
        "retired",
        "sender",
        "slots",
        "sources",
        "transport",
        "unknown",
    )

    def __init__(self, handle: int) -> None:
        self.handle = handle
        self.keys: tuple[int, bytes, bytes] | None = None
        self.receiver: SrtpSession | None = None
        self.sender: SrtpSession | None = None
        self.remote: Remote | None = None
        self.producers: set[Producer] = set()
        self.slots: set[Slot] = set()
        self.sources: dict[int, Producer] = {}  # by SSRC, media and RTX
        self.unknown: set[int] = set()  # SSRCs reported as unknown
        self.repeatable: set[int] = set()  # SSRCs whose packets may be protected again
        self.retired: dict[int, int] = {}  # next sequence number of SSRCs whose slot is gone
        self.transport: TransportHistory | None = None
        self.arrived: list[tuple[int, float]] = []  # transport-wide numbers and when they came


class Producer:
    """One source that a peer sends, with its cache and receiver's figures."""

    __slots__ = (
        "audio_level",
        "burst",
        "bytes",
        "cache",
        "cache_seconds",
        "clock_rate",
        "coming",
        "extensions",
        "first",
        "groups",
        "handle",
        "highest",
        "is_keyframe",
        "jitter",
        "newest",
        "packets",
        "params",
        "payload_type",
        "peer",
        "rtx_payload_type",
        "rtx_ssrc",
        "slots",
        "ssrc",
        "started",
        "sync",
        "temporal_bytes",
        "transit",
        "vp8",
        "waiting",
        "wants_extensions",
    )

    def __init__(self, handle: int, peer: Peer, params: ProducerParams) -> None:
        audio = params.kind == "audio"
        self.handle = handle
        self.peer = peer
        self.params = params
        self.ssrc = 0
        self.rtx_ssrc = 0
        self.payload_type = params.payload_type
        self.rtx_payload_type = params.rtx_payload_type
        self.extensions: ExtensionIds = params.extensions
        self.wants_extensions = bool(params.extensions.audio_level or params.extensions.orientation)
        self.clock_rate = params.clock_rate
        self.is_keyframe = _KEYFRAME[params.codec]
        self.cache: list[Packet | None] = [None] * (AUDIO_CACHE_PACKETS if audio else VIDEO_CACHE_PACKETS)
        self.cache_seconds = (AUDIO_CACHE_MS if audio else VIDEO_CACHE_MS) / 1000
        self.slots: set[Slot] = set()  # routed here, flowing or not
        self.waiting: set[Slot] = set()  # routed here, flowing from the next keyframe on
        self.coming: set[Slot] = set()  # the same, fed by another source until then
        self.sync: Sync | None = None
        self.vp8 = params.codec is Codec.VP8
        self.temporal_bytes = [0] * (MAX_TEMPORAL + 1)
        self.groups: dict[GroupKey, Group] = {}  # the flowing ones
        self.burst: list[Packet] = []
        self.packets = 0
        self.bytes = 0
        self.audio_level = SILENT
        self.started = False
        self.restart()

    def restart(self) -> None:
        """Forget the numbering of the stream: its next packet is the first of another one."""
        self.first = -1
        self.highest = -1
        self.sync = None
        self.newest: Packet | None = None  # of those handed to listeners, by number
        self.transit = 0
        self.jitter = 0.0
        self.cache = [None] * len(self.cache)
        self.burst.clear()

    def advance(self, packet: Packet) -> None:
        """This packet, the highest of its burst, was handed to the flowing listeners.

        Most learn from `newest` where they stand (`settle`). One that began late, behind the newest, is told
        here until the source is past that.
        """
        newest = self.newest
        if newest is None or packet.sequence > newest.sequence:
            self.newest = packet
            return
        for group in self.groups.values():
            for slot in group.slots:
                if slot.newest_before >= newest.sequence:
                    slot.advance(packet)

    def cached(self, sequence: int, now: float) -> Packet | None:
        """The packet with this extended number, unless it is older than the cache's time."""
        packet = self.cache[sequence % len(self.cache)]
        if packet is None or packet.sequence != sequence or now - packet.at > self.cache_seconds:
            return None
        return packet


class Segment(NamedTuple):
    """A stretch of a slot's numbers with one mapping: from `first` on, source number = number - offset."""

    first: int
    producer: Producer
    offset: int
    timestamp_offset: int
    shift: Shift


class Slot:
    """One stream that a peer receives: where its numbers stand and how a source's map onto them."""

    __slots__ = (
        "base",
        "bytes",
        "coming",
        "coming_types",
        "context",
        "extra",
        "feeding",
        "group",
        "handle",
        "key",
        "last_at",
        "last_picture",
        "last_timestamp",
        "layout",
        "left",
        "limit",
        "newest_before",
        "next_sequence",
        "offset",
        "packets",
        "params",
        "payload_type",
        "peer",
        "plain_resend",
        "producer",
        "remote",
        "resent",
        "retransmitted",
        "rtx_payload_type",
        "rtx_sequence",
        "segments",
        "sent_numbers",
        "settled",
        "shift",
        "ssrc",
        "tag_bytes",
        "thinned",
        "thinning",
        "timestamp_offset",
        "transport",
    )

    def __init__(self, handle: int, peer: Peer, params: SlotParams) -> None:
        self.handle = handle
        self.peer = peer
        self.params = params
        self.ssrc = params.ssrc
        self.key: LayoutKey = layout_key(params.extensions, params.mid)
        self.layout = Layout(self.key)
        self.producer: Producer | None = None  # routed to, or feeding until `coming` shows a keyframe
        self.coming: Producer | None = None
        self.coming_types = (0, 0)
        self.feeding = 0  # handle of the producer that the last packet came from
        self.group: Group | None = None  # set while packets flow
        self.context: Any = None
        self.tag_bytes = 0
        self.remote: Any = None
        self.next_sequence = peer.retired.pop(params.ssrc, random.randrange(1, MAX_FIRST_SEQUENCE))
        self.rtx_sequence = peer.retired.pop(params.rtx_ssrc, random.randrange(1, MAX_FIRST_SEQUENCE))
        self.base = 0  # the producer's number from which on packets are this slot's
        self.newest_before = -1  # the producer's newest that listeners got before this slot began
        self.offset = 0
        self.timestamp_offset = 0
        self.extra = 0  # ticks that the mapping is ahead of its group's clock
        self.left: Left | None = None  # the producer before
        self.shift = NO_SHIFT
        self.last_picture = LastPicture()
        self.limit = MAX_TEMPORAL
        self.thinning: Thinning | None = None  # set while packets have to be looked at
        self.thinned = 0
        self.payload_type = 0
        self.rtx_payload_type = 0
        self.packets = 0
        self.bytes = 0
        self.retransmitted = 0
        self.settled = (0, 0)  # the group's packets and bytes that are counted above
        self.last_timestamp = -1  # nothing was sent yet
        self.last_at = 0.0
        self.segments: deque[Segment] = deque(maxlen=MAX_SEGMENTS)
        self.resent: dict[int, float] = {}
        # Transport-wide numbers of recent packets, where a retransmission has to be the same bytes.
        repairs = [repair for _, repair in params.payload_types.values()]
        self.plain_resend = not params.rtx_ssrc or not all(repairs)
        self.sent_numbers = [-1] * MAX_SENT_NUMBERS if self.plain_resend else []
        self.transport: TransportHistory | None = None

    @property
    def ready(self) -> bool:
        """Whether there are keys and an address to send with."""
        return self.context is not None and self.remote is not None

    def refresh(self) -> None:
        """Take keys and address over from the peer."""
        sender, remote = self.peer.sender, self.peer.remote
        self.context = sender.context if sender else None
        self.tag_bytes = sender.tag_bytes if sender else 0
        self.remote = remote.handle if remote else None

    def begin(self, packet: Packet, now: float) -> None:
        """Map this packet of the routed producer onto the slot's next number, and all after it alike."""
        assert self.producer is not None
        self.extra = 0
        if self.last_timestamp < 0:
            timestamp = random.getrandbits(32)
        else:
            step, self.extra = step_to(
                packet.timestamp,
                self.last_timestamp,
                now - self.last_at,
                self.producer.clock_rate,
                self.producer.sync,
                self.left,
            )
            timestamp = self.last_timestamp + step
        self.feeding = self.producer.handle
        self.base = packet.sequence
        newest = self.producer.newest
        self.newest_before = -1 if newest is None else newest.sequence
        self.offset = self.next_sequence - packet.sequence
        self.timestamp_offset = (timestamp - packet.timestamp) & MASK_32
        self.shift = self.last_picture.shift_for(packet.payload, packet.picture)
        self.segments.append(self._segment(self.next_sequence))
        if self.thinning is not None:
            self.thinned += self.thinning.dropped
        thins = self.limit < MAX_TEMPORAL
        self.thinning = (
            Thinning.of_new_source(self.limit, packet.sequence, packet.timestamp) if thins else None
        )

    def _segment(self, first: int) -> Segment:
        assert self.producer is not None
        return Segment(first, self.producer, self.offset, self.timestamp_offset, self.shift)

    def set_limit(self, temporal: int) -> None:
        """No packets of a higher temporal layer from the next picture on. `settle` first."""
        self.limit = temporal
        if self.thinning is not None:
            self.thinning.limit = temporal
        elif temporal < MAX_TEMPORAL:
            newest = self.next_sequence - self.offset - 1
            timestamp = self.last_timestamp - self.timestamp_offset & MASK_32
            self.thinning = Thinning.from_now_on(temporal, newest, timestamp)
        if temporal < MAX_TEMPORAL and self.segments.maxlen == MAX_SEGMENTS:
            self.segments = deque(self.segments, THIN_SEGMENTS)

    def take(self, packet: Packet) -> tuple[int, Shift] | None:
        """How a packet of the source maps, where `thinning`; None: it is dropped."""
        thinning, sequence = self.thinning, packet.sequence
        assert thinning is not None
        if sequence <= thinning.newest:
            layer = packet.picture.layer if packet.picture is not None else -1
            found = find_late(((s.first, s.offset) for s in reversed(self.segments)), sequence)
            if found is None or not thinning.takes(layer):
                return None
            segment = self.segments[-1 - found]
            return None if segment.producer is not self.producer else (segment.offset, segment.shift)
        dropped, begins = thinning.look(sequence, packet.timestamp, packet.picture)
        if not dropped:
            return self.offset, self.shift
        if begins and packet.picture is not None and packet.picture.id_at:
            self.shift = self.shift._replace(id=self.shift.id - 1 & 0x7FFF)
        first = sequence + self.offset
        self.offset -= 1
        if self.segments[-1].first == first:  # nothing came in between
            self.segments.pop()
        self.segments.append(self._segment(first))
        return None

    def advance(self, packet: Packet, offset: int | None = None, shift: Shift | None = None) -> None:
        """This packet of the source was sent (with this mapping, where it is not the one in force): numbers
        and time go on behind the highest of them."""
        number = packet.sequence + (self.offset if offset is None else offset)
        if number >= self.next_sequence:
            self.next_sequence = number + 1
            self.last_timestamp = packet.timestamp + self.timestamp_offset & MASK_32
            self.last_at = packet.at
            if packet.picture is not None:
                self.last_picture.note(packet.payload, packet.picture, shift or self.shift)

    def remember_number(self, sequence: int, number: int) -> None:
        """The packet with this sequence number (16 bit) carries this transport-wide number."""
        self.sent_numbers[sequence % MAX_SENT_NUMBERS] = sequence << 16 | number & 0xFFFF

    def sent_number(self, sequence: int) -> int | None:
        """The transport-wide number that the packet with this sequence number carried."""
        held = self.sent_numbers[sequence % MAX_SENT_NUMBERS] if self.sent_numbers else -1
        return held & 0xFFFF if held >> 16 == sequence else None


GroupKey = tuple[LayoutKey, int, bool]


# What the way needs of one listener: SRTP context, SSRC, payload type, offsets of sequence and timestamp, and
# the shift of its pictures where there is one.
Row = tuple[Any, int, int, int, int, Shift | None]


class Group:
    """Flowing listeners of one producer whose packets differ in the header's fixed fields only.

    `slots`, `rows` and `handles` run side by side. Figures are kept once for all of them: `settle`
    carries them over to a slot.
    """

    __slots__ = (
        "bytes",
        "handles",
        "key",
        "layout",
        "newest_base",
        "packets",
        "rows",
        "slots",
        "tag_bytes",
        "thins",
    )

    def __init__(self, key: GroupKey, layout: Layout, tag_bytes: int) -> None:
        self.key = key
        self.layout = layout
        self.tag_bytes = tag_bytes
        self.thins = key[2]  # each of them may take other packets
        self.slots: list[Slot] = []
        self.rows: list[Row] = []
        self.handles: list[Any] = []
        self.newest_base = 0  # no packet from here on is too old for any of the slots
        self.packets = 0
        self.bytes = 0


def start_flow(slot: Slot) -> None:
    """Let the slot take its producer's packets (it must be ready and have begun)."""
    producer = slot.producer
    assert producer is not None
    key = (slot.key, slot.tag_bytes, slot.thinning is not None)
    group = producer.groups.get(key)
    if group is None:
        group = producer.groups[key] = Group(key, slot.layout, slot.tag_bytes)
    group.slots.append(slot)
    group.rows.append(row_of(slot, slot.offset, slot.shift))
    group.handles.append(slot.remote)
    group.newest_base = max(group.newest_base, slot.base)
    slot.group = group
    slot.settled = (group.packets, group.bytes)
    producer.waiting.discard(slot)


def row_of(slot: Slot, offset: int, shift: Shift) -> Row:
    """The slot's row for packets that map so."""
    own = None if shift == NO_SHIFT else shift
    return slot.context, slot.ssrc, slot.payload_type, offset, slot.timestamp_offset, own


def settle(slot: Slot) -> None:
    """Bring the slot's figures and numbers up to what its group has sent."""
    group, producer = slot.group, slot.producer
    if group is None or producer is None:
        return
    packets, size = slot.settled
    slot.packets += group.packets - packets
    slot.bytes += group.bytes - size
    slot.settled = (group.packets, group.bytes)
    newest = producer.newest
    if group.thins:
        return  # its numbers are kept packet by packet
    # A slot that began with a late packet was not sent what had overtaken it (`Producer.advance`).
    if newest is not None and newest.sequence > slot.newest_before:
        slot.advance(newest)


def stop_flow(slot: Slot) -> None:
    """Take the slot out of its producer's listeners; it stays routed."""
    group = slot.group
    if group is None or slot.producer is None:
        return
    settle(slot)
    producer = slot.producer
    if producer.sync is not None:
        slot.left = Left(producer.sync, slot.timestamp_offset - slot.extra)
    else:
        slot.left = None
    place = group.slots.index(slot)
    for column in (group.slots, group.rows, group.handles):
        del column[place]
    if not group.slots:
        del slot.producer.groups[group.key]
    slot.group = None


def limit_layers(slot: Slot, temporal: int) -> None:
    """Take no temporal layer above this from now on, as `contract.Forwarder.limit` says."""
    settle(slot)
    flows = slot.group is not None
    if not flows or slot.thinning is not None:
        slot.set_limit(temporal)
        return
    stop_flow(slot)
    slot.set_limit(temporal)
    start_flow(slot)


def expect(slot: Slot, producer: Producer, types: tuple[int, int]) -> None:
    """The slot flows on until this producer shows a keyframe."""
    expect_no_more(slot)
    slot.coming = producer
    slot.coming_types = types
    producer.coming.add(slot)


def expect_no_more(slot: Slot) -> None:
    """What feeds the slot goes on doing so."""
    if slot.coming is not None:
        slot.coming.coming.discard(slot)
        slot.coming = None


def set_route(slot: Slot, producer: Producer, types: tuple[int, int]) -> None:
    """The slot (fed by nothing) waits for this producer."""
    slot.payload_type, repair = types
    slot.rtx_payload_type = repair if slot.params.rtx_ssrc else 0
    slot.producer = producer
    producer.slots.add(slot)
    producer.waiting.add(slot)


def take_over(slot: Slot) -> None:
    """The producer that the slot waits for while it flows is the one from now on."""
    producer, types = slot.coming, slot.coming_types
    assert producer is not None
    drop_route(slot)
    set_route(slot, producer, types)


def drop_route(slot: Slot) -> None:
    """Nothing feeds the slot any more."""
    expect_no_more(slot)
    producer = slot.producer
    if producer is None:
        return
    stop_flow(slot)
    producer.waiting.discard(slot)
    producer.slots.discard(slot)
    slot.producer = None
    slot.feeding = 0


class Tables:
    """Everything by handle, and peers by what their datagrams are recognised by."""

    def __init__(self) -> None:
        self.peers: dict[int, Peer] = {}
        self.by_source: dict[Hashable, Peer] = {}
        self.producers: dict[int, Producer] = {}
        self.slots: dict[int, Slot] = {}

    def clear(self) -> None:
        """Forget everything."""
        for table in (self.peers, self.by_source, self.producers, self.slots):
            table.clear()
