"""Golden: commands, their bounds, and what happens to packets while they run, on every plane."""

from __future__ import annotations

import os

import pytest

from sfu.forward.contract import (
    MAX_PRODUCERS_PER_PEER,
    MAX_SENT_SSRCS,
    MAX_SLOTS_PER_PEER,
    Codec,
    ExtensionIds,
    ProducerParams,
    SlotParams,
    SrtpProfile,
    TableFull,
)
from sfu.forward.srtp import KEY_BYTES
from tests.support.plane_rig import Rig, payloads, sequences
from tests.support.rtp_peer import RtpPeer


class TestRemoval:
    async def test_a_removed_producer_is_silent_at_once_and_everywhere(self, rig: Rig) -> None:
        source, other = rig.source("audio", ssrc=1), rig.source("audio", ssrc=2)
        slots = [rig.slot("audio") for _ in range(5)]
        for slot, _ in slots:
            rig.forwarder.route(slot, source.handle)
        source.send(3)
        await rig.settle()
        rig.forwarder.remove_producer(source.handle)
        await rig.settle()
        source.send(3)
        await rig.settle()
        for slot, listener in slots:
            numbers = sequences(listener.receive())
            assert len(numbers) == 3
            assert rig.forwarder.retransmit(slot, numbers) == 0
            assert rig.forwarder.slot_state(slot).producer == 0
        rig.forwarder.route(slots[0][0], other.handle)
        sent = other.send(2)
        await rig.settle()
        assert payloads(slots[0][1].receive()) == payloads(sent)

    async def test_a_removed_listener_gets_nothing_more_and_the_others_all(self, rig: Rig) -> None:
        source = rig.source("audio")
        slots = [rig.slot("audio") for _ in range(3)]
        for slot, _ in slots:
            rig.forwarder.route(slot, source.handle)
        source.send(2)
        await rig.settle()
        gone = next(handle for handle, peer in rig.peers.items() if peer is slots[1][1])
        rig.forwarder.remove_peer(gone)
        await rig.settle()
        source.send(2)
        await rig.settle()
        assert [len(listener.receive()) for _, listener in slots] == [4, 2, 4]
        with pytest.raises(KeyError):
            rig.forwarder.slot_state(slots[1][0])

    async def test_a_removed_publisher_takes_its_producers_with_it(self, rig: Rig) -> None:
        publisher, _ = rig.peer()
        source = rig.source("audio", peer=publisher)
        slot, listener = rig.slot("audio")
        rig.forwarder.route(slot, source.handle)
        source.send(1)
        await rig.settle()
        rig.forwarder.remove_peer(publisher)
        await rig.settle()
        source.send(1)
        await rig.settle()
        assert len(listener.receive()) == 1
        with pytest.raises(KeyError):
            rig.forwarder.producer_state(source.handle)
        assert rig.dropped() == {"unknown_source": 1}

    async def test_removal_in_the_middle_of_a_flood_leaves_nothing_behind(self, rig: Rig) -> None:
        source = rig.source("audio")
        slots = [rig.slot("audio") for _ in range(20)]
        for slot, _ in slots:
            rig.forwarder.route(slot, source.handle)
        for slot, listener in slots:
            source.send(5)
            rig.forwarder.remove_slot(slot)
            await rig.settle()
            listener.receive()
        for slot, listener in slots:
            assert listener.receive() == []
            rig.forwarder.remove_slot(slot)
        sent = rig.forwarder.counters().sent
        source.send(5)
        await rig.settle()
        assert rig.forwarder.counters().sent == sent

    async def test_a_slot_that_comes_back_with_its_ssrc_goes_on_counting(self, rig: Rig) -> None:
        source = rig.source()
        peer, listener = rig.peer()
        slot, _ = rig.slot(peer=peer)
        rig.forwarder.route(slot, source.handle)
        source.send(3, key=True)
        await rig.settle()
        rig.forwarder.remove_slot(slot)
        again, _ = rig.slot(peer=peer)
        rig.forwarder.route(again, source.handle)
        source.send(3, key=True)
        await rig.settle()
        numbers = sequences(listener.receive())
        assert numbers == list(range(numbers[0], numbers[0] + 6))
        assert listener.refused == []

    async def test_a_used_ssrc_comes_back_without_rtx_only_with_new_keys(self, rig: Rig) -> None:
        """Its packets would be protected by another session, which begins its nonces anew."""
        source = rig.source()
        peer, listener = rig.peer()
        slot, _ = rig.slot(peer=peer)
        rig.forwarder.route(slot, source.handle)
        source.send(3, key=True)
        await rig.settle()
        assert len(listener.receive()) == 3
        rig.forwarder.remove_slot(slot)
        with pytest.raises(ValueError, match="had RTX before"):
            rig.slot(peer=peer, rtx=False)
        fresh = RtpPeer(SrtpProfile.AEAD_AES_128_GCM)
        rig.forwarder.set_keys(peer, SrtpProfile.AEAD_AES_128_GCM, fresh.send_key, fresh.receive_key)
        rig.forwarder.set_address(peer, fresh.address)
        again, _ = rig.slot(peer=peer, rtx=False)
        rig.forwarder.route(again, source.handle)
        source.send(3, key=True)
        await rig.settle()
        numbers = sequences(fresh.receive())
        assert numbers == list(range(numbers[0], numbers[0] + 3))
        rig.forwarder.retransmit(again, numbers)
        await rig.settle()
        contents: dict[bytes, bytes] = {}
        for data in [*fresh.datagrams, *fresh.receive_raw()]:
            assert contents.setdefault(data[2:4] + data[8:12], data) == data
        fresh.close()

    async def test_unknown_handles(self, rig: Rig) -> None:
        forwarder = rig.forwarder
        for remove in (forwarder.remove_peer, forwarder.remove_producer, forwarder.remove_slot):
            remove(99)
        source, (slot, _) = rig.source(), rig.slot()
        producer = ProducerParams("audio", Codec.OPUS, 1, 48000)
        for command in (
            lambda: forwarder.set_address(99, None),
            lambda: forwarder.set_keys(99, SrtpProfile.AEAD_AES_128_GCM, bytes(28), bytes(28)),
            lambda: forwarder.add_producer(100, 99, producer),
            lambda: forwarder.add_slot(100, 99, SlotParams("audio", 1, 0)),
            lambda: forwarder.bind_ssrc(99, 1),
            lambda: forwarder.route(99, None),
            lambda: forwarder.route(slot, 99),
            lambda: forwarder.route(99, source.handle),
            lambda: forwarder.retransmit(99, [1]),
            lambda: forwarder.missing(99, [1]),
            lambda: forwarder.transport_sent(99, [1]),
            lambda: forwarder.producer_state(99),
            lambda: forwarder.slot_state(99),
        ):
            with pytest.raises(KeyError):
                command()

    async def test_closing_twice_is_closing_once(self, rig: Rig) -> None:
        source = rig.source("audio")
        rig.forwarder.close()
        rig.forwarder.close()
        source.send(1)
        rig.forwarder.send(source.peer.address, b"\x00nothing")
        assert source.peer.receive_raw() == []


class TestKeysAndAddresses:
    async def test_nothing_is_sent_before_there_are_keys_and_an_address(self, rig: Rig) -> None:
        source = rig.source()
        handle, listener = rig.handle(), RtpPeer()
        rig.peers[handle] = listener
        rig.forwarder.add_peer(handle)
        slot, _ = rig.slot(peer=handle)
        rig.forwarder.route(slot, source.handle)
        source.send(1, key=True)
        rig.forwarder.set_address(handle, listener.address)
        await rig.settle()
        source.send(1, key=True)
        await rig.settle()
        assert listener.receive_raw() == []
        assert rig.events.keyframes == []

        rig.forwarder.set_keys(handle, listener.profile, listener.send_key, listener.receive_key)
        await rig.settle()
        assert rig.events.keyframes == [source.handle]
        source.send(1)
        sent = source.send(2, key=True)
        await rig.settle()
        assert payloads(listener.receive()) == payloads(sent)

    async def test_media_follows_the_nominated_address(self, rig: Rig) -> None:
        source = rig.source("audio")
        handle, listener = rig.peer()
        slot, _ = rig.slot("audio", peer=handle)
        rig.forwarder.route(slot, source.handle)
        source.send(1)
        await rig.settle()
        moved = RtpPeer(listener.profile, listener.send_key, listener.receive_key)
        rig.forwarder.set_address(handle, moved.address)
        await rig.settle()
        source.send(2)
        await rig.settle()
        (before,), after = listener.receive(), moved.receive()
        assert sequences(after) == [(before.sequence + 1) & 0xFFFF, (before.sequence + 2) & 0xFFFF]
        rig.forwarder.set_address(handle, None)
        await rig.settle()
        source.send(2)
        await rig.settle()
        assert moved.receive() == []
        assert listener.receive() == []
        moved.close()

    async def test_the_same_keys_again_change_nothing(self, rig: Rig) -> None:
        publisher, peer = rig.peer()
        source = rig.source("audio", peer=publisher)
        handle, listener = rig.peer()
        slot, _ = rig.slot("audio", peer=handle)
        rig.forwarder.route(slot, source.handle)
        data = peer.send(rig.address, source.packet())
        await rig.settle()
        for number, known in ((publisher, peer), (handle, listener)):
            rig.forwarder.set_keys(number, known.profile, known.send_key, known.receive_key)
        peer.send_raw(rig.address, data)
        source.send(1)
        await rig.settle()
        assert len(listener.receive()) == 2
        assert rig.dropped() == {"replay": 1}

    async def test_new_keys_take_over(self, rig: Rig) -> None:
        source = rig.source("audio")
        handle, listener = rig.peer()
        slot, _ = rig.slot("audio", peer=handle)
        rig.forwarder.route(slot, source.handle)
        source.send(1)
        await rig.settle()
        listener.receive()
        profile = SrtpProfile.AES_CM_128_HMAC_SHA1_80
        fresh = RtpPeer(profile)
        rig.forwarder.set_keys(handle, profile, fresh.send_key, fresh.receive_key)
        rig.forwarder.set_address(handle, fresh.address)
        await rig.settle()
        sent = source.send(2)
        await rig.settle()
        assert payloads(fresh.receive()) == payloads(sent)
        fresh.close()

    @pytest.mark.parametrize("profile", list(SrtpProfile))
    async def test_a_key_of_the_wrong_length_is_refused(self, rig: Rig, profile: SrtpProfile) -> None:
        handle, _ = rig.peer()
        right = os.urandom(KEY_BYTES[profile])
        for receive, send in ((right, right[:-1]), (right + b"x", right)):
            with pytest.raises(ValueError, match=profile.name):
                rig.forwarder.set_keys(handle, profile, receive, send)


class TestRoutes:
    async def test_a_slot_refuses_what_it_cannot_carry(self, rig: Rig) -> None:
        audio, video = rig.source("audio", ssrc=1), rig.source(ssrc=2)
        slot, listener = rig.slot("audio")
        rig.forwarder.route(slot, audio.handle)
        h264 = rig.source(ssrc=3, codec=Codec.H264)
        for handle in (video.handle, h264.handle):
            with pytest.raises(ValueError, match="cannot carry"):
                rig.forwarder.route(slot, handle)
        audio.send(1)
        await rig.settle()
        assert len(listener.receive()) == 1

    async def test_one_ssrc_has_one_owner(self, rig: Rig) -> None:
        publisher, _ = rig.peer()
        first = rig.source("audio", ssrc=1, peer=publisher)
        second = rig.source("audio", ssrc=2, peer=publisher)
        with pytest.raises(ValueError, match="SSRC"):
            rig.forwarder.bind_ssrc(second.handle, 1)
        elsewhere = rig.source("audio", ssrc=1)
        assert len({first.handle, second.handle, elsewhere.handle}) == 3
        slot_peer, _ = rig.peer()
        rig.slot(ssrc=10, peer=slot_peer)
        for ssrc in (10, 11):
            with pytest.raises(ValueError, match="SSRC"):
                rig.slot("audio", ssrc=ssrc, peer=slot_peer)

    async def test_an_extension_id_that_cannot_be_written_is_refused_at_once(self, rig: Rig) -> None:
        for ids in (ExtensionIds(mid=256), ExtensionIds(audio_level=-1)):
            with pytest.raises(ValueError, match="header extension"):
                rig.slot(extensions=ids, mid="m")


class TestBounds:
    async def test_slots_of_one_peer(self, rig: Rig) -> None:
        peer, _ = rig.peer()
        for i in range(MAX_SLOTS_PER_PEER):
            rig.slot("audio", ssrc=100 + i, peer=peer)
        with pytest.raises(TableFull, match="MAX_SLOTS_PER_PEER"):
            rig.slot("audio", ssrc=99, peer=peer)

    async def test_producers_of_one_peer(self, rig: Rig) -> None:
        peer, _ = rig.peer()
        for i in range(MAX_PRODUCERS_PER_PEER):
            rig.source("audio", ssrc=100 + i, peer=peer)
        with pytest.raises(TableFull, match="MAX_PRODUCERS_PER_PEER"):
            rig.source("audio", ssrc=99, peer=peer)

    async def test_ssrcs_ever_sent_with_one_key(self, rig: Rig) -> None:
        peer, _ = rig.peer()
        for i in range(MAX_SENT_SSRCS - 1):
            slot, _ = rig.slot("audio", ssrc=100 + i, peer=peer)
            rig.forwarder.remove_slot(slot)
        with pytest.raises(TableFull, match="MAX_SENT_SSRCS"):
            rig.slot("audio", ssrc=99, peer=peer)
        rig.forwarder.set_keys(peer, SrtpProfile.AEAD_AES_128_GCM, os.urandom(28), os.urandom(28))
        rig.slot("audio", ssrc=99, peer=peer)

    async def test_handles_are_unique(self, rig: Rig) -> None:
        peer, _ = rig.peer()
        source, (slot, _) = rig.source(), rig.slot()
        with pytest.raises(ValueError, match="exists"):
            rig.forwarder.add_peer(peer)
        with pytest.raises(ValueError, match="exists"):
            rig.forwarder.add_producer(source.handle, peer, source.params)
        with pytest.raises(ValueError, match="exists"):
            rig.forwarder.add_slot(slot, peer, SlotParams("audio", 1, 0))
