"""Golden: packets in, packets out. What a slot carries and how its numbers run, on every plane."""

from __future__ import annotations

from itertools import pairwise

import pytest

from sfu.forward.contract import MAX_DROPOUT, MAX_LOST, Codec, ExtensionIds, SrtpProfile
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


class TestSwitch:
    async def test_numbers_and_time_go_on_from_one_source_to_the_next(self, rig: Rig) -> None:
        old, new = rig.source(ssrc=1), rig.source(ssrc=2, first=40000)
        new.timestamp = 123
        slot, listener = rig.slot()
        rig.forwarder.route(slot, old.handle)
        old.send(3, key=True)
        await rig.settle()
        before = listener.receive()

        rig.forwarder.route(slot, new.handle)
        assert rig.events.keyframes == [old.handle, new.handle]
        rig.clock.advance(0.25)
        old.send(3)
        new.send(3)
        await rig.settle()
        assert listener.receive() == []

        sent = new.send(3, key=True)
        await rig.settle()
        after = listener.receive()
        assert payloads(after) == payloads(sent)
        assert sequences(after) == [(before[-1].sequence + 1 + i) & 0xFFFF for i in range(3)]
        assert (after[0].timestamp - before[-1].timestamp) & 0xFFFFFFFF == 22500
        assert (after[1].timestamp - after[0].timestamp) & 0xFFFFFFFF == 1800
        state = rig.forwarder.slot_state(slot)
        assert state.producer == new.handle
        assert (sent[0].timestamp + state.timestamp_offset) & 0xFFFFFFFF == after[0].timestamp
        assert state.last_sequence == after[-1].sequence
        assert state.last_timestamp == after[-1].timestamp

    async def test_a_switch_within_one_tick_of_the_clock_still_moves_time(self, rig: Rig) -> None:
        old, new = rig.source("audio", ssrc=1), rig.source("audio", ssrc=2)
        slot, listener = rig.slot("audio")
        for source in (old, new, old, new):
            rig.forwarder.route(slot, source.handle)
            source.send()
            await rig.settle()
        times = [packet.timestamp for packet in listener.receive()]
        assert [(b - a) & 0xFFFFFFFF for a, b in pairwise(times)] == [1, 1, 1]

    async def test_what_is_older_than_the_switch_is_not_forwarded(self, rig: Rig) -> None:
        source = rig.source()
        slot, listener = rig.slot()
        rig.forwarder.route(slot, source.handle)
        early = [source.packet() for _ in range(3)]
        key = source.packet(key=True)
        source.peer.send(rig.address, early[0])
        source.peer.send(rig.address, key)
        source.peer.send(rig.address, early[1])
        await rig.settle()
        source.peer.send(rig.address, early[2])
        await rig.settle()
        assert payloads(listener.receive()) == [key.payload]
        assert rig.forwarder.slot_state(slot).packets == 1

    async def test_a_keyframe_that_is_overtaken_by_its_own_packets_starts_the_slot(self, rig: Rig) -> None:
        source = rig.source()
        slot, listener = rig.slot()
        rig.forwarder.route(slot, source.handle)
        key, second, third = source.packet(key=True), source.packet(), source.packet()
        source.peer.send(rig.address, second)
        await rig.settle()
        source.peer.send(rig.address, key)
        source.peer.send(rig.address, third)
        await rig.settle()
        got = listener.receive()
        assert [p.payload for p in got] == [key.payload, third.payload]
        assert got[1].sequence == got[0].sequence + 2
        assert rig.forwarder.retransmit(slot, [got[0].sequence + 1]) == 1

    async def test_a_listener_that_joins_does_not_disturb_the_others(self, rig: Rig) -> None:
        source = rig.source()
        first, early = rig.slot()
        rig.forwarder.route(first, source.handle)
        source.send(3, key=True)
        await rig.settle()
        second, late = rig.slot()
        rig.forwarder.route(second, source.handle)
        await rig.settle()
        between = source.send(2)
        again = source.send(2, key=True)
        await rig.settle()
        got = early.receive()
        assert sequences(got) == list(range(got[0].sequence, got[0].sequence + 7))
        assert payloads(got)[3:] == payloads(between + again)
        assert payloads(late.receive()) == payloads(again)

    async def test_routed_to_nothing_the_slot_is_silent_and_goes_on_later(self, rig: Rig) -> None:
        source = rig.source("audio")
        slot, listener = rig.slot("audio")
        rig.forwarder.route(slot, source.handle)
        source.send()
        await rig.settle()
        rig.forwarder.route(slot, None)
        await rig.settle()
        source.send(5)
        rig.clock.advance(1.0)
        await rig.settle()
        (before,) = listener.receive()
        assert rig.forwarder.slot_state(slot).producer == 0
        rig.forwarder.route(slot, source.handle)
        await rig.settle()
        source.send()
        await rig.settle()
        (after,) = listener.receive()
        assert after.sequence == (before.sequence + 1) & 0xFFFF
        assert (after.timestamp - before.timestamp) & 0xFFFFFFFF == 48000

    async def test_routing_to_the_same_producer_again_changes_nothing(self, rig: Rig) -> None:
        source = rig.source()
        slot, listener = rig.slot()
        rig.forwarder.route(slot, source.handle)
        source.send(2, key=True)
        await rig.settle()
        rig.forwarder.route(slot, source.handle)
        source.send(2)
        await rig.settle()
        assert len(listener.receive()) == 4
        assert rig.events.keyframes == [source.handle]

    @pytest.mark.parametrize(
        ("codec", "keyframe", "other"),
        [
            (Codec.VP9, b"\x08kkkk", b"\x48oooo"),
            (Codec.H264, b"\x67kkkk", b"\x41oooo"),
            (Codec.AV1, b"\x18kkkk", b"\x10oooo"),
        ],
        ids=["VP9", "H264", "AV1"],
    )
    async def test_each_codec_starts_at_its_own_keyframe(
        self, rig: Rig, codec: Codec, keyframe: bytes, other: bytes
    ) -> None:
        from sfu.forward.contract import SlotParams

        source = rig.source(codec=codec)
        peer, listener = rig.peer()
        slot = rig.handle()
        rig.forwarder.add_slot(slot, peer, SlotParams("video", 5, 6, {codec: (110, 0)}))
        rig.forwarder.route(slot, source.handle)
        for payload in (other, b"", keyframe, other):
            source.send(payload=payload)
        await rig.settle()
        assert payloads(listener.receive()) == [keyframe, other]

    async def test_a_new_ssrc_of_the_same_producer_starts_over_without_a_gap(self, rig: Rig) -> None:
        source = rig.source()
        slot, listener = rig.slot()
        rig.forwarder.route(slot, source.handle)
        source.send(2, key=True)
        await rig.settle()
        rig.forwarder.bind_ssrc(source.handle, 2222)
        source.sequence = 9
        source.send(ssrc=2222)
        source.send(2, key=True, ssrc=2222)
        source.send(ssrc=1000)
        await rig.settle()
        numbers = sequences(listener.receive())
        assert numbers == list(range(numbers[0], numbers[0] + 4))
        assert rig.dropped() == {"unknown_ssrc": 1}


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


class TestExtensions:
    IN = ExtensionIds(mid=1, audio_level=2, orientation=4, transport_cc=5)

    async def test_the_block_is_made_anew_with_the_listeners_ids(self, rig: Rig) -> None:
        source = rig.source("audio", extensions=self.IN)
        ids = ExtensionIds(mid=9, audio_level=7, orientation=3, transport_cc=12)
        slot, listener = rig.slot("audio", extensions=ids, mid="a7")
        plain, bare = rig.slot("audio")
        rig.forwarder.route(slot, source.handle)
        rig.forwarder.route(plain, source.handle)
        source.send(extensions={1: b"0", 2: b"\x85", 4: b"\x01", 5: b"\xff\xff", 6: b"unknown"})
        source.send(extensions={2: b"\x7f"})
        source.send()
        await rig.settle()
        assert [packet.extensions for packet in listener.receive()] == [
            {12: b"\0\0", 7: b"\x85", 3: b"\x01", 9: b"a7"},
            {12: b"\0\1", 7: b"\x7f", 9: b"a7"},
            {12: b"\0\2", 9: b"a7"},
        ]
        assert [packet.extensions for packet in bare.receive()] == [{}, {}, {}]

    async def test_large_ids_and_long_mids_take_the_two_byte_form(self, rig: Rig) -> None:
        source = rig.source("audio", extensions=self.IN)
        ids = ExtensionIds(mid=200, audio_level=15, transport_cc=1)
        slot, listener = rig.slot("audio", extensions=ids, mid="a-mid-of-over-sixteen-bytes")
        rig.forwarder.route(slot, source.handle)
        source.send(extensions={2: b"\x05"})
        await rig.settle()
        (packet,) = listener.receive()
        assert packet.extensions == {200: b"a-mid-of-over-sixteen-bytes", 15: b"\x05", 1: b"\0\0"}

    async def test_the_two_byte_form_is_read(self, rig: Rig) -> None:
        source = rig.source("audio", extensions=ExtensionIds(audio_level=40))
        slot, listener = rig.slot("audio", extensions=ExtensionIds(audio_level=1))
        rig.forwarder.route(slot, source.handle)
        source.send(extensions={40: b"\x33"})
        await rig.settle()
        assert listener.receive()[0].extensions == {1: b"\x33"}

    async def test_transport_numbers_run_over_all_slots_of_a_peer_and_are_remembered(self, rig: Rig) -> None:
        peer, listener = rig.peer()
        ids = ExtensionIds(transport_cc=3)
        audio, video = rig.source("audio", ssrc=1), rig.source(ssrc=2)
        for source, kind, ssrc in ((audio, "audio", 100), (video, "video", 200)):
            slot, _ = rig.slot(kind, ssrc=ssrc, peer=peer, extensions=ids)
            rig.forwarder.route(slot, source.handle)
        times = []
        for _ in range(3):
            rig.clock.advance(0.5)
            times.append(rig.clock.now)
            audio.send()
            await rig.settle()
            video.send(2, key=True)
            await rig.settle()
        numbers = [int.from_bytes(packet.extensions[3], "big") for packet in listener.receive()]
        assert numbers == list(range(9))
        known = rig.forwarder.transport_sent(peer, [0, 2, 8, 9, 60000])
        assert [at for at, _ in known] == [times[0], times[0], times[2], 0.0, 0.0]
        assert all(size > 50 for _, size in known[:3])
        assert known[3:] == [(0.0, 0), (0.0, 0)]

    async def test_the_loudest_level_is_kept_until_it_is_asked_for(self, rig: Rig) -> None:
        source = rig.source("audio", extensions=self.IN)
        for level in (0xFF, 0x9E, 0x40):
            source.send(extensions={2: bytes((level,))})
        await rig.settle()
        assert rig.forwarder.producer_state(source.handle).audio_level == 0x1E
        assert rig.forwarder.producer_state(source.handle).audio_level == 127


class TestFigures:
    async def test_jitter_is_that_of_rfc_3550(self, rig: Rig) -> None:
        source = rig.source("audio")
        expected = 0.0
        for late in (0.0, 0.005, -0.005, 0.010, 0.0):
            rig.clock.advance(0.020 + late)
            source.send()
            await rig.settle()
            if late or expected:
                expected += (abs(late) * 48000 - expected) / 16
        assert rig.forwarder.producer_state(source.handle).jitter == pytest.approx(expected, abs=1.01)

    async def test_what_goes_in_and_out_is_counted(self, rig: Rig) -> None:
        source = rig.source("audio")
        slot, listener = rig.slot("audio")
        rig.forwarder.route(slot, source.handle)
        sent = source.send(10)
        await rig.settle()
        got = listener.receive()
        volume = sum(len(packet.payload) for packet in sent)
        produced, state = rig.forwarder.producer_state(source.handle), rig.forwarder.slot_state(slot)
        assert (produced.packets, produced.bytes) == (10, volume)
        assert (state.packets, state.bytes, state.retransmitted) == (10, volume, 0)
        assert (state.last_sequence, state.last_timestamp) == (got[-1].sequence, got[-1].timestamp)
        counters = rig.forwarder.counters()
        assert counters.received == 10 + 1  # and the marker
        assert volume < counters.received_bytes < volume + (10 + 1) * 128  # headers and tags
        assert counters.sent == 10
        assert counters.sent_bytes == sum(len(data) for data in listener.datagrams)

    async def test_before_the_first_packet_the_figures_are_empty(self, rig: Rig) -> None:
        source = rig.source("audio")
        slot, _ = rig.slot("audio")
        state = rig.forwarder.producer_state(source.handle)
        assert (state.packets, state.first, state.highest, state.audio_level) == (0, 0, 0, 127)
        assert rig.forwarder.slot_state(slot).packets == 0
        assert rig.forwarder.missing(source.handle, [1, 2]) == []


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
