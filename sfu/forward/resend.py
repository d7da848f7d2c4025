"""Retransmission to a listener: from a number of its slot back to the cached packet, and out as RTX.

A slot's numbers map to its source's by stretches (`Segment`). Only packets of the producer that feeds
the slot now are found: what was routed away is never sent again. Where the slot has no RTX payload type
the packet goes out as the very same bytes (RFC 3711 would otherwise see one nonce with two contents).
"""

from __future__ import annotations

from sfu.forward.contract import MAX_RETRANSMIT, RETRANSMIT_GATE_MS
from sfu.forward.flow import settle
from sfu.forward.layout import ABSENT
from sfu.forward.outbox import Outbox
from sfu.forward.pictures import NO_SHIFT, shifted
from sfu.forward.slots import MAX_RESENT, Segment, Slot
from sfu.forward.tables import Packet
from sfu.rtp.rtx import wrap
from sfu.rtp.sequence import MASK_32, near_16

GATE_SECONDS = RETRANSMIT_GATE_MS / 1000


class Resender:
    """Resends by the way that all packets go out."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def resend(self, slot: Slot, sequences: list[int], now: float) -> int:
        """Send these numbers (16 bit) of the slot again; returns how many."""
        settle(slot)
        packets = 0
        for wanted in sequences[:MAX_RETRANSMIT]:
            number = near_16(wanted, slot.next_sequence - 1)
            if now - slot.resent.get(number, -1.0) < GATE_SECONDS:
                continue
            found = find(slot, number, now)
            if found is None or not self._put(slot, number, *found, now):
                continue
            remember(slot.resent, number, now)
            packets += 1
        self._outbox.flush()
        slot.retransmitted += packets
        return packets

    def probe(self, slot: Slot, packets: int, padding: int, now: float) -> int:
        """Send packets of nothing but padding (RFC 3550 §5.1); returns how many."""
        settle(slot)
        repair = max((rtx for _, rtx in slot.params.payload_types.values()), default=0)
        if not slot.params.rtx_ssrc or not repair:
            return 0
        head = slot.layout.head(ABSENT, ABSENT)
        data = bytes((head[0] | 0x20,)) + head[1:] + bytes(padding - 1) + bytes((padding,))
        for _ in range(packets):
            self._put_repair(slot, repair, max(slot.last_timestamp, 0), data, now)
        self._outbox.flush()
        return packets

    def _put(self, slot: Slot, number: int, packet: Packet, segment: Segment, now: float) -> bool:
        """Have the packet go out again; False where its bytes cannot be made again."""
        layout, repair = slot.layout, slot.rtx_payload_type
        head, payload = layout.head(packet.audio_level, packet.orientation), packet.payload
        if packet.picture is not None and segment.shift != NO_SHIFT:
            payload = shifted(payload, packet.picture, segment.shift)
        timestamp = packet.timestamp + segment.timestamp_offset & MASK_32
        if repair:
            self._put_repair(slot, packet.marker | repair, timestamp, head + wrap(number, payload), now)
            return True
        carried = slot.sent_number(number & 0xFFFF) if layout.transport_cc_at else 0
        doubled = slot.was_doubled(number)
        before = segment.producer.cached(packet.sequence - 1, now) if doubled else None
        if carried is None or doubled is None or (doubled and before is None):
            return False
        kind = slot.payload_type
        if before is not None:
            kind, payload = slot.params.red_payload_type, slot.with_before(packet, before)
        kind |= packet.marker
        self._outbox.put_one(slot, head + payload, kind, slot.ssrc, number & 0xFFFF, timestamp, carried)
        return True

    def _put_repair(self, slot: Slot, kind: int, timestamp: int, data: bytes, now: float) -> None:
        """Have this go out with the next number of the slot's RTX stream. `kind`: marker and payload type."""
        carried = slot.transport.take([(now, len(data))]) & 0xFFFF if slot.transport is not None else 0
        sequence = slot.rtx_sequence & 0xFFFF
        slot.rtx_sequence += 1
        self._outbox.put_one(slot, data, kind, slot.params.rtx_ssrc, sequence, timestamp, carried)


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
