"""Golden: what strangers send. It is counted, dropped, and hurts nobody else, on every plane."""

from __future__ import annotations

import os
import random

import pytest

from sfu.forward.contract import MAX_DATAGRAM, MAX_UNKNOWN_SSRCS, ExtensionIds
from sfu.forward.srtp import TAG_BYTES
from sfu.rtp import header
from sfu.rtp.header import RtpPacket
from tests.support.plane_rig import Rig, Source, payloads
from tests.support.rtp_peer import RtpPeer


@pytest.fixture
async def flow(rig: Rig) -> tuple[Source, RtpPeer]:
    """An audio source that a listener hears."""
    source = rig.source("audio")
    slot, listener = rig.slot("audio")
    rig.forwarder.route(slot, source.handle)
    await rig.settle()
    return source, listener


async def still_flows(rig: Rig, flow: tuple[Source, RtpPeer]) -> None:
    source, listener = flow
    sent = source.send(2)
    await rig.settle()
    assert payloads(listener.receive()) == payloads(sent)
    assert listener.refused == []


class TestDemultiplexing:
    async def test_stun_and_dtls_come_up_from_anybody(self, rig: Rig) -> None:
        stranger = RtpPeer()
        for data in (b"\x00\x01stun", b"\x03", b"\x14dtls", b"\x3f"):
            stranger.send_raw(rig.address, data)
        await rig.settle()
        assert rig.events.datagrams == [
            (data, stranger.address) for data in (b"\x00\x01stun", b"\x03", b"\x14dtls", b"\x3f")
        ]
        stranger.close()

    async def test_what_is_neither_is_dropped(self, rig: Rig) -> None:
        stranger = RtpPeer()
        for data in (b"", b"\x04", b"\x13", b"\x40turn", b"\x7f", b"\xc0", b"\xff" * 100):
            stranger.send_raw(rig.address, data)
        await rig.settle()
        assert rig.dropped() == {"unknown_kind": 7}
        assert rig.events.datagrams == []
        stranger.close()

    async def test_rtcp_comes_up_from_a_nominated_address_only_and_as_it_is(self, rig: Rig) -> None:
        handle, peer = rig.peer()
        stranger = RtpPeer()
        data = b"\x80\xc8" + os.urandom(30)
        peer.send_raw(rig.address, data)
        stranger.send_raw(rig.address, data)
        await rig.settle()
        assert rig.events.rtcps == [(handle, data)]
        assert rig.dropped() == {"unknown_source": 1}
        stranger.close()

    async def test_other_datagrams_go_out_as_they_are(self, rig: Rig) -> None:
        peer = RtpPeer()
        rig.forwarder.send(peer.address, b"\x01\x01reply")
        await rig.settle()
        assert peer.receive_raw() == [b"\x01\x01reply"]
        peer.close()


async def test_the_right_key_from_a_wrong_address_is_dropped(rig: Rig, flow: tuple[Source, RtpPeer]) -> None:
    source, listener = flow
    spoofer = RtpPeer()
    spoofer.send_raw(rig.address, source.peer.protect(source.packet()))
    await rig.settle()
    assert listener.receive() == []
    assert rig.dropped() == {"unknown_source": 1}
    await still_flows(rig, flow)
    spoofer.close()


async def test_a_wrong_key_from_the_right_address_is_dropped(rig: Rig, flow: tuple[Source, RtpPeer]) -> None:
    source, listener = flow
    forger = RtpPeer()
    for _ in range(3):
        source.peer.send_raw(rig.address, forger.protect(source.packet()))
    await rig.settle()
    assert listener.receive() == []
    assert rig.dropped() == {"auth": 3}
    assert rig.forwarder.producer_state(source.handle).packets == 0
    await still_flows(rig, flow)
    forger.close()


async def test_a_changed_packet_is_dropped_wherever_it_was_changed(
    rig: Rig, flow: tuple[Source, RtpPeer]
) -> None:
    source, listener = flow
    data = source.peer.protect(source.packet())
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 0x01
        source.peer.send_raw(rig.address, bytes(changed))
        if at % 16 == 15:
            await rig.settle()
    await rig.settle()
    assert listener.receive() == []
    assert sum(rig.dropped().values()) == len(data) - len(rig.events.rtcps)
    assert set(rig.dropped()) <= {"auth", "unknown_ssrc", "malformed", "replay"}
    await still_flows(rig, flow)


async def test_a_truncated_packet_is_dropped_at_every_length(rig: Rig, flow: tuple[Source, RtpPeer]) -> None:
    source, listener = flow
    packet = source.packet()
    packet.extensions = {1: b"0123456789"}
    data = source.peer.protect(packet)
    for length in range(len(data)):
        source.peer.send_raw(rig.address, data[:length])
        if length % 16 == 15:
            await rig.settle()
    await rig.settle()
    assert listener.receive() == []
    assert sum(rig.dropped().values()) == len(data)
    await still_flows(rig, flow)


async def test_an_oversized_datagram_is_dropped_and_the_largest_allowed_is_forwarded(
    rig: Rig, flow: tuple[Source, RtpPeer]
) -> None:
    source, listener = flow
    for size in (MAX_DATAGRAM + 1, 4000, MAX_DATAGRAM):
        source.peer.send_raw(rig.address, b"\x80" + bytes(size - 1))
    await rig.settle()
    assert rig.dropped() == {"oversized": 2, "auth": 1}

    largest = source.packet()
    largest.payload = os.urandom(MAX_DATAGRAM - 12 - TAG_BYTES[source.peer.profile])
    data = source.peer.protect(largest)
    assert len(data) == MAX_DATAGRAM
    source.peer.send_raw(rig.address, data)
    await rig.settle()
    assert payloads(listener.receive()) == [largest.payload]
    await still_flows(rig, flow)


@pytest.mark.parametrize(
    "plain",
    [
        b"\x90\x6f\x00\x07\0\0\0\0\0\0\x03\xe8" + b"\xbe\xde\x00\x01" + b"\x1f\0\0\0" + b"x",
        b"\x90\x6f\x00\x07\0\0\0\0\0\0\x03\xe8" + b"\x10\x00\x00\x01" + b"\x01\xff\0\0" + b"x",
        b"\xa0\x6f\x00\x07\0\0\0\0\0\0\x03\xe8" + b"x\xff",
        b"\xa0\x6f\x00\x07\0\0\0\0\0\0\x03\xe8" + b"x\x00",
    ],
    ids=["one-byte element", "two-byte element", "padding too long", "padding of zero"],
)
async def test_an_authenticated_packet_with_hostile_lengths_is_dropped(
    rig: Rig, flow: tuple[Source, RtpPeer], plain: bytes
) -> None:
    source, listener = flow
    source.peer.send_raw(rig.address, source.peer.sender.protect(plain))
    await rig.settle()
    assert listener.receive() == []
    assert rig.dropped() == {"malformed": 1}
    await still_flows(rig, flow)


async def test_another_payload_type_is_dropped(rig: Rig, flow: tuple[Source, RtpPeer]) -> None:
    source, listener = flow
    source.send(2, payload_type=13)
    await rig.settle()
    assert listener.receive() == []
    assert rig.dropped() == {"payload_type": 2}
    await still_flows(rig, flow)


@pytest.mark.parametrize(
    "head",
    [
        b"\x8f\x6f\x00\x07\0\0\0\0\0\0\x03\xe8",
        b"\x90\x6f\x00\x07\0\0\0\0\0\0\x03\xe8",
        b"\x90\x6f\x00\x07\0\0\0\0\0\0\x03\xe8" + b"\xbe\xde",
        b"\x90\x6f\x00\x07\0\0\0\0\0\0\x03\xe8" + b"\xbe\xde\xff\xff",
        b"\x90\x6f\x00\x07\0\0\0\0\0\0\x03\xe8" + b"\x10\x00\x00\x40",
        b"\x9f\x6f\x00\x07\0\0\0\0\0\0\x03\xe8" + bytes(60) + b"\xbe\xde\xff\xff",
        b"\xb0\x6f\x00\x07\0\0\0\0\0\0\x03\xe8" + b"\xbe\xde\xff\xff",
    ],
    ids=[
        "csrcs",
        "no block",
        "half a block",
        "block",
        "two-byte block",
        "csrcs and block",
        "padding and block",
    ],
)
async def test_a_header_that_claims_more_than_there_is_is_dropped(
    rig: Rig, flow: tuple[Source, RtpPeer], head: bytes
) -> None:
    source, listener = flow
    for more in (0, 1, TAG_BYTES[source.peer.profile], 40):
        source.peer.send_raw(rig.address, head + bytes(more))
    await rig.settle()
    assert listener.receive() == []
    assert sum(rig.dropped().values()) == 4
    assert set(rig.dropped()) <= {"malformed", "auth"}
    await still_flows(rig, flow)


async def test_every_kind_of_hostility_at_full_rate_costs_the_others_nothing(
    rig: Rig, flow: tuple[Source, RtpPeer]
) -> None:
    """As fast as this process can send, with a call in between whose every packet arrives."""
    source, listener = flow
    villain_handle, villain = rig.peer()
    target = rig.source("audio", peer=villain_handle)
    forger, stranger = RtpPeer(), RtpPeer()
    good = villain.protect(target.packet())
    villain.send_raw(rig.address, good)
    await rig.settle()
    ssrc = target.params.ssrc
    broken = villain.sender.protect(
        b"\x90\x6f\x10\x07\0\0\0\0" + ssrc.to_bytes(4, "big") + b"\xbe\xde\x00\x01\x1f\0\0\0x"
    )
    kinds: dict[str, tuple[RtpPeer, bytes]] = {
        "replay": (villain, good),
        "unknown_source": (stranger, good),
        "auth": (villain, forger.protect(RtpPacket(111, 9000, 1, ssrc, b"forged"))),
        "malformed": (villain, b"\x9f\x6f" + bytes(8)),
        "unknown_kind": (stranger, b"\xff" * 900),
        "oversized": (stranger, b"\x80" * (MAX_DATAGRAM + 1)),
    }
    villain.send_raw(rig.address, broken)
    await rig.settle()
    assert rig.dropped() == {"malformed": 1}
    for i in range(MAX_UNKNOWN_SSRCS + 2):
        villain.send(rig.address, RtpPacket(111, 1, 1, 50000 + i, b"flood"))
    kinds["unknown_ssrc"] = (villain, villain.protect(RtpPacket(111, 2, 1, 60000, b"flood")))
    await rig.settle()
    before = rig.dropped()
    rounds, each = 40, 5
    for _ in range(rounds):
        for peer, data in kinds.values():
            for _ in range(each):
                peer.send_raw(rig.address, data)
        sent = source.send(2)
        await rig.settle()
        assert payloads(listener.receive()) == payloads(sent)
    dropped = {reason: count - before.get(reason, 0) for reason, count in rig.dropped().items()}
    assert dropped == dict.fromkeys(kinds, rounds * each)
    assert listener.refused == []
    assert len(rig.events.unknown) == MAX_UNKNOWN_SSRCS
    for peer in (forger, stranger):
        peer.close()


async def test_before_there_are_keys_nothing_is_taken(rig: Rig) -> None:
    peer = RtpPeer()
    rig.forwarder.add_peer(77)
    rig.forwarder.set_address(77, peer.address)
    peer.send(rig.address, RtpPacket(111, 1, 2, 3, b"x"))
    await rig.settle()
    assert rig.dropped() == {"no_keys": 1}
    peer.close()


class TestUnknownSsrcs:
    async def test_each_is_reported_once_with_what_names_its_m_line(self, rig: Rig) -> None:
        publisher, peer = rig.peer()
        ids = ExtensionIds(mid=1, rid=2, repaired_rid=3)
        source = rig.source(ssrc=0, peer=publisher, extensions=ids)
        slot, listener = rig.slot()
        rig.forwarder.route(slot, source.handle)
        for _ in range(3):
            source.send(ssrc=4242, extensions={1: b"0", 2: b"hi"})
        peer.send(rig.address, RtpPacket(97, 5, 5, 4243, b"\0\1x", extensions={1: b"0", 3: b"hi"}))
        await rig.settle()
        assert rig.events.unknown == [(publisher, 4242, 96, "0", "hi"), (publisher, 4243, 97, "0", "hi")]
        assert listener.receive() == []
        assert rig.events.started == []

        rig.forwarder.bind_ssrc(source.handle, 4242)
        await rig.settle()
        sent = source.send(2, key=True, ssrc=4242)
        await rig.settle()
        assert payloads(listener.receive()) == payloads(sent)
        assert rig.events.started == [source.handle]

    async def test_a_flood_of_ssrcs_is_bounded_and_forged_ones_count_for_nothing(
        self, rig: Rig, flow: tuple[Source, RtpPeer]
    ) -> None:
        source, _ = flow
        forger = RtpPeer()
        for i in range(40):
            source.peer.send_raw(rig.address, forger.protect(RtpPacket(111, 1, 1, 50000 + i, b"forged")))
        await rig.settle()
        assert rig.events.unknown == []
        for i in range(100):
            source.peer.send(rig.address, RtpPacket(111, 1, 1, 70000 + i, b"flood"))
            if i % 25 == 0:
                await rig.settle()
        await rig.settle()
        assert len(rig.events.unknown) == MAX_UNKNOWN_SSRCS
        assert rig.dropped() == {"auth": 40, "unknown_ssrc": 100}
        await still_flows(rig, flow)
        forger.close()

    async def test_one_peers_flood_takes_nothing_from_another(
        self, rig: Rig, flow: tuple[Source, RtpPeer]
    ) -> None:
        _, peer = rig.peer()
        for i in range(20):
            peer.send(rig.address, RtpPacket(111, 1, 1, i + 1, b"flood"))
        await rig.settle()
        publisher, other = rig.peer()
        other.send(rig.address, RtpPacket(111, 1, 1, 1, b"first"))
        await rig.settle()
        assert rig.events.unknown[-1] == (publisher, 1, 111, "", "")
        await still_flows(rig, flow)


async def test_random_datagrams_from_a_nominated_address_hurt_nobody(
    rig: Rig, flow: tuple[Source, RtpPeer]
) -> None:
    source, listener = flow
    chance = random.Random(42)
    valid = header.build(RtpPacket(111, 9, 9, source.params.ssrc, b"payload" * 9, extensions={1: b"x"}))
    for i in range(600):
        data = bytearray(chance.randbytes(chance.randrange(1, 200)))
        if i % 2:
            data[: len(valid)] = valid
            data[chance.randrange(len(data))] = chance.randrange(256)
        data[0] = data[0] & 0x3F | 0x80
        source.peer.send_raw(rig.address, bytes(data))
        if i % 30 == 0:
            await rig.settle()
    await rig.settle()
    assert listener.receive() == []
    assert sum(rig.dropped().values()) + len(rig.events.rtcps) == 600
    await still_flows(rig, flow)


async def test_an_event_that_fails_costs_the_others_nothing(
    rig: Rig, flow: tuple[Source, RtpPeer], monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    complaints: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    source, _ = flow

    def broken(peer: int, data: bytes) -> None:
        raise RuntimeError("a handler with a bug")

    monkeypatch.setattr(rig.events, "rtcp", broken)
    source.peer.send_raw(rig.address, b"\x80\xc8" + bytes(20))
    await still_flows(rig, flow)
    assert len(complaints) == 1
