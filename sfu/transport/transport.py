"""The path to each peer: ICE, DTLS and SRTCP over the one UDP port of a forwarder.

The forwarder hands up what is not RTP; here it is told apart by its first byte (RFC 7983): STUN goes to
the ICE responder, DTLS to the peer whose nominated address it comes from. Anything else, and DTLS
from elsewhere, is dropped and counted.
"""

from __future__ import annotations

import logging
import secrets
from collections import Counter, deque
from collections.abc import Callable
from typing import Protocol

from sfu.forward.contract import Address, Forwarder
from sfu.transport.dtls import DtlsPeer, Identity, SrtpKeys, sha256_fingerprint
from sfu.transport.ice import IceResponder, Nominated
from signaling.negotiation import Remote
from signaling.ratelimit import TokenBucket
from signaling.sdp_writer import Local

# Handshakes at the same time: each costs about 2 ms of CPU, and its client repeats what we drop.
MAX_HANDSHAKES = 64
# First flights that may wait for the answer which brings the client's fingerprint.
MAX_EARLY = 4
# RTCP of one peer that is looked at, in shares of so many bytes, a second and at once. A browser that watches
# twelve people through loss sends some two hundred small packets a second.
RTCP_SHARE = 128
RTCP_RATE, RTCP_BURST = 500.0, 1000.0

log = logging.getLogger("atrium.sfu.transport")


class PeerOwner(Protocol):
    """What a transport tells the connection that it belongs to."""

    def transport_connected(self) -> None:
        """Keys are set: media flows from here on. Once."""

    def transport_ended(self, state: str) -> None:
        """failed (handshake, fingerprint, consent) or closed (the client said so). Once, the last call."""


class PeerTransport:
    """One peer of the forwarder with its credentials. `Endpoint.open` makes it."""

    def __init__(self, endpoint: Endpoint, peer: int, owner: PeerOwner, now: float) -> None:
        self.peer = peer
        self.ufrag = secrets.token_hex(8)
        self.password = secrets.token_hex(16)
        self.opened_at = now
        self._reports = TokenBucket(RTCP_RATE, RTCP_BURST)
        self.connected_at: float | None = None
        self._endpoint = endpoint
        self._owner = owner
        self._certificate = endpoint.identity.certificate()
        self._dtls: DtlsPeer | None = None
        self._early: deque[bytes] = deque(maxlen=MAX_EARLY)
        self._open = True

    @property
    def handshaking(self) -> bool:
        """Whether a DTLS handshake is under way."""
        return self._dtls is not None and self._dtls.handshaking

    def local(self) -> Local:
        """Our side, for the SDP."""
        return Local(
            ufrag=self.ufrag,
            password=self.password,
            fingerprint=sha256_fingerprint(self._certificate),
            addresses=self._endpoint.addresses,
            origin=secrets.randbits(62),
            tcp=self._endpoint.tcp_addresses,
        )

    def restart(self) -> tuple[str, str]:
        """Other ICE credentials (ufrag, password) for the same keys, which are answered from now on."""
        self.ufrag, self.password = secrets.token_hex(8), secrets.token_hex(16)
        self._endpoint.ice.restart(self.peer, self.ufrag, self.password)
        return self.ufrag, self.password

    def set_remote(self, remote: Remote) -> None:
        """The client's certificate is known: its handshake may begin."""
        if self._dtls is not None or not self._open:
            return
        self._dtls = DtlsPeer(
            self._certificate, remote.fingerprints, self._send, self._connected, self._dtls_ended
        )
        while self._early:
            self.dtls(self._early.popleft())

    def dtls(self, data: bytes) -> None:
        """A DTLS record from the nominated address."""
        if self._dtls is None:
            self._early.append(data)
            return
        if not self._dtls.started:
            if not self._endpoint.may_handshake():
                self._endpoint.dropped["dtls_busy"] += 1
                return
            self._dtls.start()
        if not self._dtls.feed(data):
            self._endpoint.dropped["dtls_refused"] += 1

    def protect_rtcp(self, data: bytes) -> bytes | None:
        """SRTCP, or None while there are no keys."""
        return self._dtls.protect_rtcp(data) if self._dtls is not None else None

    def may_report(self, size: int, now: float) -> bool:
        """Whether a packet of RTCP of `size` bytes is looked at: reading it costs every other peer's time."""
        return self._reports.take(now, 1 + size // RTCP_SHARE)

    def unprotect_rtcp(self, data: bytes) -> bytes | None:
        """The compound packet, or None when it is not authentic."""
        return self._dtls.unprotect_rtcp(data) if self._dtls is not None else None

    def send_rtcp(self, data: bytes) -> bool:
        """Protect and send a compound packet; False when there is no way yet."""
        protected = self.protect_rtcp(data)
        if protected is None:
            return False
        self._send(protected)
        return True

    def close(self) -> None:
        """Say goodbye and drop the peer, its producers and slots. The owner is not called."""
        if not self._open:
            return
        self._open = False
        if self._dtls is not None:
            self._dtls.close()
        self._endpoint.forget(self.peer)

    def end(self, state: str) -> None:
        """Tell the owner why, which still finds producers and slots in the forwarder, and close."""
        if self._open:
            self._owner.transport_ended(state)
            self.close()

    def _send(self, data: bytes) -> None:
        address = self._endpoint.ice.nominated(self.peer)
        if address is not None:
            self._endpoint.forwarder.send(address, data)

    def _connected(self, keys: SrtpKeys) -> None:
        if not self._open:
            return
        self._endpoint.forwarder.set_keys(self.peer, keys.profile, keys.receive, keys.send)
        self.connected_at = self._endpoint.clock()
        self._owner.transport_connected()

    def _dtls_ended(self, reason: str) -> None:
        self.end("closed" if reason == "closed" else "failed")


class Endpoint:
    """Every peer of one forwarder. `dropped` counts what was refused here, by reason."""

    def __init__(
        self, addresses: tuple[Address, ...], identity: Identity, clock: Callable[[], float]
    ) -> None:
        self.addresses = addresses
        self.tcp_addresses: tuple[Address, ...] = ()
        # Whether what comes from this address came over TCP.
        self.streamed: Callable[[Address], bool] = lambda address: False
        self.identity = identity
        self.clock = clock
        self.ice = IceResponder()
        self.dropped: Counter[str] = Counter()
        self.forwarder: Forwarder
        self._peers: dict[int, PeerTransport] = {}
        self._by_address: dict[Address, PeerTransport] = {}

    def take_tcp(self, carries: Callable[[Address], bool]) -> None:
        """Offer the same addresses by TCP too; `carries` says whether one is the end of a connection here."""
        self.tcp_addresses = tuple(self.addresses)
        self.streamed = carries

    def open(self, peer: int, owner: PeerOwner) -> PeerTransport:
        """A new peer, waiting for its client's checks. Raises TableFull."""
        now = self.clock()
        transport = PeerTransport(self, peer, owner, now)
        self.forwarder.add_peer(peer)
        self.ice.add(peer, transport.ufrag, transport.password, now)
        self._peers[peer] = transport
        return transport

    def forget(self, peer: int) -> None:
        """Drop the peer everywhere. `PeerTransport.close` calls it."""
        if self._peers.pop(peer, None) is None:
            return
        address = self.ice.nominated(peer)
        if address is not None:
            self._by_address.pop(address, None)
        self.ice.remove(peer)
        self.forwarder.remove_peer(peer)

    def transport(self, peer: int) -> PeerTransport | None:
        """The peer's transport, or None."""
        return self._peers.get(peer)

    def may_handshake(self) -> bool:
        """Whether there is room for one more handshake."""
        return sum(transport.handshaking for transport in self._peers.values()) < MAX_HANDSHAKES

    def datagram(self, data: bytes, address: Address) -> None:
        """Something that is not RTP of a known peer."""
        if not data:
            return
        first = data[0]
        if first <= 3:
            outcome = self.ice.receive(data, address, self.clock(), self.streamed(address))
            if outcome.event is not None:
                self._nominated(outcome.event)
            if outcome.reply is not None:
                self.forwarder.send(address, outcome.reply)
        elif 20 <= first <= 63:
            transport = self._by_address.get(address)
            if transport is None:
                self.dropped["dtls_from_stranger"] += 1
            else:
                transport.dtls(data)
        else:
            self.dropped["not_rtp_stun_dtls"] += 1

    def expire(self) -> None:
        """End peers whose consent has run out (RFC 7675)."""
        for peer in self.ice.expired(self.clock()):
            transport = self._peers.get(peer)
            if transport is not None:
                transport.end("failed")

    def close(self) -> None:
        """Close every peer."""
        for transport in list(self._peers.values()):
            transport.close()

    def _nominated(self, event: Nominated) -> None:
        displaced = self._peers.get(event.displaced)
        if displaced is not None:
            self.forwarder.set_address(displaced.peer, None)
        transport = self._peers[event.peer]
        if event.previous is not None:
            self._by_address.pop(event.previous, None)
        self._by_address[event.address] = transport
        self.forwarder.set_address(event.peer, event.address)
