"""A remote peer for tests: a plain UDP socket on 127.0.0.1 with its own SRTP sessions.

It shares no code with the plane under test but pylibsrtp, with sessions of its own, and the RTP parser
(which has tests of its own). `RtpPeer` sends what it is told and collects what comes; decryption proves
that keys, indices and authentication are right, so a test compares plain packets.
"""

from __future__ import annotations

import os
import socket
import time

from pylibsrtp import Error as SrtpError
from pylibsrtp import Policy, Session

from sfu.forward.contract import Address, SrtpProfile
from sfu.forward.srtp import KEY_BYTES, ffi, protect, unprotect
from sfu.rtp import header
from sfu.rtp.header import RtpPacket

_PROFILES = {
    SrtpProfile.AES_CM_128_HMAC_SHA1_80: Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    SrtpProfile.AEAD_AES_128_GCM: Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
}


def _session(profile: SrtpProfile, key: bytes, ssrc_type: int) -> Session:
    policy = Policy(key=key, ssrc_type=ssrc_type, srtp_profile=_PROFILES[profile])
    policy.window_size = 1024
    return Session(policy)


class RtpPeer:
    """One end of an SRTP transport. `send_key` protects what it sends, `receive_key` what comes."""

    def __init__(
        self,
        profile: SrtpProfile = SrtpProfile.AEAD_AES_128_GCM,
        send_key: bytes | None = None,
        receive_key: bytes | None = None,
    ) -> None:
        self.profile = profile
        self.send_key = send_key or os.urandom(KEY_BYTES[profile])
        self.receive_key = receive_key or os.urandom(KEY_BYTES[profile])
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.sender = _session(profile, self.send_key, Policy.SSRC_ANY_OUTBOUND)
        self.receiver = _session(profile, self.receive_key, Policy.SSRC_ANY_INBOUND)
        self.datagrams: list[bytes] = []  # all that came, as it came
        self.refused: list[bytes] = []  # what could not be decrypted

    @property
    def address(self) -> Address:
        host, port = self.socket.getsockname()
        return host, port

    def close(self) -> None:
        self.socket.close()

    # --- sending ---------------------------------------------------------------------------------

    def protect(self, packet: RtpPacket) -> bytes:
        """The packet as SRTP; libsrtp wants new sequence numbers (keep the bytes to send them again)."""
        plain = header.build(packet)
        # `Session.protect` has room for 1,356 bytes only; the function below it has the caller's.
        room = ffi.new("char[]", len(plain) + 32)
        ffi.memmove(room, plain, len(plain))
        length = ffi.new("int *", len(plain))
        status = protect(self.sender._srtp[0], room, length)
        if status:
            raise SrtpError(f"libsrtp refused to protect: {status}")
        return bytes(ffi.buffer(room, length[0]))

    def send(self, to: Address, packet: RtpPacket) -> bytes:
        """Protect and send; returns the datagram."""
        data = self.protect(packet)
        self.socket.sendto(data, to)
        return data

    def send_raw(self, to: Address, data: bytes) -> None:
        """Send bytes as they are."""
        self.socket.sendto(data, to)

    # --- receiving -------------------------------------------------------------------------------

    def receive_raw(self) -> list[bytes]:
        """Every datagram that waits in the socket, without waiting for more."""
        found: list[bytes] = []
        while True:
            try:
                found.append(self.socket.recv(4096))
            except BlockingIOError:
                self.datagrams += found
                return found

    def receive(self) -> list[RtpPacket]:
        """Every RTP packet that waits in the socket, decrypted, in the order received.

        Datagrams that are not RTP stay in `datagrams` only; RTP that cannot be decrypted is in `refused`.
        """
        packets: list[RtpPacket] = []
        for data in self.receive_raw():
            if not data or not 128 <= data[0] <= 191 or 192 <= data[1] <= 223:
                continue
            try:
                packets.append(header.parse(self.unprotect(data)))
            except SrtpError:
                self.refused.append(data)
        return packets

    def unprotect(self, data: bytes) -> bytes:
        """The RTP packet in this SRTP packet. Raises pylibsrtp's Error."""
        room = ffi.new("char[]", data)
        length = ffi.new("int *", len(data))
        status = unprotect(self.receiver._srtp[0], room, length)
        if status:
            raise SrtpError(f"libsrtp refused to unprotect: {status}")
        return bytes(ffi.buffer(room, length[0]))

    def wait(self, count: int, seconds: float = 20.0) -> list[RtpPacket]:
        """`receive` until `count` packets are there (for planes and servers on other threads)."""
        packets: list[RtpPacket] = []
        end = time.monotonic() + seconds
        while len(packets) < count and time.monotonic() < end:
            more = self.receive()
            packets += more
            if not more:
                time.sleep(0.001)
        return packets
