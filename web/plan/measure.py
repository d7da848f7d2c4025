"""Measures a real forwarder on loopback: what its process spends on each packet that it sends.

The forwarder runs in a process of its own; this one is its network: publishers with real SRTP, and a socket
for each listener. On loopback the kernel does the receiver's half of the way in the sender's time, so the
figures are higher than with a network card: a plan out of them is careful.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
import socket
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, cast

from pylibsrtp import Policy, Session

from sfu.forward import Plane
from sfu.forward.contract import (
    Address,
    Codec,
    ExtensionIds,
    Forwarder,
    ForwarderEvents,
    ProducerParams,
    SlotParams,
    SrtpProfile,
)
from sfu.rtp import header
from sfu.rtp.header import RtpPacket
from signaling.messages import Kind
from web.plan.model import Costs, solve

WARM_SECONDS = 0.3
KEY_BYTES = 28  # AES-128 key and salt of GCM (RFC 7714 §12)
IDS = ExtensionIds(audio_level=1, transport_cc=3)
FEW, MANY = 4, 40
# Publishers and packets a second of each: some 15,000 to 40,000 packets a second go out.
LOADS = {FEW: (16, 250), MANY: (4, 250)}
BURST = {"audio": 1, "video": 5}
PAYLOAD = {"audio": 100, "video": 1070}


class CannotMeasure(Exception):
    """Why there are no figures, in one line."""


class _Deaf:
    """Events of the forwarder: nobody listens."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


def _forward(pipe: Connection, plane: Plane) -> None:
    """The measured process: one forwarder, told by `pipe` what to do."""
    from sfu.forward import open_forwarder

    async def run() -> None:
        forwarder: Forwarder = open_forwarder(plane, cast("ForwarderEvents", _Deaf()), "127.0.0.1", 0)
        done = asyncio.Event()

        def told() -> None:
            try:
                name, arguments = pipe.recv()
            except EOFError:
                done.set()
                return
            if name == "cpu":
                pipe.send(time.process_time())
            elif name == "memory":
                pipe.send(resident())
            else:
                getattr(forwarder, name)(*arguments)

        loop = asyncio.get_running_loop()
        loop.add_reader(pipe.fileno(), told)
        pipe.send((forwarder.plane, forwarder.address))
        await done.wait()
        loop.remove_reader(pipe.fileno())
        forwarder.close()

    asyncio.run(run())


def resident() -> int:
    """Memory of this process in bytes."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


class _Peer:
    """One browser's end: a socket and keys."""

    def __init__(self) -> None:
        self.keys = os.urandom(KEY_BYTES), os.urandom(KEY_BYTES)  # what it sends with, and receives with
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        policy = Policy(
            key=self.keys[0],
            ssrc_type=Policy.SSRC_ANY_OUTBOUND,
            srtp_profile=Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
        )
        self.srtp = Session(policy)

    def drain(self) -> int:
        """How many datagrams waited."""
        count = 0
        try:
            while True:
                self.socket.recv(1)
                count += 1
        except BlockingIOError:
            return count


class _Rig:
    """A forwarder in its process with `publishers`, each heard by `listeners` of its own."""

    def __init__(self, plane: Plane, kind: Kind, listeners: int, publishers: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, there = context.Pipe()
        self.process = context.Process(target=_forward, args=(there, plane), daemon=True)
        self.process.start()
        there.close()
        if not self.pipe.poll(30):
            raise CannotMeasure("the forwarder does not start")
        try:
            self.plane, self.to = cast("tuple[str, Address]", self.pipe.recv())
        except EOFError:
            raise CannotMeasure("the forwarder does not start: see above") from None
        self.kind = kind
        self.listeners: list[_Peer] = []
        self.publishers: list[_Peer] = []
        self.fan_out = listeners
        audio = kind == "audio"
        codec, payload_type = (Codec.OPUS, 111) if audio else (Codec.VP8, 96)
        handle = 0
        for index in range(1, publishers + 1):
            handle += 1
            self.publishers.append(self._peer(handle))
            producer = ProducerParams(
                kind, codec, payload_type, 48000 if audio else 90000, ssrc=1000, extensions=IDS
            )
            self.tell("add_producer", index, handle, producer)
            for _ in range(listeners):
                handle += 1
                self.listeners.append(self._peer(handle))
                types = {codec: (payload_type, 0 if audio else 97)}
                self.tell(
                    "add_slot", handle, handle, SlotParams(kind, 1500, 0 if audio else 2000, types, IDS)
                )
                self.tell("route", handle, index)
        body = b"\x10\x00" if not audio else b"\x78\x00"
        self.body = body + os.urandom(PAYLOAD[kind] - 2)

    def _peer(self, handle: int) -> _Peer:
        peer = _Peer()
        self.tell("add_peer", handle)
        self.tell("set_keys", handle, SrtpProfile.AEAD_AES_128_GCM, *peer.keys)
        self.tell("set_address", handle, peer.socket.getsockname())
        return peer

    def tell(self, name: str, *arguments: object) -> None:
        self.pipe.send((name, arguments))

    def ask(self, name: str) -> float:
        self.pipe.send((name, ()))
        if not self.pipe.poll(10):
            raise CannotMeasure("the forwarder does not answer")
        return cast("float", self.pipe.recv())

    def run(self, seconds: float, rate: int, sequence: int) -> tuple[int, int, int]:
        """Send for so long: (sent, arrived, next sequence number)."""
        burst = BURST[self.kind]
        interval = burst / rate / len(self.publishers)
        begun = time.perf_counter()
        sent = arrived = turn = 0
        while (now := time.perf_counter()) < begun + seconds:
            if now < begun + turn * interval:
                arrived += self.drain()
                continue
            publisher = self.publishers[turn % len(self.publishers)]
            at = sequence + turn // len(self.publishers) * burst
            for i in range(burst):
                packet = RtpPacket(
                    payload_type=111 if self.kind == "audio" else 96,
                    sequence=(at + i) & 0xFFFF,
                    timestamp=at * 960 & 0xFFFFFFFF,
                    ssrc=1000,
                    payload=self.body,
                    marker=i == burst - 1,
                    extensions={1: b"\x85"} if self.kind == "audio" else {},
                )
                publisher.socket.sendto(publisher.srtp.protect(header.build(packet)), self.to)
            sent += burst
            turn += 1
        quiet = time.perf_counter()
        while time.perf_counter() < quiet + 0.1:
            if more := self.drain():
                arrived += more
                quiet = time.perf_counter()
        return sent, arrived, sequence + (turn // len(self.publishers) + 1) * burst

    def drain(self) -> int:
        return sum(listener.drain() for listener in self.listeners)

    def close(self) -> None:
        for peer in (*self.publishers, *self.listeners):
            peer.socket.close()
        self.pipe.close()
        self.process.join(5)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found: the plane, and what it costs."""

    plane: str
    costs: Costs
    slot_bytes: float


def measure(plane: Plane, seconds: float) -> Measured:
    """Four rounds of `seconds` each, and one for memory. Raises CannotMeasure."""
    found: dict[tuple[Kind, int], tuple[float, float]] = {}
    name = ""
    kinds: tuple[Kind, Kind] = ("audio", "video")
    for kind in kinds:
        for listeners, (publishers, rate) in LOADS.items():
            rig = _Rig(plane, kind, listeners, publishers)
            try:
                name = rig.plane
                *_, sequence = rig.run(WARM_SECONDS, rate, 1)
                before = rig.ask("cpu")
                sent, arrived, _ = rig.run(seconds, rate, sequence)
                used = rig.ask("cpu") - before
            finally:
                rig.close()
            if not arrived:
                raise CannotMeasure("nothing of what was sent arrived")
            found[kind, listeners] = used / arrived * 1e6, 1 - arrived / (sent * listeners)
    audio = solve(found["audio", FEW][0], FEW, found["audio", MANY][0], MANY)
    video = solve(found["video", FEW][0], FEW, found["video", MANY][0], MANY)
    costs = Costs(*audio, *video, lost=max(0.0, *(lost for _, lost in found.values())))
    return Measured(name, costs, _slot_bytes(plane))


def _slot_bytes(plane: Plane) -> float:
    """Memory of one slot, with its part of the peer."""
    peers, slots = 40, 50
    rig = _Rig(plane, "video", 0, 1)
    try:
        before = rig.ask("memory")
        handle = 100
        for peer in range(1000, 1000 + peers):
            rig.tell("add_peer", peer)
            for _ in range(slots):
                handle += 1
                rig.tell("add_slot", handle, peer, SlotParams("video", handle, 0, {Codec.VP8: (96, 0)}, IDS))
        return max(0.0, rig.ask("memory") - before) / (peers * slots)
    finally:
        rig.close()
