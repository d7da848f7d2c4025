"""Golden: when what a publisher sent came in, for its transport-wide feedback, on every plane."""

from __future__ import annotations

import pytest

from sfu.forward.contract import MAX_ARRIVALS, ExtensionIds
from sfu.rtp.header import RtpPacket
from tests.support.plane_rig import VP8_RTX_PT, Rig, Source

NUMBERED = ExtensionIds(mid=1, transport_cc=5)


def number(value: int) -> dict[int, bytes]:
    return {1: b"0", 5: value.to_bytes(2, "big")}


async def test_numbers_and_times_are_told_once_in_the_order_of_arrival(rig: Rig) -> None:
    source = rig.source(extensions=NUMBERED)
    for value in (65534, 0, 65535):
        source.send(1, extensions=number(value))
        await rig.settle()
        rig.clock.advance(0.01)
    peer = next(handle for handle, one in rig.peers.items() if one is source.peer)
    told = rig.forwarder.transport_arrived(peer)
    assert [one for one, _ in told] == [65534, 0, 65535]
    assert [round(at, 6) for _, at in told] == [1000.0, 1000.01, 1000.02]
    assert rig.forwarder.transport_arrived(peer) == []


async def test_repairs_and_probes_count_and_what_is_not_authentic_does_not(rig: Rig) -> None:
    source = rig.source(extensions=NUMBERED, rtx_payload_type=VP8_RTX_PT, rtx_ssrc=1001)
    peer = next(handle for handle, one in rig.peers.items() if one is source.peer)
    source.send(1, extensions=number(1))
    probe = RtpPacket(VP8_RTX_PT, 7, 0, 1001, b"", extensions=number(2), padding=100)
    source.peer.send(rig.address, probe)
    stranger = rig.source(ssrc=1000).peer
    forged = source.packet(extensions=number(3))
    source.peer.send_raw(rig.address, stranger.protect(forged))
    await rig.settle()
    assert [one for one, _ in rig.forwarder.transport_arrived(peer)] == [1, 2]


@pytest.mark.parametrize("two_byte", [False, True], ids=["one-byte form", "two-byte form"])
async def test_only_sources_that_negotiated_the_numbers_are_asked(rig: Rig, two_byte: bool) -> None:
    peer, _ = rig.peer()
    video = rig.source(peer=peer, extensions=NUMBERED)
    audio = rig.source("audio", ssrc=2000, peer=peer)
    more = {9: b"x" * 20} if two_byte else {}
    video.send(1, extensions=number(1) | more)
    audio.send(1, extensions=number(2))
    video.send(1, extensions={1: b"0"})
    video.send(1, extensions={5: b"x"})
    await rig.settle()
    assert [one for one, _ in rig.forwarder.transport_arrived(peer)] == [1]


async def test_no_more_than_the_bound_waits(rig: Rig) -> None:
    source: Source = rig.source("audio", extensions=NUMBERED)
    peer = next(handle for handle, one in rig.peers.items() if one is source.peer)
    for value in range(MAX_ARRIVALS + 50):
        source.send(1, extensions=number(value))
        if value % 50 == 0:
            await rig.settle()
    await rig.settle()
    told = [one for one, _ in rig.forwarder.transport_arrived(peer)]
    assert told == list(range(MAX_ARRIVALS))
    source.send(1, extensions=number(9))
    await rig.settle()
    assert [one for one, _ in rig.forwarder.transport_arrived(peer)] == [9]
