"""Golden: a producer that changes its codec while it sends, on every plane."""

from __future__ import annotations

import pytest

from sfu.forward.contract import CODEC_GATE_MS, MAX_FORMATS, Codec, Format
from sfu.rtp.header import RtpPacket
from sfu.rtp.rtx import unwrap, wrap
from tests.support.plane_rig import SLOT_VP8_PT, SLOT_VP8_RTX_PT, VP8_PT, VP8_RTX_PT, Rig, Source, sequences
from tests.support.rtp_peer import RtpPeer

H264_PT, H264_RTX_PT = 106, 107
SLOT_H264_PT, SLOT_H264_RTX_PT = 108, 109
BOTH = {
    Codec.VP8: (SLOT_VP8_PT, SLOT_VP8_RTX_PT),
    Codec.H264: (SLOT_H264_PT, SLOT_H264_RTX_PT),
}
KEY = b"\x65 an IDR picture"
DELTA = b"\x41 another picture"
GATE = CODEC_GATE_MS / 1000


def camera(rig: Rig) -> Source:
    """VP8 at first, H264 when it likes."""
    return rig.source(
        rtx_payload_type=VP8_RTX_PT, rtx_ssrc=1001, others=(Format(Codec.H264, H264_PT, H264_RTX_PT),)
    )


def h264(source: Source, count: int = 1, key: bool = False) -> list[RtpPacket]:
    """Send so many packets of H264."""
    return [
        source.send(1, payload_type=H264_PT, payload=KEY if key and i == 0 else DELTA)[0]
        for i in range(count)
    ]


async def watched(rig: Rig, types: dict[Codec, tuple[int, int]]) -> tuple[Source, int, RtpPeer]:
    source = camera(rig)
    slot, listener = rig.slot(types=types)
    rig.forwarder.route(slot, source.handle)
    source.send(3, key=True)
    await rig.settle()
    assert {packet.payload_type for packet in listener.receive()} <= {SLOT_VP8_PT}
    rig.events.keyframes.clear()
    return source, slot, listener


async def test_who_takes_both_goes_on_with_the_keyframe_of_the_change(rig: Rig) -> None:
    source, slot, listener = await watched(rig, BOTH)
    before = rig.forwarder.slot_state(slot)
    rig.clock.advance(0.02)
    sent = h264(source, 3, key=True)
    await rig.settle()
    got = listener.receive()
    assert [packet.payload for packet in got] == [packet.payload for packet in sent]
    assert {packet.payload_type for packet in got} == {SLOT_H264_PT}
    assert sequences(got) == [before.last_sequence + i for i in (1, 2, 3)]
    assert got[0].timestamp - before.last_timestamp & 0xFFFFFFFF == 1800
    assert rig.events.codecs == [(source.handle, Codec.H264)]
    assert rig.events.lost == []
    assert rig.forwarder.slot_state(slot).producer == source.handle


async def test_a_change_without_a_keyframe_is_silent_until_one_comes(rig: Rig) -> None:
    source, slot, listener = await watched(rig, BOTH)
    h264(source, 2)
    await rig.settle()
    assert listener.receive() == []
    assert rig.forwarder.slot_state(slot).producer == 0
    h264(source, 2, key=True)
    await rig.settle()
    assert [packet.payload_type for packet in listener.receive()] == [SLOT_H264_PT] * 2


async def test_who_does_not_take_it_gets_nothing_until_the_codec_is_back(rig: Rig) -> None:
    source, _, listener = await watched(rig, {Codec.VP8: BOTH[Codec.VP8]})
    h264(source, 5, key=True)
    await rig.settle()
    assert listener.receive() == []
    rig.clock.advance(GATE)
    source.send(2, key=True)
    await rig.settle()
    assert [packet.payload_type for packet in listener.receive()] == [SLOT_VP8_PT] * 2
    assert rig.events.codecs == [(source.handle, Codec.H264), (source.handle, Codec.VP8)]


async def test_a_slot_may_be_routed_before_the_source_sends_what_it_takes(rig: Rig) -> None:
    source, _, listener = await watched(rig, {Codec.H264: BOTH[Codec.H264]})
    assert listener.receive() == []
    assert rig.events.keyframes == []
    h264(source, 2, key=True)
    await rig.settle()
    assert [packet.payload_type for packet in listener.receive()] == [SLOT_H264_PT] * 2


async def test_a_first_packet_may_be_of_any_of_the_codecs(rig: Rig) -> None:
    source = camera(rig)
    slot, listener = rig.slot(types=BOTH)
    rig.forwarder.route(slot, source.handle)
    h264(source, 2, key=True)
    await rig.settle()
    assert [packet.payload_type for packet in listener.receive()] == [SLOT_H264_PT] * 2
    assert rig.events.started == [source.handle]
    assert rig.events.codecs == [(source.handle, Codec.H264)]


async def test_what_was_sent_before_is_never_repeated_in_the_other_codec(rig: Rig) -> None:
    source, slot, listener = await watched(rig, BOTH)
    last = rig.forwarder.slot_state(slot).last_sequence
    h264(source, 2, key=True)
    await rig.settle()
    new = sequences(listener.receive())
    assert rig.forwarder.retransmit(slot, [last - 1, last]) == 0
    assert rig.forwarder.retransmit(slot, new) == 2
    await rig.settle()
    again = listener.receive()
    assert [packet.payload_type for packet in again] == [SLOT_H264_RTX_PT] * 2
    assert [unwrap(packet.payload) for packet in again] == [(new[0], KEY), (new[1], DELTA)]


async def test_late_packets_and_repairs_of_the_old_codec_change_nothing(rig: Rig) -> None:
    source, _, listener = await watched(rig, BOTH)
    late, lost = source.packet(), source.packet()
    h264(source, 2, key=True)
    await rig.settle()
    listener.receive()
    rig.clock.advance(GATE)
    source.peer.send(rig.address, late)
    for number, kind in enumerate((VP8_RTX_PT, H264_RTX_PT)):
        repair = RtpPacket(kind, number, lost.timestamp, 1001, wrap(99, lost.payload))
        source.peer.send(rig.address, repair)
    await rig.settle()
    assert listener.receive() == []
    assert rig.events.codecs == [(source.handle, Codec.H264)]
    assert rig.dropped() == {"payload_type": 2, "late": 1}


async def test_a_lost_packet_of_the_new_codec_is_repaired_by_its_rtx(rig: Rig) -> None:
    source, _, listener = await watched(rig, BOTH)
    first = source.packet(payload_type=H264_PT, payload=KEY)
    h264(source, 1)
    await rig.settle()
    repair = RtpPacket(H264_RTX_PT, 1, first.timestamp, 1001, wrap(first.sequence, KEY))
    source.peer.send(rig.address, repair)
    await rig.settle()
    assert [packet.payload for packet in listener.receive()] == [KEY]
    assert rig.events.lost == [(source.handle, [first.sequence])]


async def test_alternating_payload_types_are_mostly_dropped(rig: Rig) -> None:
    """A hostile publisher: the change costs a look at all listeners, so there are few of them."""
    source, _, listener = await watched(rig, BOTH)
    for _ in range(50):
        h264(source, 1, key=True)
        source.send(1, key=True)
        await rig.settle()
        rig.clock.advance(0.01)
    assert len(rig.events.codecs) == 2
    assert rig.dropped() == {"payload_type": 49}
    assert {packet.payload_type for packet in listener.receive()} == {SLOT_VP8_PT, SLOT_H264_PT}


async def test_a_payload_type_that_was_not_negotiated_changes_nothing(rig: Rig) -> None:
    source, _, listener = await watched(rig, BOTH)
    source.send(2, payload_type=99)
    source.send(1, payload_type=VP8_PT)
    await rig.settle()
    assert [packet.payload_type for packet in listener.receive()] == [SLOT_VP8_PT]
    assert rig.events.codecs == []
    assert rig.dropped() == {"payload_type": 2}


async def test_a_held_layer_of_another_codec_takes_over_only_where_it_is_taken(rig: Rig) -> None:
    low, high = camera(rig), rig.source(ssrc=2000, others=(Format(Codec.H264, H264_PT),))
    slots = [rig.slot(types=types) for types in (BOTH, {Codec.VP8: BOTH[Codec.VP8]})]
    for slot, _ in slots:
        rig.forwarder.route(slot, low.handle)
    low.send(1, key=True)
    await rig.settle()
    for slot, listener in slots:
        listener.receive()
        rig.forwarder.route(slot, high.handle, hold=True)
    h264(high, 1, key=True)
    low.send(1)
    await rig.settle()
    assert [packet.payload_type for packet in slots[0][1].receive()] == [SLOT_H264_PT]
    assert [packet.payload_type for packet in slots[1][1].receive()] == [SLOT_VP8_PT]


async def test_contradictions_are_refused(rig: Rig) -> None:
    source = camera(rig)
    slot, _ = rig.slot(types={Codec.AV1: (50, 0)})
    with pytest.raises(ValueError, match="cannot carry VP8 or H264"):
        rig.forwarder.route(slot, source.handle)
    with pytest.raises(ValueError, match="MAX_FORMATS"):
        rig.source(ssrc=3000, others=tuple(Format(Codec.AV1, 50 + i) for i in range(MAX_FORMATS)))
