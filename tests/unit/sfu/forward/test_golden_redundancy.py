"""Golden: redundant audio (RFC 2198) on its way in, on every plane."""

from __future__ import annotations

from typing import Any

import pytest

from sfu.forward.contract import AUDIO_CACHE_PACKETS, MAX_RED_BLOCKS, ExtensionIds
from sfu.rtp.header import RtpPacket
from sfu.rtp.red import Block, wrap
from tests.support.plane_rig import OPUS_PT, RED_PT, SLOT_OPUS_PT, Rig, Source, payloads, sequences
from tests.support.rtp_peer import RtpPeer

STEP = 960


async def flowing(rig: Rig, **params: Any) -> tuple[Source, RtpPeer]:
    """A microphone that may send redundant audio, and its listener; a packet has come."""
    source = rig.source("audio", red_payload_type=RED_PT, **params)
    slot, listener = rig.slot("audio")
    rig.forwarder.route(slot, source.handle)
    await rig.settle()
    source.send()
    await rig.settle()
    assert len(listener.receive()) == 1
    return source, listener


def redundant(packet: RtpPacket, *earlier: RtpPacket, **fields: Any) -> RtpPacket:
    """The packet with these in front, the oldest first."""
    blocks = [Block(OPUS_PT, packet.timestamp - one.timestamp, one.payload) for one in earlier]
    packet.payload = wrap(blocks, OPUS_PT, packet.payload)
    packet.payload_type = RED_PT
    for name, value in fields.items():
        setattr(packet, name, value)
    return packet


def send(rig: Rig, source: Source, *packets: RtpPacket) -> None:
    for packet in packets:
        source.peer.send(rig.address, packet)


async def test_its_newest_payload_is_the_packet(rig: Rig) -> None:
    source, listener = await flowing(rig)
    before, packet = source.packet(), source.packet()
    send(rig, source, before, redundant(packet, before))
    plain = source.packet()
    send(rig, source, plain)
    await rig.settle()
    got = listener.receive()
    assert payloads(got) == [b"%d:%d" % (source.handle, n) + b"." * 40 for n in (101, 102, 103)]
    assert {one.payload_type for one in got} == {SLOT_OPUS_PT}
    assert rig.dropped() == {}
    assert rig.forwarder.counters().restored == 0
    assert rig.forwarder.producer_state(source.handle).packets == 4


async def test_what_was_lost_is_found_in_it(rig: Rig) -> None:
    source, listener = await flowing(rig)
    lost = [source.packet(), source.packet()]
    send(rig, source, redundant(source.packet(), *lost))
    await rig.settle()
    got = sorted(listener.receive(), key=lambda one: one.sequence)
    first = got[0].sequence
    assert sequences(got) == [first, first + 1, first + 2]
    assert payloads(got)[:2] == payloads(lost)
    assert [one.timestamp - got[0].timestamp for one in got] == [0, STEP, 2 * STEP]
    assert rig.forwarder.missing(source.handle, [101, 102]) == []
    assert rig.forwarder.counters().restored == 2
    # It did get lost on its way to us.
    assert rig.forwarder.producer_state(source.handle).packets == 2


async def test_a_packet_that_was_found_is_repeated_as_any_other(rig: Rig) -> None:
    source = rig.source("audio", red_payload_type=RED_PT)
    slot, listener = rig.slot("audio")
    rig.forwarder.route(slot, source.handle)
    await rig.settle()
    source.send()
    lost = source.packet()
    send(rig, source, redundant(source.packet(), lost))
    await rig.settle()
    found = next(one for one in listener.receive() if one.payload == lost.payload)
    before = list(listener.datagrams)
    assert rig.forwarder.retransmit(slot, [found.sequence]) == 1
    await rig.settle()
    assert listener.receive_raw()[0] in before


async def test_the_original_that_comes_later_is_a_duplicate(rig: Rig) -> None:
    source, listener = await flowing(rig)
    late, packet = source.packet(), source.packet()
    send(rig, source, redundant(packet, late))
    await rig.settle()
    send(rig, source, late)
    await rig.settle()
    assert len(listener.receive()) == 2
    assert rig.dropped() == {"duplicate": 1}


async def test_what_a_duplicate_brings_along_is_found_too(rig: Rig) -> None:
    source, listener = await flowing(rig)
    lost, late, packet = (source.packet() for _ in range(3))
    plain = late.payload
    send(rig, source, redundant(packet, RtpPacket(OPUS_PT, 0, late.timestamp, 0, plain)))
    await rig.settle()
    assert len(listener.receive()) == 2
    send(rig, source, redundant(late, lost))
    await rig.settle()
    assert payloads(listener.receive()) == [lost.payload]


@pytest.mark.parametrize("ticks", [0, -STEP, STEP // 2, 2 * STEP, 2 * STEP + 1])
async def test_what_contradicts_the_timestamps_beside_it_is_not_believed(rig: Rig, ticks: int) -> None:
    """The packet before stands two steps back: what lies between has to lie between."""
    source, listener = await flowing(rig)
    lost, packet = source.packet(), source.packet()
    packet.payload = wrap([Block(OPUS_PT, ticks & 0x3FFF, lost.payload)], OPUS_PT, packet.payload)
    packet.payload_type = RED_PT
    send(rig, source, packet)
    await rig.settle()
    believed = ticks == STEP // 2
    assert len(listener.receive()) == 1 + believed
    assert rig.forwarder.counters().restored == believed


async def test_parts_that_are_not_in_order_end_the_search(rig: Rig) -> None:
    source, listener = await flowing(rig)
    one, two, packet = (source.packet() for _ in range(3))
    send(rig, source, redundant(packet, two, one))  # the older one last
    await rig.settle()
    assert rig.forwarder.counters().restored == 1  # the last could stand there, for all that is known
    assert len(listener.receive()) == 2


async def test_parts_of_another_format_or_without_bytes_fill_nothing(rig: Rig) -> None:
    source, listener = await flowing(rig)
    source.lose(1)
    foreign = source.packet(payload_type=RED_PT)
    foreign.payload = wrap([Block(13, STEP, b"comfort")], OPUS_PT, b"newest")
    source.lose(1)
    empty = source.packet(payload_type=RED_PT)
    empty.payload = wrap([Block(OPUS_PT, STEP, b"")], OPUS_PT, b"newest")
    send(rig, source, foreign, empty)
    await rig.settle()
    assert payloads(listener.receive()) == [b"newest", b"newest"]
    assert rig.forwarder.counters().restored == 0
    assert rig.dropped() == {}


async def test_nothing_before_the_first_packet_is_made_up(rig: Rig) -> None:
    source = rig.source("audio", red_payload_type=RED_PT)
    slot, listener = rig.slot("audio")
    rig.forwarder.route(slot, source.handle)
    await rig.settle()
    earlier = source.packet()
    send(rig, source, redundant(source.packet(), earlier))
    await rig.settle()
    assert len(listener.receive()) == 1


async def test_a_listener_who_comes_now_hears_nothing_from_before(rig: Rig) -> None:
    source, _ = await flowing(rig)
    slot, late = rig.slot("audio")
    lost = source.packet()
    packet = source.packet()
    newest = packet.payload
    rig.forwarder.route(slot, source.handle)
    await rig.settle()
    send(rig, source, redundant(packet, lost))
    await rig.settle()
    assert payloads(late.receive()) == [newest]


async def test_what_is_malformed_is_dropped_and_counted_and_hinders_nothing(rig: Rig) -> None:
    source, listener = await flowing(rig)
    for payload in (b"", b"\xef\x0f", b"\xef\x0f\x00\x09\x6fab"):
        send(rig, source, source.packet(payload_type=RED_PT, payload=payload))
    many = [Block(OPUS_PT, STEP * n, b"x") for n in range(MAX_RED_BLOCKS + 1, 0, -1)]
    send(rig, source, source.packet(payload_type=RED_PT, payload=wrap(many, OPUS_PT, b"y")))
    send(rig, source, source.packet(payload_type=RED_PT, payload=wrap([], 13, b"another format")))
    await rig.settle()
    assert listener.receive() == []
    assert rig.dropped() == {"malformed": 4, "payload_type": 1}
    source.send(2)
    await rig.settle()
    assert len(listener.receive()) == 2


async def test_a_source_that_did_not_say_so_sends_none(rig: Rig) -> None:
    source = rig.source("audio")
    slot, listener = rig.slot("audio")
    rig.forwarder.route(slot, source.handle)
    await rig.settle()
    send(rig, source, source.packet(payload_type=RED_PT))
    send(rig, source, source.packet(payload_type=0))
    await rig.settle()
    assert listener.receive() == []
    assert rig.dropped() == {"payload_type": 2}


async def test_every_packet_of_a_full_batch_brings_as_many_as_it_can(rig: Rig) -> None:
    """More packets than datagrams: nothing is written past its place, and each goes out once."""
    source, listener = await flowing(rig)
    wanted = []
    for _ in range(40):
        lost = [source.packet() for _ in range(MAX_RED_BLOCKS)]
        packet = source.packet()
        wanted += [*payloads(lost), packet.payload]
        send(rig, source, redundant(packet, *lost))
    await rig.settle()
    assert sorted(payloads(listener.receive())) == sorted(wanted)


async def test_what_left_the_cache_is_not_brought_back(rig: Rig) -> None:
    source, listener = await flowing(rig)
    lost = source.packet()
    old = source.packet(timestamp=lost.timestamp + STEP)
    for _ in range(AUDIO_CACHE_PACKETS):
        source.send()
    await rig.settle()
    listener.receive()
    send(rig, source, redundant(old, lost))  # it comes late: its own place has gone to another
    await rig.settle()
    assert listener.receive() == []
    assert rig.dropped() == {"late": 1}


async def test_levels_belong_to_the_newest_payload_only(rig: Rig) -> None:
    ids = ExtensionIds(audio_level=3)
    source = rig.source("audio", red_payload_type=RED_PT, extensions=ids)
    slot, listener = rig.slot("audio", extensions=ids)
    rig.forwarder.route(slot, source.handle)
    await rig.settle()
    source.send(extensions={3: b"\x20"})
    lost = source.packet()
    send(rig, source, redundant(source.packet(), lost, extensions={3: b"\x30"}, marker=True))
    await rig.settle()
    got = sorted(listener.receive(), key=lambda one: one.sequence)
    assert [(one.extensions, one.marker) for one in got] == [
        ({3: b"\x20"}, False),
        ({}, False),
        ({3: b"\x30"}, True),
    ]


async def test_an_unknown_ssrc_with_its_payload_type_is_reported_and_bound(rig: Rig) -> None:
    source = rig.source("audio", ssrc=0, red_payload_type=RED_PT)
    send(rig, source, source.packet(payload_type=RED_PT, ssrc=77))
    await rig.settle()
    peer = next(handle for handle, known in rig.peers.items() if known is source.peer)
    assert rig.events.unknown == [(peer, 77, RED_PT, "", "")]
    rig.forwarder.bind_ssrc(source.handle, 77)
    send(rig, source, redundant(source.packet(ssrc=77)))
    await rig.settle()
    assert rig.events.started == [source.handle]
