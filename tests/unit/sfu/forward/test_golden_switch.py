"""Golden: from one source to the next. Numbers, time and keyframes, on every plane."""

from __future__ import annotations

from itertools import pairwise

import pytest

from sfu.forward.contract import Codec
from tests.support.plane_rig import (
    Rig,
    payloads,
    sequences,
)


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
