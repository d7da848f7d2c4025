"""CPU time per forwarded packet, per plane: `python -m tests.bench.forward [--planes python,native]`.

Each measurement starts a fresh process with one forwarder; this process is its network: publishers that
send real SRTP at real pace (audio: 50 packets of 120 B a second; video: 30 bursts of 10 packets of
1,100 B a second) and a socket per listener, drained without waiting so that no plane pays for waking
anybody. The figure is the CPU time of the plane's process (user + system) over the RTP packets that the
listeners got. On loopback the kernel does the receiver's half of the UDP path in the sender's time.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import socket
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
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
from sfu.forward.planes import planes
from sfu.rtp.header import RtpPacket
from tests.bench.floor import floors
from tests.support.rtp_peer import RtpPeer

WARM_SECONDS = 0.7
SECONDS = 3.0
QUIET_SECONDS = 0.3  # nothing came for so long: what is not here now is lost
IDS = ExtensionIds(audio_level=1, transport_cc=3)


@dataclass(frozen=True)
class Load:
    """What is measured. `publishers` make enough packets for a steady figure."""

    kind: str
    fan_out: int
    publishers: int
    profile: SrtpProfile = SrtpProfile.AEAD_AES_128_GCM
    extensions: bool = True


@dataclass(frozen=True)
class Figure:
    """CPU µs per delivered packet, delivered packets a second, and the part that was lost."""

    microseconds: float
    rate: float
    lost: float


class Silent(ForwarderEvents):
    """Nobody listens to events here."""

    def datagram(self, data: bytes, address: Address) -> None: ...
    def rtcp(self, peer: int, data: bytes) -> None: ...
    def unknown_ssrc(self, peer: int, ssrc: int, payload_type: int, mid: str, rid: str) -> None: ...
    def producer_started(self, producer: int) -> None: ...
    def keyframe_needed(self, producer: int) -> None: ...
    def codec_changed(self, producer: int, codec: Codec) -> None: ...
    def packets_lost(self, producer: int, sequences: list[int]) -> None: ...


def plane_process(pipe: Connection, plane: str, cpu: int | None) -> None:
    """The measured process: one forwarder, told by `pipe` what to do, answering with CPU seconds."""
    if cpu is not None:
        os.sched_setaffinity(0, {cpu})
    import uvloop

    async def run() -> None:
        factories: dict[str, Callable[..., Any]] = {**planes(), **floors()}
        forwarder = factories[plane](Silent(), "127.0.0.1", 0)
        done = asyncio.Event()

        def command() -> None:
            name, arguments = pipe.recv()
            if name == "stop":
                pipe.send(forwarder.counters())
                done.set()
            elif name == "cpu":
                pipe.send(time.process_time())
            elif name == "counters":
                pipe.send(forwarder.counters())
            else:
                getattr(forwarder, name)(*arguments)

        asyncio.get_running_loop().add_reader(pipe.fileno(), command)
        pipe.send(forwarder.address)
        await done.wait()
        forwarder.close()

    uvloop.run(run())


class Network:
    """Publishers and listeners of one load, on the other side of the plane's socket."""

    def __init__(self, load: Load, plane: Connection) -> None:
        self.load = load
        self.to: Address = plane.recv()
        self.publishers: list[RtpPeer] = []
        self.listeners: list[RtpPeer] = []
        self.sequence = 0
        self.sent = 0
        audio = load.kind == "audio"
        codec, payload_type = (Codec.OPUS, 111) if audio else (Codec.VP8, 96)
        ids = IDS if load.extensions else ExtensionIds()
        handle = 0

        def peer() -> tuple[int, RtpPeer]:
            nonlocal handle
            handle += 1
            made = RtpPeer(load.profile)
            plane.send(("add_peer", (handle,)))
            plane.send(("set_keys", (handle, load.profile, made.send_key, made.receive_key)))
            plane.send(("set_address", (handle, made.address)))
            return handle, made

        for index in range(load.publishers):
            number, publisher = peer()
            self.publishers.append(publisher)
            kind: Any = load.kind
            rate = 48000 if audio else 90000
            params = ProducerParams(kind, codec, payload_type, rate, ssrc=1000, extensions=ids)
            plane.send(("add_producer", (index + 1, number, params)))
            for _ in range(load.fan_out):
                number, listener = peer()
                self.listeners.append(listener)
                repair = (0, 0) if audio else (2000, 97)
                slot = SlotParams(kind, 1500, repair[0], {codec: (payload_type, repair[1])}, ids)
                plane.send(("add_slot", (number, number, slot)))
                plane.send(("route", (number, index + 1)))
        self.body = b"\x10\x00" + os.urandom((120 if audio else 1100) - 2)
        self.burst = 1 if audio else 10
        self.interval = (1 / 50 if audio else 1 / 30) / load.publishers

    def send_burst(self, publisher: RtpPeer, sequence: int) -> None:
        step = self.sequence // self.load.publishers
        for i in range(self.burst):
            packet = RtpPacket(
                payload_type=111 if self.load.kind == "audio" else 96,
                sequence=(sequence + i) & 0xFFFF,
                timestamp=step * 960,
                ssrc=1000,
                payload=self.body,
                marker=i == self.burst - 1,
                extensions={1: b"\x85"} if self.load.extensions and self.load.kind == "audio" else {},
            )
            publisher.send(self.to, packet)
        self.sent += self.burst

    def steps(self, seconds: float) -> Iterator[None]:
        """Send at pace for so long; yields whenever there is time for draining."""
        start = time.perf_counter()
        steps = round(seconds / self.interval)
        for i in range(steps):
            while time.perf_counter() < start + i * self.interval:
                yield
            publisher = self.publishers[self.sequence % len(self.publishers)]
            self.send_burst(publisher, self.sequence // len(self.publishers) * self.burst)
            self.sequence += 1

    def drain(self) -> int:
        """Count and drop what waits at the listeners."""
        count = 0
        for listener in self.listeners:
            try:
                while True:
                    listener.socket.recv(1, socket.MSG_TRUNC)
                    count += 1
            except BlockingIOError:
                continue
        return count

    def run(self, seconds: float) -> int:
        """Send for so long and count what arrives."""
        count = 0
        for _ in self.steps(seconds):
            count += self.drain()
        quiet = time.perf_counter()
        while time.perf_counter() < quiet + QUIET_SECONDS:
            more = self.drain()
            count += more
            if more:
                quiet = time.perf_counter()
        return count

    def close(self) -> None:
        for peer in (*self.publishers, *self.listeners):
            peer.close()


def measure(load: Load, plane: str, seconds: float = SECONDS) -> Figure:
    """One measurement in a fresh process."""
    cpus = sorted(os.sched_getaffinity(0))
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=plane_process, args=(there, plane, cpus[0] if len(cpus) > 1 else None))
    process.start()
    there.close()  # so that its end is seen here, whatever it ends by
    if len(cpus) > 1:  # this process never sleeps: on the plane's core it would keep it waiting
        os.sched_setaffinity(0, cpus[1:])
    try:
        network = Network(load, here)
        network.run(WARM_SECONDS)
        here.send(("cpu", ()))
        before = here.recv()
        sent = network.sent
        start = time.perf_counter()
        delivered = network.run(seconds)
        elapsed = time.perf_counter() - start
        here.send(("cpu", ()))
        used = here.recv() - before
        expected = (network.sent - sent) * load.fan_out
        here.send(("stop", ()))
        here.recv()
        network.close()
        return Figure(used / max(delivered, 1) * 1e6, delivered / elapsed, 1 - delivered / expected)
    finally:
        os.sched_setaffinity(0, cpus)
        process.join(5)
        if process.is_alive():
            process.kill()


LOADS = [
    Load(kind, fan_out, publishers)
    for kind in ("audio", "video")
    for fan_out, publishers in ((1, 20), (10, 6), (50, 2), (100, 1))
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--planes", default=",".join([*floors(), *planes()]))
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--repeat", type=int, default=1, help="rounds, of all planes in turns")
    parser.add_argument("--kind", choices=("audio", "video"))
    parser.add_argument("--fan-out", type=int)
    options = parser.parse_args()
    print(
        "                      µs/packet        ratio to native    a core\n"
        "plane     kind  fan-out  median  least  median  least      carries    lost"
    )
    for load in LOADS:
        if options.kind not in (None, load.kind) or options.fan_out not in (None, load.fan_out):
            continue
        found: dict[str, list[Figure]] = {plane: [] for plane in options.planes.split(",")}
        for _ in range(options.repeat):
            for plane, figures in found.items():
                figures.append(measure(load, plane, options.seconds))
        show(load, found)


def show(load: Load, found: dict[str, list[Figure]]) -> None:
    """One line for each plane."""
    costs = {plane: sorted(figure.microseconds for figure in figures) for plane, figures in found.items()}
    for plane, figures in found.items():
        median, least = statistics.median(costs[plane]), costs[plane][0]
        line = f"{plane:9} {load.kind:6} {load.fan_out:6} {median:7.2f} {least:6.2f}"
        if "native" in costs:
            base = costs["native"]
            line += f" {median / statistics.median(base):7.2f} {least / base[0]:6.2f}"
        else:
            line += " " * 15
        lost = max(figure.lost for figure in figures)
        print(f"{line} {1e6 / median:10,.0f}/s {lost:7.2%}", flush=True)


if __name__ == "__main__":
    main()
