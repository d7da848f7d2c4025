"""Memory that a listener costs a plane: `python -m tests.bench.memory [--planes ...]`.

A fresh process per figure: its resident memory before and after adding listeners with keys, an address and
slots, each of which has had a packet (SRTP streams are made by the first one), over their number.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import resource
from multiprocessing.connection import Connection
from pathlib import Path

from sfu.forward.contract import Codec, ExtensionIds, ProducerParams, SlotParams, SrtpProfile
from sfu.forward.planes import planes
from sfu.forward.srtp import KEY_BYTES
from sfu.rtp.header import RtpPacket
from tests.bench.forward import Silent
from tests.support.rtp_peer import RtpPeer

LISTENERS = 300
PROFILE = SrtpProfile.AEAD_AES_128_GCM
IDS = ExtensionIds(mid=1, audio_level=2, orientation=3, transport_cc=4)


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def plane_process(pipe: Connection, plane: str, pairs: int) -> None:
    async def run() -> None:
        forwarder = planes()[plane](Silent(), "127.0.0.1", 0)
        publisher, sink = RtpPeer(PROFILE), RtpPeer(PROFILE)
        forwarder.add_peer(1)
        forwarder.set_keys(1, PROFILE, publisher.send_key, publisher.receive_key)
        forwarder.set_address(1, publisher.address)
        forwarder.add_producer(1, 1, ProducerParams("audio", Codec.OPUS, 111, 48000, ssrc=1))
        forwarder.add_producer(2, 1, ProducerParams("video", Codec.VP8, 96, 90000, ssrc=2))
        handle = 2
        before = resident()
        for index in range(LISTENERS):
            peer = handle = handle + 1
            forwarder.add_peer(peer)
            keys = os.urandom(KEY_BYTES[PROFILE]), os.urandom(KEY_BYTES[PROFILE])
            forwarder.set_keys(peer, PROFILE, *keys)
            forwarder.set_address(peer, (f"127.1.{index // 250}.{index % 250 + 1}", sink.address[1]))
            for pair in range(pairs):
                audio = SlotParams("audio", 100 + pair, 0, {Codec.OPUS: (111, 0)}, IDS, f"a{pair}")
                video = SlotParams("video", 200 + pair, 300 + pair, {Codec.VP8: (96, 97)}, IDS, f"v{pair}")
                for producer, params in ((1, audio), (2, video)):
                    handle += 1
                    forwarder.add_slot(handle, peer, params)
                    forwarder.route(handle, producer)
            await asyncio.sleep(0)
        for number in range(1, 4):
            publisher.send(forwarder.address, RtpPacket(111, number, 1, 1, b"audio"))
            publisher.send(forwarder.address, RtpPacket(96, number, 1, 2, b"\x10\x00key"))
            await asyncio.sleep(0.3)
        sent = forwarder.counters().sent
        if sent != LISTENERS * pairs * 2 * 3:
            raise SystemExit(f"{sent} packets went out")
        pipe.send((resident() - before) / LISTENERS)
        forwarder.close()

    asyncio.run(run())


def measure(plane: str, pairs: int) -> float:
    """Bytes per listener."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=plane_process, args=(there, plane, pairs))
    process.start()
    there.close()
    figure: float = here.recv()
    process.join()
    return figure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--planes", default=",".join(planes()))
    options = parser.parse_args()
    for plane in options.planes.split(","):
        for pairs in (1, 12):
            figure = measure(plane, pairs) / 1000
            print(
                f"{plane:8} {pairs:2} audio + {pairs:2} video slots {figure:7.0f} kB a listener", flush=True
            )


if __name__ == "__main__":
    main()
