"""The two connections of one talker, as the browser has them: one to send and one to hear.

What arrives is counted by its RTP sequence numbers; the first packet of every stream is decrypted too, so
that only what is really media for us counts as heard.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

from OpenSSL import SSL
from pylibsrtp import Error as SrtpError

from sfu.rtp import header, rtcp
from sfu.rtp.errors import PacketError
from signaling import messages
from web.load import sdp, streams
from web.load.link import RTCP_FIRST, RTCP_LAST, Link
from web.load.person import Person
from web.load.tally import Stream, Tally

PROFILE = "gcm"
CONNECT_SECONDS = 20.0
# Datagrams that are read from a socket at a time, so that one busy listener does not hold up the others.
READ_AT_ONCE = 64
MAX_DATAGRAM = 2048
CNAME = "load"


class Pair:
    """`connect` brings both up, while `look_after` is called. `asked` gets the RTCP of who hears us."""

    def __init__(
        self,
        person: Person,
        host: str,
        reach: Callable[[str], bool],
        tally: Tally,
        asked: Callable[[rtcp.RtcpPacket], None],
    ) -> None:
        self._person, self._reach, self._tally = person, reach, tally
        self._name = person.account.username
        self._out = Link(0, f"{self._name} (sending)", host, PROFILE, asked)
        self._in = Link(1, f"{self._name} (hearing)", host, PROFILE, lambda _: None)
        self._heard: dict[int, Stream] = {}
        self._counted = (0, 0)
        loop = asyncio.get_running_loop()
        self._answer: asyncio.Future[str] = loop.create_future()
        self._offer: asyncio.Future[str] = loop.create_future()
        self._up = asyncio.Event()
        # When the first packet of anybody came (the loop's time).
        self.heard_at: float | None = None
        for link in (self._out, self._in):
            loop.add_reader(link.sock, self._read, link)

    @property
    def sends(self) -> bool:
        """Whether what is sent goes out."""
        return self._out.up

    async def connect(self, sent: Sequence[streams.Stream]) -> None:
        """Offer, answer, and wait until both stand. Raises TimeoutError, ConnectionError, ValueError."""
        lines = [sdp.Line.of(each.shape.kind, mid, each.ssrc) for mid, each in enumerate(sent)]
        offer = sdp.write(self._out.side(), lines, setup="active", name=self._name)
        sources: dict[str, messages.Source] = {"0": "mic"}
        if len(sent) > 1:
            sources["1"] = "camera"
        async with asyncio.timeout(CONNECT_SECONDS):
            await self._person.say(messages.MediaOffer(offer, sources))
            self._out.start(sdp.read(await self._answer, self._reach), controlling=True)
            remote = sdp.read(await self._offer, self._reach)
            answer = sdp.write(self._in.side(), list(remote.lines), setup="active", name=self._name)
            # The server is ICE-lite: we control, whoever made the offer (RFC 8445 §6.1.1).
            self._in.start(remote, controlling=True)
            await self._person.say(messages.MediaAnswer(answer))
            await self._up.wait()

    def take(self, message: messages.SubscribeOffer | messages.PublishAnswer) -> None:
        """What the server says to our offer."""
        waiting = self._offer if isinstance(message, messages.SubscribeOffer) else self._answer
        if not waiting.done():
            waiting.set_result(message.sdp)

    def refuse(self, words: str) -> None:
        """The server says why it does not answer: `connect` raises ConnectionError with it."""
        waiting = self._offer if self._answer.done() else self._answer
        if not waiting.done():
            waiting.set_exception(ConnectionError(words))

    def send(self, packet: bytes) -> None:
        """Send an RTP packet."""
        self._out.send_rtp(packet)

    def look_after(self, now: float) -> None:
        """Checks and repeated flights."""
        for link in (self._out, self._in):
            link.tick(now)

    def report(self, sent: Sequence[streams.Stream]) -> None:
        """RTCP of both connections."""
        if not self._up.is_set():
            return
        for stream in sent:
            if stream.sent:
                self._out.send_rtcp([stream.report(), rtcp.Sdes(((stream.ssrc, CNAME),))])
        self._in.send_rtcp([rtcp.ReceiverReport(1, ()), rtcp.Sdes(((1, CNAME),))])

    def count(self) -> None:
        """Add what came since the last count."""
        packets = sum(each.packets for each in self._heard.values())
        expected = sum(each.expected for each in self._heard.values())
        # A packet that overtook another is in one count as lost and in the next as found: sums stay right.
        self._tally.packets += packets - self._counted[0]
        self._tally.lost += (expected - packets) - (self._counted[1] - self._counted[0])
        self._counted = packets, expected

    def close(self) -> None:
        """Count what came, and close the sockets."""
        self.count()
        loop = asyncio.get_running_loop()
        for link in (self._out, self._in):
            loop.remove_reader(link.sock)
            link.close()

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
        if self.heard_at is None:
            self.heard_at = asyncio.get_running_loop().time()
        self._heard[ssrc] = Stream(number, number)
