"""The way of a packet through the Python plane: `PacketWay.turn`, from the socket to the socket.

It runs when `turns.py` says, takes a bounded batch and makes no object per forwarded packet.
Tables (`tables.py`) are only read here, but for the figures; events are raised when the batch is out, so
that whoever hears them may change the tables.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from struct import Struct
from typing import Any

from sfu.forward.contract import (
    MAX_ARRIVALS,
    MAX_DATAGRAM,
    MAX_DROPOUT,
    MAX_LOST,
    MAX_RECEIVED_SSRCS,
    MAX_RED_BLOCKS,
    MAX_UNKNOWN_SSRCS,
    Drop,
    ForwarderEvents,
)
from sfu.forward.datagrams import RX_CELL, RX_CELLS, Datagrams
from sfu.forward.flow import Group, change_codec, follow_jump, join
from sfu.forward.layout import ABSENT
from sfu.forward.outbox import Outbox
from sfu.forward.pictures import Shift, read_picture
from sfu.forward.rows import row
from sfu.forward.slots import Slot
from sfu.forward.srtp import (
    STATUS_AUTH_FAILED,
    STATUS_CIPHER_FAILED,
    STATUS_REPLAYED,
    STATUS_TOO_OLD,
    ffi,
    unprotect,
)
from sfu.forward.tables import Packet, Producer, Tables
from sfu.rtp import red, rtx
from sfu.rtp.errors import PacketError
from sfu.rtp.header import FIXED_HEADER, elements, locate
from sfu.rtp.red import Block
from sfu.rtp.sequence import MASK_32, near_16

# Packets that one turn of the loop aims to send at most: some four milliseconds, then STUN, DTLS and
# commands have their turn.
TURN_PACKETS = 1000

_READ_HEADER = Struct("!xBHII").unpack_from

_STATUS_REASON = {
    STATUS_AUTH_FAILED: Drop.AUTH,
    STATUS_CIPHER_FAILED: Drop.AUTH,
    STATUS_REPLAYED: Drop.REPLAY,
    STATUS_TOO_OLD: Drop.REPLAY,
}


class PacketWay:
    """Takes packets from `datagrams` through `tables` and back; counts what went and what did not.

    `clock` gives seconds that never go back. `complain` hears of events that failed.
    """

    def __init__(
        self,
        tables: Tables,
        datagrams: Datagrams,
        events: ForwarderEvents,
        clock: Callable[[], float],
        complain: Callable[[str, Exception], None],
    ) -> None:
        self._tables = tables
        self._datagrams = datagrams
        self._events = events
        self._clock = clock
        self._complain = complain
        self._rx = [memoryview(datagrams.rx)[i * RX_CELL : (i + 1) * RX_CELL] for i in range(RX_CELLS)]
        self._size = ffi.new("int *")
        self._limit = RX_CELLS
        self.received = self.received_bytes = self.restored = self.doubled = 0
        self.dropped = dict.fromkeys(Drop, 0)
        self.outbox = Outbox(datagrams, self.dropped)

    def turn(self) -> tuple[int, bool]:
        """Receive → demultiplex → unprotect → producer → cache → per slot rewrite → protect → send.

        How many datagrams there were, and whether there may be more.
        """
        datagrams = self._datagrams
        dropped = self.dropped
        size = self._size
        by_source = self._tables.by_source
        raised: list[tuple[Callable[..., None], tuple[Any, ...]]] = []  # until the batch is out
        busy: list[Producer] = []
        now = self._clock()
        sent_before = self.outbox.sent
        limit = self._limit
        received = datagrams.receive(limit)
        self.received += received
        self.received_bytes += sum(datagrams.rx_lengths[:received])

        for cell in range(received):
            # Demultiplex (RFC 7983): STUN and DTLS from anybody, media from a nominated address only.
            length = datagrams.rx_lengths[cell]
            data = self._rx[cell]
            if length > MAX_DATAGRAM:
                dropped[Drop.OVERSIZED] += 1
                continue
            kind = data[0] if length else 255
            if not 128 <= kind <= 191:
                if kind <= 3 or 20 <= kind <= 63:
                    arguments = bytes(data[:length]), datagrams.source(cell)
                    raised.append((self._events.datagram, arguments))
                else:
                    dropped[Drop.UNKNOWN_KIND] += 1
                continue
            peer = by_source.get(datagrams.source_key(cell))
            if peer is None:
                dropped[Drop.UNKNOWN_SOURCE] += 1
                continue
            if length < FIXED_HEADER:
                dropped[Drop.MALFORMED] += 1
                continue
            if 192 <= data[1] <= 223:  # RFC 5761 §4
                raised.append((self._events.rtcp, (peer.handle, bytes(data[:length]))))
                continue

            # Unprotect. An SSRC that nobody knows costs this once, then it is dropped unseen.
            session = peer.receiver
            if session is None:
                dropped[Drop.NO_KEYS] += 1
                continue
            ssrc = int.from_bytes(data[8:12], "big")
            source = peer.sources.get(ssrc)
            if source is None and (ssrc in peer.unknown or len(peer.unknown) >= MAX_UNKNOWN_SSRCS):
                dropped[Drop.UNKNOWN_SSRC] += 1
                continue
            if length < FIXED_HEADER + session.tag_bytes:
                dropped[Drop.MALFORMED] += 1
                continue
            if ssrc not in peer.opened and len(peer.opened) >= MAX_RECEIVED_SSRCS:
                dropped[Drop.UNKNOWN_SSRC] += 1
                continue
            size[0] = length
            status = unprotect(session.context, datagrams.rx_pointers[cell], size)
            if status:
                dropped[_STATUS_REASON.get(status, Drop.MALFORMED)] += 1
                continue
            peer.opened.add(ssrc)
            length = size[0]
            try:
                extension, start, end = locate(data, length)
                found = elements(data, extension, start) if extension else ()
            except PacketError:
                dropped[Drop.MALFORMED] += 1
                continue
            second, number, timestamp, ssrc = _READ_HEADER(data)
            if source is None:
                dropped[Drop.UNKNOWN_SSRC] += 1
                peer.unknown.add(ssrc)
                values = {i: bytes(data[at : at + count]) for i, at, count in found}
                unknown = peer.handle, ssrc, second & 0x7F, *peer.names_in(values)
                raised.append((self._events.unknown_ssrc, unknown))
                continue

            level = orientation = ABSENT
            if found:
                ids = source.extensions
                for identifier, at, count in found:
                    if count == 1 and identifier == ids.audio_level:
                        level = data[at]
                    elif count == 1 and identifier == ids.orientation:
                        orientation = data[at]
                    elif count == 2 and identifier == ids.transport_cc and len(peer.arrived) < MAX_ARRIVALS:
                        peer.arrived.append((data[at] << 8 | data[at + 1], now))

            # Its place in the producer's stream. A retransmission takes the place of what was lost.
            payload = bytes(data[start:end])
            jumped = False
            earlier: Sequence[Block] = ()
            payload_type = second & 0x7F
            if payload_type != source.payload_type and ssrc == source.ssrc:
                if payload_type == source.red_payload_type:
                    try:
                        earlier, payload_type, payload = red.unwrap(payload, MAX_RED_BLOCKS)
                    except PacketError:
                        dropped[Drop.MALFORMED] += 1
                        continue
                elif source.may_change(payload_type, number, now):
                    self._fan_out(source, now)
                    change_codec(source, payload_type, now)
                    raised.append((self._events.codec_changed, (source.handle, source.codec)))
            if ssrc == source.ssrc and payload_type == source.payload_type:
                newest = source.highest
                transit = int(now * source.clock_rate) - timestamp & 0xFFFFFFFF
                if source.first < 0:
                    sequence = source.first = source.highest = number
                    source.transit = transit
                    if not source.started:
                        source.started = True
                        raised.append((self._events.producer_started, (source.handle,)))
                else:
                    sequence = newest + ((number - newest + 0x8000) & 0xFFFF) - 0x8000
                    if sequence > newest:
                        source.highest = sequence
                        if sequence > newest + 1:
                            if sequence - newest > MAX_DROPOUT:
                                jumped = True
                            else:
                                lost = range(max(newest + 1, sequence - MAX_LOST), sequence)
                                numbers = [n & 0xFFFF for n in lost]
                                raised.append((self._events.packets_lost, (source.handle, numbers)))
                source.packets += 1
                source.bytes += end - start
                # Interarrival jitter, RFC 3550 §A.8.
                drift = transit - source.transit & 0xFFFFFFFF
                source.jitter += (min(drift, 0x100000000 - drift) - source.jitter) / 16
                source.transit = transit
            elif ssrc == source.rtx_ssrc and payload_type == source.rtx_payload_type:
                try:
                    original = rtx.unwrap(payload)
                except PacketError:
                    dropped[Drop.MALFORMED] += 1
                    continue
                if original is None:
                    dropped[Drop.PADDING] += 1
                    continue
                sequence, payload = near_16(original[0], source.highest), original[1]
                if source.first < 0 or sequence >= source.highest:
                    # Nothing to repair: the original is still to come.
                    dropped[Drop.DUPLICATE] += 1
                    continue
            else:
                dropped[Drop.PAYLOAD_TYPE] += 1
                continue
            if level != ABSENT and level & 0x7F < source.audio_level:
                source.audio_level = level & 0x7F

            # Remember it. What is older than the ring could be a packet that went out already; what is older
            # than the last change of codec is of no use now.
            if sequence < source.since:
                dropped[Drop.LATE] += 1
                continue
            cache = source.cache
            place = sequence % len(cache)
            held = cache[place]
            if held is not None and held.sequence >= sequence:
                dropped[Drop.DUPLICATE if held.sequence == sequence else Drop.LATE] += 1
                if earlier:
                    self._restore(source, earlier, sequence, timestamp, now)
                continue
            picture = read_picture(payload) if source.vp8 else None
            packet = Packet(sequence, second & 0x80, timestamp, level, orientation, payload, now, picture)
            if ssrc == source.ssrc:
                layer = picture.layer if picture is not None else 0
                source.temporal_bytes[max(0, layer)] += len(payload)
            cache[place] = packet
            if jumped:
                self._fan_out(source, now)
                follow_jump(source, packet, now)
            if not source.burst:
                busy.append(source)
            source.burst.append(packet)
            if earlier and not jumped:
                self._restore(source, earlier, sequence, timestamp, now)

        for source in busy:
            self._fan_out(source, now)
        self.outbox.flush()

        if received:  # as many at a time as keep a turn short
            sent = self.outbox.sent - sent_before
            self._limit = max(1, min(RX_CELLS, TURN_PACKETS * received // max(sent, 1)))
        for event, arguments in raised:
            try:
                event(*arguments)
            except Exception as error:  # one bad event must not cost the others theirs
                self._complain(event.__name__, error)
        return received, received == limit

    def _restore(
        self, source: Producer, earlier: Sequence[Block], sequence: int, timestamp: int, now: float
    ) -> None:
        """Earlier payloads in redundant audio take the places of packets that were lost.

        They are told by how far back they stand; what contradicts the timestamps beside that place is not
        believed.
        """
        restored, last = self.restored, 0
        for back, (kind, ticks, payload) in enumerate(reversed(earlier), 1):
            if kind != source.payload_type or ticks <= last:
                break
            last, at = ticks, timestamp - ticks & MASK_32
            if not payload or not source.lacks(sequence - back, at):
                continue
            packet = Packet(sequence - back, 0, at, ABSENT, ABSENT, payload, now)
            source.cache[packet.sequence % len(source.cache)] = packet
            if len(source.burst) == RX_CELLS:  # more packets than datagrams: the outbox counts on no more
                self._fan_out(source, now)
            source.burst.append(packet)
            self.restored += 1
        if self.restored > restored:
            self._fan_out(source, now)

    def _fan_out(self, source: Producer, now: float) -> None:
        """Hand a source's burst to its listeners: what came in together leaves together (UDP GSO)."""
        burst, source.burst = source.burst, []
        if not burst:
            return
        if source.waiting or source.coming:
            join(source, burst, now)
        oldest, newest = (burst[0], burst[0]) if len(burst) == 1 else (min(burst), max(burst))
        size = sum([len(packet.payload) for packet in burst])
        for group in source.groups.values():
            group.packets += len(burst)
            group.bytes += size
            if group.thins:
                self._send_thinned(group, burst, now)
            elif group.doubles:
                self._send_doubled(group, burst, now)
            elif oldest.sequence >= group.newest_base:
                self.outbox.put(group.rows, group.layout, group.tag_bytes, burst, now)
            else:
                self._send_from_base(group, burst, now)
        source.advance(newest)

    def _send_from_base(self, group: Group, burst: list[Packet], now: float) -> None:
        """Send to each listener what is not older than its switch to this source."""
        for slot in group.slots:
            wanted = [packet for packet in burst if packet.sequence >= slot.base]
            slot.packets -= len(burst) - len(wanted)
            slot.bytes -= sum(len(packet.payload) for packet in burst if packet.sequence < slot.base)
            if wanted:
                self._put_row(group, slot, (slot.offset, slot.shift), wanted, now)

    def _send_thinned(self, group: Group, burst: list[Packet], now: float) -> None:
        """Send to each listener what its limit on temporal layers lets through, with the numbers that has."""
        for slot in group.slots:
            wanted: list[Packet] = []  # that map alike
            mapping = slot.offset, slot.shift
            for packet in burst:
                taken = slot.take(packet) if packet.sequence >= slot.base else None
                if taken is None:
                    slot.packets -= 1
                    slot.bytes -= len(packet.payload)
                    continue
                if wanted and taken != mapping:
                    self._put_row(group, slot, mapping, wanted, now)
                    wanted = []
                mapping = taken
                wanted.append(packet)
                slot.advance(packet, *taken)
            if wanted:
                self._put_row(group, slot, mapping, wanted, now)

    def _send_doubled(self, group: Group, burst: list[Packet], now: float) -> None:
        """Send to each listener every packet with the one before, where that can be."""
        for slot in group.slots:
            for packet in burst:
                if packet.sequence < slot.base:
                    slot.packets -= 1
                    slot.bytes -= len(packet.payload)
                    continue
                before = slot.to_double(packet, now)
                if before is None:
                    self._put_row(group, slot, (slot.offset, slot.shift), [packet], now)
                    continue
                payload = slot.with_before(packet, before)
                slot.bytes += len(payload) - len(packet.payload)
                both = row(slot, slot.offset, slot.shift)
                both.types[0] = slot.params.red_payload_type
                self.outbox.put(both, group.layout, group.tag_bytes, [packet._replace(payload=payload)], now)
                self.doubled += 1

    def _put_row(
        self, group: Group, slot: Slot, mapping: tuple[int, Shift], burst: list[Packet], now: float
    ) -> None:
        self.outbox.put(row(slot, *mapping), group.layout, group.tag_bytes, burst, now)
