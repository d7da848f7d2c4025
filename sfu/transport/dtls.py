"""DTLS-SRTP of one peer (RFC 5764): the only file that touches aiortc's inside.

aiortc's RTCDtlsTransport runs unmodified over an ICE object of ours that is no more than a bounded
queue in and the forwarder's `send` out. It gets DTLS records only, so its own RTP handling never
starts; what we take from it is the finished handshake: the profile, the RTP keys for the forwarding
plane, and its two SRTP sessions, which from then on protect RTCP alone (a key must not protect RTP in
two places).
"""

from __future__ import annotations

import asyncio
import datetime
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pylibsrtp
from aiortc.rtcdtlstransport import (
    SRTP_AEAD_AES_128_GCM,
    SRTP_AES128_CM_SHA1_80,
    SRTP_PROFILES,
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
)
from OpenSSL import SSL

from sfu.forward.contract import SrtpProfile

HANDSHAKE_SECONDS = 10.0
# A flight of a handshake is a handful of records; what comes beyond that is repeated by its sender.
MAX_QUEUED = 32
# Datagrams with several records that are taken after the handshake: a client repeats its last flight
# when ours was lost. OpenSSL reads one record a call, so what has more would pile up in its buffer.
MAX_LATE_FLIGHTS = 64
APPLICATION_DATA = 23
RECORD_HEADER_BYTES = 13
# aiortc's certificates last 30 days; a worker may run for longer.
CERTIFICATE_AGE = datetime.timedelta(days=14)

# Ours come first in this order because the DTLS server chooses: GCM costs a quarter of SHA1-80.
_OFFERED = [
    profile for profile in (SRTP_AEAD_AES_128_GCM, SRTP_AES128_CM_SHA1_80) if profile in SRTP_PROFILES
]
_PROFILES = {
    SRTP_AEAD_AES_128_GCM.openssl_profile: SrtpProfile.AEAD_AES_128_GCM,
    SRTP_AES128_CM_SHA1_80.openssl_profile: SrtpProfile.AES_CM_128_HMAC_SHA1_80,
}
_EXPORTER_LABEL = b"EXTRACTOR-dtls_srtp"

log = logging.getLogger("atrium.sfu.dtls")


class Identity:
    """The worker's certificate, one for all peers, renewed before it expires."""

    def __init__(self) -> None:
        self._certificate: RTCCertificate = RTCCertificate.generateCertificate()

    def certificate(self) -> RTCCertificate:
        """The certificate for a new connection."""
        left = self._certificate.expires - datetime.datetime.now(datetime.UTC)
        if left < CERTIFICATE_AGE:
            self._certificate = RTCCertificate.generateCertificate()
        return self._certificate


def sha256_fingerprint(certificate: RTCCertificate) -> str:
    """The fingerprint of the certificate as SDP writes it (RFC 8122 §5), without the algorithm."""
    return next(print_.value for print_ in certificate.getFingerprints() if print_.algorithm == "sha-256")


@dataclass(frozen=True, slots=True)
class SrtpKeys:
    """Master key + salt (concatenated) of both directions, as `Forwarder.set_keys` takes them."""

    profile: SrtpProfile
    receive: bytes
    send: bytes


class _QueueIce:
    """What RTCDtlsTransport wants of an ICE transport: `role`, `_recv`, `_send`."""

    role = "controlled"
    state = "completed"

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._out = send
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(MAX_QUEUED + 1)
        self.closed = False

    def put(self, data: bytes) -> bool:
        if self.closed or self._queue.qsize() >= MAX_QUEUED:
            return False
        self._queue.put_nowait(data)
        return True

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._queue.put_nowait(None)

    async def _recv(self) -> bytes:
        data = await self._queue.get()
        if data is None:
            raise ConnectionError("closed")
        return data

    async def _send(self, data: bytes) -> None:
        if self.closed:
            raise ConnectionError("closed")
        self._out(data)


class DtlsPeer:
    """The DTLS server towards one client.

    `send` puts a datagram on its path. `connected(keys)` is called once; `ended(reason)` once, after
    which nothing more is called: reason is failed (handshake or fingerprint), timeout, or closed (the
    client said close_notify).
    """

    def __init__(
        self,
        certificate: RTCCertificate,
        fingerprints: tuple[tuple[str, str], ...],
        send: Callable[[bytes], None],
        connected: Callable[[SrtpKeys], None],
        ended: Callable[[str], None],
    ) -> None:
        self._ice = _QueueIce(send)
        # aiortc's annotations name its own ICE transport; any object with these three members does.
        ice: Any = self._ice
        self._transport = RTCDtlsTransport(ice, [certificate])
        self._transport._set_role("server")
        self._transport._srtp_profiles = _OFFERED
        self._fingerprints = fingerprints
        self._connected = connected
        self._ended: Callable[[str], None] | None = ended
        self._task: asyncio.Task[None] | None = None
        self._running = False
        self._late_flights = 0
        self._transport.on("statechange", self._state_changed)

    @property
    def started(self) -> bool:
        """Whether the handshake has begun."""
        return self._task is not None

    @property
    def handshaking(self) -> bool:
        """Whether the handshake has begun and not ended."""
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        """Begin the handshake: wait for the client's first flight, HANDSHAKE_SECONDS at most."""
        if self._task is None and self._ended is not None:
            self._task = asyncio.get_running_loop().create_task(self._handshake())

    def feed(self, data: bytes) -> bool:
        """A DTLS datagram (not empty) from the peer's nominated address. False when it was dropped."""
        if self._running and not self._late(data):
            return False
        return self._ice.put(data)

    def _late(self, data: bytes) -> bool:
        """Once the handshake is done: close_notify and repeated flights, no application data."""
        if data[0] == APPLICATION_DATA:
            return False
        if len(data) == RECORD_HEADER_BYTES + int.from_bytes(data[11:13], "big"):
            return True
        self._late_flights += 1
        return self._late_flights <= MAX_LATE_FLIGHTS

    def close(self) -> None:
        """Say close_notify and forget everything. `ended` is not called. Idempotent."""
        if self._ended is None:
            return
        self._ended = None
        if self._running:
            self._say_goodbye()
        self._ice.close()
        if self._task is not None:
            self._task.cancel()
        _cancel(self._transport._task)

    async def _handshake(self) -> None:
        parameters = RTCDtlsParameters(
            fingerprints=[RTCDtlsFingerprint(name, value) for name, value in self._fingerprints]
        )
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                await self._transport.start(parameters)
        except TimeoutError:
            self._end("timeout")
            return
        except Exception:
            # Whatever foreign bytes did to OpenSSL or aiortc stays with this peer.
            log.warning("a DTLS handshake failed unexpectedly", exc_info=True)
            self._end("failed")
            return
        if self._transport.state != "connected":
            self._end("failed")
            return
        _watch(self._transport._task)
        keys = self._export()
        if keys is None or self._ended is None:
            self._end("failed")
            return
        self._running = True
        self._connected(keys)

    def _export(self) -> SrtpKeys | None:
        """The keys of RTP (RFC 5764 §4.2): the client's write key is what we receive with."""
        ssl = self._transport._ssl
        if ssl is None:
            return None
        chosen = ssl.get_selected_srtp_profile()
        for profile in _OFFERED:
            if profile.openssl_profile == chosen:
                size = 2 * (profile.key_length + profile.salt_length)
                material = ssl.export_keying_material(_EXPORTER_LABEL, size)
                return SrtpKeys(
                    _PROFILES[chosen],
                    receive=profile.get_key_and_salt(material, 0),
                    send=profile.get_key_and_salt(material, 1),
                )
        return None

    def _state_changed(self) -> None:
        if self._running and self._transport.state == "closed":
            self._end("closed")

    def _end(self, reason: str) -> None:
        ended, self._ended = self._ended, None
        self._running = False
        self._ice.close()
        if ended is not None:
            ended(reason)

    def _say_goodbye(self) -> None:
        ssl = self._transport._ssl
        if ssl is None:
            return
        try:
            ssl.shutdown()
            self._ice._out(ssl.bio_read(1500))
        except SSL.Error:
            pass  # nothing to say, or the other side has gone first

    # --- RTCP ------------------------------------------------------------------------------------

    def protect_rtcp(self, data: bytes) -> bytes | None:
        """SRTCP of a compound packet, or None before the handshake or when it does not fit."""
        session = self._transport._tx_srtp
        if not self._running or session is None:
            return None
        try:
            protected: bytes = session.protect_rtcp(data)
        except (pylibsrtp.Error, TypeError, ValueError):
            return None
        return protected

    def unprotect_rtcp(self, data: bytes) -> bytes | None:
        """The compound packet in authentic SRTCP, or None."""
        session = self._transport._rx_srtp
        if not self._running or session is None:
            return None
        try:
            plain: bytes = session.unprotect_rtcp(data)
        except (pylibsrtp.Error, TypeError, ValueError):
            return None
        return plain


def _cancel(task: asyncio.Future[None] | None) -> None:
    if task is not None:
        task.cancel()


def _watch(task: asyncio.Future[None] | None) -> None:
    """aiortc's data pump re-raises what ends it: look at it, so that asyncio need not complain."""

    def look(done: asyncio.Future[None]) -> None:
        if not done.cancelled() and done.exception() is not None:
            log.warning("a DTLS connection ended unexpectedly: %r", done.exception())

    if task is not None:
        task.add_done_callback(look)
