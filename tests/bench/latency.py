"""Latency that a plane adds while its process is busy: `python -m tests.bench.latency [--planes ...]`.

One publisher sends an audio packet every 5 ms and a video burst every 33 ms to some listeners; the plane's
process burns 20 ms of Python on its event loop every 100 ms, as a busy control plane would. The figure is
the time from sending a packet to reading it at one listener, whose process does nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import socket
import time
from multiprocessing.connection import Connection
from typing import Any

from sfu.forward.contract import Codec, ProducerParams, SlotParams, SrtpProfile
from sfu.forward.planes import planes
from sfu.rtp.header import RtpPacket
from tests.bench.forward import Silent
from tests.support.rtp_peer import RtpPeer

SECONDS = 6.0
LISTENERS = 50
BURN_SECONDS, BURN_EVERY = 0.02, 0.1
# The measuring process sleeps this long between two looks: its delay is part of the figure.
PAUSE = 0.0002
AUDIO_EVERY, VIDEO_EVERY, BURST = 0.005, 0.033, 10


def plane_process(pipe: Connection, plane: str, busy: bool) -> None:
    """The measured process: a forwarder and, on its event loop, something that takes time."""

    async def burn() -> None:
        while True:
            await asyncio.sleep(BURN_EVERY - BURN_SECONDS)
            end = time.perf_counter() + BURN_SECONDS
            while time.perf_counter() < end:
                sum(range(100))

    async def run() -> None:
        forwarder = planes()[plane](Silent(), "127.0.0.1", 0)
        done = asyncio.Event()

        def command() -> None:
            name, arguments = pipe.recv()
            if name == "stop":
                done.set()
            else:
                getattr(forwarder, name)(*arguments)

        asyncio.get_running_loop().add_reader(pipe.fileno(), command)
        pipe.send(forwarder.address)
        task = asyncio.create_task(burn()) if busy else None
        await done.wait()
        if task is not None:
            task.cancel()
        forwarder.close()

    import uvloop

    uvloop.run(run())


def measure(plane: str, busy: bool, seconds: float) -> list[float]:
    """The delays (s) of the packets that one listener got, in ascending order."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=plane_process, args=(there, plane, busy))
    process.start()
    to = here.recv()
    profile = SrtpProfile.AEAD_AES_128_GCM
    publisher, listener = RtpPeer(profile), RtpPeer(profile)
    idle = [RtpPeer(profile) for _ in range(LISTENERS - 1)]

    def tell(name: str, *arguments: Any) -> None:
        here.send((name, arguments))

    handle = 0
    for peer in (publisher, listener, *idle):
        handle += 1
        tell("add_peer", handle)
        tell("set_keys", handle, profile, peer.send_key, peer.receive_key)
        tell("set_address", handle, peer.address)
    tell("add_producer", 1, 1, ProducerParams("audio", Codec.OPUS, 111, 48000, ssrc=1))
    tell("add_producer", 2, 1, ProducerParams("video", Codec.VP8, 96, 90000, ssrc=2))
    for number in range(2, handle + 1):
        tell("add_slot", 2 * number, number, SlotParams("audio", 10, 0, {Codec.OPUS: (111, 0)}))
        tell("add_slot", 2 * number + 1, number, SlotParams("video", 20, 21, {Codec.VP8: (96, 97)}))
        tell("route", 2 * number, 1)
        tell("route", 2 * number + 1, 2)
    time.sleep(0.5)

    sent: list[float] = []
    delays: list[float] = []
    numbers = {1: 0, 2: 0}
    due = {1: time.perf_counter(), 2: time.perf_counter()}
    end = time.perf_counter() + seconds
    while (now := time.perf_counter()) < end + 0.1:
        for ssrc, every, burst, size in ((1, AUDIO_EVERY, 1, 120), (2, VIDEO_EVERY, BURST, 1100)):
            if now < due[ssrc] or now > end:
                continue
            due[ssrc] += every
            for _ in range(burst):
                numbers[ssrc] += 1
                at = len(sent).to_bytes(4, "big")
                payload = b"\x10\x00" + at + bytes(size - 6)
                packet = RtpPacket(
                    111 if ssrc == 1 else 96, numbers[ssrc], 960 * numbers[ssrc], ssrc, payload
                )
                data = publisher.protect(packet)
                sent.append(time.perf_counter())
                publisher.send_raw(to, data)
        got = [int.from_bytes(packet.payload[2:6], "big") for packet in listener.receive()]
        delays += [time.perf_counter() - sent[number] for number in got]
        listener.datagrams.clear()
        for peer in idle:
            try:
                while True:
                    peer.socket.recv(1, socket.MSG_TRUNC)
            except BlockingIOError:
                continue
        time.sleep(PAUSE)
    tell("stop")
    process.join(5)
    for peer in (publisher, listener, *idle):
        peer.close()
    if len(delays) < 0.9 * len(sent):
        raise SystemExit(f"only {len(delays)} of {len(sent)} packets arrived")
    return sorted(delays)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--planes", default=",".join(planes()))
    parser.add_argument("--seconds", type=float, default=SECONDS)
    options = parser.parse_args()
    print(f"{'plane':8} {'control':7} {'p50 ms':>8} {'p99 ms':>8} {'worst ms':>9}")
    for plane in options.planes.split(","):
        for busy in (False, True):
            delays = [delay * 1000 for delay in measure(plane, busy, options.seconds)]
            p50, p99 = delays[len(delays) // 2], delays[len(delays) * 99 // 100]
            print(
                f"{plane:8} {'busy' if busy else 'idle':7} {p50:8.2f} {p99:8.2f} {delays[-1]:9.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
