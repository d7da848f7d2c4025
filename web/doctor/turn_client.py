"""As much of a TURN client (RFC 8656) as proves that a server takes our credentials and relays for us.

`try_turn` makes an allocation, asks for permission to reach one peer, and gives the allocation back. UDP,
TCP and TLS to the server.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import re
import secrets
import ssl
import struct
from dataclasses import dataclass

from sfu.transport import stun

ALLOCATE, REFRESH, CREATE_PERMISSION = 0x0003, 0x0004, 0x0008
SUCCESS, FAILURE = 0x0100, 0x0110
LIFETIME, XOR_PEER_ADDRESS, REALM, NONCE = 0x000D, 0x0012, 0x0014, 0x0015
XOR_RELAYED_ADDRESS, REQUESTED_TRANSPORT = 0x0016, 0x0019
UDP = bytes((17, 0, 0, 0))
SECONDS = 5.0
# Over UDP a request is repeated so often (seconds) until it is answered (RFC 8489 §6.2.1).
REPEAT_SECONDS = 0.5
_URL = re.compile(r"(turns?):(\[[^\]]+\]|[^:?]+)(?::(\d+))?(?:\?transport=(udp|tcp))?")


class TurnError(Exception):
    """The server did not do it. `code` is STUN's (401, 403, 486, …), 0 where there was no answer."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class TurnServer:
    """One URL of `turn_urls`, read."""

    host: str
    port: int
    transport: str  # udp, tcp or tls


def read_url(url: str) -> TurnServer:
    """Raises ValueError when it is no TURN URL (RFC 7065)."""
    match = _URL.fullmatch(url)
    if match is None:
        raise ValueError(f"{url} is no TURN URL")
    scheme, host, port, transport = match.groups()
    secure = scheme == "turns"
    kind = "tls" if secure else transport or "udp"
    return TurnServer(host.strip("[]"), int(port or (5349 if secure else 3478)), kind)


async def try_turn(
    url: str, username: str, credential: str, peer: tuple[str, int] | None = None
) -> tuple[str, int]:
    """The relayed address of an allocation that was made and given back.

    With `peer` the server is also asked for permission to relay to it.

    Raises:
        TurnError: refused, or no answer.
        OSError: out of reach.
    """
    server = read_url(url)
    wire = await _open(server)
    try:
        async with asyncio.timeout(SECONDS):
            return await _Dialog(wire, username, credential).run(peer)
    except TimeoutError:
        raise TurnError(0, f"no answer from {server.host} port {server.port} ({server.transport})") from None
    finally:
        wire.close()


class _Dialog:
    def __init__(self, wire: _Wire, username: str, credential: str) -> None:
        self._wire = wire
        self._username = username
        self._credential = credential
        self._realm = self._nonce = b""

    async def run(self, peer: tuple[str, int] | None) -> tuple[str, int]:
        want = [(REQUESTED_TRANSPORT, UDP)]
        try:
            reply = await self._ask(ALLOCATE, want)
        except _Challenge:
            reply = await self._ask(ALLOCATE, want)
        relayed = _address(reply.attributes.get(XOR_RELAYED_ADDRESS, b""), reply.transaction)
        if peer is not None:
            await self._ask(CREATE_PERMISSION, [], peer)
        await self._ask(REFRESH, [(LIFETIME, bytes(4))])
        return relayed

    async def _ask(
        self, method: int, attributes: list[tuple[int, bytes]], peer: tuple[str, int] | None = None
    ) -> stun.StunMessage:
        for _ in range(3):
            transaction = secrets.token_bytes(12)
            sent = list(attributes)
            if peer is not None:
                sent.append((XOR_PEER_ADDRESS, stun.xor_mapped_address(peer, transaction)))
            key = None
            if self._nonce:
                secret = f"{self._username}:{self._realm.decode()}:{self._credential}"
                key = hashlib.md5(secret.encode(), usedforsecurity=False).digest()
                sent += [
                    (stun.USERNAME, self._username.encode()),
                    (REALM, self._realm),
                    (NONCE, self._nonce),
                ]
            reply = await self._wire.exchange(stun.build(method, transaction, sent, key), transaction)
            if reply.type == method | SUCCESS:
                return reply
            code, words = _error(reply)
            challenged = not self._nonce
            if (code == 401 and challenged) or code == 438:
                self._realm = reply.attributes.get(REALM, self._realm)
                self._nonce = reply.attributes.get(NONCE, b"")
                if challenged:
                    raise _Challenge(code, words)
                continue
            raise TurnError(code, f"{code} {words}")
        raise TurnError(438, "438 the server's nonce ends faster than it can be used")


class _Challenge(TurnError):
    """The first answer: say who you are."""


def _error(reply: stun.StunMessage) -> tuple[int, str]:
    value = reply.attributes.get(stun.ERROR_CODE, b"")
    if len(value) < 4:
        raise TurnError(0, "an answer that is not understood")
    return value[2] * 100 + value[3], value[4:].decode("utf-8", "replace").strip("\0 ")


def _address(value: bytes, transaction: bytes) -> tuple[str, int]:
    """XOR-…-ADDRESS read (RFC 8489 §14.2)."""
    if len(value) not in (8, 20):
        raise TurnError(0, "an allocation without an address")
    port = struct.unpack_from("!H", value, 2)[0] ^ (stun.MAGIC_COOKIE >> 16)
    mask = stun.MAGIC_COOKIE.to_bytes(4, "big") + transaction
    host = ipaddress.ip_address(bytes(a ^ b for a, b in zip(value[4:], mask, strict=False)))
    return str(host), port


# --- the ways to the server ----------------------------------------------------------------------


class _Wire:
    """STUN messages to and from one server."""

    async def exchange(self, request: bytes, transaction: bytes) -> stun.StunMessage:
        """The answer of this transaction."""
        raise NotImplementedError

    def close(self) -> None:
        """End it."""
        raise NotImplementedError


class _Datagrams(_Wire, asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self._waiting: dict[bytes, asyncio.Future[stun.StunMessage]] = {}
        self.transport: asyncio.DatagramTransport

    def datagram_received(self, data: bytes, addr: object) -> None:
        message = stun.parse(data)
        waiting = self._waiting.get(message.transaction) if message is not None else None
        if message is not None and waiting is not None and not waiting.done():
            waiting.set_result(message)

    def error_received(self, error: Exception) -> None:
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(error)

    async def exchange(self, request: bytes, transaction: bytes) -> stun.StunMessage:
        answer: asyncio.Future[stun.StunMessage] = asyncio.get_running_loop().create_future()
        self._waiting[transaction] = answer
        try:
            while True:
                self.transport.sendto(request)
                done, _ = await asyncio.wait([answer], timeout=REPEAT_SECONDS)
                if done:
                    return answer.result()
        finally:
            del self._waiting[transaction]

    def close(self) -> None:
        self.transport.close()


class _Stream(_Wire):
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def exchange(self, request: bytes, transaction: bytes) -> stun.StunMessage:
        self._writer.write(request)
        await self._writer.drain()
        while True:
            try:
                head = await self._reader.readexactly(stun.HEADER_BYTES)
                size = int.from_bytes(head[2:4], "big")
                message = stun.parse(head + await self._reader.readexactly(size))
            except asyncio.IncompleteReadError:
                raise TurnError(0, "the server closed the connection") from None
            if message is not None and message.transaction == transaction:
                return message

    def close(self) -> None:
        self._writer.close()


async def _open(server: TurnServer) -> _Wire:
    if server.transport == "udp":
        loop = asyncio.get_running_loop()
        transport, wire = await loop.create_datagram_endpoint(
            _Datagrams, remote_addr=(server.host, server.port)
        )
        wire.transport = transport
        return wire
    context = ssl.create_default_context() if server.transport == "tls" else None
    try:
        async with asyncio.timeout(SECONDS):
            return _Stream(*await asyncio.open_connection(server.host, server.port, ssl=context))
    except TimeoutError:
        raise TurnError(0, f"no answer from {server.host} port {server.port} ({server.transport})") from None
