"""Golden: redundant audio (RFC 2198) on its way out, on every plane."""

from __future__ import annotations

from typing import Any

import pytest

from sfu.forward.contract import (
    AUDIO_CACHE_MS,
    AUDIO_CACHE_PACKETS,
    MAX_DROPOUT,
    MAX_RED_BYTES,
    RETRANSMIT_GATE_MS,
    Codec,
    ExtensionIds,
    SlotParams,
    SrtpProfile,
)
from sfu.rtp import rtx
from sfu.rtp.header import RtpPacket
from sfu.rtp.red import MAX_BLOCK, MAX_TICKS, Block, unwrap, wrap
from tests.support.plane_rig import (
    OPUS_PT,
    RED_PT,
    SLOT_OPUS_PT,
    SLOT_RED_PT,
    Rig,
    Source,
    payloads,
    sequences,
)
from tests.support.rtp_peer import RtpPeer

STEP = 960
FRAME = 0.02
NUMBERED = ExtensionIds(transport_cc=5)


async def flowing(rig: Rig, **slot: Any) -> tuple[Source, int, RtpPeer]:
    """A voice and a listener whose slot takes redundant audio; it is on, and a packet has gone out."""
    source = rig.source("audio", red_payload_type=RED_PT)
    handle, listener = rig.slot("audio", red=True, **slot)
    rig.forwarder.route(handle, source.handle)
    rig.forwarder.redundancy(handle, True)
    await rig.settle()
    source.send()
    await rig.settle()
    first = listener.receive()
    assert [one.payload_type for one in first] == [SLOT_OPUS_PT]  # there is nothing before it
    return source, handle, listener


def parts(packet: RtpPacket) -> tuple[bytes | None, bytes]:
    """The payload before that a packet carries (None: it is plain) and its own."""
    if packet.payload_type == SLOT_OPUS_PT:
        return None, packet.payload
    assert packet.payload_type == SLOT_RED_PT
    found = unwrap(packet.payload, 1)
    assert (found.payload_type, found.earlier[0].payload_type) == (SLOT_OPUS_PT, SLOT_OPUS_PT)
    return found.earlier[0].payload, found.payload


async def test_a_packet_carries_the_one_before(rig: Rig) -> None:
    source, slot, listener = await flowing(rig)
    sent = source.send(3, marker=True)
    await rig.settle()
    got = listener.receive()
    assert [parts(one)[1] for one in got] == payloads(sent)
    assert [parts(one)[0] for one in got][1:] == payloads(sent)[:-1]
    assert [unwrap(one.payload, 1).earlier[0].ticks for one in got] == [STEP] * 3
    assert [one.marker for one in got] == [True] * 3
    assert sequences(got) == list(range(got[0].sequence, got[0].sequence + 3))
    assert rig.forwarder.counters().doubled == 3
    state = rig.forwarder.slot_state(slot)
    assert (state.packets, state.bytes) == (4, sum(map(len, payloads(got))) + len(sent[0].payload))


async def test_who_does_not_want_it_gets_plain_packets_of_the_same_voice(rig: Rig) -> None:
    source, _, listener = await flowing(rig)
    other, plain = rig.slot("audio", red=True)
    without, third = rig.slot("audio")
    for slot in (other, without):
        rig.forwarder.route(slot, source.handle)
    await rig.settle()
    sent = source.send(2)
    await rig.settle()
    assert payloads(plain.receive()) == payloads(third.receive()) == payloads(sent)
    assert [parts(one)[0] is None for one in listener.receive()] == [False, False]
    with pytest.raises(ValueError, match="no redundant audio"):
        rig.forwarder.redundancy(without, True)
    with pytest.raises(KeyError):
        rig.forwarder.redundancy(9999, True)


async def test_it_goes_on_and_off_between_two_packets_without_a_gap(rig: Rig) -> None:
    source, slot, listener = await flowing(rig)
    seen = []
    for on in (True, False, False, True, True):
        rig.forwarder.redundancy(slot, on)
        await rig.settle()
        source.send()
        await rig.settle()
        seen += listener.receive()
    assert [parts(one)[0] is not None for one in seen] == [True, False, False, True, True]
    assert sequences(seen) == list(range(seen[0].sequence, seen[0].sequence + 5))
    assert [one.timestamp - seen[0].timestamp for one in seen] == [STEP * n for n in range(5)]


async def test_what_was_lost_on_the_way_to_us_goes_out_plainly_until_it_is_there(rig: Rig) -> None:
    source, _, listener = await flowing(rig)
    source.lose(1)
    source.send(2)
    await rig.settle()
    assert [parts(one)[0] is None for one in listener.receive()] == [True, False]


async def test_a_late_packet_carries_the_one_before_too(rig: Rig) -> None:
    source, _, listener = await flowing(rig)
    late, packet = source.packet(), source.packet()
    for one in (packet, late):
        source.peer.send(rig.address, one)
        await rig.settle()
    first, second = listener.receive()
    assert parts(first) == (None, packet.payload)
    assert parts(second)[1] == late.payload
    assert parts(second)[0] is not None


async def test_what_a_publishers_redundancy_brought_back_is_carried_on(rig: Rig) -> None:
    source, _, listener = await flowing(rig)
    lost, packet = source.packet(), source.packet()
    newest = packet.payload
    packet.payload = wrap([Block(OPUS_PT, STEP, lost.payload)], OPUS_PT, newest)
    packet.payload_type = RED_PT
    source.peer.send(rig.address, packet)
    await rig.settle()
    by_number = sorted(listener.receive(), key=lambda one: one.sequence)
    assert parts(by_number[0])[1] == lost.payload
    assert parts(by_number[1]) == (lost.payload, newest)


async def test_nothing_from_before_the_route_is_carried_along(rig: Rig) -> None:
    source, _, _ = await flowing(rig)
    late, newcomer = rig.slot("audio", red=True)
    rig.forwarder.redundancy(late, True)
    rig.forwarder.route(late, source.handle)
    await rig.settle()
    source.send(2)
    await rig.settle()
    first, second = newcomer.receive()
    assert parts(first)[0] is None
    assert parts(second)[0] == first.payload


async def test_another_source_begins_plainly(rig: Rig) -> None:
    source, slot, listener = await flowing(rig)
    other = rig.source("audio", ssrc=2000, first=5)
    other.send(3)
    await rig.settle()
    rig.forwarder.route(slot, other.handle)
    await rig.settle()
    source.send()
    other.send(2)
    await rig.settle()
    first, second = listener.receive()
    assert parts(first) == (None, first.payload)
    assert parts(second)[0] == first.payload


@pytest.mark.parametrize(
    ("before", "newest", "ticks", "doubled"),
    [
        (MAX_BLOCK, 10, STEP, True),
        (MAX_BLOCK + 1, 10, STEP, False),
        (0, 10, STEP, False),
        (600, MAX_RED_BYTES - 605, STEP, True),
        (600, MAX_RED_BYTES - 604, STEP, False),
        (40, 0, MAX_TICKS, True),
        (40, 40, MAX_TICKS + 1, False),  # somebody was silent in between
        (40, 40, 0, False),
        (40, 40, -STEP, False),
    ],
)
async def test_what_does_not_fit_goes_out_plainly(
    rig: Rig, before: int, newest: int, ticks: int, doubled: bool
) -> None:
    source, _, listener = await flowing(rig)
    first = source.packet(payload=b"a" * before)
    second = source.packet(payload=b"b" * newest, timestamp=first.timestamp + ticks)
    for one in (first, second):
        source.peer.send(rig.address, one)
    await rig.settle()
    got = max(listener.receive(), key=lambda one: one.sequence)
    assert parts(got) == (first.payload if doubled else None, second.payload)


async def test_what_is_older_than_the_cache_is_not_carried(rig: Rig) -> None:
    source, _, listener = await flowing(rig)
    rig.clock.advance(AUDIO_CACHE_MS / 1000 + 0.01)
    source.send()
    await rig.settle()
    assert parts(listener.receive()[0])[0] is None


@pytest.mark.parametrize("profile", list(SrtpProfile))
@pytest.mark.parametrize("numbered", [False, True])
async def test_a_repeated_packet_is_the_same_bytes_whatever_is_in_force_now(
    rig: Rig, profile: SrtpProfile, numbered: bool
) -> None:
    extensions = NUMBERED if numbered else None
    source, slot, listener = await flowing(rig, profile=profile, extensions=extensions)
    listener.datagrams.clear()
    source.lose(1)
    source.send(3)  # plain, then two that carry the one before
    await rig.settle()
    rig.forwarder.redundancy(slot, False)
    await rig.settle()
    source.send(1)
    await rig.settle()
    numbers = sequences(listener.receive())
    sent = list(listener.datagrams)
    for on in (False, True):
        rig.clock.advance(RETRANSMIT_GATE_MS / 1000 + 0.001)
        rig.forwarder.redundancy(slot, on)
        await rig.settle()
        assert rig.forwarder.retransmit(slot, numbers) == 4
        await rig.settle()
        assert listener.receive_raw() == sent


async def test_a_packet_whose_bytes_cannot_be_made_again_is_not_repeated(rig: Rig) -> None:
    """The one before has left the cache; the packet itself has not."""
    source, slot, listener = await flowing(rig)
    for _ in range(2):
        rig.clock.advance(FRAME)
        source.send()
        await rig.settle()
    numbers = sequences(listener.receive())
    rig.clock.advance(AUDIO_CACHE_MS / 1000 - FRAME / 2)
    rig.forwarder.retransmit(slot, numbers)
    await rig.settle()
    assert listener.receive_raw() == []


async def test_a_late_arrival_does_not_change_what_a_repeated_packet_carries(rig: Rig) -> None:
    """Plain at first, since the one before was missing; a nonce must not be used for the other form."""
    source, slot, listener = await flowing(rig)
    late, packet = source.packet(), source.packet()
    source.peer.send(rig.address, packet)
    await rig.settle()
    number = listener.receive()[0].sequence
    sent = listener.datagrams[-1]
    source.peer.send(rig.address, late)
    await rig.settle()
    listener.receive()
    assert rig.forwarder.retransmit(slot, [number]) == 1
    await rig.settle()
    assert listener.receive_raw() == [sent]


async def test_a_number_long_gone_is_not_repeated_in_the_other_form(rig: Rig) -> None:
    """The source starts anew far ahead again and again: its cache still holds what the slot has forgotten."""
    source, slot, listener = await flowing(rig)
    source.send(2)
    await rig.settle()
    old = listener.receive()
    for _ in range(6):  # the first of the last 51 is plain, and 256 behind the second of the old ones
        source.lose(MAX_DROPOUT + 1)
        source.lose((103 - source.sequence) % AUDIO_CACHE_PACKETS)
        for _ in range(3):  # into all places but theirs
            source.send(17)
            await rig.settle()
            listener.receive()
    before = set(listener.datagrams)
    rig.forwarder.retransmit(slot, sequences(old))
    await rig.settle()
    assert set(listener.receive_raw()) <= before


async def test_what_is_repeated_as_rtx_is_the_payload_alone(rig: Rig) -> None:
    """RTX has numbers of its own, and names the payload type by its own (RFC 4588 §8.6)."""
    source = rig.source("audio")
    peer, listener = rig.peer()
    slot = rig.handle()
    params = SlotParams("audio", 5, 6, {Codec.OPUS: (SLOT_OPUS_PT, 101)}, red_payload_type=SLOT_RED_PT)
    rig.forwarder.add_slot(slot, peer, params)
    rig.forwarder.route(slot, source.handle)
    rig.forwarder.redundancy(slot, True)
    await rig.settle()
    source.send(2)
    await rig.settle()
    got = listener.receive()
    assert parts(got[1])[0] is not None
    assert rig.forwarder.retransmit(slot, [got[1].sequence]) == 1
    await rig.settle()
    again = listener.receive()[0]
    assert again.payload_type == 101
    assert rtx.unwrap(again.payload) == (got[1].sequence, parts(got[1])[1])
