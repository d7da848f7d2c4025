"""Golden: packets in, packets out. What a slot carries and how its numbers run, on every plane."""

from __future__ import annotations

from itertools import pairwise

import pytest

from sfu.forward.contract import MAX_DROPOUT, MAX_LOST, SrtpProfile
from sfu.forward.srtp import SEND_WINDOW_PACKETS
from sfu.rtp.header import RtpPacket
from sfu.rtp.rtx import wrap
from tests.support.plane_rig import (
    SLOT_OPUS_PT,
    SLOT_VP8_PT,
    VP8_RTX_PT,
    Rig,
    payloads,
    sequences,
)


@pytest.mark.parametrize("profile", list(SrtpProfile))
async def test_audio_is_forwarded_with_the_slots_identity(rig: Rig, profile: SrtpProfile) -> None:
    publisher, _ = rig.peer(profile)
    source = rig.source("audio", peer=publisher)
    slot, listener = rig.slot("audio", profile=profile)
    rig.forwarder.route(slot, source.handle)

    sent = source.send(3, marker=True, csrcs=(1, 2), padding=4)
    await rig.settle()
    got = listener.receive()

    assert payloads(got) == payloads(sent)
    first = got[0]
    assert 0 < first.sequence <= 2**15
    step = first.timestamp - sent[0].timestamp
    assert got == [
        RtpPacket(
            payload_type=SLOT_OPUS_PT,
            sequence=first.sequence + i,
            timestamp=(packet.timestamp + step) & 0xFFFFFFFF,
            ssrc=5000,
            payload=packet.payload,
            marker=True,
        )
        for i, packet in enumerate(sent)
    ]
    assert rig.events.started == [source.handle]
    assert rig.dropped() == {}


async def test_video_starts_with_a_keyframe_which_is_asked_for_at_once(rig: Rig) -> None:
    source = rig.source()
    slot, listener = rig.slot()
    rig.forwarder.route(slot, source.handle)
    await rig.settle()
    assert rig.events.keyframes == [source.handle]

    source.send(5)
    await rig.settle()
    assert listener.receive() == []
    assert rig.forwarder.slot_state(slot).producer == 0

    sent = source.send(4, key=True)
    await rig.settle()
    got = listener.receive()
    assert payloads(got) == payloads(sent)
    assert {packet.payload_type for packet in got} == {SLOT_VP8_PT}
    assert rig.forwarder.slot_state(slot).producer == source.handle


async def test_every_listener_gets_its_own_numbers_and_keys(rig: Rig) -> None:
    source = rig.source("audio")
    listeners = []
    for profile in (SrtpProfile.AEAD_AES_128_GCM, SrtpProfile.AES_CM_128_HMAC_SHA1_80) * 80:
        slot, listener = rig.slot("audio", profile=profile)
        rig.forwarder.route(slot, source.handle)
        listeners.append(listener)
    sent = source.send(7)
    await rig.settle()
    starts = set()
    for listener in listeners:
        got = listener.receive()
        assert payloads(got) == payloads(sent)
        assert sequences(got) == list(range(got[0].sequence, got[0].sequence + 7))
        assert listener.refused == []
        starts.add(got[0].sequence)
    assert len(starts) > 100
    assert rig.forwarder.counters().sent == 7 * len(listeners)


async def test_several_slots_of_one_peer_carry_several_sources(rig: Rig) -> None:
    peer, listener = rig.peer()
    sources = [rig.source("audio", ssrc=1000 + i) for i in range(3)]
    for i, source in enumerate(sources):
        slot, _ = rig.slot("audio", ssrc=7000 + i, peer=peer)
        rig.forwarder.route(slot, source.handle)
    sent = {7000 + i: payloads(source.send(2)) for i, source in enumerate(sources)}
    await rig.settle()
    got = listener.receive()
    assert {ssrc: [p.payload for p in got if p.ssrc == ssrc] for ssrc in sent} == sent


class TestSequence:
    async def test_the_sources_wrap_does_not_show(self, rig: Rig) -> None:
        source = rig.source("audio", first=65530)
        slot, listener = rig.slot("audio")
        rig.forwarder.route(slot, source.handle)
        sent = source.send(20)
        await rig.settle()
        got = listener.receive()
        assert payloads(got) == payloads(sent)
        assert sequences(got) == list(range(got[0].sequence, got[0].sequence + 20))
        state = rig.forwarder.producer_state(source.handle)
        assert (state.first, state.highest, state.packets) == (65530, 65549, 20)

    async def test_the_slots_own_wrap_rolls_over_as_srtp_wants(self, rig: Rig) -> None:
        source = rig.source("audio")
        slot, listener = rig.slot("audio")
        rig.forwarder.route(slot, source.handle)
        last = source.send()[0]
        await rig.settle()
        start = previous = listener.receive()[0].sequence
        travelled = 0
        while travelled < 2 * 65536 + 10:
            source.lose(MAX_DROPOUT - 1)
            last = source.send()[0]
            await rig.settle()
            (got,) = listener.receive()
            assert got.payload == last.payload
            assert (got.sequence - previous) & 0xFFFF == MAX_DROPOUT
            travelled += MAX_DROPOUT
            previous = got.sequence
        assert (previous - start - travelled) & 0xFFFF == 0
        assert listener.refused == []

    async def test_a_gap_of_the_source_stays_a_gap(self, rig: Rig) -> None:
        source = rig.source("audio")
        slot, listener = rig.slot("audio")
        rig.forwarder.route(slot, source.handle)
        source.send(2)
        source.lose(3)
        source.send(2)
        await rig.settle()
        numbers = sequences(listener.receive())
        assert [number - numbers[0] for number in numbers] == [0, 1, 5, 6]
        assert rig.events.lost == [(source.handle, [102, 103, 104])]

    async def test_a_long_gap_names_the_newest_numbers_only(self, rig: Rig) -> None:
        source = rig.source("audio", first=65500)
        source.send()
        source.lose(100)
        source.send()
        await rig.settle()
        ((handle, numbers),) = rig.events.lost
        assert handle == source.handle
        assert numbers == [n & 0xFFFF for n in range(65601 - MAX_LOST, 65601)]

    async def test_reordered_packets_keep_their_place(self, rig: Rig) -> None:
        source = rig.source("audio", first=65534)
        slot, listener = rig.slot("audio")
        rig.forwarder.route(slot, source.handle)
        packets = [source.packet() for _ in range(6)]
        for index in (0, 3, 1, 5, 2, 4):
            source.peer.send(rig.address, packets[index])
            await rig.settle()
        got = listener.receive()
        assert [packet.sequence - got[0].sequence for packet in got] == [0, 3, 1, 5, 2, 4]
        assert payloads(got) == [packets[i].payload for i in (0, 3, 1, 5, 2, 4)]

    async def test_a_stream_that_starts_anew_far_ahead_makes_no_gap(self, rig: Rig) -> None:
        source = rig.source("audio")
        slot, listener = rig.slot("audio")
        rig.forwarder.route(slot, source.handle)
        source.send(2)
        source.lose(MAX_DROPOUT + 1)
        source.send(2)
        await rig.settle()
        numbers = sequences(listener.receive())
        assert numbers == list(range(numbers[0], numbers[0] + 4))
        assert rig.events.lost == []

    async def test_a_duplicate_is_dropped(self, rig: Rig) -> None:
        source = rig.source("audio")
        slot, listener = rig.slot("audio")
        rig.forwarder.route(slot, source.handle)
        data = source.peer.send(rig.address, source.packet())
        source.peer.send_raw(rig.address, data)
        source.send()
        source.peer.send_raw(rig.address, data)
        await rig.settle()
        assert len(listener.receive()) == 2
        assert rig.dropped() == {"replay": 2}


class TestRepair:
    async def test_a_retransmission_takes_the_place_of_what_was_lost(self, rig: Rig) -> None:
        source = rig.source(rtx_payload_type=VP8_RTX_PT, rtx_ssrc=1001, first=65533)
        slot, listener = rig.slot()
        rig.forwarder.route(slot, source.handle)
        source.send(2, key=True)
        missing = [source.packet(), source.packet()]
        source.send(1)
        await rig.settle()
        assert rig.events.lost == [(source.handle, [65535, 0])]
        assert rig.forwarder.missing(source.handle, [65534, 65535, 0, 1]) == [65535, 0]

        repair = RtpPacket(
            VP8_RTX_PT, 7, missing[1].timestamp, 1001, wrap(0, missing[1].payload), marker=True
        )
        source.peer.send(rig.address, repair)
        source.peer.send(rig.address, RtpPacket(VP8_RTX_PT, 8, 5, 1001, b""))  # a padding probe
        source.peer.send(rig.address, RtpPacket(VP8_RTX_PT, 9, 5, 1001, wrap(0, b"again")))
        source.peer.send(rig.address, RtpPacket(VP8_RTX_PT, 10, 5, 1001, b"\x01"))
        await rig.settle()
        got = listener.receive()
        assert [packet.sequence - got[0].sequence for packet in got] == [0, 1, 4, 3]
        assert got[3].payload == missing[1].payload
        assert got[3].marker
        assert rig.forwarder.missing(source.handle, [65535, 0]) == [65535]
        assert rig.dropped() == {"padding": 1, "duplicate": 1, "malformed": 1}
        assert rig.forwarder.producer_state(source.handle).packets == 3

    async def test_an_original_after_its_retransmission_is_dropped(self, rig: Rig) -> None:
        source = rig.source(rtx_payload_type=VP8_RTX_PT, rtx_ssrc=1001)
        slot, listener = rig.slot()
        rig.forwarder.route(slot, source.handle)
        source.send(1, key=True)
        late = source.packet()
        source.send(1)
        source.peer.send(rig.address, RtpPacket(VP8_RTX_PT, 7, 0, 1001, wrap(late.sequence, late.payload)))
        source.peer.send(rig.address, late)
        await rig.settle()
        assert len(listener.receive()) == 3
        assert rig.dropped() == {"duplicate": 1}

    async def test_a_repair_that_comes_too_late_to_be_played_is_not_sent_on(self, rig: Rig) -> None:
        source = rig.source(rtx_payload_type=VP8_RTX_PT, rtx_ssrc=1001)
        slot, listener = rig.slot()
        rig.forwarder.route(slot, source.handle)
        source.send(1, key=True)
        missing = [source.packet(), source.packet()]
        while source.sequence <= missing[1].sequence + SEND_WINDOW_PACKETS - 1:
            source.send(min(30, missing[1].sequence + SEND_WINDOW_PACKETS - source.sequence))
            await rig.settle()
        before = len(listener.receive())
        for number, packet in enumerate(missing):
            repair = RtpPacket(VP8_RTX_PT, 7 + number, 0, 1001, wrap(packet.sequence, packet.payload))
            source.peer.send(rig.address, repair)
        await rig.settle()
        assert before == SEND_WINDOW_PACKETS
        assert payloads(listener.receive()) == [missing[1].payload]
        assert rig.dropped() == {"protect": 1}


async def test_what_several_sources_send_at_once_reaches_each_listener_whole(rig: Rig) -> None:
    sources = [rig.source(kind) for kind in ("audio", "video", "audio", "video")]
    listeners = []
    for _ in range(3):
        peer, remote = rig.peer()
        for number, source in enumerate(sources):
            slot, _ = rig.slot(source.params.kind, peer=peer, ssrc=6000 + 10 * number)
            rig.forwarder.route(slot, source.handle)
        listeners.append(remote)
    await rig.settle()

    sent: list[list[RtpPacket]] = [[] for _ in sources]
    for count in (1, 3, 2):
        for number, source in enumerate(sources):
            sent[number] += source.send(count, key=not sent[number])
        await rig.settle()

    for remote in listeners:
        got = remote.receive()
        assert not remote.refused
        for number, packets in enumerate(sent):
            mine = [packet for packet in got if packet.ssrc == 6000 + 10 * number]
            assert payloads(mine) == payloads(packets)
            assert all(after == before + 1 for before, after in pairwise(sequences(mine)))
