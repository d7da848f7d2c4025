"""ICE over TCP (RFC 6544): for browsers whose network lets no UDP through.

We offer a passive candidate beside each UDP one, on the same port number. A connection carries what UDP
would, each datagram behind its length (RFC 4571). Here each becomes a datagram again: a connection has a
socket of its own on this machine which speaks with the forwarder's port. So ICE, DTLS and both planes know
nothing of TCP, and who comes this way is as much a stranger as anybody until ICE knows them.

TCP queues where UDP drops: what a connection does not take is dropped here, so that no more than MAX_QUEUED
bytes wait and the listener's estimate sees a narrow path, not a late one.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import socket
from collections import Counter
from typing import Final, cast

from sfu.forward.contract import MAX_DATAGRAM, Address
from signaling.ratelimit import TokenBucket

MAX_CONNECTIONS: Final = 1024
MAX_PER_ADDRESS: Final = 64
# Bytes that wait for a slow connection: a third of a second at 1.5 Mbit/s.
MAX_QUEUED: Final = 64 * 1024
RESUME_QUEUED: Final = 16 * 1024
# Packets of one connection, a second and at once: each is a call to the kernel. Simulcast, a screen and
# voices at 12 Mbit/s are some 1,300.
PACKET_RATE, PACKET_BURST = 3000.0, 3000.0
# Who has sent so many more than that means no call.
MAX_EXCESS: Final = 3000
# STUN, DTLS, RTP and RTCP are all longer; less is no client of ours.
MIN_PACKET: Final = 8
# So long after it was opened something must have come back, and later something must pass: consent is checked
# more often (RFC 7675).
FIRST_SECONDS: Final = 10.0
IDLE_SECONDS: Final = 60.0
CHECK_SECONDS: Final = 5.0
# Datagrams that are taken from the forwarder in one turn of the loop.
BATCH: Final = 64
_LENGTH = 2

log = logging.getLogger("atrium.sfu.ice")


class Frames:
    """Takes a stream apart (RFC 4571 §2): length of 16 bit, then the packet. Pure.

    A packet that is longer than any datagram may be, or too short for anything, ends the stream: ValueError.
    """

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The packets that are whole now; empty ones are left out."""
        rest = self._rest + data if self._rest else data
        packets = []
        at = 0
        while at + _LENGTH <= len(rest):
            length = rest[at] << 8 | rest[at + 1]
            if length > MAX_DATAGRAM or 0 < length < MIN_PACKET:
                raise ValueError(f"a frame of {length} bytes")
            if at + _LENGTH + length > len(rest):
                break
            if length:
                packets.append(rest[at + _LENGTH : at + _LENGTH + length])
            at += _LENGTH + length
        self._rest = rest[at:]
        return packets


def counted_as(host: str) -> str:
    """What an address counts as: an IPv6 client owns a /64."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False).network_address)
    return str(address)


def frame(packet: bytes) -> bytes:
    """The packet with its length in front."""
    return len(packet).to_bytes(_LENGTH, "big") + packet


class TcpListener:
    """Every connection to one forwarder. `dropped` counts packets that were not passed on, by reason."""

    def __init__(self, forwarder: Address) -> None:
        host, port = forwarder
        self._forwarder = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port
        self._server: asyncio.Server | None = None
        self._bridges: set[_Bridge] = set()
        self._by_host: Counter[str] = Counter()
        self._ends: set[Address] = set()
        self._check: asyncio.TimerHandle | None = None
        self.dropped: Counter[str] = Counter()

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._bridges)

    async def start(self, host: str, port: int) -> None:
        """Listen. Raises OSError when the port is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Bridge(self), host, port)
        self._look()

    async def close(self) -> None:
        """Close the port and every connection. Idempotent."""
        if self._check is not None:
            self._check.cancel()
            self._check = None
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for bridge in list(self._bridges):
            bridge.close()
        if server is not None:
            await server.wait_closed()

    def _look(self) -> None:
        """Now and then: close what nobody uses."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        for bridge in list(self._bridges):
            if bridge.expired(now):
                self.dropped["idle"] += 1
                bridge.close()
        self._check = loop.call_later(CHECK_SECONDS, self._look)

    def carries(self, address: Address) -> bool:
        """Whether what the forwarder gets from this address came over TCP."""
        return address in self._ends

    def opened(self, end: Address) -> None:
        """A connection has this address towards the forwarder."""
        self._ends.add(end)

    def closed(self, end: Address) -> None:
        """It has it no more."""
        self._ends.discard(end)

    def admit(self, bridge: _Bridge) -> bool:
        """Whether there is room for one more connection."""
        if len(self._bridges) >= MAX_CONNECTIONS or self._by_host[bridge.host] >= MAX_PER_ADDRESS:
            self.dropped["full"] += 1
            return False
        self._bridges.add(bridge)
        self._by_host[bridge.host] += 1
        return True

    def leave(self, bridge: _Bridge) -> None:
        """The connection is gone."""
        if bridge in self._bridges:
            self._bridges.discard(bridge)
            self._by_host[bridge.host] -= 1
            if not self._by_host[bridge.host]:
                del self._by_host[bridge.host]

    def open_socket(self) -> socket.socket:
        """A socket that speaks with the forwarder only. Raises OSError when there is none left."""
        family = socket.AF_INET6 if ":" in self._forwarder[0] else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            sock.bind((self._forwarder[0], 0))
            sock.connect(self._forwarder)
        except OSError:
            sock.close()
            raise
        return sock


async def listen(host: str, forwarder: Address) -> TcpListener | None:
    """A listener on the forwarder's port number; None, and a line in the log, where that is taken."""
    listener = TcpListener(forwarder)
    try:
        await listener.start(host, forwarder[1])
    except OSError as error:
        log.warning("no media over TCP: %s", error)
        return None
    return listener


class _Bridge(asyncio.Protocol):
    """One connection and its socket. `used_at` is the loop's time of the last packet from the client."""

    def __init__(self, owner: TcpListener) -> None:
        self._owner = owner
        self._frames = Frames()
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._socket: socket.socket | None = None
        self._full = False
        self._end: Address = ("", 0)
        self.host = ""
        self._bucket = TokenBucket(PACKET_RATE, PACKET_BURST)
        self._excess = 0
        self._opened_at = self.used_at = self._loop.time()
        self.answered = False

    def expired(self, now: float) -> bool:
        """Whether nobody uses it: whatever a stranger sends, without an answer it does not stay."""
        if not self.answered:
            return now - self._opened_at > FIRST_SECONDS
        return now - self.used_at > IDLE_SECONDS

    # --- the client's side -------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not an assertion: the transports of uvloop are none of asyncio's classes.
        self._transport = stream = cast("asyncio.Transport", transport)
        peer = stream.get_extra_info("peername")
        self.host = counted_as(peer[0]) if peer else ""
        if not self._owner.admit(self):
            stream.abort()
            return
        try:
            self._socket = self._owner.open_socket()
        except OSError as error:
            log.warning("no socket for a client that comes by TCP: %s", error)
            self.close()
            return
        self._end = self._socket.getsockname()[:2]
        self._owner.opened(self._end)
        stream.set_write_buffer_limits(MAX_QUEUED, RESUME_QUEUED)
        self._loop.add_reader(self._socket, self._forwarded)

    def data_received(self, data: bytes) -> None:
        try:
            packets = self._frames.feed(data)
        except ValueError:
            self._owner.dropped["malformed"] += 1
            self.close()
            return
        if self._socket is None:
            return
        now = self._loop.time()
        if packets:
            self.used_at = now
        for packet in packets:
            if not self._bucket.take(now):
                self._owner.dropped["too_many"] += 1
                self._excess += 1
                if self._excess > MAX_EXCESS:
                    self.close()
                    return
                continue
            try:
                self._socket.send(packet)
            except OSError:  # the forwarder's buffer is full, or it is closing
                self._owner.dropped["no_room"] += 1

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False

    def connection_lost(self, exc: Exception | None) -> None:
        self.close()

    # --- the forwarder's side ------------------------------------------------------------------------

    def _forwarded(self) -> None:
        """Packets for the client: as many as its connection takes, the others are lost."""
        assert self._socket is not None
        packets: list[bytes] = []
        with contextlib.suppress(OSError):
            while len(packets) < BATCH:
                packets.append(self._socket.recv(MAX_DATAGRAM + 256))
        if not packets:
            return
        self.answered = True
        if self._full or self._transport is None:
            self._owner.dropped["slow"] += len(packets)
            return
        self._transport.write(b"".join(map(frame, packets)))

    def close(self) -> None:
        """End it on both sides. Idempotent."""
        sock, self._socket = self._socket, None
        if sock is not None:
            self._loop.remove_reader(sock)
            self._owner.closed(self._end)
            sock.close()
        if self._transport is not None:
            self._transport.abort()
        self._owner.leave(self)
