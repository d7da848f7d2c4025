"""Golden: changing between simulcast layers of one source, on every plane."""

from __future__ import annotations

from itertools import groupby

import pytest

from sfu.forward.contract import MAX_SKEW_MS, Codec
from sfu.rtp.rtx import unwrap
from tests.support.layer_source import FRAME_TICKS, Camera, Seen, assert_decodable, seen
from tests.support.plane_rig import Rig
from tests.support.rtp_peer import RtpPeer


async def watching(rig: Rig, layer: int = 0, synced: bool = True) -> tuple[Camera, int, RtpPeer]:
    """A camera of three layers, and a slot that has seen a keyframe and two pictures of one of them."""
    camera = Camera(rig, synced=synced)
    slot, listener = rig.slot()
    rig.forwarder.route(slot, camera.handle(layer))
    await rig.settle()
    camera.show(key=(0, 1, 2))
    for _ in range(2):
        await rig.settle()
        camera.show()
    await rig.settle()
    return camera, slot, listener


async def shown(rig: Rig, camera: Camera, pictures: int, key: tuple[int, ...] = ()) -> None:
    for index in range(pictures):
        camera.show(key=key if index == 0 else ())
        await rig.settle()


async def test_the_old_layer_flows_until_the_new_one_shows_a_keyframe(rig: Rig) -> None:
    camera, slot, listener = await watching(rig)
    rig.forwarder.route(slot, camera.handle(2), hold=True)
    await rig.settle()
    assert rig.events.keyframes[-1] == camera.handle(2)
    await shown(rig, camera, 2)
    await shown(rig, camera, 2, key=(2,))
    got = seen(listener.receive())
    assert [p.handle for p in got[::2]] == [camera.handle(0)] * 6 + [camera.handle(2)] * 2
    assert_decodable(got)
    assert rig.forwarder.slot_state(slot).producer == camera.handle(2)


async def test_a_forced_change_stops_the_old_layer_at_once(rig: Rig) -> None:
    camera, slot, listener = await watching(rig, layer=2)
    rig.forwarder.route(slot, camera.handle(0))
    await rig.settle()
    await shown(rig, camera, 3)
    await shown(rig, camera, 2, key=(0,))
    got = seen(listener.receive())
    assert [(p.handle, p.instant) for p in got[::2]] == [
        *((camera.handle(2), i) for i in (1, 2, 3)),
        *((camera.handle(0), i) for i in (7, 8)),
    ]
    assert_decodable(got)


async def test_a_change_that_was_to_wait_can_be_forced_afterwards(rig: Rig) -> None:
    camera, slot, listener = await watching(rig, layer=2)
    rig.forwarder.route(slot, camera.handle(0), hold=True)
    await rig.settle()
    await shown(rig, camera, 1)
    rig.forwarder.route(slot, camera.handle(0))
    await rig.settle()
    await shown(rig, camera, 2)
    await shown(rig, camera, 1, key=(0,))
    got = seen(listener.receive())
    assert [p.instant for p in got[::2]] == [1, 2, 3, 4, 7]
    assert_decodable(got)


async def test_a_change_that_waits_can_be_taken_back(rig: Rig) -> None:
    camera, slot, listener = await watching(rig)
    rig.forwarder.route(slot, camera.handle(1), hold=True)
    rig.forwarder.route(slot, camera.handle(0), hold=True)
    await rig.settle()
    await shown(rig, camera, 2, key=(1, 2))
    got = seen(listener.receive())
    assert {p.handle for p in got} == {camera.handle(0)}
    assert_decodable(got)


async def test_another_layer_can_be_waited_for_instead(rig: Rig) -> None:
    camera, slot, listener = await watching(rig)
    rig.forwarder.route(slot, camera.handle(1), hold=True)
    rig.forwarder.route(slot, camera.handle(2), hold=True)
    await rig.settle()
    await shown(rig, camera, 1, key=(1,))
    await shown(rig, camera, 1, key=(2,))
    got = seen(listener.receive())
    assert [p.handle for p in got[::2]] == [camera.handle(0)] * 5 + [camera.handle(2)]
    assert_decodable(got)


async def test_up_and_down_and_up_again_is_one_stream(rig: Rig) -> None:
    camera, slot, listener = await watching(rig)
    for layer in (1, 2, 0, 2, 1, 0):
        rig.forwarder.route(slot, camera.handle(layer), hold=True)
        await rig.settle()
        await shown(rig, camera, 2, key=(0, 1, 2))
    got = seen(listener.receive())
    assert [handle for handle, _ in groupby(got, lambda p: p.handle)] == [
        camera.handle(layer) for layer in (0, 1, 2, 0, 2, 1, 0)
    ]
    assert_decodable(got)


async def test_time_keeps_to_the_cameras_clock_over_every_change(rig: Rig) -> None:
    camera, slot, listener = await watching(rig)
    for layer in (1, 2, 0):
        rig.forwarder.route(slot, camera.handle(layer), hold=True)
        await rig.settle()
        rig.clock.advance(0.05)  # the keyframe is large and comes late
        await shown(rig, camera, 2, key=(0, 1, 2))
    got = seen(listener.receive())
    base = got[0]
    for p in got:
        expected = base.timestamp + (p.instant - base.instant) * FRAME_TICKS
        # An instant that two layers show takes a tick more than what was sent of it.
        assert (p.timestamp - expected) & 0xFFFFFFFF <= 2


async def test_a_keyframe_of_an_instant_that_was_shown_already_takes_one_tick(rig: Rig) -> None:
    camera, slot, listener = await watching(rig)
    rig.forwarder.route(slot, camera.handle(1), hold=True)
    await rig.settle()
    # The low layer's picture of this instant leaves first; then the high layer's keyframe of it.
    low, high, _ = camera.layers
    camera.instant += 1
    rig.clock.advance(1 / 30)
    for packet in low.take(camera.instant, False, 1):
        low.source.peer.send(rig.address, packet)
    await rig.settle()
    for packet in high.take(camera.instant, True, 1):
        high.source.peer.send(rig.address, packet)
    await rig.settle()
    rig.forwarder.route(slot, camera.handle(0), hold=True)
    await rig.settle()
    await shown(rig, camera, 1, key=(0,))
    got = seen(listener.receive())
    assert_decodable(got)
    assert [p.instant for p in got[-4:]] == [4, 4, 5, 5]
    assert got[-3].timestamp == got[-4].timestamp + 1 & 0xFFFFFFFF
    # And what was added is not carried on.
    assert got[-2].timestamp == got[-4].timestamp + FRAME_TICKS & 0xFFFFFFFF


@pytest.mark.parametrize("skew", [-MAX_SKEW_MS - 100, MAX_SKEW_MS + 100])
async def test_clocks_that_disagree_with_the_wall_are_not_believed(rig: Rig, skew: int) -> None:
    camera, slot, listener = await watching(rig, layer=1)
    rig.forwarder.sync(camera.handle(0), 77, camera.layers[0].base + 90 * skew & 0xFFFFFFFF)
    rig.forwarder.route(slot, camera.handle(0), hold=True)
    await rig.settle()
    await shown(rig, camera, 1, key=(0,))
    got = seen(listener.receive())
    assert_decodable(got)
    assert (got[-1].timestamp - got[-3].timestamp) & 0xFFFFFFFF == FRAME_TICKS


async def test_layers_without_a_common_clock_follow_the_wall(rig: Rig) -> None:
    camera, slot, listener = await watching(rig, layer=2, synced=False)
    rig.forwarder.route(slot, camera.handle(0), hold=True)
    await rig.settle()
    rig.clock.advance(0.1)
    await shown(rig, camera, 1, key=(0,))
    got = seen(listener.receive())
    assert_decodable(got)
    assert (got[-1].timestamp - got[-3].timestamp) & 0xFFFFFFFF == FRAME_TICKS + 9000


async def test_another_persons_pictures_go_on_in_the_same_numbers(rig: Rig) -> None:
    _, slot, listener = await watching(rig)
    other = Camera(rig, count=1, group=78)
    other.layers[0].picture, other.layers[0].tl0 = 5, 3
    rig.forwarder.route(slot, other.handle(0))
    await rig.settle()
    await shown(rig, other, 3, key=(0,))
    got = seen(listener.receive())
    assert [p.handle for p in got[-6:]] == [other.handle(0)] * 6
    assert_decodable(got)


async def test_a_picture_number_of_seven_bits_keeps_its_width(rig: Rig) -> None:
    _, slot, listener = await watching(rig)
    other = Camera(rig, count=1, group=78)
    other.layers[0].long = False
    other.layers[0].picture = 126
    rig.forwarder.route(slot, other.handle(0))
    await rig.settle()
    await shown(rig, other, 4, key=(0,))
    got = seen(listener.receive())
    last = got[5].picture
    assert last is not None
    assert [p.picture for p in got[6::2]] == [(last + i) & 0x7F for i in (1, 2, 3, 4)]
    assert len({len(p.payload) for p in listener.receive()}) <= 1


async def test_a_slot_that_was_sent_nothing_passes_the_pictures_on_as_they_are(rig: Rig) -> None:
    camera = Camera(rig, count=1)
    slot, listener = rig.slot()
    rig.forwarder.route(slot, camera.handle(0))
    await rig.settle()
    (sent,) = camera.show(key=(0,))
    await rig.settle()
    assert [p.payload for p in listener.receive()] == [p.payload for p in sent]


async def test_what_is_sent_again_is_the_rewritten_packet(rig: Rig) -> None:
    camera, slot, listener = await watching(rig)
    rig.forwarder.route(slot, camera.handle(1), hold=True)
    await rig.settle()
    await shown(rig, camera, 2, key=(1,))
    got = listener.receive()
    assert rig.forwarder.retransmit(slot, [p.sequence for p in got]) == 4
    await rig.settle()
    again = listener.receive()
    assert [unwrap(p.payload) for p in again] == [(p.sequence, p.payload) for p in got[-4:]]


async def test_while_a_change_waits_the_old_layers_packets_are_still_sent_again(rig: Rig) -> None:
    camera, slot, listener = await watching(rig)
    got = listener.receive()
    rig.forwarder.route(slot, camera.handle(1), hold=True)
    await rig.settle()
    assert rig.forwarder.retransmit(slot, [got[-1].sequence]) == 1
    await rig.settle()
    assert unwrap(listener.receive()[0].payload) == (got[-1].sequence, got[-1].payload)


async def test_without_rtx_a_rewritten_packet_is_the_same_bytes_again(rig: Rig) -> None:
    camera = Camera(rig, count=2)
    slot, listener = rig.slot(rtx=False)
    rig.forwarder.route(slot, camera.handle(0))
    await rig.settle()
    await shown(rig, camera, 2, key=(0,))
    rig.forwarder.route(slot, camera.handle(1), hold=True)
    await rig.settle()
    await shown(rig, camera, 1, key=(1,))
    numbers = [p.sequence for p in listener.receive()]
    before = list(listener.datagrams)
    assert rig.forwarder.retransmit(slot, numbers[-2:]) == 2
    await rig.settle()
    assert listener.receive_raw() == before[-2:]
    assert rig.dropped() == {}


async def test_when_the_old_layer_ends_the_new_one_is_waited_for(rig: Rig) -> None:
    camera, slot, listener = await watching(rig)
    rig.forwarder.route(slot, camera.handle(1), hold=True)
    rig.forwarder.remove_producer(camera.handle(0))
    await rig.settle()
    await shown(rig, camera, 2)
    await shown(rig, camera, 1, key=(1,))
    got = seen(listener.receive())
    assert [p.instant for p in got[::2]] == [1, 2, 3, 6]
    assert_decodable(got)


async def test_when_the_new_layer_ends_the_slot_falls_silent(rig: Rig) -> None:
    camera, slot, listener = await watching(rig)
    listener.receive()
    rig.forwarder.route(slot, camera.handle(1), hold=True)
    rig.forwarder.remove_producer(camera.handle(1))
    await rig.settle()
    await shown(rig, camera, 2, key=(0, 1, 2))
    assert listener.receive() == []


async def test_taking_the_route_away_ends_a_change_that_waits(rig: Rig) -> None:
    camera, slot, listener = await watching(rig)
    listener.receive()
    rig.forwarder.route(slot, camera.handle(1), hold=True)
    rig.forwarder.route(slot, None)
    await rig.settle()
    await shown(rig, camera, 2, key=(0, 1, 2))
    assert listener.receive() == []
    assert rig.forwarder.slot_state(slot).producer == 0


async def test_a_slot_that_is_removed_while_it_waits_leaves_the_others_alone(rig: Rig) -> None:
    camera, slot, _ = await watching(rig)
    other, listener = rig.slot()
    rig.forwarder.route(other, camera.handle(0))
    await rig.settle()
    await shown(rig, camera, 1, key=(0,))
    for handle in (slot, other):
        rig.forwarder.route(handle, camera.handle(2), hold=True)
    rig.forwarder.remove_slot(slot)
    await rig.settle()
    await shown(rig, camera, 1, key=(2,))
    got = seen(listener.receive())
    assert [p.handle for p in got[::2]] == [camera.handle(0)] * 2 + [camera.handle(2)]
    assert_decodable(got)


async def test_holding_a_slot_that_does_not_flow_is_an_ordinary_route(rig: Rig) -> None:
    camera = Camera(rig)
    slot, listener = rig.slot()
    rig.forwarder.route(slot, camera.handle(0), hold=True)
    rig.forwarder.route(slot, camera.handle(1), hold=True)
    await rig.settle()
    await shown(rig, camera, 2, key=(0, 1, 2))
    got: list[Seen] = seen(listener.receive())
    assert {p.handle for p in got} == {camera.handle(1)}
    assert_decodable(got)


async def test_a_codec_that_the_slot_does_not_take_cannot_be_held_for(rig: Rig) -> None:
    _, slot, _ = await watching(rig)
    stranger = rig.source(ssrc=9, codec=Codec.H264)
    with pytest.raises(ValueError, match="cannot carry H264"):
        rig.forwarder.route(slot, stranger.handle, hold=True)


async def test_the_bytes_of_every_temporal_layer_are_counted(rig: Rig) -> None:
    camera = Camera(rig, count=1)
    sizes = [0, 0, 0, 0]
    for index in range(8):
        (packets,) = camera.show(key=(0,) if index == 0 else ())
        for packet, p in zip(packets, seen(packets), strict=True):
            sizes[p.layer or 0] += len(packet.payload)
        await rig.settle()
    assert rig.forwarder.producer_state(camera.handle(0)).temporal_bytes == tuple(sizes)
    assert sizes[3] == 0 < sizes[1] < sizes[2]
