"""The WebSocket protocol after its handshake, as a server reads it (RFC 6455). Pure: bytes in, messages out.

aiohttp answers the upgrade; from then on every step of every walker comes through here, so a read that is
exactly one short message takes a short way (`Reader.whole`) and everything else the long one (`feed`,
`next`). No extension is ever negotiated, so reserved bits are always wrong.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as BadBase64
from hashlib import sha1

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
_FIN = 0x80
_RESERVED = 0x70
_MASKED = 0x80

# Why a connection is closed (§7.4.1).
NORMAL = 1000
PROTOCOL_ERROR = 1002
POLICY = 1008
TOO_BIG = 1009
INTERNAL_ERROR = 1011
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY_BYTES = 16
# Frames between two `rested` that are no whole message: pings, pongs, pieces. They cost us as much as a
# message does and are counted nowhere else; an honest client sends a few.
MAX_SPARE = 256


class Failed(Exception):
    """The peer breaks the protocol: close with `code`."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def accept(key: str) -> str | None:
    """The answer to a `Sec-WebSocket-Key` (§4.2.2), None when it is no such key."""
    try:
        if len(b64decode(key, validate=True)) != _KEY_BYTES:
            return None
    except (BadBase64, ValueError):
        return None
    return b64encode(sha1(key.encode() + _GUID).digest()).decode()


def control_frame(opcode: int, payload: bytes = b"") -> bytes:
    """A server's CLOSE, PING or PONG; `payload` has at most 125 bytes."""
    return bytes((_FIN | opcode, len(payload))) + payload


def close_frame(code: int) -> bytes:
    """A CLOSE with this code."""
    return control_frame(CLOSE, code.to_bytes(2, "big"))


def close_code(payload: bytes) -> int:
    """The code of a peer's CLOSE, to be sent back; NORMAL when it gave none. Raises Failed."""
    if not payload:
        return NORMAL
    code = int.from_bytes(payload[:2], "big")
    if len(payload) < 2 or not (1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999):
        raise Failed(PROTOCOL_ERROR, "a close code that must not be sent")
    return code


def unmask(mask: bytes, payload: bytes) -> bytes:
    """The payload that a client has masked with these four bytes (§5.3); the other way it is the same."""
    size = len(payload)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(key, "little")).to_bytes(size, "little")


class Reader:
    """What one client sends. A message of more than `max_bytes` fails; so less than that, a frame's head and
    one read of the socket is all that is ever kept."""

    __slots__ = ("_buffer", "_kind", "_max", "_message", "_spare", "amid")

    def __init__(self, max_bytes: int) -> None:
        self._max = max_bytes
        # Whether something has begun that is not yet whole.
        self.amid = False
        self._buffer = bytearray()
        # A message of several frames that has begun: its kind, 0 if none has.
        self._kind = 0
        self._message = bytearray()
        self._spare = 0

    def rested(self) -> None:
        """Some seconds have passed: MAX_SPARE more frames may come that are no message."""
        self._spare = 0

    def whole(self, data: bytes) -> bytes | None:
        """The message in `data`, if that is one short message and nothing else; None means `feed` it."""
        size = len(data) - 6
        if (
            0 <= size < 126
            and data[1] == size | _MASKED
            and (data[0] == _FIN | TEXT or data[0] == _FIN | BINARY)
            and not self.amid
        ):
            key = (data[2:6] * 32)[:size]
            return (int.from_bytes(data[6:], "little") ^ int.from_bytes(key, "little")).to_bytes(
                size, "little"
            )
        return None

    def feed(self, data: bytes) -> None:
        """More bytes of the socket."""
        self._buffer += data
        self.amid = True

    def next(self) -> tuple[int, bytes] | None:
        """The next whole message (TEXT, BINARY) or control frame (CLOSE, PING, PONG) with its payload; None
        until there is more. Raises Failed, after which there is nothing more to read."""
        while True:
            frame = self._frame()
            if frame is None:
                self.amid = bool(self._buffer or self._kind)
                return None
            opcode, fin, payload = frame
            if opcode >= CLOSE or not fin:
                self._spare += 1
                if self._spare > MAX_SPARE:
                    raise Failed(POLICY, "too many frames that say nothing")
            if opcode >= CLOSE:
                return opcode, payload
            if opcode:
                if self._kind:
                    raise Failed(PROTOCOL_ERROR, "a message begins within another")
                if fin:
                    return opcode, payload
                self._kind = opcode
            elif not self._kind:
                raise Failed(PROTOCOL_ERROR, "a message goes on that has not begun")
            self._message += payload
            if fin:
                kind, message = self._kind, bytes(self._message)
                self._kind, self._message = 0, bytearray()
                return kind, message

    def _frame(self) -> tuple[int, int, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        first, second = buffer[0], buffer[1]
        opcode, fin, size = first & 0x0F, first & _FIN, second & 0x7F
        if first & _RESERVED:
            raise Failed(PROTOCOL_ERROR, "reserved bits")
        if not second & _MASKED:
            raise Failed(PROTOCOL_ERROR, "a client masks its frames")
        if BINARY < opcode < CLOSE or opcode > PONG:
            raise Failed(PROTOCOL_ERROR, "a kind of frame that does not exist")
        if opcode >= CLOSE and (size > 125 or not fin):
            raise Failed(PROTOCOL_ERROR, "a control frame is short and whole")
        start = 6
        if size >= 126:
            start = 8 if size == 126 else 14
            if len(buffer) < start:
                return None
            size = int.from_bytes(buffer[2 : start - 4], "big")
        if opcode < CLOSE and len(self._message) + size > self._max:
            raise Failed(TOO_BIG, "a message is too big")
        end = start + size
        if len(buffer) < end:
            return None
        payload = unmask(bytes(buffer[start - 4 : start]), bytes(buffer[start:end]))
        del buffer[:end]
        return opcode, fin, payload
