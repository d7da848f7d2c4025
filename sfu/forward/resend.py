"""Retransmission to a listener: from a number of its slot back to the cached packet, and out as RTX.

A slot's numbers map to its source's by stretches (`Segment`). Only packets of the producer that feeds
the slot now are found: what was routed away is never sent again. Where the slot has no RTX payload type
the packet goes out as the very same bytes (RFC 3711 would otherwise see one nonce with two contents).
"""

from __future__ import annotations

from struct import Struct

from sfu.forward.contract import MAX_RETRANSMIT, RETRANSMIT_GATE_MS, Drop
from sfu.forward.datagrams import TX_CELL, TX_CELLS, Datagrams
from sfu.forward.flow import settle
from sfu.forward.layout import ABSENT
from sfu.forward.pictures import NO_SHIFT, shifted
from sfu.forward.slots import MAX_RESENT, Segment, Slot
from sfu.forward.srtp import ffi, protect
from sfu.forward.tables import Packet
from sfu.rtp.rtx import wrap
from sfu.rtp.sequence import near_16

GATE_SECONDS = RETRANSMIT_GATE_MS / 1000

_WRITE_HEADER = Struct("!BHII").pack_into  # from the second byte on
_WRITE_NUMBER = Struct("!H").pack_into


class Resender:
    """Resends over one socket; counts what libsrtp refuses in `dropped`."""

    def __init__(self, datagrams: Datagrams, dropped: dict[Drop, int]) -> None:
        self._datagrams = datagrams
        self._dropped = dropped
        self._size = ffi.new("int *")

    def resend(self, slot: Slot, sequences: list[int], now: float) -> tuple[int, int]:
        """Send these numbers (16 bit) of the slot again; returns packets and bytes on the wire."""
        settle(slot)
        packets = size = cell = 0
        for wanted in sequences[:MAX_RETRANSMIT]:
            number = near_16(wanted, slot.next_sequence - 1)
            if now - slot.resent.get(number, -1.0) < GATE_SECONDS:
                continue
            found = find(slot, number, now)
            if found is None:
                continue
            if cell == TX_CELLS:
                self._datagrams.flush()
                cell = 0
            length = self._write(slot, number, *found, cell, now)
            if not length:
                continue
            self._datagrams.enqueue([slot.remote], cell, [(0, [length])], 1)
            remember(slot.resent, number, now)
            cell += 1
            packets += 1
            size += length
        self._datagrams.flush()
        slot.retransmitted += packets
        return packets, size

    def probe(self, slot: Slot, packets: int, padding: int, now: float) -> tuple[int, int]:
        """Send packets of nothing but padding (RFC 3550 §5.1); returns packets and bytes on the wire."""
        settle(slot)
        repair = max((rtx for _, rtx in slot.params.payload_types.values()), default=0)
        if not slot.params.rtx_ssrc or not repair:
            return 0, 0
        tx, layout = self._datagrams.tx, slot.layout
        head = layout.head(ABSENT, ABSENT)
        length = len(head) + padding
        data = bytes((head[0] | 0x20,)) + head[1:] + bytes(padding - 1) + bytes((padding,))
        sent = size = cell = 0
        for _ in range(packets):
            if cell == TX_CELLS:
                self._datagrams.flush()
                cell = 0
            at = cell * TX_CELL
            tx[at : at + length] = data
            timestamp = max(slot.last_timestamp, 0)
            _WRITE_HEADER(tx, at + 1, repair, slot.rtx_sequence & 0xFFFF, timestamp, slot.params.rtx_ssrc)
            if layout.transport_cc_at and slot.transport is not None:
                number = slot.transport.take([length], now)
                _WRITE_NUMBER(tx, at + layout.transport_cc_at, number & 0xFFFF)
            slot.rtx_sequence += 1
            self._size[0] = length
            if protect(slot.context, self._datagrams.tx_pointers[cell], self._size):
                self._dropped[Drop.PROTECT] += 1
                continue
            self._datagrams.enqueue([slot.remote], cell, [(0, [int(self._size[0])])], 1)
            cell += 1
            sent += 1
            size += int(self._size[0])
        self._datagrams.flush()
        return sent, size

    def _write(self, slot: Slot, number: int, packet: Packet, segment: Segment, cell: int, now: float) -> int:
        """Protect the packet in this cell; returns its length, 0 when it cannot be sent."""
        tx, at = self._datagrams.tx, cell * TX_CELL
        layout, repair = slot.layout, slot.rtx_payload_type
        head = layout.head(packet.audio_level, packet.orientation)
        payload = packet.payload
        if packet.picture is not None and segment.shift != NO_SHIFT:
            payload = shifted(payload, packet.picture, segment.shift)
        if repair:
            payload = wrap(number, payload)
        sequence = slot.rtx_sequence if repair else number
        length = len(head) + len(payload)
        tx[at : at + length] = head + payload
        _WRITE_HEADER(
            tx,
            at + 1,
            packet.marker | (repair or slot.payload_type),
            sequence & 0xFFFF,
            packet.timestamp + segment.timestamp_offset & 0xFFFFFFFF,
            slot.params.rtx_ssrc if repair else slot.ssrc,
        )
        if layout.transport_cc_at:
            if repair and slot.transport is not None:
                transport: int | None = slot.transport.take([length], now)
            else:
                transport = slot.sent_number(number & 0xFFFF)
            if transport is None:
                return 0  # its bytes cannot be made again
            _WRITE_NUMBER(tx, at + layout.transport_cc_at, transport & 0xFFFF)
        if repair:
            slot.rtx_sequence += 1
        self._size[0] = length
        if protect(slot.context, self._datagrams.tx_pointers[cell], self._size):
            self._dropped[Drop.PROTECT] += 1
            return 0
        return int(self._size[0])


def find(slot: Slot, number: int, now: float) -> tuple[Packet, Segment] | None:
    """The cached packet that went out as this extended number of the slot, with its mapping."""
    if number >= slot.next_sequence:
        return None
    for segment in reversed(slot.segments):
        if segment.first <= number:
            if segment.producer is not slot.producer:
                return None
            packet = segment.producer.cached(number - segment.offset, now)
            if packet is None:
                return None
            if slot.thinning is not None and packet.picture is not None:
                return (packet, segment) if slot.thinning.takes(packet.picture.layer) else None
            return packet, segment
    return None


def remember(resent: dict[int, float], number: int, now: float) -> None:
    """Note when the number went out again; forgets what the gate no longer needs."""
    resent[number] = now
    if len(resent) > MAX_RESENT:
        for old in [n for n, at in resent.items() if now - at >= GATE_SECONDS]:
            del resent[old]
        while len(resent) > MAX_RESENT:
            del resent[next(iter(resent))]
