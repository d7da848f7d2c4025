"""Golden: a slot that begins with a keyframe which its source's later packets overtook, on every plane.

What the source sent before the slot began is none of the slot's numbers yet: where the slot stands is what
was sent on it, not what its source has come to. A number that is skipped for good looks like a loss
(RFC 3550 §6.4.1), which the receiver asks for in vain.
"""

from __future__ import annotations

from sfu.rtp.header import RtpPacket
from tests.support.plane_rig import Rig, Source, payloads, sequences
from tests.support.rtp_peer import RtpPeer


async def begun_late(rig: Rig, ahead: int) -> tuple[Source, int, RtpPeer, list[RtpPacket]]:
    """A slot whose keyframe came after the `ahead` packets behind it; returns the packets in their order.

    All of them but the keyframe were handed out before the slot was routed to the source.
    """
    source = rig.source(ssrc=1)
    slot, listener = rig.slot(rtx=False)
    source.send(2, key=True)
    stretch = [source.packet(key=i == 0) for i in range(ahead + 1)]
    source.peer.send(rig.address, stretch[-1])
    await rig.settle()
    rig.forwarder.route(slot, source.handle)
    await rig.settle()
    source.peer.send(rig.address, stretch[0])
    await rig.settle()
    return source, slot, listener, stretch


async def test_the_next_source_follows_the_packet_that_was_sent_last(rig: Rig) -> None:
    _, slot, listener, stretch = await begun_late(rig, ahead=1)
    (begun,) = listener.receive()
    assert begun.payload == stretch[0].payload

    rig.clock.advance(0.25)
    other = rig.source(ssrc=2)
    rig.forwarder.route(slot, other.handle)
    sent = other.send(3, key=True)
    await rig.settle()
    got = listener.receive()
    assert payloads(got) == payloads(sent)
    assert sequences(got) == [(begun.sequence + 1 + i) & 0xFFFF for i in range(3)]
    assert (got[0].timestamp - begun.timestamp) & 0xFFFFFFFF == 22500


async def test_the_figures_name_the_packet_that_was_sent_last(rig: Rig) -> None:
    source, slot, listener, stretch = await begun_late(rig, ahead=3)
    source.peer.send(rig.address, stretch[1])
    await rig.settle()
    begun, last = listener.receive()
    assert last.sequence == begun.sequence + 1
    state = rig.forwarder.slot_state(slot)
    assert (state.last_sequence, state.last_timestamp) == (last.sequence, last.timestamp)
    assert state.packets == 2


async def test_late_packets_behind_the_late_keyframe_are_counted_on(rig: Rig) -> None:
    source, slot, listener, stretch = await begun_late(rig, ahead=4)
    source.peer.send(rig.address, stretch[2])
    await rig.settle()
    source.peer.send(rig.address, stretch[1])
    await rig.settle()
    got = listener.receive()
    assert payloads(got) == [stretch[i].payload for i in (0, 2, 1)]

    other = rig.source(ssrc=2)
    rig.forwarder.route(slot, other.handle)
    other.send(key=True)
    await rig.settle()
    (following,) = listener.receive()
    assert following.sequence == got[0].sequence + 3


async def test_what_the_slot_has_not_reached_is_not_sent_as_a_repair(rig: Rig) -> None:
    source, slot, listener, stretch = await begun_late(rig, ahead=1)
    (begun,) = listener.receive()
    assert rig.forwarder.retransmit(slot, [begun.sequence + 1]) == 0

    newest = source.send()[0]
    await rig.settle()
    (got,) = listener.receive()
    assert (got.payload, got.sequence) == (newest.payload, begun.sequence + 2)
    assert rig.forwarder.retransmit(slot, [begun.sequence + 1]) == 1
    await rig.settle()
    (repair,) = listener.receive()
    assert (repair.payload, repair.sequence) == (stretch[1].payload, begun.sequence + 1)


async def test_a_new_address_does_not_move_the_slot_on(rig: Rig) -> None:
    _, slot, listener, _ = await begun_late(rig, ahead=1)
    (begun,) = listener.receive()
    peer = next(handle for handle, known in rig.peers.items() if known is listener)
    rig.forwarder.set_address(peer, listener.address)
    other = rig.source(ssrc=2)
    rig.forwarder.route(slot, other.handle)
    other.send(key=True)
    await rig.settle()
    (following,) = listener.receive()
    assert following.sequence == begun.sequence + 1


async def test_the_other_listeners_of_the_source_stand_where_they_stood(rig: Rig) -> None:
    source = rig.source(ssrc=1)
    early, earlier = rig.slot()
    rig.forwarder.route(early, source.handle)
    source.send(2, key=True)
    key, newest = source.packet(key=True), source.packet()
    source.peer.send(rig.address, newest)
    await rig.settle()
    late, _ = rig.slot()
    rig.forwarder.route(late, source.handle)
    await rig.settle()
    source.peer.send(rig.address, key)
    await rig.settle()
    got = earlier.receive()
    assert payloads(got)[2:] == [newest.payload, key.payload]
    assert rig.forwarder.slot_state(early).last_sequence == got[2].sequence
