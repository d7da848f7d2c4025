"""Golden: leaving temporal layers out of a VP8 stream (RFC 7741), and probing, on every plane."""

from __future__ import annotations

import pytest

from sfu.forward.contract import MAX_PADDING, MAX_PROBE, ExtensionIds
from sfu.rtp.header import RtpPacket
from sfu.rtp.rtx import unwrap
from tests.support.layer_source import Camera, Seen, assert_decodable, seen
from tests.support.plane_rig import SLOT_VP8_RTX_PT, Rig, payloads
from tests.support.rtp_peer import RtpPeer


async def limited(rig: Rig, temporal: int, rtx: bool = True) -> tuple[Camera, int, RtpPeer]:
    """A slot with this limit that a camera of one layer feeds from its first keyframe on."""
    camera = Camera(rig, count=1)
    slot, listener = rig.slot(rtx=rtx)
    rig.forwarder.limit(slot, temporal)
    rig.forwarder.route(slot, camera.handle(0))
    await rig.settle()
    await shown(rig, camera, 1, key=True)
    return camera, slot, listener


async def shown(rig: Rig, camera: Camera, pictures: int, key: bool = False, packets: int = 2) -> None:
    for index in range(pictures):
        camera.show(key=(0,) if key and index == 0 else (), packets=packets)
        await rig.settle()


def layers(got: list[Seen]) -> list[int | None]:
    """The temporal layers of the pictures, one each."""
    return [p.layer for p in dict.fromkeys(got) if p.instant]


@pytest.mark.parametrize("temporal", [0, 1, 2, 3])
async def test_what_lies_above_the_limit_is_left_out_without_a_hole(rig: Rig, temporal: int) -> None:
    camera, slot, listener = await limited(rig, temporal)
    await shown(rig, camera, 11)
    got = seen(listener.receive())
    pattern = [0, 2, 1, 2] * 3
    assert [p.layer for p in got[::2]] == [layer for layer in pattern if layer <= temporal]
    assert_decodable(got)
    left_out = sum(2 for layer in pattern if layer > temporal)
    assert rig.forwarder.slot_state(slot).thinned == left_out
    assert rig.forwarder.slot_state(slot).packets == len(got)


async def test_a_lower_limit_holds_from_the_next_picture_on(rig: Rig) -> None:
    camera, slot, listener = await limited(rig, 3)
    await shown(rig, camera, 4)
    (packets,) = [camera.layers[0].take(99, False, 2)]
    camera.layers[0].source.peer.send(rig.address, packets[0])
    await rig.settle()
    rig.forwarder.limit(slot, 0)
    await rig.settle()
    camera.layers[0].source.peer.send(rig.address, packets[1])
    await rig.settle()
    camera.instant = 99
    await shown(rig, camera, 6)
    got = seen(listener.receive())
    assert [p.layer for p in got[::2]] == [0, 2, 1, 2, 0, 2, 0]
    assert_decodable(got)


async def test_one_goes_up_only_where_a_picture_depends_on_the_base_alone(rig: Rig) -> None:
    camera, slot, listener = await limited(rig, 0)
    await shown(rig, camera, 2)
    rig.forwarder.limit(slot, 3)
    await rig.settle()
    # The next pictures are of the layers 2, 0, 2 (with the Y bit), 1, 2: the first of them has to wait.
    await shown(rig, camera, 5)
    got = seen(listener.receive())
    assert [p.layer for p in got[::2]] == [0, 0, 2, 1, 2]
    assert_decodable(got)


async def test_a_new_keyframe_source_begins_with_all_that_is_allowed(rig: Rig) -> None:
    camera, slot, listener = await limited(rig, 0)
    await shown(rig, camera, 3)
    other = Camera(rig, count=1, group=78)
    rig.forwarder.limit(slot, 2)
    rig.forwarder.route(slot, other.handle(0))
    await rig.settle()
    await shown(rig, other, 4, key=True)
    got = seen(listener.receive())
    assert [p.layer for p in got[::2]] == [0, 0, 2, 1, 2]
    assert_decodable(got)


async def test_a_late_packet_keeps_the_number_that_was_left_for_it(rig: Rig) -> None:
    camera, _, listener = await limited(rig, 0)
    await shown(rig, camera, 3)
    late = camera.layers[0].take(50, False, 2)
    camera.layers[0].source.peer.send(rig.address, late[0])
    camera.instant = 50
    await shown(rig, camera, 7)
    camera.layers[0].source.peer.send(rig.address, late[1])
    await rig.settle()
    got = seen(listener.receive())
    by_number = sorted(got, key=lambda p: (p.sequence - got[0].sequence) & 0xFFFF)
    assert got[-1] != by_number[-1]
    assert_decodable(by_number)


async def test_a_late_packet_of_a_layer_that_is_left_out_is_left_out(rig: Rig) -> None:
    camera, _, listener = await limited(rig, 0)
    dropped = camera.layers[0].take(50, False, 2)
    assert seen(dropped)[0].layer == 2
    camera.layers[0].source.peer.send(rig.address, dropped[1])
    camera.instant = 50
    await shown(rig, camera, 3)
    camera.layers[0].source.peer.send(rig.address, dropped[0])
    await rig.settle()
    assert [p.layer for p in seen(listener.receive())[::2]] == [0, 0]


async def test_what_was_left_out_is_never_sent_again(rig: Rig) -> None:
    camera, slot, listener = await limited(rig, 0)
    lost = camera.layers[0].take(50, False, 1)
    camera.instant = 50
    await shown(rig, camera, 7)
    camera.layers[0].source.peer.send(rig.address, lost[0])
    await rig.settle()
    got = listener.receive()
    hole = got[1].sequence + 1 & 0xFFFF
    assert [p.sequence for p in got[:4]] == [got[0].sequence + i & 0xFFFF for i in (0, 1, 3, 4)]
    assert rig.forwarder.retransmit(slot, [hole]) == 0 or rig.forwarder.plane == "native"
    await rig.settle()
    assert listener.receive() == []


async def test_over_many_drops_the_right_packets_are_sent_again(rig: Rig) -> None:
    camera, slot, listener = await limited(rig, 1)
    await shown(rig, camera, 40)
    got = listener.receive()
    wanted = [p.sequence for p in got[-30:]]
    assert rig.forwarder.retransmit(slot, wanted) == 30
    await rig.settle()
    assert [unwrap(p.payload) for p in listener.receive()] == [(p.sequence, p.payload) for p in got[-30:]]


async def test_without_rtx_what_is_sent_again_between_drops_is_the_same_bytes(rig: Rig) -> None:
    camera = Camera(rig, count=1)
    slot, listener = rig.slot(rtx=False, extensions=ExtensionIds(transport_cc=3))
    rig.forwarder.limit(slot, 0)
    rig.forwarder.route(slot, camera.handle(0))
    await rig.settle()
    await shown(rig, camera, 9, key=True)
    got = listener.receive()
    before = list(listener.datagrams)
    assert rig.forwarder.retransmit(slot, [p.sequence for p in got]) == len(got) == 6
    await rig.settle()
    assert listener.receive_raw() == before
    assert rig.dropped() == {}


async def test_the_next_source_follows_a_slot_that_left_packets_out(rig: Rig) -> None:
    camera, slot, listener = await limited(rig, 0)
    await shown(rig, camera, 6)
    rig.forwarder.limit(slot, 3)
    other = Camera(rig, count=1, group=78)
    rig.forwarder.route(slot, other.handle(0))
    await rig.settle()
    await shown(rig, other, 3, key=True)
    assert_decodable(seen(listener.receive()))


async def test_streams_without_temporal_layers_pass_whole(rig: Rig) -> None:
    source = rig.source()
    slot, listener = rig.slot()
    rig.forwarder.limit(slot, 0)
    rig.forwarder.route(slot, source.handle)
    await rig.settle()
    sent = source.send(6, key=True)
    await rig.settle()
    assert payloads(listener.receive()) == payloads(sent)


@pytest.mark.parametrize("temporal", [-1, 4])
async def test_there_are_four_temporal_layers(rig: Rig, temporal: int) -> None:
    slot, _ = rig.slot()
    with pytest.raises(ValueError, match="temporal layer"):
        rig.forwarder.limit(slot, temporal)


# --- probing ---------------------------------------------------------------------------------------


def padding(packet: RtpPacket) -> tuple[int, int, bytes]:
    return packet.ssrc, packet.payload_type, packet.payload


async def test_a_probe_is_padding_on_the_rtx_stream_with_transport_wide_numbers(rig: Rig) -> None:
    slot, listener = rig.slot(extensions=ExtensionIds(mid=1, transport_cc=3), mid="v0")
    assert rig.forwarder.probe(slot, 3, 200) == 3
    await rig.settle()
    got = listener.receive()
    assert [padding(p) for p in got] == [(5001, SLOT_VP8_RTX_PT, b"")] * 3
    assert [p.padding for p in got] == [200] * 3
    assert [p.extensions for p in got] == [{3: bytes((0, i)), 1: b"v0"} for i in range(3)]
    assert [p.sequence for p in got] == [got[0].sequence + i for i in range(3)]
    peer = next(handle for handle, known in rig.peers.items() if known is listener)
    assert [at for at, _ in rig.forwarder.transport_sent(peer, [0, 1, 2])] == [rig.clock.now] * 3
    assert rig.forwarder.counters().probes == 3


async def test_probes_and_retransmissions_share_their_numbers(rig: Rig) -> None:
    camera, slot, listener = await limited(rig, 3)
    (first, second) = listener.receive()
    rig.forwarder.probe(slot, 1, 10)
    rig.forwarder.retransmit(slot, [first.sequence])
    rig.forwarder.probe(slot, 1, 10)
    await rig.settle()
    got = listener.receive()
    assert [p.sequence for p in got] == [got[0].sequence + i for i in range(3)]
    assert [len(p.payload) > 0 for p in got] == [False, True, False]
    await shown(rig, camera, 1)
    assert listener.receive()[0].sequence == second.sequence + 1


async def test_one_probe_is_bounded(rig: Rig) -> None:
    slot, listener = rig.slot()
    assert rig.forwarder.probe(slot, 1000, 1000) == MAX_PROBE
    await rig.settle()
    assert [p.padding for p in listener.receive()] == [MAX_PADDING] * MAX_PROBE


async def test_without_rtx_or_an_address_nothing_is_probed(rig: Rig) -> None:
    slot, listener = rig.slot(rtx=False)
    assert rig.forwarder.probe(slot, 3, 200) == 0
    other, _ = rig.slot(peer=next(h for h, known in rig.peers.items() if known is listener), ssrc=7000)
    rig.forwarder.set_address(next(h for h, known in rig.peers.items() if known is listener), None)
    await rig.settle()
    assert rig.forwarder.probe(other, 3, 200) == 0
    await rig.settle()
    assert listener.receive() == []
