"""Drives a load: brings connections up, sends what is due, reads what comes, and measures a window of it."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from pylibsrtp import Error as SrtpError

from sfu.rtp import rtcp
from sfu.rtp.errors import PacketError
from tests.bench.loadgen import processes
from tests.bench.loadgen.receiver import Receiver
from tests.bench.loadgen.signalling import Signalling
from web.load.link import Link
from web.load.sdp import CODECS, Line
from web.load.streams import Shape, Stream, sent_at

CONNECT_SECONDS = 30.0
TICK_SECONDS = 0.02
# Every second from everybody, in ten portions: reports and checks.
PORTIONS = 10
PORTION_SECONDS = 0.1
KEEP_ALIVE_SECONDS = 15.0
SAMPLES_PER_SECOND = 300
# Nothing is sent for so long before and after a window, so that at its edges nothing is on its way.
REST_SECONDS = 0.2
CNAME = "loadgen"


@dataclass(frozen=True)
class Window:
    """What one measured stretch brought.

    `packets` came while the CPU was measured; `arrived` is with those that were still on their way then.
    `expected` counts what the sequence numbers say was sent to listeners, `published` what publishers sent
    times the number of listeners. Latencies in s from before the publisher's send to the kernel's receive
    time, sorted. CPU in s.
    """

    seconds: float
    packets: int
    arrived: int
    expected: int
    published: int
    streams: int
    latencies: Sequence[float]
    server_cpu: float
    server_bytes: int
    generator_cpu: float
    others_cpu: float
    lateness: float
    unkept: int
    send_errors: int

    def latency(self, part: float) -> float:
        """The latency that `part` of the samples stay below; 0.0 without samples."""
        at = min(len(self.latencies) - 1, int(part * len(self.latencies)))
        return self.latencies[at] if self.latencies else 0.0


class Load:
    """Publishers and listeners of one room; their sockets are bound to `host`."""

    def __init__(self, host: str, profile: str, poll_seconds: float) -> None:
        self._host, self._profile, self._poll = host, profile, poll_seconds
        self._receiver = Receiver()
        self._links: list[Link] = []
        self._waiting: set[Link] = set()
        self._publishers: list[tuple[Link, list[Stream]]] = []
        self._listeners: list[Link] = []
        self._kinds: list[str] = []
        self._playing = False
        self._lateness = 0.0
        self._latencies: list[float] | None = None  # while a window is measured
        self._ticked_at = self._portion_at = self._kept_alive_at = time.monotonic()
        self._portion = 0
        self._signalling: Signalling | None = None

    # --- bringing it up --------------------------------------------------------------------------

    def publish(self, signalling: Signalling, count: int, shapes: Sequence[Shape]) -> None:
        """Add publishers that send one stream of each shape, silent before `play`."""
        self._signalling = signalling
        for _ in range(count):
            streams = [
                Stream(shape, random.getrandbits(31) + 1, CODECS[shape.kind][0], 0.0) for shape in shapes
            ]
            link = self._link(f"publisher{len(self._publishers)}", partial(_heed, streams))
            lines = [Line.of(each.shape.kind, mid, each.ssrc) for mid, each in enumerate(streams)]
            signalling.publish(link, lines)
            self._publishers.append((link, streams))
            self._kinds += [shape.kind for shape in shapes]
            self.settle()

    def listen(
        self, signalling: Signalling, count: int, at_once: int = 10, spare: Sequence[Shape] = ()
    ) -> None:
        """Add listeners to everything that is published, some at once; they could receive `spare` besides."""
        kinds = self._kinds + [shape.kind for shape in spare]
        for index in range(count):
            link = self._link(f"listener{len(self._listeners)}", lambda _: None)
            signalling.listen(link, kinds)
            self._listeners.append(link)
            if (index + 1) % at_once == 0 or index + 1 == count:
                self.settle()

    def play(self) -> None:
        """Begin to send, the publishers one after the other within each period."""
        self._playing = True
        start = time.monotonic() + 0.05
        for place, (_, streams) in enumerate(self._publishers):
            for stream in streams:
                stream.next = start + place / len(self._publishers) / stream.shape.rate

    def _link(self, name: str, heard: Callable[[rtcp.RtcpPacket], None]) -> Link:
        link = Link(len(self._links), name, self._host, self._profile, heard)
        self._receiver.add(link.sock, link.number)
        self._links.append(link)
        self._waiting.add(link)
        return link

    def settle(self) -> None:
        """Go on until every connection is up. Raises TimeoutError that names some that are not."""
        end = time.monotonic() + CONNECT_SECONDS
        while self._waiting:
            if time.monotonic() > end:
                names = sorted(link.name for link in self._waiting)
                raise TimeoutError(f"{len(names)} connections do not come up: {', '.join(names[:5])}")
            self.pump(TICK_SECONDS)

    # --- going on --------------------------------------------------------------------------------

    def pump(self, seconds: float) -> None:
        """Send, read and look after the connections for so long."""
        end = time.monotonic() + seconds
        streams = [(stream, link) for link, streams in self._publishers for stream in streams]
        while (now := time.monotonic()) < end:
            due = end
            if self._playing:
                for stream, link in streams:
                    if stream.next <= now:
                        self._lateness = max(self._lateness, now - stream.next)
                        for packet in stream.burst():
                            link.send_rtp(packet)
                    due = min(due, stream.next)
            self._look_after(now)
            pause = min(due, now + self._poll) - time.monotonic()
            if pause > 0:
                time.sleep(pause)
            if self._receiver.read():
                self._hear()

    def _hear(self) -> None:
        for arrived in self._receiver.others():
            link = self._links[arrived.socket]
            link.datagram(arrived.data)
            if link.up:
                self._waiting.discard(link)
        for arrived in self._receiver.samples():
            if self._latencies is None:
                continue
            with suppress(SrtpError, PacketError):  # a few may have overtaken each other by the whole window
                at = sent_at(self._links[arrived.socket].unprotect(arrived.data))
                if at is not None:
                    self._latencies.append((arrived.at - at) / 1e9)

    def _look_after(self, now: float) -> None:
        if self._waiting and now - self._ticked_at >= TICK_SECONDS:
            self._ticked_at = now
            for link in self._waiting:
                link.tick(now)
        if now - self._portion_at < PORTION_SECONDS:
            return
        self._portion_at = now
        self._portion = (self._portion + 1) % PORTIONS
        for link in self._links[self._portion :: PORTIONS]:
            if link.up:
                link.tick(now)
                self._report(link)
        if self._signalling is not None and now - self._kept_alive_at >= KEEP_ALIVE_SECONDS:
            self._kept_alive_at = now
            self._signalling.keep_alive()

    def _report(self, link: Link) -> None:
        """A sender report for each stream of a publisher, a receiver report of a listener."""
        for publisher, streams in self._publishers:
            if publisher is link:
                for stream in streams:
                    if stream.sent:
                        link.send_rtcp([stream.report(), rtcp.Sdes(((stream.ssrc, CNAME),))])
                return
        ssrc = link.number + 1
        link.send_rtcp([rtcp.ReceiverReport(ssrc, ()), rtcp.Sdes(((ssrc, CNAME),))])

    # --- measuring -------------------------------------------------------------------------------

    def measure(self, seconds: float, pids: Sequence[int]) -> Window:
        """Let it go on for so long and say what came; `pids` are the server's processes."""
        rate = sum(each.shape.packet_rate for _, streams in self._publishers for each in streams)
        # An odd number, so that a frame's packets take turns.
        self._receiver.sample(max(1, int(rate * len(self._listeners) / SAMPLES_PER_SECOND)) | 1)
        self._rest()
        self._latencies = []
        self._lateness = 0.0
        before, published = self._receiver.streams(), self._published()
        packets, unkept, errors = self._receiver.packets, self._receiver.unkept, self._send_errors()
        machine, ours = processes.machine_seconds(), _own_cpu()
        server = {pid: processes.cpu_seconds(pid) for pid in pids}
        began = time.monotonic()
        self.pump(seconds)
        lasted = time.monotonic() - began
        server_cpu = sum(processes.cpu_seconds(pid) - used for pid, used in server.items())
        generator_cpu = _own_cpu() - ours
        machine_cpu = processes.machine_seconds() - machine
        by_then = self._receiver.packets - packets
        published = self._published() - published
        self._rest()
        expected = streams = 0
        for key, after in self._receiver.streams().items():
            earlier = before.get(key)
            gained = after.highest - (earlier.highest if earlier else after.first - 1)
            expected += gained
            streams += gained > 0
        latencies, self._latencies = sorted(self._latencies), None
        return Window(
            seconds=lasted,
            packets=by_then,
            arrived=self._receiver.packets - packets,
            expected=expected,
            published=published * len(self._listeners),
            streams=streams,
            latencies=latencies,
            server_cpu=server_cpu,
            server_bytes=sum(processes.memory(pid) for pid in pids),
            generator_cpu=generator_cpu,
            others_cpu=machine_cpu - server_cpu - generator_cpu,
            lateness=self._lateness,
            unkept=self._receiver.unkept - unkept,
            send_errors=self._send_errors() - errors,
        )

    def _rest(self) -> None:
        """Send no media for a moment, in which what is on its way arrives."""
        self._playing = False
        self.pump(REST_SECONDS)
        self._playing = True
        for _, streams in self._publishers:
            for stream in streams:
                stream.next += REST_SECONDS

    def _published(self) -> int:
        return sum(stream.sent for _, streams in self._publishers for stream in streams)

    def _send_errors(self) -> int:
        return sum(link.send_errors for link in self._links)

    def close(self) -> None:
        """Close every socket."""
        for link in self._links:
            link.close()


def _heed(streams: list[Stream], packet: rtcp.RtcpPacket) -> None:
    """What a publisher is asked for."""
    if isinstance(packet, rtcp.Pli | rtcp.Fir):
        for stream in streams:
            stream.ask_for_keyframe()


def _own_cpu() -> float:
    times = os.times()
    return times.user + times.system
