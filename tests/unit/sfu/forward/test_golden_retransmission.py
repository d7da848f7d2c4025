"""Golden: what a listener asks for again, on every plane."""

from __future__ import annotations

from sfu.forward.contract import (
    AUDIO_CACHE_MS,
    MAX_RETRANSMIT,
    RETRANSMIT_GATE_MS,
    VIDEO_CACHE_MS,
    VIDEO_CACHE_PACKETS,
    ExtensionIds,
)
from sfu.rtp.rtx import unwrap
from tests.support.plane_rig import SLOT_VP8_RTX_PT, Rig, Source, payloads
from tests.support.rtp_peer import RtpPeer

GATE = RETRANSMIT_GATE_MS / 1000


async def flowing_video(rig: Rig, **slot: object) -> tuple[Source, int, RtpPeer]:
    source = rig.source()
    handle, listener = rig.slot(**slot)  # type: ignore[arg-type]
    rig.forwarder.route(handle, source.handle)
    await rig.settle()
    return source, handle, listener


async def test_a_lost_packet_comes_as_rtx_with_its_own_numbers(rig: Rig) -> None:
    source, slot, listener = await flowing_video(rig)
    source.send(5, key=True, marker=True)
    await rig.settle()
    got = listener.receive()
    assert rig.forwarder.retransmit(slot, [got[3].sequence, got[1].sequence]) == 2
    await rig.settle()
    again = listener.receive()
    assert [unwrap(packet.payload) for packet in again] == [
        (got[3].sequence, got[3].payload),
        (got[1].sequence, got[1].payload),
    ]
    for packet, original in zip(again, (got[3], got[1]), strict=True):
        assert (packet.ssrc, packet.payload_type) == (5001, SLOT_VP8_RTX_PT)
        assert (packet.timestamp, packet.marker) == (original.timestamp, True)
    assert again[0].sequence <= 2**15
    assert again[1].sequence == again[0].sequence + 1
    state = rig.forwarder.slot_state(slot)
    assert (state.packets, state.retransmitted) == (5, 2)


async def test_one_packet_goes_out_again_at_most_once_per_gate(rig: Rig) -> None:
    source, slot, listener = await flowing_video(rig)
    source.send(2, key=True)
    await rig.settle()
    number = listener.receive()[0].sequence
    assert rig.forwarder.retransmit(slot, [number, number]) == 1
    rig.clock.advance(GATE / 2)
    assert rig.forwarder.retransmit(slot, [number]) == 0
    rig.clock.advance(GATE)
    assert rig.forwarder.retransmit(slot, [number]) == 1
    await rig.settle()
    assert len(listener.receive()) == 2


async def test_what_was_never_sent_is_not_found(rig: Rig) -> None:
    source, slot, listener = await flowing_video(rig)
    assert rig.forwarder.retransmit(slot, [1, 2, 65535]) == 0
    source.send(2, key=True)
    await rig.settle()
    first, last = (packet.sequence for packet in listener.receive())
    strangers = [first - 1, last + 1, last + 30000]
    assert rig.forwarder.retransmit(slot, [n & 0xFFFF for n in strangers]) == 0
    await rig.settle()
    assert listener.receive() == []


async def test_a_packet_is_forgotten_after_the_caches_time(rig: Rig) -> None:
    source, slot, listener = await flowing_video(rig)
    source.send(1, key=True)
    await rig.settle()
    number = listener.receive()[0].sequence
    rig.clock.advance(VIDEO_CACHE_MS / 1000 - 0.01)
    assert rig.forwarder.retransmit(slot, [number]) == 1
    rig.clock.advance(GATE)
    assert rig.forwarder.retransmit(slot, [number]) == 0


async def test_the_cache_holds_a_bounded_number_of_packets(rig: Rig) -> None:
    source, slot, listener = await flowing_video(rig)
    for i in range(VIDEO_CACHE_PACKETS // 32 + 1):
        source.send(32, key=i == 0)
        await rig.settle()
    got = listener.receive()
    kept = got[-VIDEO_CACHE_PACKETS:]
    assert len(got) == VIDEO_CACHE_PACKETS + 32
    assert rig.forwarder.retransmit(slot, [packet.sequence for packet in got[:32]]) == 0
    assert rig.forwarder.retransmit(slot, [packet.sequence for packet in kept[:32]]) == 32


async def test_memory_of_what_is_too_old_is_used_again_and_of_nothing_else(rig: Rig) -> None:
    source, slot, listener = await flowing_video(rig)
    sent: list[tuple[int, bytes]] = []  # what the cache's time reaches back to
    for i in range(40):
        for size in (3, 700, 1100, 300):
            source.send(payload=b"\x10\x00" + bytes([i]) * size)
        await rig.settle()
        sent = [*sent, *((packet.sequence, packet.payload) for packet in listener.receive())][-40:]
        assert rig.forwarder.retransmit(slot, [number for number, _ in sent]) == len(sent)
        await rig.settle()
        again = [unwrap(packet.payload) for packet in listener.receive()]
        assert len(again) == len(sent)
        assert set(again) == set(sent)
        rig.clock.advance(VIDEO_CACHE_MS / 1000 / 10)


async def test_one_request_is_bounded(rig: Rig) -> None:
    source, slot, listener = await flowing_video(rig)
    for i in range(MAX_RETRANSMIT // 32 + 1):
        source.send(32, key=i == 0)
        await rig.settle()
    wanted = [packet.sequence for packet in listener.receive()]
    assert len(wanted) > MAX_RETRANSMIT
    assert rig.forwarder.retransmit(slot, wanted) == MAX_RETRANSMIT
    await rig.settle()
    assert len(listener.receive()) == MAX_RETRANSMIT


async def test_across_the_slots_wrap_the_right_packet_is_found(rig: Rig) -> None:
    source, slot, listener = await flowing_video(rig)
    source.send(1, key=True)
    await rig.settle()
    start = listener.receive()[0].sequence
    while start < 65536:
        step = min(2500, 65536 - start)
        source.lose(step - 1)
        source.send(1)
        await rig.settle()
        start += step
    listener.receive()
    before = source.send(2)
    await rig.settle()
    got = listener.receive()
    assert [packet.sequence for packet in got] == [1, 2]
    assert rig.forwarder.retransmit(slot, [0, 1, 2]) == 3
    await rig.settle()
    again = [unwrap(packet.payload) for packet in listener.receive()]
    assert again[1:] == [(1, before[0].payload), (2, before[1].payload)]


async def test_what_was_routed_away_is_never_sent_again(rig: Rig) -> None:
    old, slot, listener = await flowing_video(rig)
    new = rig.source(ssrc=2)
    old.send(3, key=True)
    await rig.settle()
    numbers = [packet.sequence for packet in listener.receive()]
    rig.forwarder.route(slot, new.handle)
    await rig.settle()
    assert rig.forwarder.retransmit(slot, numbers) == 0
    new.send(2, key=True)
    await rig.settle()
    assert rig.forwarder.retransmit(slot, numbers) == 0
    rig.forwarder.route(slot, None)
    await rig.settle()
    assert rig.forwarder.retransmit(slot, numbers) == 0
    await rig.settle()
    assert len(listener.receive()) == 2


async def test_after_coming_back_to_a_source_both_stretches_are_found(rig: Rig) -> None:
    source, slot, listener = await flowing_video(rig)
    other = rig.source(ssrc=2)
    first = source.send(2, key=True)
    await rig.settle()
    rig.forwarder.route(slot, other.handle)
    other.send(2, key=True)
    await rig.settle()
    rig.forwarder.route(slot, source.handle)
    source.send(3)
    second = source.send(2, key=True)
    await rig.settle()
    got = listener.receive()
    assert len(got) == 6
    assert rig.forwarder.retransmit(slot, [packet.sequence for packet in got]) == 4
    await rig.settle()
    again = [unwrap(packet.payload) for packet in listener.receive()]
    wanted = [got[0], got[1], got[4], got[5]]
    assert again == [(p.sequence, p.payload) for p in wanted]
    assert payloads(wanted) == payloads(first + second)
    assert [p.timestamp for p in wanted[2:]] != [p.timestamp for p in second]


async def test_rtx_carries_extensions_and_a_transport_number_of_its_own(rig: Rig) -> None:
    source = rig.source(extensions=ExtensionIds(orientation=4))
    slot, listener = rig.slot(extensions=ExtensionIds(mid=1, orientation=2, transport_cc=3), mid="v1")
    rig.forwarder.route(slot, source.handle)
    source.send(2, key=True, extensions={4: b"\x02"})
    await rig.settle()
    number = listener.receive()[0].sequence
    rig.forwarder.retransmit(slot, [number])
    await rig.settle()
    (again,) = listener.receive()
    assert again.extensions == {3: b"\0\2", 2: b"\x02", 1: b"v1"}


async def test_without_rtx_the_very_same_bytes_are_sent_again(rig: Rig) -> None:
    source = rig.source("audio", extensions=ExtensionIds(audio_level=2))
    slot, listener = rig.slot("audio", extensions=ExtensionIds(audio_level=1, transport_cc=3))
    rig.forwarder.route(slot, source.handle)
    source.send(3, extensions={2: b"\x11"})
    await rig.settle()
    numbers = [packet.sequence for packet in listener.receive()]
    before = list(listener.datagrams)
    source.send(1)
    assert rig.forwarder.retransmit(slot, numbers) == 3
    await rig.settle()
    after = listener.receive_raw()
    assert [data for data in after if data in before] == before
    assert len(after) == 4
    assert rig.dropped() == {}
    rig.clock.advance(AUDIO_CACHE_MS / 1000 + 0.01)
    assert rig.forwarder.retransmit(slot, numbers) == 0


async def test_without_an_address_nothing_is_resent(rig: Rig) -> None:
    source, slot, listener = await flowing_video(rig)
    source.send(1, key=True)
    await rig.settle()
    number = listener.receive()[0].sequence
    peer = next(handle for handle, known in rig.peers.items() if known is listener)
    rig.forwarder.set_address(peer, None)
    await rig.settle()
    assert rig.forwarder.retransmit(slot, [number]) == 0
