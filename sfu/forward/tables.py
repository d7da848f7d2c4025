"""The tables of the Python plane: peers, what they send, what they receive, and who feeds what.

Control writes here, the packet's way (`python.py`) reads. What the way needs per listener lies flat on
the `Slot` (SRTP context, remote, offsets), and a producer's listeners with equal header bytes stand in
one `Group`, so that those bytes are made once per packet. Nothing here does I/O.
"""

from __future__ import annotations

import random
from array import array
from collections import deque
from typing import Any, NamedTuple

from sfu.forward.contract import (
    AUDIO_CACHE_MS,
    AUDIO_CACHE_PACKETS,
    VIDEO_CACHE_MS,
    VIDEO_CACHE_PACKETS,
    Codec,
    ExtensionIds,
    ProducerParams,
    SlotParams,
)
from sfu.forward.datagrams import Remote
from sfu.forward.layout import Layout, LayoutKey, layout_key
from sfu.forward.srtp import SrtpSession
from sfu.rtp import keyframe
from sfu.rtp.sequence import MASK_16, MASK_32, near_16

# Stretches of continuous mapping that a slot remembers for retransmission: more switches than anybody
# makes in the two seconds of the cache.
MAX_SEGMENTS = 16
# Packets whose last retransmission a slot remembers for the 40 ms gate.
MAX_RESENT = 512
# SSRCs that one pair of keys may ever have sent with: libsrtp looks through them one by one.
MAX_SENT_SSRCS = 512
# Packets whose departure is remembered for transport-wide feedback: one second of a full slot pool.
TRANSPORT_HISTORY = 2048
# Sequence numbers start here or below, so that a lost first packet cannot be taken for a wrap.
MAX_FIRST_SEQUENCE = 2**15

SILENT = 127  # -dBov
NO_JUMP = -1
# Transport-wide numbers remembered per slot that resends the same bytes: twice the audio cache.
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


class TransportHistory:
    """When and how big each transport-wide number of a peer went out (a ring by number)."""

    __slots__ = ("next", "sent_at", "sizes")

    def __init__(self) -> None:
        self.next = 0
        self.sent_at = array("d", bytes(8 * TRANSPORT_HISTORY))
        self.sizes = array("H", bytes(2 * TRANSPORT_HISTORY))

    def take(self, size: int, now: float) -> int:
        """The number of a packet of `size` bytes that goes out now."""
        number = self.next
        self.next = number + 1
        self.sent_at[number % TRANSPORT_HISTORY] = now
        self.sizes[number % TRANSPORT_HISTORY] = size
        return number & MASK_16

    def look_up(self, number: int) -> tuple[float, int]:
        """When the 16-bit number went out, and its bytes; (0.0, 0) when that is forgotten or never was."""
        extended = near_16(number, self.next - 1)
        if not max(0, self.next - TRANSPORT_HISTORY) <= extended < self.next:
            return 0.0, 0
        return self.sent_at[extended % TRANSPORT_HISTORY], self.sizes[extended % TRANSPORT_HISTORY]


class Peer:
    """One remote transport: keys, nominated address, what it sends and receives."""

    __slots__ = (
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


class Producer:
    """One source that a peer sends, with its cache and receiver's figures."""

    __slots__ = (
        "audio_level",
        "burst",
        "bytes",
        "cache",
        "cache_seconds",
        "clock_rate",
        "extensions",
        "first",
        "groups",
        "handle",
        "highest",
        "is_keyframe",
        "jitter",
        "jump",
        "packets",
        "params",
        "payload_type",
        "peer",
        "rtx_payload_type",
        "rtx_ssrc",
        "slots",
        "ssrc",
        "started",
        "transit",
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
        self.jump = NO_JUMP  # the number at which the stream jumped ahead, until its slots know
        self.transit = 0
        self.jitter = 0.0
        self.cache = [None] * len(self.cache)
        self.burst.clear()

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


class Slot:
    """One stream that a peer receives: where its numbers stand and how a source's map onto them."""

    __slots__ = (
        "base",
        "bytes",
        "context",
        "feeding",
        "group",
        "handle",
        "key",
        "last_at",
        "last_sequence",
        "last_timestamp",
        "layout",
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
        "ssrc",
        "tag_bytes",
        "timestamp_offset",
    )

    def __init__(self, handle: int, peer: Peer, params: SlotParams) -> None:
        self.handle = handle
        self.peer = peer
        self.params = params
        self.ssrc = params.ssrc
        self.key: LayoutKey = layout_key(params.extensions, params.mid)
        self.layout = Layout(self.key)
        self.producer: Producer | None = None  # routed to
        self.feeding = 0  # handle of the producer that the last packet came from
        self.group: Group | None = None  # set while packets flow
        self.context: Any = None
        self.tag_bytes = 0
        self.remote: Any = None
        self.next_sequence = peer.retired.pop(params.ssrc, random.randrange(1, MAX_FIRST_SEQUENCE))
        self.rtx_sequence = peer.retired.pop(params.rtx_ssrc, random.randrange(1, MAX_FIRST_SEQUENCE))
        self.base = 0  # the producer's number from which on packets are this slot's
        self.offset = 0
        self.timestamp_offset = 0
        self.payload_type = 0
        self.rtx_payload_type = 0
        self.packets = 0
        self.bytes = 0
        self.retransmitted = 0
        self.last_sequence = 0
        self.last_timestamp = -1  # nothing was sent yet
        self.last_at = 0.0
        self.segments: deque[Segment] = deque(maxlen=MAX_SEGMENTS)
        self.resent: dict[int, float] = {}
        # Transport-wide numbers of recent packets, where a retransmission has to be the same bytes.
        self.sent_numbers: dict[int, int] = {}
        repairs = [repair for _, repair in params.payload_types.values()]
        self.plain_resend = not params.rtx_ssrc or not all(repairs)

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
        """Map this packet of the routed producer onto the slot's next number, and all after it alike.

        The timestamp goes on from the last one sent by the wall-clock time since, by one tick at least.
        """
        assert self.producer is not None
        if self.last_timestamp < 0:
            timestamp = random.getrandbits(32)
        else:
            elapsed = round((now - self.last_at) * self.producer.params.clock_rate)
            timestamp = self.last_timestamp + max(1, elapsed)
        self.feeding = self.producer.handle
        self.base = packet.sequence
        self.offset = self.next_sequence - packet.sequence
        self.timestamp_offset = (timestamp - packet.timestamp) & MASK_32
        self.segments.append(Segment(self.next_sequence, self.producer, self.offset, self.timestamp_offset))

    def transport_number(self, sequence: int, size: int, now: float) -> int:
        """The transport-wide number of a packet with this (16-bit) sequence number that goes out now."""
        history = self.peer.transport
        assert history is not None
        number = history.take(size, now)
        if not self.rtx_payload_type:
            numbers = self.sent_numbers
            numbers[sequence] = number
            if len(numbers) > MAX_SENT_NUMBERS:
                del numbers[next(iter(numbers))]
        return number


GroupKey = tuple[LayoutKey, int]


class Group:
    """Flowing listeners of one producer whose packets differ in the header's fixed fields only."""

    __slots__ = ("key", "layout", "slots", "tag_bytes")

    def __init__(self, key: GroupKey, layout: Layout, tag_bytes: int) -> None:
        self.key = key
        self.layout = layout
        self.tag_bytes = tag_bytes
        self.slots: list[Slot] = []


def start_flow(slot: Slot) -> None:
    """Let the slot take its producer's packets (it must be ready and have begun)."""
    producer = slot.producer
    assert producer is not None
    key = (slot.key, slot.tag_bytes)
    group = producer.groups.get(key)
    if group is None:
        group = producer.groups[key] = Group(key, slot.layout, slot.tag_bytes)
    group.slots.append(slot)
    slot.group = group
    producer.waiting.discard(slot)


def stop_flow(slot: Slot) -> None:
    """Take the slot out of its producer's listeners; it stays routed."""
    group = slot.group
    if group is None or slot.producer is None:
        return
    group.slots.remove(slot)
    if not group.slots:
        del slot.producer.groups[group.key]
    slot.group = None


def drop_route(slot: Slot) -> None:
    """Nothing feeds the slot any more."""
    producer = slot.producer
    if producer is None:
        return
    stop_flow(slot)
    producer.waiting.discard(slot)
    producer.slots.discard(slot)
    slot.producer = None
    slot.feeding = 0
