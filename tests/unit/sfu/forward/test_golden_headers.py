"""Golden: header extensions, and the figures that control reads of what went in and out, on every plane."""

from __future__ import annotations

import pytest

from sfu.forward.contract import ExtensionIds
from tests.support.plane_rig import (
    Rig,
)


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
