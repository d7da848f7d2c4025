"""What only the native plane can get wrong: its rings, thread and memory. The rest is in the golden suite."""

from __future__ import annotations

import asyncio
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sfu.forward import contract, native_link
from sfu.forward.contract import Codec, Drop, ExtensionIds, SlotParams
from sfu.forward.native import NativeForwarder, available
from signaling import extensions
from tests.support.plane_rig import Recorder, Rig, payloads
from tests.support.rtp_peer import RtpPeer

pytestmark = pytest.mark.skipif(available() is not None, reason=f"no native plane: {available()}")

ROOT = Path(__file__).resolve().parents[4]


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


class Gate:
    """A clock that the data thread reads once per batch: shut, it holds the data thread there."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.open = threading.Event()
        self.reached = threading.Event()
        self.open.set()

    def __call__(self) -> float:
        if threading.current_thread() is not threading.main_thread():
            self.reached.set()
            self.open.wait(5)
        return self.now

    def shut(self, rig: Rig, poke: RtpPeer) -> None:
        """Hold the data thread at the start of its next batch, which this call makes happen."""
        self.open.clear()
        self.reached.clear()
        poke.send_raw(rig.address, b"\xff")
        assert self.reached.wait(5)


class GatedRig(Rig):
    """A rig whose data thread can be held."""

    def __init__(self) -> None:
        self.gate = Gate()
        super().__init__(lambda events, host, port, **_: NativeForwarder(events, host, port, clock=self.gate))

    def hold(self) -> None:
        self.gate.shut(self, self._marker)

    def release(self) -> None:
        self.gate.open.set()

    def close(self) -> None:
        self.release()
        super().close()


@pytest.fixture
async def gated() -> AsyncIterator[GatedRig]:
    rig = GatedRig()
    try:
        yield rig
    finally:
        rig.close()


def test_constants_of_both_planes_are_the_same() -> None:
    _, lib = native_link.extension()
    for name in (
        "MAX_DATAGRAM",
        "MAX_UNKNOWN_SSRCS",
        "MAX_SENT_SSRCS",
        "MAX_RECEIVED_SSRCS",
        "MAX_ARRIVALS",
        "MAX_LOST",
        "MAX_DROPOUT",
        "MAX_RETRANSMIT",
        "RETRANSMIT_GATE_MS",
        "MAX_FORMATS",
        "CODEC_GATE_MS",
        "AUDIO_CACHE_MS",
        "VIDEO_CACHE_MS",
        "AUDIO_CACHE_PACKETS",
        "VIDEO_CACHE_PACKETS",
    ):
        assert getattr(lib, f"PLANE_{name}") == getattr(contract, name), name
    assert lib.PLANE_MAX_PRODUCERS == contract.MAX_PRODUCERS_PER_PEER
    assert [getattr(lib, f"DROP_{reason.name}") for reason in Drop] == list(range(lib.DROP_REASONS))
    assert {getattr(lib, f"CODEC_{codec.name}") for codec in Codec} == {int(codec) for codec in Codec}


class TestCommands:
    async def test_more_than_the_ring_holds_wait_in_order(self, gated: GatedRig) -> None:
        first, second = gated.source("audio", ssrc=1), gated.source("audio", ssrc=2)
        slot, listener = gated.slot("audio")
        await gated.settle()
        gated.hold()
        commands = 0
        while commands < 3 * native_link.extension()[1].PLANE_COMMANDS:
            for source in (first, second):
                gated.forwarder.route(slot, source.handle)
                commands += 1
        assert gated.forwarder.retransmit(slot, [1, 2, 3]) == 0
        gated.release()
        async with asyncio.timeout(5):
            while gated.forwarder._commands.spilled:  # type: ignore[attr-defined]
                await asyncio.sleep(0.001)
        first.send(2)
        sent = second.send(2)
        await gated.settle()
        assert payloads(listener.receive()) == payloads(sent)

    async def test_what_was_commanded_before_a_packet_came_is_in_force_for_it(self, gated: GatedRig) -> None:
        source = gated.source("audio")
        slots = [gated.slot("audio") for _ in range(3)]
        for slot, _ in slots:
            gated.forwarder.route(slot, source.handle)
        await gated.settle()
        gated.hold()
        gated.forwarder.route(slots[0][0], None)
        gated.forwarder.remove_slot(slots[1][0])
        sent = source.send(3)
        gated.release()
        await gated.settle()
        assert [payloads(listener.receive()) for _, listener in slots] == [[], [], payloads(sent)]

    async def test_reading_figures_never_waits_for_the_data_thread(self, gated: GatedRig) -> None:
        source = gated.source()
        slot, listener = gated.slot()
        gated.forwarder.route(slot, source.handle)
        source.send(3, key=True)
        await gated.settle()
        gated.hold()
        before = time.monotonic()
        assert gated.forwarder.producer_state(source.handle).packets == 3
        assert gated.forwarder.slot_state(slot).packets == 3
        assert gated.forwarder.counters().sent == 3
        assert gated.forwarder.missing(source.handle, [99, 100]) == [99]
        numbers = [packet.sequence for packet in listener.receive()]
        assert gated.forwarder.retransmit(slot, numbers) == 3
        assert time.monotonic() - before < 1
        gated.release()
        await gated.settle()
        assert gated.forwarder.slot_state(slot).retransmitted == 3

    async def test_what_is_removed_is_freed_when_the_data_thread_has_let_go(self, gated: GatedRig) -> None:
        rig = gated

        async def churn(rounds: int) -> int:
            for done in range(rounds):
                if done % 50 == 0:
                    await rig.settle()
                peer = rig.handle()
                rig.forwarder.add_peer(peer)
                for i in range(4):
                    slot = rig.handle()
                    params = SlotParams(
                        "audio", 10 + i, 0, {Codec.OPUS: (111, 0)}, ExtensionIds(transport_cc=1)
                    )
                    rig.forwarder.add_slot(slot, peer, params)
                    if i % 2:
                        rig.forwarder.remove_slot(slot)
                rig.forwarder.remove_peer(peer)
            await rig.settle()
            return resident()

        settled = await churn(1000)
        assert await churn(4000) - settled < 8 << 20  # bytes; without freeing it would be over 100 MB


class TestBatches:
    async def test_two_packets_of_one_place_in_the_cache_may_come_at_once(self, gated: GatedRig) -> None:
        source = gated.source("audio")
        slot, listener = gated.slot("audio")
        gated.forwarder.route(slot, source.handle)
        await gated.settle()
        gated.hold()
        sent = source.send(1)
        source.lose(contract.AUDIO_CACHE_PACKETS - 1)
        sent += source.send(1)
        gated.release()
        await gated.settle()
        got = listener.receive()
        assert payloads(got) == payloads(sent)
        assert got[1].sequence - got[0].sequence == contract.AUDIO_CACHE_PACKETS

    @pytest.mark.parametrize("segments", [1, 32])
    async def test_a_burst_arrives_alike_with_and_without_gso(self, gated: GatedRig, segments: int) -> None:
        _, lib = native_link.extension()
        lib.plane_set_gso(gated.forwarder._plane, segments)  # type: ignore[attr-defined]
        source = gated.source()
        slots = [gated.slot() for _ in range(5)]
        for slot, _ in slots:
            gated.forwarder.route(slot, source.handle)
        await gated.settle()
        gated.hold()
        body = [b"\x10\x00" + bytes(size) for size in (900, 900, 900, 40, 900, 900, 1500, 1500, 1200, 900)]
        for payload in body:
            source.send(payload=payload)
        gated.release()
        await gated.settle()
        for _, listener in slots:
            assert payloads(listener.receive()) == body
            assert listener.refused == []
        counters = gated.forwarder.counters()
        assert counters.sent == 5 * len(body)
        assert counters.sent_bytes == sum(len(data) for _, peer in slots for data in peer.datagrams)


class TestThread:
    async def test_packets_flow_while_the_event_loop_is_busy(self) -> None:
        rig = Rig(lambda events, host, port, **_: NativeForwarder(events, host, port))
        source = rig.source("audio")
        slot, listener = rig.slot("audio")
        rig.forwarder.route(slot, source.handle)
        await rig.settle()
        sent = source.send(5)
        assert payloads(listener.wait(5)) == payloads(sent)  # this never yields to the loop
        rig.close()

    async def test_a_flood_of_strangers_leaves_room_for_what_peers_say(self, gated: GatedRig) -> None:
        handle, peer = gated.peer()
        stranger = RtpPeer()
        await gated.settle()
        data = b"\x00\x01" + bytes(100)
        for _ in range(40):
            for _ in range(100):
                stranger.send_raw(gated.address, data)
            time.sleep(0.001)  # noqa: ASYNC251 - the loop is meant to be deaf
        peer.send_raw(gated.address, b"\x80\xc8" + bytes(30))
        async with asyncio.timeout(5):
            while not gated.events.rtcps:
                await asyncio.sleep(0.001)
        assert [who for who, _ in gated.events.rtcps] == [handle]
        heard, unheard = len(gated.events.datagrams), gated.dropped()["unheard"]
        assert 100 < heard < 2000
        assert heard + unheard == 4000
        stranger.close()

    async def test_several_forwarders_work_side_by_side(self) -> None:
        rigs = [Rig(lambda events, host, port, **_: NativeForwarder(events, host, port)) for _ in range(3)]
        flows = []
        for rig in rigs:
            source = rig.source("audio")
            slot, listener = rig.slot("audio")
            rig.forwarder.route(slot, source.handle)
            await rig.settle()
            flows.append((source.send(4), listener))
        for sent, listener in flows:
            assert payloads(listener.wait(4)) == payloads(sent)
        assert len({rig.address for rig in rigs}) == 3
        for rig in rigs:
            rig.close()
            rig.close()

    async def test_closing_ends_the_thread_and_keeps_the_totals(self) -> None:
        rig = Rig(lambda events, host, port, **_: NativeForwarder(events, host, port))
        source = rig.source("audio")
        slot, listener = rig.slot("audio")
        rig.forwarder.route(slot, source.handle)
        source.send(2)
        await rig.settle()
        rig.forwarder.close()
        assert not [thread for thread in threading.enumerate() if thread.name == "forwarder"]
        assert rig.forwarder.counters().sent == 2
        rig.forwarder.send(listener.address, b"\x01")
        rig.forwarder.remove_slot(slot)
        with pytest.raises(KeyError):
            rig.forwarder.slot_state(slot)
        rig.close()

    def test_a_process_that_forgets_to_close_still_ends(self) -> None:
        code = (
            "import asyncio, sys\n"
            "from sfu.forward.native import NativeForwarder\n"
            "from tests.support.plane_rig import Recorder, Rig\n"
            "async def main():\n"
            "    rig = Rig(lambda e, h, p, **_: NativeForwarder(e, h, p))\n"
            "    source = rig.source('audio'); slot, _ = rig.slot('audio')\n"
            "    rig.forwarder.route(slot, source.handle); source.send(3); await rig.settle()\n"
            "    keep.append(rig)\n"
            "keep = []\n"
            "asyncio.run(main())\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")


async def test_one_dual_stack_socket_serves_both_families() -> None:
    forwarder = NativeForwarder(Recorder(), "::", 0)
    port = forwarder.address[1]
    try:
        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            with socket.socket(family, socket.SOCK_DGRAM) as remote:
                remote.bind((host, 0))
                address = remote.getsockname()[:2]
                forwarder.send(address, b"\x01out")
                remote.settimeout(5)
                assert remote.recv(100) == b"\x01out"
                handle = port + remote.getsockname()[1]
                forwarder.add_peer(handle)
                forwarder.set_address(handle, address)
                remote.sendto(b"\x80\xc8" + bytes(20), (host, port))
                events = forwarder._events
                assert isinstance(events, Recorder)
                async with asyncio.timeout(5):
                    while handle not in [peer for peer, _ in events.rtcps]:
                        await asyncio.sleep(0)
                remote.sendto(b"\x00stun", (host, port))
                async with asyncio.timeout(5):
                    while (b"\x00stun", address) not in events.datagrams:
                        await asyncio.sleep(0)
        with pytest.raises(ValueError, match="address"):
            forwarder.set_address(handle, ("not-an-ip", 1))
    finally:
        forwarder.close()


def test_an_extension_of_another_source_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    native_link._extension.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(extensions, "source_digest", lambda folder: "another")
        assert "install again" in (available() or "")
    native_link._extension.cache_clear()
    assert available() is None
