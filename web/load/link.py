"""One client connection of a load: a UDP socket with ICE, DTLS and SRTP on it.

It is a full ICE agent with one candidate: controlling where it made the offer, controlled where the server
did. It is always the DTLS client. Datagrams come in by `datagram`, time by `tick`; nothing here waits.
"""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from OpenSSL import SSL
from pylibsrtp import Error as SrtpError
from pylibsrtp import Policy, Session

from sfu.rtp import rtcp
from sfu.rtp.errors import PacketError
from sfu.transport import stun
from web.load.dtls_client import CM80, GCM, OpenSslClient
from web.load.sdp import Remote, Side

PROFILES = {
    "gcm": (GCM, Policy.SRTP_PROFILE_AEAD_AES_128_GCM),
    "cm": (CM80, Policy.SRTP_PROFILE_AES128_CM_SHA1_80),
}
CHECK_SECONDS = 0.1  # between two checks until the connection stands
CONSENT_SECONDS = 4.0  # and from then on (RFC 7675 asks for 5 on average)
FLIGHT_SECONDS = 1.0  # a DTLS flight that nobody answers goes out again
PRIORITY = (1845501695).to_bytes(4, "big")
RECEIVE_WINDOW = 8192
RECEIVE_BUFFER = 1 << 20  # bytes: what came while we were busy is not lost
RTCP_FIRST, RTCP_LAST = 192, 223  # in the second byte (RFC 5761 §4)


class Link:
    """`name` is for messages to people; `profile` one of PROFILES; `heard` gets decrypted RTCP."""

    def __init__(
        self, number: int, name: str, host: str, profile: str, heard: Callable[[rtcp.RtcpPacket], None]
    ) -> None:
        self.number = number
        self.name = name
        self.up = False
        self.send_errors = 0
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setblocking(False)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        self.sock.bind((host, 0))
        self._heard = heard
        self._profile, self._srtp_profile = PROFILES[profile]
        self._dtls = OpenSslClient((self._profile,))
        self._ufrag, self._password = secrets.token_hex(4), secrets.token_hex(12)
        self._tie_breaker = secrets.token_bytes(8)
        self._remote: Remote | None = None
        self._controlling = True
        self._checks: set[bytes] = set()
        self._selected = False
        self._checked_at = self._flight_at = 0.0
        self._sender: Session
        self._receiver: Session

    def side(self) -> Side:
        """Our end, for SDP."""
        [print_] = [value for kind, value in self._dtls.fingerprints if kind == "sha-256"]
        return Side(self._ufrag, self._password, print_, self.sock.getsockname())

    def start(self, remote: Remote, *, controlling: bool) -> None:
        """Both sides have agreed. Raises ValueError when the server wants to be the DTLS client too."""
        if remote.active:
            raise ValueError(f"{self.name}: the server insists on being the DTLS client")
        self._remote = remote
        self._controlling = controlling
        # One candidate on each side: connected at once, the kernel keeps strangers out.
        self.sock.connect(remote.address)
        self._check(time.monotonic())

    def tick(self, now: float) -> None:
        """Every 20 ms or so until it is `up`, every second afterwards."""
        if self._remote is None:
            return
        if now - self._checked_at >= (CONSENT_SECONDS if self.up else CHECK_SECONDS):
            self._check(now)
        if self._selected and not self.up and now - self._flight_at >= FLIGHT_SECONDS:
            self._dtls.ssl.DTLSv1_handle_timeout()
            self._flight(self._dtls.out(), now)

    def datagram(self, data: bytes) -> None:
        """STUN, DTLS or SRTCP has come (RFC 7983); SRTP is the caller's to count."""
        if not data:
            return
        if data[0] <= 3:
            self._stun(data)
        elif 20 <= data[0] <= 63:
            self._flight(self._dtls.step(data), time.monotonic())
            self._keys()
        elif self.up and len(data) > 1 and RTCP_FIRST <= data[1] <= RTCP_LAST:
            self._rtcp(data)

    def send_rtp(self, packet: bytes) -> None:
        """Protect and send."""
        self._send(self._sender.protect(packet))

    def send_rtcp(self, packets: Iterable[rtcp.RtcpPacket]) -> None:
        """Protect and send as one compound packet."""
        self._send(self._sender.protect_rtcp(rtcp.build(packets)))

    def unprotect(self, data: bytes) -> bytes:
        """The RTP packet in this SRTP packet. Raises pylibsrtp's Error."""
        return bytes(self._receiver.unprotect(data))

    def close(self) -> None:
        """Without a word; the server is told by its signalling."""
        self.sock.close()

    def _send(self, data: bytes) -> None:
        try:
            self.sock.send(data)
        except (BlockingIOError, ConnectionRefusedError):
            self.send_errors += 1

    # --- ICE (RFC 8445) --------------------------------------------------------------------------

    def _check(self, now: float) -> None:
        assert self._remote is not None
        self._checked_at = now
        transaction = secrets.token_bytes(12)
        if len(self._checks) > 64:
            self._checks.clear()
        self._checks.add(transaction)
        role = stun.ICE_CONTROLLING if self._controlling else stun.ICE_CONTROLLED
        attributes = [
            (stun.USERNAME, f"{self._remote.ufrag}:{self._ufrag}".encode()),
            (stun.PRIORITY, PRIORITY),
            (role, self._tie_breaker),
        ]
        if self._controlling:
            attributes.append((stun.USE_CANDIDATE, b""))
        self._send(stun.build(stun.BINDING_REQUEST, transaction, attributes, self._remote.password.encode()))

    def _stun(self, data: bytes) -> None:
        message = stun.parse(data)
        if message is None or self._remote is None:
            return
        if message.type == stun.BINDING_SUCCESS and message.transaction in self._checks:
            self._checks.discard(message.transaction)
            if self._controlling:
                self._select()
        elif message.type == stun.BINDING_REQUEST and message.authentic(self._password.encode()):
            mapped = stun.xor_mapped_address(self._remote.address, message.transaction)
            attributes = [(stun.XOR_MAPPED_ADDRESS, mapped)]
            self._send(
                stun.build(stun.BINDING_SUCCESS, message.transaction, attributes, self._password.encode())
            )
            if not self._controlling and stun.USE_CANDIDATE in message.attributes:
                self._select()

    def _select(self) -> None:
        if not self._selected:
            self._selected = True
            self._flight(self._dtls.step(), time.monotonic())

    # --- DTLS and SRTP ---------------------------------------------------------------------------

    def _flight(self, datagrams: list[bytes], now: float) -> None:
        if datagrams:
            self._flight_at = now
        for data in datagrams:
            self._send(data)

    def _keys(self) -> None:
        if self.up or not self._dtls.done:
            return
        profile, ours, theirs = self._dtls.keys()
        if profile != self._profile:
            raise ValueError(f"{self.name}: the server chose {profile.decode()}")
        self._sender = Session(
            Policy(key=ours, ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=self._srtp_profile)
        )
        policy = Policy(key=theirs, ssrc_type=Policy.SSRC_ANY_INBOUND, srtp_profile=self._srtp_profile)
        policy.window_size = RECEIVE_WINDOW  # only samples are decrypted, in no close order
        self._receiver = Session(policy)
        self.up = True

    def _rtcp(self, data: bytes) -> None:
        with suppress(SrtpError, PacketError, SSL.Error):
            for packet in rtcp.parse(self._receiver.unprotect_rtcp(data)):
                self._heard(packet)
