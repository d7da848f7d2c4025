"""The media of those who talk: what they send, and the connections that carry it, whatever happens to these.

What is sent has the size and rhythm of opus (and VP8) and holds no sound. Like a page, a talker who is asked
to move to another worker makes a second pair of connections and changes over when the server says so, and
one whose media is lost begins anew.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Callable, Coroutine
from contextlib import suppress

from sfu.rtp import rtcp
from signaling import messages
from web.load import sdp, streams
from web.load.accounts import CannotLoad
from web.load.pair import Pair
from web.load.person import MediaMessage, Person
from web.load.tally import Tally

SEND_SECONDS = 0.01
REPORT_SECONDS = 1.0
RETRY_SECONDS = 0.3  # as the browser's client
BROKEN = (TimeoutError, ConnectionError, ValueError)


class Voice:
    """One talker. `connect` brings it up; `play`, `look_after` and `report` keep it going."""

    def __init__(
        self, person: Person, host: str, reach: Callable[[str], bool], tally: Tally, video: bool
    ) -> None:
        self._person, self._host, self._reach, self._tally = person, host, reach, tally
        shapes = [streams.audio(), *([streams.video()] if video else [])]
        self.streams = [
            streams.Stream(shape, secrets.randbits(31) + 1, sdp.CODECS[shape.kind][0], 0.0)
            for shape in shapes
        ]
        self._pair = self._new()
        self._next: Pair | None = None  # while it moves
        self._doing: asyncio.Task[None] | None = None
        self._offered_at = 0.0
        self._there = self._heard = False
        person.on_media = self._message

    def _new(self) -> Pair:
        return Pair(self._person, self._host, self._reach, self._tally, self._asked)

    # --- connections -----------------------------------------------------------------------------

    async def connect(self) -> None:
        """Bring the connections up and say that we talk. Raises CannotLoad."""
        self._offered_at = asyncio.get_running_loop().time()
        try:
            await self._pair.connect(self.streams)
            await self._person.say(messages.MediaState(mic=True, camera=len(self.streams) > 1))
        except BROKEN as error:
            what = str(error) or "no connection in time"
            raise CannotLoad(f"media of {self._person.account.username}: {what}") from None
        self._there = True

    def _message(self, message: MediaMessage) -> None:
        match message:
            case messages.MediaMoving():
                self._do(self._move())
            case messages.MediaMoved():
                if self._next is not None:
                    self._pair.close()
                    self._pair, self._next = self._next, None
                    self._tally.media_moved += 1
            case messages.Error(code="media_lost") if self._there:
                self._tally.media_lost += 1
                self._do(self._come_back())
            case messages.Error(message=words):
                (self._next or self._pair).refuse(words)
            case _:
                (self._next or self._pair).take(message)

    def _do(self, work: Coroutine[None, None, None]) -> None:
        if self._doing is not None:
            self._doing.cancel()
        self._doing = asyncio.get_running_loop().create_task(work)

    async def _move(self) -> None:
        self._stay()
        self._next = self._new()
        with suppress(*BROKEN):
            await self._next.connect(self.streams)
            return
        self._stay()  # the server asks again

    async def _come_back(self) -> None:
        self._stay()
        while True:
            await asyncio.sleep(RETRY_SECONDS)
            self._pair.close()
            self._pair = self._new()
            with suppress(*BROKEN):
                await self._pair.connect(self.streams)
                self._tally.media_back += 1
                return

    def _stay(self) -> None:
        if self._next is not None:
            self._next.close()
            self._next = None

    @property
    def _pairs(self) -> list[Pair]:
        return [self._pair] if self._next is None else [self._pair, self._next]

    # --- going on --------------------------------------------------------------------------------

    def play(self, now: float) -> None:
        """Send what is due at `now` (time.monotonic), once a connection stands."""
        pairs = [pair for pair in self._pairs if pair.sends]
        if not pairs:
            return
        for stream in self.streams:
            if stream.next == 0.0:
                stream.next = now
            # A tester that was held up goes on from now: a burst would be its own doing.
            if now - stream.next > 1.0:
                stream.next = now
            while stream.next <= now:
                for packet in stream.burst():
                    for pair in pairs:
                        pair.send(packet)
                    self._tally.sent += 1

    def look_after(self, now: float) -> None:
        """Checks and repeated flights."""
        for pair in self._pairs:
            pair.look_after(now)
        if not self._heard and self._pair.heard_at is not None:
            self._heard = True
            self._tally.first_media.append(self._pair.heard_at - self._offered_at)

    def report(self) -> None:
        """RTCP of all connections, and what was heard since the last time."""
        for pair in self._pairs:
            pair.report(self.streams)
        self.count()

    def count(self) -> None:
        """Add what came since the last count."""
        for pair in self._pairs:
            pair.count()

    async def close(self) -> None:
        """Close the sockets."""
        if self._doing is not None:
            self._doing.cancel()
            await asyncio.gather(self._doing, return_exceptions=True)
        for pair in self._pairs:
            pair.close()

    def _asked(self, packet: rtcp.RtcpPacket) -> None:
        if isinstance(packet, rtcp.Pli | rtcp.Fir):
            for stream in self.streams:
                stream.ask_for_keyframe()


def address_towards(host: str) -> str:
    """Our own address on the way to `host` (no packet is sent)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trying:
        try:
            trying.connect((host, 9))
        except OSError:
            return "127.0.0.1"
        return str(trying.getsockname()[0])
