"""Golden: what a peer sends is unprotected as RFC 3711 and libsrtp do it, on every plane."""

from __future__ import annotations

import random

import pytest

from sfu.forward.contract import MAX_RECEIVED_SSRCS, SrtpProfile
from sfu.forward.srtp import (
    STATUS_AUTH_FAILED,
    STATUS_CIPHER_FAILED,
    STATUS_OK,
    STATUS_REPLAYED,
    STATUS_TOO_OLD,
    WINDOW_PACKETS,
    ffi,
    receiver,
    unprotect,
)
from sfu.rtp.header import RtpPacket
from tests.support.plane_rig import OPUS_PT, Rig, payloads
from tests.support.rtp_peer import RtpPeer

REFUSED = {
    STATUS_AUTH_FAILED: "auth",
    STATUS_CIPHER_FAILED: "auth",
    STATUS_REPLAYED: "replay",
    STATUS_TOO_OLD: "replay",
}


def packet(number: int, ssrc: int = 1000) -> RtpPacket:
    return RtpPacket(OPUS_PT, number & 0xFFFF, number * 960 & 0xFFFFFFFF, ssrc, b"%d" % number)


def forged(data: bytes, number: int) -> bytes:
    """The datagram with another number, which its tag does not fit."""
    return data[:2] + (number & 0xFFFF).to_bytes(2, "big") + data[4:]


class Oracle:
    """A receiver of libsrtp's with a peer's keys: what it says of each datagram."""

    def __init__(self, peer: RtpPeer) -> None:
        self._session = receiver(peer.profile, peer.send_key)
        self.refused: dict[str, int] = {}

    def take(self, data: bytes) -> None:
        room, length = ffi.new("char[]", data), ffi.new("int *", len(data))
        status = unprotect(self._session.context, room, length)
        if status != STATUS_OK:
            self.refused[REFUSED[status]] = self.refused.get(REFUSED[status], 0) + 1


def stream(peer: RtpPeer, dice: random.Random) -> list[bytes]:
    """A long stream of one SSRC as a bad network brings it: lost, late, doubled, forged, across rollovers."""
    found: list[bytes] = []
    late: list[bytes] = []
    number = dice.choice([0, 5, 32760, 32770, 65530])
    for _ in range(700):
        number += dice.choice([1] * 20 + [2, 30, 900, WINDOW_PACKETS - 1, WINDOW_PACKETS, 3000, 9000])
        data = peer.protect(packet(number))
        way = dice.random()
        if way < 0.1:
            late.append(data)
        elif way < 0.9:
            found.append(data)
        if way > 0.95:
            found.append(forged(data, number + dice.choice([1, 20000, 32768, 40000])))
        if late and dice.random() < 0.1:
            found.append(late.pop(dice.randrange(len(late))))
        if found and dice.random() < 0.1:
            found.append(dice.choice(found[-50:]))
        if found and dice.random() < 0.02:
            found.append(dice.choice(found))
    return found


@pytest.mark.parametrize("profile", list(SrtpProfile))
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_what_is_taken_and_what_is_refused_is_what_libsrtp_says(
    rig: Rig, profile: SrtpProfile, seed: int
) -> None:
    handle, peer = rig.peer(profile)
    source = rig.source("audio", peer=handle)
    oracle = Oracle(peer)
    for i, data in enumerate(stream(peer, random.Random(seed))):
        oracle.take(data)
        peer.send_raw(rig.address, data)
        if i % 50 == 0:
            await rig.settle()
    await rig.settle()
    dropped = rig.dropped()
    assert {reason: dropped[reason] for reason in ("auth", "replay")} == oracle.refused
    assert set(dropped) <= {"auth", "replay", "late"}
    assert rig.forwarder.producer_state(source.handle).packets > 400


async def test_a_packet_may_come_as_late_as_the_window_is_wide(rig: Rig) -> None:
    handle, peer = rig.peer()
    source = rig.source("audio", peer=handle)
    numbers = [70, 71, 72, 72 + WINDOW_PACKETS - 1]
    early, second, third, newest = [peer.protect(packet(number)) for number in numbers]
    peer.send_raw(rig.address, newest)
    for data in (early, second):
        peer.send_raw(rig.address, data)
    await rig.settle()
    assert rig.dropped() == {"replay": 2}
    peer.send_raw(rig.address, third)
    await rig.settle()
    assert rig.dropped() == {"replay": 2}
    assert rig.forwarder.producer_state(source.handle).packets == 2


async def test_what_is_forged_moves_no_window(rig: Rig) -> None:
    handle, peer = rig.peer()
    source = rig.source("audio", peer=handle, first=65000)
    slot, listener = rig.slot("audio")
    rig.forwarder.route(slot, source.handle)
    sent = source.send(2)
    data = peer.protect(packet(1, ssrc=999))
    data = data[:8] + (1000).to_bytes(4, "big") + data[12:]
    for ahead in (1, 500, 1200, 32000, 32768, 40000):
        peer.send_raw(rig.address, forged(data, 65001 + ahead))
    await rig.settle()
    assert rig.dropped() == {"auth": 4, "replay": 2}, "the last two look older than the newest"
    source.lose(1000)
    sent += source.send(2)
    await rig.settle()
    assert payloads(listener.receive()) == payloads(sent)


async def test_a_source_that_is_gone_and_comes_back_cannot_be_replayed(rig: Rig) -> None:
    handle, peer = rig.peer()
    source = rig.source("audio", peer=handle)
    old = [peer.send(rig.address, source.packet()) for _ in range(5)]
    await rig.settle()
    rig.forwarder.remove_producer(source.handle)
    again = rig.source("audio", peer=handle, first=source.sequence)
    for data in old:
        peer.send_raw(rig.address, data)
    again.send(3)
    await rig.settle()
    assert rig.dropped() == {"replay": 5}
    assert rig.forwarder.producer_state(again.handle).packets == 3


@pytest.mark.parametrize("profile", list(SrtpProfile))
async def test_keys_take_a_bounded_number_of_ssrcs_whatever_they_are_bound_to(
    rig: Rig, profile: SrtpProfile
) -> None:
    """A publisher may name another SSRC for its m-line as often as it likes."""
    handle, peer = rig.peer(profile)
    source = rig.source("audio", peer=handle, ssrc=0)
    for ssrc in range(1, MAX_RECEIVED_SSRCS + 1):
        peer.send(rig.address, packet(1, ssrc))
        await rig.settle()
        assert rig.events.unknown[-1][1] == ssrc
        rig.forwarder.bind_ssrc(source.handle, ssrc)
    rig.forwarder.bind_ssrc(source.handle, MAX_RECEIVED_SSRCS + 1)
    before = rig.dropped()["unknown_ssrc"]
    for ssrc in (MAX_RECEIVED_SSRCS + 1, MAX_RECEIVED_SSRCS + 2):
        peer.send(rig.address, packet(1, ssrc))
    await rig.settle()
    assert len(rig.events.unknown) == MAX_RECEIVED_SSRCS
    assert rig.dropped() == {"unknown_ssrc": before + 2}

    rig.forwarder.bind_ssrc(source.handle, 7)
    peer.send(rig.address, packet(2, 7))
    await rig.settle()
    assert rig.forwarder.producer_state(source.handle).packets == 1, "one that is known goes on"
    fresh = RtpPeer(profile)
    rig.forwarder.set_keys(handle, profile, fresh.send_key, fresh.receive_key)
    peer.send_raw(rig.address, fresh.protect(packet(3, 7)))
    await rig.settle()
    assert rig.forwarder.producer_state(source.handle).packets == 2, "new keys have seen none yet"
    fresh.close()
