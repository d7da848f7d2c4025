"""A forwarding plane with its network around it, for tests that hold for every plane.

Datagrams and commands go in, datagrams come out, time is virtual. `Rig.settle` is how a test waits
without sleeping: it sends a marker datagram to the plane and waits until the plane reports it, so that
everything sent or commanded before has been dealt with, whatever thread the plane works on.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sfu.forward.contract import (
    Address,
    Codec,
    ExtensionIds,
    ForwarderEvents,
    ProducerParams,
    SlotParams,
    SrtpProfile,
)
from sfu.forward.planes import ForwarderFactory
from sfu.rtp.header import RtpPacket
from tests.support.rtp_peer import RtpPeer

OPUS_PT, VP8_PT, VP8_RTX_PT = 111, 96, 97
SLOT_OPUS_PT, SLOT_VP8_PT, SLOT_VP8_RTX_PT = 63, 100, 101
RED_PT, SLOT_RED_PT = 112, 50
MARKER = b"\x02marker"  # as STUN is told apart by its first byte
CLOCK_RATE = {"audio": 48000, "video": 90000}


class VirtualClock:
    """Seconds that pass only when a test says so."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Recorder(ForwarderEvents):
    """Every event, in the order raised."""

    datagrams: list[tuple[bytes, Address]] = field(default_factory=list)
    rtcps: list[tuple[int, bytes]] = field(default_factory=list)
    unknown: list[tuple[int, int, int, str, str]] = field(default_factory=list)
    started: list[int] = field(default_factory=list)
    keyframes: list[int] = field(default_factory=list)
    codecs: list[tuple[int, Codec]] = field(default_factory=list)
    lost: list[tuple[int, list[int]]] = field(default_factory=list)

    def datagram(self, data: bytes, address: Address) -> None:
        self.datagrams.append((data, address))

    def rtcp(self, peer: int, data: bytes) -> None:
        self.rtcps.append((peer, data))

    def unknown_ssrc(self, peer: int, ssrc: int, payload_type: int, mid: str, rid: str) -> None:
        self.unknown.append((peer, ssrc, payload_type, mid, rid))

    def producer_started(self, producer: int) -> None:
        self.started.append(producer)

    def keyframe_needed(self, producer: int) -> None:
        self.keyframes.append(producer)

    def codec_changed(self, producer: int, codec: Codec) -> None:
        self.codecs.append((producer, codec))

    def packets_lost(self, producer: int, sequences: list[int]) -> None:
        self.lost.append((producer, sequences))


class Source:
    """A stream of one producer: makes its packets, numbered from where the test wants."""

    def __init__(self, rig: Rig, peer: RtpPeer, params: ProducerParams, handle: int, first: int) -> None:
        self.rig = rig
        self.peer = peer
        self.params = params
        self.handle = handle
        self.sequence = first  # extended, of the next packet
        self.timestamp = 5_000_000

    def packet(self, key: bool = False, **fields: Any) -> RtpPacket:
        """The next packet; its payload names the producer and the sequence number."""
        name = b"%d:%d" % (self.handle, self.sequence)
        head = b"" if self.params.kind == "audio" else b"\x10\x00" if key else b"\x00\x01"
        step = CLOCK_RATE[self.params.kind] // 50
        packet = RtpPacket(
            payload_type=self.params.payload_type,
            sequence=self.sequence & 0xFFFF,
            timestamp=self.timestamp & 0xFFFFFFFF,
            ssrc=self.params.ssrc,
            payload=head + name + b"." * 40,
        )
        for name_, value in fields.items():
            setattr(packet, name_, value)
        self.sequence += 1
        self.timestamp += step
        return packet

    def send(self, count: int = 1, key: bool = False, **fields: Any) -> list[RtpPacket]:
        """Send so many packets; `key` makes the first one begin a keyframe."""
        packets = [self.packet(key and i == 0, **fields) for i in range(count)]
        for packet in packets:
            self.peer.send(self.rig.address, packet)
        return packets

    def lose(self, count: int) -> None:
        """So many packets never arrive."""
        self.sequence += count
        self.timestamp += count * CLOCK_RATE[self.params.kind] // 50


class Rig:
    """One forwarder, its virtual clock, its recorded events, and peers around it."""

    def __init__(self, factory: ForwarderFactory) -> None:
        self.clock = VirtualClock()
        self.events = Recorder()
        self.forwarder = factory(self.events, "127.0.0.1", 0, clock=self.clock)
        self.address = self.forwarder.address
        self.peers: dict[int, RtpPeer] = {}
        self._handles = 0
        self._marker = RtpPeer()

    def close(self) -> None:
        self.forwarder.close()
        for peer in (*self.peers.values(), self._marker):
            peer.close()

    def handle(self) -> int:
        self._handles += 1
        return self._handles

    async def settle(self) -> None:
        """Wait until the plane has dealt with everything so far. Fails after five seconds."""
        token = MARKER + os.urandom(8)
        self._marker.send_raw(self.address, token)
        async with asyncio.timeout(20):
            while not any(data == token for data, _ in self.events.datagrams):
                await asyncio.sleep(0)
        self.events.datagrams = [d for d in self.events.datagrams if not d[0].startswith(MARKER)]

    def peer(self, profile: SrtpProfile = SrtpProfile.AEAD_AES_128_GCM) -> tuple[int, RtpPeer]:
        """A peer with keys and address."""
        handle, peer = self.handle(), RtpPeer(profile)
        self.peers[handle] = peer
        self.forwarder.add_peer(handle)
        self.forwarder.set_keys(handle, profile, peer.send_key, peer.receive_key)
        self.forwarder.set_address(handle, peer.address)
        return handle, peer

    def source(
        self,
        kind: str = "video",
        ssrc: int = 1000,
        first: int = 100,
        peer: int | None = None,
        **params: Any,
    ) -> Source:
        """A producer (VP8 or Opus) of a peer of its own, or of this one."""
        if peer is None:
            peer, _ = self.peer()
        handle = self.handle()
        audio = kind == "audio"
        made = ProducerParams(
            **{
                "kind": kind,
                "codec": Codec.OPUS if audio else Codec.VP8,
                "payload_type": OPUS_PT if audio else VP8_PT,
                "clock_rate": CLOCK_RATE[kind],
                "ssrc": ssrc,
            }
            | params
        )
        self.forwarder.add_producer(handle, peer, made)
        return Source(self, self.peers[peer], made, handle, first)

    def slot(
        self,
        kind: str = "video",
        ssrc: int = 5000,
        peer: int | None = None,
        rtx: bool = True,
        extensions: ExtensionIds | None = None,
        mid: str = "",
        profile: SrtpProfile = SrtpProfile.AEAD_AES_128_GCM,
        red: bool = False,
        types: dict[Codec, tuple[int, int]] | None = None,
    ) -> tuple[int, RtpPeer]:
        """A slot of a peer of its own, or of this one; `red`: it takes redundant audio."""
        if peer is None:
            peer, _ = self.peer(profile)
        handle = self.handle()
        repair = rtx and kind == "video"
        types = types or (
            {Codec.OPUS: (SLOT_OPUS_PT, 0)}
            if kind == "audio"
            else {Codec.VP8: (SLOT_VP8_PT, SLOT_VP8_RTX_PT if repair else 0)}
        )
        params: dict[str, Any] = {"kind": kind, "ssrc": ssrc, "rtx_ssrc": ssrc + 1 if repair else 0}
        params |= {"mid": mid, "red_payload_type": SLOT_RED_PT if red else 0}
        self.forwarder.add_slot(
            handle, peer, SlotParams(payload_types=types, extensions=extensions or ExtensionIds(), **params)
        )
        return handle, self.peers[peer]

    def dropped(self) -> dict[str, int]:
        """The drop counters that are not zero."""
        return {reason: count for reason, count in self.forwarder.counters().dropped.items() if count}


@contextlib.contextmanager
def plane_rig(factory: ForwarderFactory) -> Iterator[Rig]:
    """A rig that is closed at the end. Needs a running event loop."""
    rig = Rig(factory)
    try:
        yield rig
    finally:
        rig.close()


def payloads(packets: list[RtpPacket]) -> list[bytes]:
    return [packet.payload for packet in packets]


def sequences(packets: list[RtpPacket]) -> list[int]:
    return [packet.sequence for packet in packets]
