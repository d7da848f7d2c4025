"""STUN messages on the wire (RFC 8489), strictly: bytes in, a message or None out.

Only what an ICE-lite agent meets: Binding requests with short-term credentials. Anything that is cut
short, overlong or inconsistent is no STUN message; nothing here raises on foreign bytes.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import struct
import zlib
from functools import lru_cache
from typing import NamedTuple

MAGIC_COOKIE = 0x2112A442
HEADER_BYTES = 20
# Browsers' checks have about 100 bytes; a path with fragmentation carries no media either.
MAX_MESSAGE_BYTES = 1280
MAX_ATTRIBUTES = 32

BINDING_REQUEST = 0x0001
BINDING_SUCCESS = 0x0101
BINDING_ERROR = 0x0111

USERNAME = 0x0006
MESSAGE_INTEGRITY = 0x0008
ERROR_CODE = 0x0009
UNKNOWN_ATTRIBUTES = 0x000A
XOR_MAPPED_ADDRESS = 0x0020
PRIORITY = 0x0024
USE_CANDIDATE = 0x0025
FINGERPRINT = 0x8028
ICE_CONTROLLED = 0x8029
ICE_CONTROLLING = 0x802A

_FINGERPRINT_XOR = 0x5354554E
_INTEGRITY_BYTES = 20
_HEADER = struct.Struct("!HHI12s")
_ATTRIBUTE = struct.Struct("!HH")
_PORT = struct.Struct("!BBH")
_MAPPED_4 = struct.Struct("!BBHI")


class StunMessage(NamedTuple):
    """A parsed message. `attributes` holds the first of each type that stands before or is the integrity.

    `integrity_at` is the offset of MESSAGE-INTEGRITY in `data`, 0 where there is none. `fingerprinted`
    says that a FINGERPRINT was there (and right: a wrong one is no message).
    """

    type: int
    transaction: bytes
    attributes: dict[int, bytes]
    data: bytes
    integrity_at: int
    fingerprinted: bool

    def authentic(self, key: bytes) -> bool:
        """Whether MESSAGE-INTEGRITY was made with this key (RFC 8489 §14.5)."""
        if not self.integrity_at:
            return False
        expected = _integrity(self.data[: self.integrity_at], key)
        return hmac.compare_digest(expected, self.attributes[MESSAGE_INTEGRITY])


def parse(data: bytes) -> StunMessage | None:
    """The message in `data`, or None when it is not exactly one well-formed STUN message."""
    size = len(data)
    if not HEADER_BYTES <= size <= MAX_MESSAGE_BYTES or data[0] & 0xC0:
        return None
    kind, length, cookie, transaction = _HEADER.unpack_from(data)
    if cookie != MAGIC_COOKIE or length % 4 or length + HEADER_BYTES != size:
        return None
    attributes: dict[int, bytes] = {}
    integrity_at = 0
    fingerprinted = False
    position = HEADER_BYTES
    count = 0
    while position < size:
        count += 1
        # FINGERPRINT is the last attribute (RFC 8489 §14.7).
        if fingerprinted or count > MAX_ATTRIBUTES or position + 4 > size:
            return None
        name, bound = _ATTRIBUTE.unpack_from(data, position)
        end = position + 4 + bound
        if end > size:
            return None
        value = data[position + 4 : end]
        if name == FINGERPRINT:
            if bound != 4 or int.from_bytes(value, "big") != _fingerprint(data[:position]):
                return None
            fingerprinted = True
        elif integrity_at:
            pass  # what follows the integrity is not covered by it: ignored (RFC 8489 §14.5)
        elif name == MESSAGE_INTEGRITY:
            if bound != _INTEGRITY_BYTES:
                return None
            attributes[name] = value
            integrity_at = position
        else:
            attributes.setdefault(name, value)
        position = end + (-bound % 4)
    if position != size:
        return None
    return StunMessage(kind, transaction, attributes, data, integrity_at, fingerprinted)


def build(kind: int, transaction: bytes, attributes: list[tuple[int, bytes]], key: bytes | None) -> bytes:
    """A message with FINGERPRINT, and with MESSAGE-INTEGRITY when `key` is given."""
    body = b"".join(
        _ATTRIBUTE.pack(name, len(value)) + value + bytes(-len(value) % 4) for name, value in attributes
    )
    message = _HEADER.pack(kind, len(body), MAGIC_COOKIE, transaction) + body
    if key is not None:
        message += _ATTRIBUTE.pack(MESSAGE_INTEGRITY, _INTEGRITY_BYTES) + _integrity(message, key)
    length = len(message) - HEADER_BYTES + 8
    message = message[:2] + length.to_bytes(2, "big") + message[4:]
    return message + _ATTRIBUTE.pack(FINGERPRINT, 4) + _fingerprint(message).to_bytes(4, "big")


def _integrity(head: bytes, key: bytes) -> bytes:
    """HMAC over everything before the attribute, with a length that ends after it."""
    length = len(head) - HEADER_BYTES + 4 + _INTEGRITY_BYTES
    return hmac.digest(key, head[:2] + length.to_bytes(2, "big") + head[4:], hashlib.sha1)


def _fingerprint(head: bytes) -> int:
    return zlib.crc32(head) ^ _FINGERPRINT_XOR


def xor_mapped_address(address: tuple[str, int], transaction: bytes) -> bytes:
    """The value of XOR-MAPPED-ADDRESS (RFC 8489 §14.2). An IPv4-mapped IPv6 address is written as IPv4."""
    host, port = _packed(address[0]), address[1] ^ (MAGIC_COOKIE >> 16)
    if len(host) == 4:
        return _MAPPED_4.pack(0, 1, port, int.from_bytes(host, "big") ^ MAGIC_COOKIE)
    mask = MAGIC_COOKIE << 96 | int.from_bytes(transaction, "big")
    return _PORT.pack(0, 2, port) + (int.from_bytes(host, "big") ^ mask).to_bytes(16, "big")


@lru_cache(1024)
def _packed(host: str) -> bytes:
    """The bytes of an address; everybody checks again and again from where they are."""
    parsed = ipaddress.ip_address(host.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return parsed.packed


def error_code(code: int, reason: str = "") -> bytes:
    """The value of ERROR-CODE (RFC 8489 §14.8)."""
    return struct.pack("!HBB", 0, code // 100, code % 100) + reason.encode()
