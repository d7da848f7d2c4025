"""One stream that a peer receives, in the Python plane: where its numbers stand, how a source maps onto them.

What the packet's way needs per listener lies flat on the `Slot` (SRTP context, remote, offsets). Who feeds
which slot is `flow.py`. Nothing here does I/O.
"""

from __future__ import annotations

import random
from array import array
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from sfu.forward.contract import MAX_RED_BYTES, MAX_TEMPORAL, SlotParams
from sfu.forward.layout import Layout, LayoutKey, layout_key
from sfu.forward.pictures import NO_SHIFT, LastPicture, Shift
from sfu.forward.tables import Packet, Peer, Producer, TransportHistory
from sfu.forward.thinning import THIN_SEGMENTS, Thinning, find_late
from sfu.forward.timeline import Left, step_to
from sfu.rtp.red import BLOCK_HEADER, MAX_BLOCK, MAX_TICKS, Block, wrap
from sfu.rtp.sequence import MASK_32

if TYPE_CHECKING:  # it knows slots
    from sfu.forward.flow import Group

# Stretches of continuous mapping that a slot remembers for retransmission: more switches than anybody
# makes in the two seconds of the cache.
MAX_SEGMENTS = 16
# Packets whose last retransmission a slot remembers for the 40 ms gate.
MAX_RESENT = 512
# Sequence numbers start here or below, so that a lost first packet cannot be taken for a wrap.
MAX_FIRST_SEQUENCE = 2**15
# Transport-wide numbers remembered per slot that resends the same bytes (a power of two, over the cache).
MAX_SENT_NUMBERS = 128
# What stands in front of a payload that goes out with the one before it.
RED_HEAD = BLOCK_HEADER + 1


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
        "context",
        "doubled",
        "doubles",
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
        self.layout = Layout.of(self.key)
        self.producer: Producer | None = None  # routed to, or feeding until `coming` shows a keyframe
        self.coming: Producer | None = None
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
        self.doubles = False
        # Numbers that went out as redundant audio and have to do so again; made for the first of them.
        self.doubled: array[int] | None = None
        self.packets = 0
        self.bytes = 0
        self.retransmitted = 0
        self.settled = (0, 0)  # the group's packets and bytes that are counted above
        self.last_timestamp = -1  # nothing was sent yet
        self.last_at = 0.0
        self.segments: deque[Segment] = deque(maxlen=MAX_SEGMENTS)
        self.resent: dict[int, float] = {}
        # Transport-wide numbers of recent packets, where a retransmission has to be the same bytes.
        self.plain_resend = params.repeats
        # A 16-bit sequence number << 16 | the transport-wide one; no number has the value of what is unused.
        self.sent_numbers = array("q", [-1]) * MAX_SENT_NUMBERS if self.plain_resend else None
        self.transport: TransportHistory | None = None

    @property
    def ssrcs(self) -> list[int]:
        """What it sends with."""
        return [ssrc for ssrc in (self.params.ssrc, self.params.rtx_ssrc) if ssrc]

    @property
    def ready(self) -> bool:
        """Whether there are keys and an address to send with."""
        return self.context is not None and self.remote is not None

    def takes(self, producer: Producer) -> bool:
        """Whether what the producer sends now can go out here."""
        return self.ready and producer.codec in self.params.payload_types

    def refresh(self) -> None:
        """Take keys and address over from the peer."""
        peer = self.peer
        sender, remote = peer.repeater if self.plain_resend else peer.sender, peer.remote
        self.context = sender.context if sender else None
        self.tag_bytes = sender.tag_bytes if sender else 0
        self.remote = remote.handle if remote else None

    def begin(self, packet: Packet, now: float) -> None:
        """Map this packet of the routed producer onto the slot's next number, and all after it alike."""
        assert self.producer is not None
        self.payload_type, repair = self.params.payload_types[self.producer.codec]
        self.rtx_payload_type = repair if self.params.rtx_ssrc else 0
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

    def to_double(self, packet: Packet, now: float) -> Packet | None:
        """The packet before, where this one is to carry its payload too, which then is noted."""
        assert self.producer is not None
        before = self.producer.cached(packet.sequence - 1, now)
        if before is None or before.sequence < self.base or not 0 < len(before.payload) <= MAX_BLOCK:
            return None
        if RED_HEAD + len(before.payload) + len(packet.payload) > MAX_RED_BYTES:
            return None
        if not 0 < packet.timestamp - before.timestamp & MASK_32 <= MAX_TICKS:
            return None
        if self.doubled is None:
            self.doubled = array("q", [0]) * MAX_SENT_NUMBERS
        number = packet.sequence + self.offset
        self.doubled[number % MAX_SENT_NUMBERS] = number
        return before

    def was_doubled(self, number: int) -> bool | None:
        """Whether the packet with this extended number went out so; None where that is forgotten."""
        if self.doubled is None:
            return False
        if number <= self.next_sequence - MAX_SENT_NUMBERS:
            return None
        return self.doubled[number % MAX_SENT_NUMBERS] == number

    def with_before(self, packet: Packet, before: Packet) -> bytes:
        """The payload of this packet with that of the one before."""
        block = Block(self.payload_type, packet.timestamp - before.timestamp & MASK_32, before.payload)
        return wrap([block], self.payload_type, packet.payload)

    def sent_number(self, sequence: int) -> int | None:
        """The transport-wide number that the packet with this sequence number carried."""
        held = self.sent_numbers[sequence % MAX_SENT_NUMBERS] if self.sent_numbers is not None else -1
        return held & 0xFFFF if held >> 16 == sequence else None
