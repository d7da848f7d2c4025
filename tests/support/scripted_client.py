"""A WebRTC client made by hand on one UDP socket, for what a polite client never does.

ICE checks, a DTLS handshake (pyOpenSSL) and SRTP (pylibsrtp) as in a browser, and everything that comes
to the socket is kept and counted. It shares no code with the parts under test.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import struct
from collections import Counter
from dataclasses import dataclass

from aiortc.rtcdtlstransport import RTCCertificate
from OpenSSL import SSL
from pylibsrtp import Policy, Session

from tests.support import stun_client

PROFILES = {
    b"SRTP_AEAD_AES_128_GCM": (Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 16, 12),
    b"SRTP_AES128_CM_SHA1_80": (Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 16, 14),
}
AUDIO, VIDEO = 111, 96


@dataclass(frozen=True)
class Far:
    """What the server's SDP says of its transport."""

    ufrag: str
    password: str
    address: tuple[str, int]


def far_side(sdp: str) -> Far:
    """Read the server's transport out of its SDP."""

    def first(pattern: str) -> str:
        found = re.search(pattern, sdp)
        assert found is not None, pattern
        return found.group(1)

    candidate = first(r"a=candidate:\S+ 1 udp \d+ (\S+ \d+) typ host").split()
    return Far(first(r"a=ice-ufrag:(\S+)"), first(r"a=ice-pwd:(\S+)"), (candidate[0], int(candidate[1])))


class ScriptedClient:
    """One connection on a socket of its own. `profiles` are offered in DTLS, in this order."""

    def __init__(self, profiles: tuple[bytes, ...] = tuple(PROFILES)) -> None:
        self.socket = self.new_socket()
        self.certificate = RTCCertificate.generateCertificate()
        self.profiles = profiles
        self.profile = b""
        self.replies: list[bytes] = []  # STUN
        self.rtp: Counter[int] = Counter()  # datagrams by SSRC
        self.rtcp: list[bytes] = []  # unprotected
        self.last_rtp_at = 0.0
        self.goodbye = False
        self.far: Far
        self._sockets = [self.socket]
        self._ssl: SSL.Connection | None = None
        self._tx: Session | None = None
        self._rx: Session | None = None
        self._sequences: dict[int, int] = {}

    def new_socket(self) -> socket.socket:
        """Another socket of this client's (closed with it)."""
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind(("127.0.0.1", 0))
        made.setblocking(False)
        if hasattr(self, "_sockets"):
            self._sockets.append(made)
        return made

    def close(self) -> None:
        """Vanish without a word."""
        for each in self._sockets:
            each.close()

    # --- SDP -------------------------------------------------------------------------------------

    def offer(
        self, kinds: str = "av", direction: str = "sendonly", ssrcs: tuple[int, ...] = (), mid: int = 0
    ) -> str:
        """One m-line a letter of `kinds`, with one of `ssrcs` each if given; `mid` is the extension's id."""
        print_ = next(f.value for f in self.certificate.getFingerprints() if f.algorithm == "sha-256")
        mids = [str(index) for index in range(len(kinds))]
        lines = ["v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0", f"a=group:BUNDLE {' '.join(mids)}"]
        for index, letter in enumerate(kinds):
            number, encoding = (AUDIO, "opus/48000/2") if letter == "a" else (VIDEO, "VP8/90000")
            lines += [
                f"m={'audio' if letter == 'a' else 'video'} 9 UDP/TLS/RTP/SAVPF {number}",
                "c=IN IP4 0.0.0.0",
                "a=ice-ufrag:mine",
                "a=ice-pwd:mine0123456789abcdef0123",
                f"a=fingerprint:sha-256 {print_}",
                "a=setup:actpass",
                f"a=mid:{index}",
                f"a={direction}",
                "a=rtcp-mux",
                f"a=rtpmap:{number} {encoding}",
                f"a=rtcp-fb:{number} nack",
                f"a=rtcp-fb:{number} nack pli",
                f"a=rtcp-fb:{number} goog-remb",
            ]
            if mid:
                lines.append(f"a=extmap:{mid} urn:ietf:params:rtp-hdrext:sdes:mid")
            if ssrcs:
                lines.append(f"a=ssrc:{ssrcs[index]} cname:me")
        return "\r\n".join(lines) + "\r\n"

    # --- connecting ------------------------------------------------------------------------------

    async def connect(self, sdp: str) -> None:
        """ICE, DTLS and keys with the server of this SDP."""
        self.far = far_side(sdp)
        await self.check()
        await self.handshake()

    async def check(self, from_socket: socket.socket | None = None, nominate: bool = True) -> None:
        """One check, until it is answered."""
        before = len(self.replies)
        sending = from_socket or self.socket
        sending.sendto(
            stun_client.check(self.far.ufrag, self.far.password, nominate=nominate), self.far.address
        )
        async with asyncio.timeout(20):
            while len(self.replies) == before:
                await asyncio.sleep(0.005)
                self.receive(sending)

    async def handshake(self) -> None:
        """DTLS as the client."""
        context = SSL.Context(SSL.DTLS_METHOD)
        context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
        context.use_certificate(self.certificate._cert)
        context.use_privatekey(self.certificate._key)
        context.set_tlsext_use_srtp(b":".join(self.profiles))
        self._ssl = SSL.Connection(context)
        self._ssl.set_connect_state()
        async with asyncio.timeout(20):
            while True:
                try:
                    self._ssl.do_handshake()
                    break
                except SSL.WantReadError:
                    self._flush()
                    await asyncio.sleep(0.005)
                    self.receive()
        self._flush()
        self._keys(self._ssl)

    def hello(self) -> bytes:
        """A ClientHello of somebody else's."""
        context = SSL.Context(SSL.DTLS_METHOD)
        stranger = SSL.Connection(context)
        stranger.set_connect_state()
        with contextlib.suppress(SSL.WantReadError):
            stranger.do_handshake()
        return bytes(stranger.bio_read(2000))

    def _flush(self) -> None:
        assert self._ssl is not None
        with contextlib.suppress(SSL.Error):
            self.socket.sendto(self._ssl.bio_read(1500), self.far.address)

    def _keys(self, ssl: SSL.Connection) -> None:
        self.profile = ssl.get_selected_srtp_profile()
        libsrtp, key, salt = PROFILES[self.profile]
        material = ssl.export_keying_material(b"EXTRACTOR-dtls_srtp", 2 * (key + salt))
        keys = material[:key], material[key : 2 * key]
        salts = material[2 * key : 2 * key + salt], material[2 * key + salt :]
        self._tx = Session(
            Policy(key=keys[0] + salts[0], ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=libsrtp)
        )
        self._rx = Session(
            Policy(key=keys[1] + salts[1], ssrc_type=Policy.SSRC_ANY_INBOUND, srtp_profile=libsrtp)
        )

    # --- media -----------------------------------------------------------------------------------

    def send_rtp(
        self,
        ssrc: int,
        payload_type: int,
        payload: bytes,
        mid: tuple[int, str] | None = None,
        rid: tuple[int, str] | None = None,
        *,
        timestamp: int | None = None,
        marker: bool = False,
    ) -> None:
        """One packet with the next sequence number of its SSRC; `mid` and `rid` are (extension id, text).

        Without a `timestamp` 20 ms of sound have passed.
        """
        assert self._tx is not None
        sequence = self._sequences[ssrc] = self._sequences.get(ssrc, 100) + 1 & 0xFFFF
        first, extension = 0x80, b""
        elements = b"".join(
            bytes([number << 4 | len(text) - 1]) + text.encode() for number, text in filter(None, (mid, rid))
        )
        if elements:
            elements += bytes(-len(elements) % 4)
            first, extension = 0x90, struct.pack("!HH", 0xBEDE, len(elements) // 4) + elements
        at = sequence * 960 if timestamp is None else timestamp & 0xFFFFFFFF
        header = struct.pack("!BBHII", first, marker << 7 | payload_type, sequence, at, ssrc)
        self.socket.sendto(self._tx.protect(header + extension + payload), self.far.address)

    def send_rtcp(self, compound: bytes) -> None:
        """Protected RTCP."""
        assert self._tx is not None
        self.socket.sendto(self._tx.protect_rtcp(compound), self.far.address)

    def send_raw(self, data: bytes, from_socket: socket.socket | None = None) -> None:
        """Bytes as they are."""
        (from_socket or self.socket).sendto(data, self.far.address)

    def receive(self, from_socket: socket.socket | None = None) -> None:
        """Take everything that has come."""
        while True:
            try:
                data = (from_socket or self.socket).recv(4096)
            except BlockingIOError:
                return
            if data[0] < 4:
                self.replies.append(data)
            elif 20 <= data[0] <= 63:
                self._take_dtls(data)
            elif 192 <= data[1] <= 223:
                if self._rx is not None:
                    self.rtcp.append(self._rx.unprotect_rtcp(data))
            else:
                self.rtp[int.from_bytes(data[8:12], "big")] += 1
                self.last_rtp_at = asyncio.get_running_loop().time()

    def _take_dtls(self, data: bytes) -> None:
        if self._ssl is None:
            return
        self._ssl.bio_write(data)
        if self._tx is not None:
            try:
                self._ssl.recv(1500)
            except SSL.ZeroReturnError:
                self.goodbye = True
            except SSL.Error:
                pass


# A VP8 keyframe's first bytes (RFC 7741 §4.2, RFC 6386 §9.1), enough for a router.
VP8_KEYFRAME = bytes([0x10, 0x00, 0x00, 0x00, 0x9D, 0x01, 0x2A, 0xA0, 0x00, 0x78, 0x00]) + bytes(40)
OPUS_FRAME = b"\x78" + bytes(60)
