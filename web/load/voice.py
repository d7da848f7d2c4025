"""The media of those who talk: two connections each, as the browser has them, one to send and one to hear.

What is sent has the size and rhythm of opus (and VP8) and holds no sound. What arrives is counted by its RTP
sequence numbers; the first packet of every stream is decrypted too, so that only what is really media for us
counts as heard.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Callable
from contextlib import suppress

from OpenSSL import SSL
from pylibsrtp import Error as SrtpError

from sfu.rtp import header, rtcp
from sfu.rtp.errors import PacketError
from signaling import messages
from web.load import sdp, streams
from web.load.accounts import CannotLoad
from web.load.link import RTCP_FIRST, RTCP_LAST, Link
from web.load.person import Person
from web.load.tally import Stream, Tally

PROFILE = "gcm"
SEND_SECONDS = 0.01
REPORT_SECONDS = 1.0
CONNECT_SECONDS = 20.0
# Datagrams that are read from a socket at a time, so that one busy listener does not hold up the others.
READ_AT_ONCE = 64
MAX_DATAGRAM = 2048
CNAME = "load"


class Voice:
    """One talker. `connect` brings both connections up; `play`, `look_after` and `report` keep them going."""

    def __init__(
        self, person: Person, host: str, reach: Callable[[str], bool], tally: Tally, video: bool
    ) -> None:
        self._person, self._reach, self._tally = person, reach, tally
        shapes = [streams.audio(), *([streams.video()] if video else [])]
        self.streams = [
            streams.Stream(shape, secrets.randbits(31) + 1, sdp.CODECS[shape.kind][0], 0.0)
            for shape in shapes
        ]
        name = person.account.username
        self._out = Link(0, f"{name} (sending)", host, PROFILE, self._asked)
        self._in = Link(1, f"{name} (hearing)", host, PROFILE, lambda _: None)
        self._video = video
        self._heard: dict[int, Stream] = {}
        self._counted = (0, 0)
        self._answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._offer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._offered_at = 0.0
        self._up = asyncio.Event()
        person.on_media = self._message

    # --- connecting ------------------------------------------------------------------------------

    async def connect(self) -> None:
        """Offer, answer, and wait until both connections stand. Raises CannotLoad."""
        loop = asyncio.get_running_loop()
        for link in (self._out, self._in):
            loop.add_reader(link.sock, self._read, link)
        lines = [sdp.Line.of(each.shape.kind, mid, each.ssrc) for mid, each in enumerate(self.streams)]
        offer = sdp.write(self._out.side(), lines, setup="active", name=self._person.account.username)
        sources: dict[str, messages.Source] = {"0": "mic"}
        if self._video:
            sources["1"] = "camera"
        self._offered_at = loop.time()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._person.say(messages.MediaOffer(offer, sources))
                self._out.start(sdp.read(await self._answer, self._reach), controlling=True)
                remote = sdp.read(await self._offer, self._reach)
                answer = sdp.write(
                    *(self._in.side(), list(remote.lines)),
                    setup="active",
                    name=self._person.account.username,
                )
                # The server is ICE-lite: we control, whoever made the offer (RFC 8445 §6.1.1).
                self._in.start(remote, controlling=True)
                await self._person.say(messages.MediaAnswer(answer))
                await self._person.say(messages.MediaState(mic=True, camera=self._video))
                await self._up.wait()  # `look_after` is called meanwhile
        except (TimeoutError, ConnectionError, ValueError) as error:
            what = error or f"no connection within {CONNECT_SECONDS:.0f} s"
            raise CannotLoad(f"media of {self._person.account.username}: {what}") from None

    def _message(self, message: messages.SubscribeOffer | messages.PublishAnswer) -> None:
        waiting = self._offer if isinstance(message, messages.SubscribeOffer) else self._answer
        if not waiting.done():
            waiting.set_result(message.sdp)

    # --- going on --------------------------------------------------------------------------------

    def play(self, now: float) -> None:
        """Send what is due at `now` (time.monotonic), once the connection stands."""
        if not self._out.up:
            return
        for stream in self.streams:
            if stream.next == 0.0:
                stream.next = now
            # A tester that was held up goes on from now: a burst would be its own doing.
            if now - stream.next > 1.0:
                stream.next = now
            while stream.next <= now:
                for packet in stream.burst():
                    self._out.send_rtp(packet)
                    self._tally.sent += 1

    def look_after(self, now: float) -> None:
        """Checks and repeated flights."""
        for link in (self._out, self._in):
            link.tick(now)

    def report(self) -> None:
        """RTCP of both connections, and what was heard since the last time."""
        if not self._up.is_set():
            return
        for stream in self.streams:
            if stream.sent:
                self._out.send_rtcp([stream.report(), rtcp.Sdes(((stream.ssrc, CNAME),))])
        self._in.send_rtcp([rtcp.ReceiverReport(1, ()), rtcp.Sdes(((1, CNAME),))])
        self.count()

    def count(self) -> None:
        """Add what came since the last count."""
        packets = sum(each.packets for each in self._heard.values())
        expected = sum(each.expected for each in self._heard.values())
        # A packet that overtook another is in one count as lost and in the next as found: sums stay right.
        self._tally.packets += packets - self._counted[0]
        self._tally.lost += (expected - packets) - (self._counted[1] - self._counted[0])
        self._counted = packets, expected

    def close(self) -> None:
        """Close the sockets."""
        loop = asyncio.get_running_loop()
        for link in (self._out, self._in):
            loop.remove_reader(link.sock)
            link.close()

    def _asked(self, packet: rtcp.RtcpPacket) -> None:
        if isinstance(packet, rtcp.Pli | rtcp.Fir):
            for stream in self.streams:
                stream.ask_for_keyframe()

    # --- what comes ------------------------------------------------------------------------------

    def _read(self, link: Link) -> None:
        for _ in range(READ_AT_ONCE):
            try:
                data = link.sock.recv(MAX_DATAGRAM)
            except OSError:  # nothing more, or the far end is gone: the checks will tell
                return
            if len(data) > 1 and 128 <= data[0] <= 191 and not RTCP_FIRST <= data[1] <= RTCP_LAST:
                if link is self._in and link.up:
                    self._rtp(data)
                continue
            with suppress(SSL.Error, ValueError):
                link.datagram(data)
                if self._out.up and self._in.up:
                    self._up.set()

    def _rtp(self, data: bytes) -> None:
        if len(data) < header.FIXED_HEADER:
            return
        number, ssrc = int.from_bytes(data[2:4], "big"), int.from_bytes(data[8:12], "big")
        known = self._heard.get(ssrc)
        if known is not None:
            known.take(number)
            return
        try:
            header.parse(self._in.unprotect(data))
        except (SrtpError, PacketError):
            self._tally.error("undecryptable_media")
            return
        if not self._heard:
            self._tally.first_media.append(asyncio.get_running_loop().time() - self._offered_at)
        self._heard[ssrc] = Stream(number, number)


def address_towards(host: str) -> str:
    """Our own address on the way to `host` (no packet is sent)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trying:
        try:
            trying.connect((host, 9))
        except OSError:
            return "127.0.0.1"
        return str(trying.getsockname()[0])
