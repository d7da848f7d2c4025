"""What two forwarders in one process carry, against one: `python -m tests.bench.forwarders`.

Each native forwarder has its own port, thread, publisher and listeners, and gets more than it can carry.
Nobody reads the listeners' sockets: what leaves the forwarder counts. Both figures are taken in one run, one
forwarder and two in turns. `rate` is packets per second of wall time, which others on the machine lessen;
`per core` is packets per second of the forwarders' own thread time, added over the forwarders: what they
carry where each has a core to itself, less what they cost each other. On a machine that others use, run it as
`chrt -f 10 python -m tests.bench.forwarders`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from sfu.forward.contract import Codec, ProducerParams, SlotParams, SrtpProfile
from sfu.forward.native import NativeForwarder
from sfu.forward.native_link import available
from sfu.rtp.header import RtpPacket
from tests.bench.forward import Silent
from tests.support.rtp_peer import RtpPeer

FAN_OUT = 800
# Each is sent on to all listeners: more than a core carries.
PACKETS_PER_SECOND = 4000
BURST = 10
BUFFER = 4096  # bytes that wait unread at a listener


class Carrier:
    """One forwarder with a publisher and its listeners."""

    def __init__(self) -> None:
        self.forwarder = NativeForwarder(Silent(), "127.0.0.1", 0)
        self.publisher = self._peer(1)
        params = ProducerParams("video", Codec.VP8, 96, 90000, ssrc=1000)
        self.forwarder.add_producer(1, 1, params)
        self.listeners = []
        for handle in range(2, FAN_OUT + 2):
            listener = self._peer(handle)
            listener.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
            self.listeners.append(listener)
            self.forwarder.add_slot(handle, handle, SlotParams("video", 1500, 2000, {Codec.VP8: (96, 97)}))
            self.forwarder.route(handle, 1)
        self._number = 0
        self._body = b"\x10\x00" + os.urandom(1098)

    def _peer(self, handle: int) -> RtpPeer:
        made = RtpPeer()
        self.forwarder.add_peer(handle)
        self.forwarder.set_keys(handle, SrtpProfile.AEAD_AES_128_GCM, made.send_key, made.receive_key)
        self.forwarder.set_address(handle, made.address)
        return made

    def prepare(self, count: int) -> list[bytes]:
        """So many packets, protected ahead of time: making them is not what is measured."""
        made = []
        for _ in range(count):
            packet = RtpPacket(96, self._number & 0xFFFF, self._number // BURST * 3000, 1000, self._body)
            made.append(self.publisher.protect(packet))
            self._number += 1
        return made

    def send(self, data: bytes) -> None:
        """As the publisher."""
        self.publisher.send_raw(self.forwarder.address, data)

    def used(self) -> tuple[int, float]:
        """Packets sent so far, and seconds that the forwarder's thread ran."""
        schedule = Path(f"/proc/self/task/{self.forwarder.thread}/schedstat").read_text()
        return self.forwarder.counters().sent, int(schedule.split()[0]) / 1e9

    def close(self) -> None:
        self.forwarder.close()
        for peer in (self.publisher, *self.listeners):
            peer.close()


@dataclass(frozen=True)
class Carried:
    """Packets per second of wall time, and of the threads' own."""

    rate: float
    per_core: float


def carry(carriers: list[Carrier], seconds: float) -> Carried:
    """Load these, and no others, for so long."""
    steps = int(seconds * PACKETS_PER_SECOND / BURST)
    packets = [carrier.prepare(steps * BURST) for carrier in carriers]
    before = [carrier.used() for carrier in carriers]
    start = time.perf_counter()
    for step in range(steps):
        pause = start + step * BURST / PACKETS_PER_SECOND - time.perf_counter()
        if pause > 0:
            time.sleep(pause)
        for carrier, mine in zip(carriers, packets, strict=True):
            for data in mine[step * BURST : (step + 1) * BURST]:
                carrier.send(data)
    elapsed = time.perf_counter() - start
    after = [carrier.used() for carrier in carriers]
    sent = [now[0] - then[0] for then, now in zip(before, after, strict=True)]
    ran = [now[1] - then[1] for then, now in zip(before, after, strict=True)]
    time.sleep(0.5)  # what is still in the sockets is nobody's
    return Carried(
        sum(sent) / elapsed, sum(count / used for count, used in zip(sent, ran, strict=True) if used)
    )


async def compare(rounds: int, seconds: float) -> None:
    """One and two, in turns."""
    carriers = [Carrier(), Carrier()]
    if os.sched_getscheduler(0) == os.SCHED_FIFO:  # whoever feeds them must not wait for them
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(os.sched_getparam(0).sched_priority + 1))
    ones, twos = [], []
    for _ in range(rounds):
        ones.append(carry(carriers[:1], seconds))
        twos.append(carry(carriers, seconds))
    for carrier in carriers:
        carrier.close()
    print("forwarders       rate   per core")
    for count, found in ((1, ones), (2, twos)):
        rate = statistics.median(each.rate for each in found)
        per_core = statistics.median(each.per_core for each in found)
        print(f"{count:10} {rate:10,.0f} {per_core:10,.0f}")
    rate = statistics.median(two.rate / one.rate for one, two in zip(ones, twos, strict=True))
    per_core = statistics.median(two.per_core / one.per_core for one, two in zip(ones, twos, strict=True))
    print(f"two / one  {rate:10.2f} {per_core:10.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    if reason := available():
        print(f"skipped: {reason}")
        return
    asyncio.run(compare(options.rounds, options.seconds))


if __name__ == "__main__":
    main()
