"""The way of a packet through the Python plane: `PacketWay.turn`, from the socket to the socket.

It runs when the socket is readable, takes a bounded batch and makes no object per forwarded packet.
Tables (`tables.py`) are only read here, but for the figures; events are raised when the batch is out, so
that whoever hears them may change the tables.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from struct import Struct
from typing import Any

from sfu.forward.contract import (
    MAX_ARRIVALS,
    MAX_DATAGRAM,
    MAX_DROPOUT,
    MAX_LOST,
    MAX_UNKNOWN_SSRCS,
    Drop,
    ForwarderEvents,
)
from sfu.forward.datagrams import RX_CELL, RX_CELLS, TX_CELL, TX_CELLS, Datagrams, Run, cut_runs
from sfu.forward.flow import Group, Row, follow_jump, join, row_of
from sfu.forward.layout import ABSENT
from sfu.forward.pictures import Picture, read_picture, shifted
from sfu.forward.slots import Slot
from sfu.forward.srtp import (
    STATUS_AUTH_FAILED,
    STATUS_CIPHER_FAILED,
    STATUS_REPLAYED,
    STATUS_TOO_OLD,
    ffi,
    protect,
    unprotect,
)
from sfu.forward.tables import Packet, Producer, Tables
from sfu.rtp import rtx
from sfu.rtp.errors import PacketError
from sfu.rtp.header import FIXED_HEADER, elements, locate
from sfu.rtp.sequence import near_16

# Packets that one turn of the loop aims to send at most: some four milliseconds, then STUN, DTLS and
# commands have their turn.
TURN_PACKETS = 1000

_READ_HEADER = Struct("!xBHII").unpack_from
_WRITE_HEADER = Struct("!BHII").pack_into  # from the second byte on
_WRITE_NUMBER = Struct("!H").pack_into

_STATUS_REASON = {
    STATUS_AUTH_FAILED: Drop.AUTH,
    STATUS_CIPHER_FAILED: Drop.AUTH,
    STATUS_REPLAYED: Drop.REPLAY,
    STATUS_TOO_OLD: Drop.REPLAY,
}

# Sequence, marker, timestamp, bytes from header to payload, how many of them are payload, its picture.
Body = tuple[int, int, int, bytes, int, Picture | None]


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
        # libsrtp reads a packet's length from an int and writes it back: one int per cell to send.
        sizes = bytearray(4 * TX_CELLS)
        self._sizes = memoryview(sizes).cast("i")
        self._size_owner = ffi.from_buffer("int[]", sizes)
        self._size_pointers = [self._size_owner + i for i in range(TX_CELLS)]
        self._starts = [i * TX_CELL for i in range(TX_CELLS)]
        self._cell = 0  # the first free one
        self._limit = RX_CELLS
        self.received = self.received_bytes = self.sent = self.sent_bytes = self.probes = 0
        self.dropped = dict.fromkeys(Drop, 0)

    def turn(self) -> None:
        """Receive → demultiplex → unprotect → producer → cache → per slot rewrite → protect → send."""
        datagrams = self._datagrams
        dropped = self.dropped
        size = self._size
        by_source = self._tables.by_source
        raised: list[tuple[Callable[..., None], tuple[Any, ...]]] = []  # until the batch is out
        busy: list[Producer] = []
        now = self._clock()
        sent_before = self.sent
        received = datagrams.receive(self._limit)
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
            size[0] = length
            status = unprotect(session.context, datagrams.rx_pointers[cell], size)
            if status:
                dropped[_STATUS_REASON.get(status, Drop.MALFORMED)] += 1
                continue
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

            if found and source.extensions.transport_cc and len(peer.arrived) < MAX_ARRIVALS:
                for identifier, at, count in found:
                    if count == 2 and identifier == source.extensions.transport_cc:
                        peer.arrived.append((data[at] << 8 | data[at + 1], now))

            # Its place in the producer's stream. A retransmission takes the place of what was lost.
            payload = bytes(data[start:end])
            jumped = False
            if ssrc == source.ssrc and second & 0x7F == source.payload_type:
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
            elif ssrc == source.rtx_ssrc and second & 0x7F == source.rtx_payload_type:
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
            level = orientation = ABSENT
            if found and source.wants_extensions:
                for identifier, at, count in found:
                    if count == 1 and identifier == source.extensions.audio_level:
                        level = data[at]
                        source.audio_level = min(source.audio_level, level & 0x7F)
                    elif count == 1 and identifier == source.extensions.orientation:
                        orientation = data[at]

            # Remember it. What is older than the ring could be a packet that went out already.
            cache = source.cache
            place = sequence % len(cache)
            held = cache[place]
            if held is not None and held.sequence >= sequence:
                dropped[Drop.DUPLICATE if held.sequence == sequence else Drop.LATE] += 1
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

        for source in busy:
            self._fan_out(source, now)
        datagrams.flush()
        self._cell = 0

        if received:  # as many at a time as keep a turn short
            sent = self.sent - sent_before
            self._limit = max(1, min(RX_CELLS, TURN_PACKETS * received // max(sent, 1)))
        for event, arguments in raised:
            try:
                event(*arguments)
            except Exception as error:  # one bad event must not cost the others theirs
                self._complain(event.__name__, error)

    def _fan_out(self, source: Producer, now: float) -> None:
        """Hand a source's burst to its listeners: what came in together leaves together (UDP GSO)."""
        burst, source.burst = source.burst, []
        if not burst:
            return
        if source.waiting or source.coming:
            join(source, burst, now)
        oldest = min(burst).sequence
        for group in source.groups.values():
            # What all these listeners get alike is made once.
            head = group.layout.head
            bodies: list[Body] = [
                (sequence, marker, timestamp, head(level, orientation) + payload, len(payload), picture)
                for sequence, marker, timestamp, level, orientation, payload, _, picture in burst
            ]
            group.packets += len(bodies)
            group.bytes += sum(body[4] for body in bodies)
            if group.thins:
                self._send_thinned(group, burst, bodies, now)
            elif oldest >= group.newest_base:
                self._send(group, group.rows, group.handles, group.slots, bodies, now)
            else:
                self._send_from_base(group, bodies, now)
        source.advance(max(burst))

    def _send(
        self,
        group: Group,
        rows: list[Row],
        handles: list[Any],
        slots: list[Slot],
        bodies: list[Body],
        now: float,
    ) -> None:
        """Rewrite → protect → send: these packets to these listeners of one group.

        In chunks of as many listeners as there are cells; a listener's packets lie side by side, in the
        cells that they are sent from.
        """
        datagrams = self._datagrams
        tx = datagrams.tx
        count = len(bodies)
        number_at = group.layout.transport_cc_at
        lengths = [len(body[3]) for body in bodies]
        runs = cut_runs(lengths, group.tag_bytes, datagrams.segments)
        done = 0
        while done < len(rows):
            room = (TX_CELLS - self._cell) // count
            if not room:
                datagrams.flush()
                self._cell = 0
                room = TX_CELLS // count
            chunk = rows[done : done + room]
            first = self._cell
            end = first + len(chunk) * count
            numbers = [0] * len(chunk) if not number_at else []
            if number_at:
                for slot, row in zip(slots[done : done + room], chunk, strict=True):
                    assert slot.transport is not None
                    number = slot.transport.take(lengths, now)
                    numbers.append(number)
                    if slot.plain_resend:
                        for carried, packet in enumerate(bodies, number):
                            slot.remember_number(packet[0] + row[3] & 0xFFFF, carried)
            failed: list[int] = []
            for place, (sequence, marker, timestamp, body, size, picture) in enumerate(bodies):
                length = lengths[place]
                column = slice(first + place, end, count)
                self._sizes[column] = array("i", (length,)) * len(chunk)
                cells = zip(
                    chunk,
                    self._starts[column],
                    datagrams.tx_pointers[column],
                    self._size_pointers[column],
                    numbers,
                    strict=True,
                )
                for (context, ssrc, payload_type, offset, later, shift), at, pointer, wire, number in cells:
                    tx[at : at + length] = body
                    if shift is not None and picture is not None:
                        tx[at + length - size : at + length] = shifted(body[-size:], picture, shift)
                    _WRITE_HEADER(
                        tx,
                        at + 1,
                        marker | payload_type,
                        sequence + offset & 0xFFFF,
                        timestamp + later & 0xFFFFFFFF,
                        ssrc,
                    )
                    if number_at:
                        _WRITE_NUMBER(tx, at + number_at, number + place & 0xFFFF)
                    if protect(context, pointer, wire):
                        failed.append(at // TX_CELL)
            if failed:
                self._send_protected(handles[done : done + room], first, runs, count, failed)
            else:
                datagrams.enqueue(handles[done : done + room], first, runs, count)
            self._cell = end
            self.sent += end - first
            done += room
        self.sent_bytes += (sum(lengths) + count * group.tag_bytes) * len(rows)

    def _send_from_base(self, group: Group, bodies: list[Body], now: float) -> None:
        """Send to each listener what is not older than its switch to this source."""
        for row, handle, slot in zip(list(group.rows), list(group.handles), list(group.slots), strict=True):
            wanted = [body for body in bodies if body[0] >= slot.base]
            slot.packets -= len(bodies) - len(wanted)
            slot.bytes -= sum(body[4] for body in bodies) - sum(body[4] for body in wanted)
            if wanted:
                self._send(group, [row], [handle], [slot], wanted, now)

    def _send_thinned(self, group: Group, burst: list[Packet], bodies: list[Body], now: float) -> None:
        """Send to each listener what its limit on temporal layers lets through, with the numbers that has."""
        for slot, handle in zip(list(group.slots), list(group.handles), strict=True):
            for packet, body in zip(burst, bodies, strict=True):
                taken = slot.take(packet) if packet.sequence >= slot.base else None
                if taken is None:
                    slot.packets -= 1
                    slot.bytes -= body[4]
                    continue
                offset, shift = taken
                self._send(group, [row_of(slot, offset, shift)], [handle], [slot], [body], now)
                slot.advance(packet, offset, shift)

    def _send_protected(
        self, handles: list[Any], first: int, runs: list[Run], count: int, failed: list[int]
    ) -> None:
        """Send singly what libsrtp did protect: never a packet that it refused."""
        self.dropped[Drop.PROTECT] += len(failed)
        self.sent -= len(failed)
        lengths = [length for _, run in runs for length in run]
        for index, handle in enumerate(handles):
            for place, length in enumerate(lengths):
                cell = first + index * count + place
                if cell in failed:
                    self.sent_bytes -= length
                else:
                    self._datagrams.enqueue([handle], cell, [(0, [length])], 1)
