"""People who come and go, to keep a server's control plane busy: `busy` starts this beside a load.

Each publishes or listens through WHIP or WHEP as a device does: offer and answer, ICE, DTLS, media; it stays
for a moment and leaves by DELETE. With each that publishes, everybody in the room gets new routes, and again
when it goes.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from tests.bench.loadgen.whip import Whip
from web.load import streams
from web.load.link import Link
from web.load.sdp import CODECS, Line
from web.load.streams import Stream

STAY_SECONDS = 1.0
PAUSE = 0.002
KINDS = ["audio", "video"]
# One that is not up by then has failed.
PATIENCE_SECONDS = 10.0


@dataclass
class Visitor:
    """One who is there, or on the way in."""

    link: Link
    way: Whip
    came: float
    streams: list[Stream] = field(default_factory=list)
    up: float | None = None

    def step(self, now: float) -> bool:
        """Read, and send what is due. Whether it stays."""
        with suppress(BlockingIOError, ConnectionRefusedError):
            while data := self.link.sock.recv(2048):
                self.link.datagram(data)
        self.link.tick(now)
        if not self.link.up:
            if now - self.came > PATIENCE_SECONDS:
                raise TimeoutError(f"{self.link.name} does not come up")
            return True
        if self.up is None:
            self.up = now
            for stream in self.streams:
                stream.next = now
        for stream in self.streams:
            if stream.next <= now:
                for packet in stream.burst():
                    self.link.send_rtp(packet)
        return now - self.up < STAY_SECONDS

    def leave(self) -> None:
        """By the API, as a device does."""
        self.way.close()
        self.link.close()


def arrive(number: int, addresses: tuple[str, str], ticket: str, now: float) -> Visitor:
    """Every other one publishes; the others listen."""
    way = Whip(*addresses, [ticket])
    visitor = Visitor(Link(number, f"visitor{number}", "127.0.0.1", "gcm", lambda _: None), way, now)
    if number % 2:
        way.listen(visitor.link, KINDS)
        return visitor
    for shape in (streams.audio(), streams.video()):
        visitor.streams.append(Stream(shape, random.getrandbits(31) + 1, CODECS[shape.kind][0], now))
    way.publish(visitor.link, [Line.of(s.shape.kind, mid, s.ssrc) for mid, s in enumerate(visitor.streams)])
    return visitor


def visit(addresses: tuple[str, str], tickets: Sequence[str], a_second: float, pipe: Connection) -> None:
    """A process of its own: so many arrivals a second until `pipe` says so.

    Answers with the seconds that each took to be connected."""
    there: list[Visitor] = []
    took: list[float] = []
    number, due = 0, time.monotonic()
    while not pipe.poll():
        now = time.monotonic()
        if now >= due:
            due += 1 / a_second
            there.append(arrive(number, addresses, tickets[number % len(tickets)], now))
            number += 1
        for visitor in list(there):
            if not visitor.step(time.monotonic()):
                there.remove(visitor)
                took.append((visitor.up or now) - visitor.came)
                visitor.leave()
        time.sleep(PAUSE)
    for visitor in there:
        visitor.leave()
    pipe.send(took)
