"""RTP packets and their header extensions (RFC 3550 §5.1, RFC 8285): bytes to fields and back.

Two ways in. `parse` makes an `RtpPacket` for tests, tools and rare packets. `locate` and `elements`
only find positions inside a buffer, for a forwarding plane that makes no object per packet. Both check
every length once, against the end of the packet, and raise `PacketError` where one lies outside.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from struct import Struct

from sfu.rtp.errors import PacketError

FIXED_HEADER = 12
ONE_BYTE_PROFILE = 0xBEDE
TWO_BYTE_PROFILE = 0x1000  # the low four bits ("appbits") are the application's
MAX_ONE_BYTE_ID = 14
MAX_ONE_BYTE_LENGTH = 16

Buffer = bytes | bytearray | memoryview

_FIXED = Struct("!BBHII")
_EXTENSION = Struct("!HH")


@dataclass(slots=True)
class RtpPacket:
    """One RTP packet. `extensions` maps the negotiated id to the value, `padding` is in bytes."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes = b""
    marker: bool = False
    csrcs: tuple[int, ...] = ()
    extensions: dict[int, bytes] = field(default_factory=dict)
    padding: int = 0


def locate(data: Buffer, length: int) -> tuple[int, int, int]:
    """Find the parts of the RTP packet in `data[:length]`: (extension, payload, end).

    `extension` is the offset of the extension header (0 when there is none), `payload` where the
    payload begins, `end` where it ends (before padding). Raises `PacketError`.
    """
    if length < FIXED_HEADER:
        raise PacketError(f"RTP header needs {FIXED_HEADER} bytes, got {length}")
    first = data[0]
    if first >> 6 != 2:
        raise PacketError(f"RTP version is {first >> 6}, not 2")
    payload = FIXED_HEADER + 4 * (first & 0x0F)
    extension = 0
    if first & 0x10:
        extension = payload
        payload += 4
        if payload <= length:
            payload += 4 * (data[payload - 2] << 8 | data[payload - 1])
    end = length
    if payload > end:
        raise PacketError(f"RTP header claims {payload} bytes of a packet of {length}")
    if first & 0x20:
        padding = data[length - 1] if payload < length else 0
        end -= padding
        if not padding or end < payload:
            raise PacketError(f"RTP padding of {padding} bytes does not fit a payload of {length - payload}")
    return extension, payload, end


def elements(data: Buffer, extension: int, payload: int) -> list[tuple[int, int, int]]:
    """The elements of the extension block between `extension` and `payload`: (id, offset, length).

    Both forms of RFC 8285; other profiles have no elements. Raises `PacketError` when an element's
    length reaches beyond the block.
    """
    found: list[tuple[int, int, int]] = []
    profile = data[extension] << 8 | data[extension + 1]
    at = extension + 4
    if profile == ONE_BYTE_PROFILE:
        while at < payload:
            byte = data[at]
            at += 1
            if byte == 0:
                continue  # padding
            if byte >> 4 == 15:
                break  # RFC 8285 §4.2: stop here, keep what came before
            size = (byte & 0x0F) + 1
            if at + size > payload:
                raise PacketError(f"header extension {byte >> 4} of {size} bytes leaves its block")
            found.append((byte >> 4, at, size))
            at += size
    elif profile & 0xFFF0 == TWO_BYTE_PROFILE:
        while at < payload:
            identifier = data[at]
            at += 1
            if identifier == 0:
                continue
            if at >= payload:
                raise PacketError(f"header extension {identifier} has no length")
            size = data[at]
            at += 1
            if at + size > payload:
                raise PacketError(f"header extension {identifier} of {size} bytes leaves its block")
            found.append((identifier, at, size))
            at += size
    return found


def build_extensions(values: list[tuple[int, bytes]], two_byte: bool = False) -> bytes:
    """The extension block (profile, length, elements, padding) of these (id, value) pairs.

    One-byte form where every element fits it (and `two_byte` does not forbid it), else the two-byte
    form. Empty without values. Raises `PacketError` for an id outside 1..255 or a value over 255 bytes.
    """
    if not values:
        return b""
    for identifier, value in values:
        if not 1 <= identifier <= 255 or len(value) > 255:
            raise PacketError(f"header extension {identifier} of {len(value)} bytes cannot be written")
    if not two_byte and all(i <= MAX_ONE_BYTE_ID and 1 <= len(v) <= MAX_ONE_BYTE_LENGTH for i, v in values):
        profile = ONE_BYTE_PROFILE
        body = b"".join(bytes((i << 4 | len(v) - 1,)) + v for i, v in values)
    else:
        profile = TWO_BYTE_PROFILE
        body = b"".join(bytes((i, len(v))) + v for i, v in values)
    body += bytes(-len(body) % 4)
    return _EXTENSION.pack(profile, len(body) // 4) + body


def parse(data: bytes) -> RtpPacket:
    """Read one (unprotected) RTP packet. Raises `PacketError`."""
    extension, payload, end = locate(data, len(data))
    first, second, sequence, timestamp, ssrc = _FIXED.unpack_from(data)
    return RtpPacket(
        payload_type=second & 0x7F,
        sequence=sequence,
        timestamp=timestamp,
        ssrc=ssrc,
        payload=bytes(data[payload:end]),
        marker=second >= 0x80,
        csrcs=tuple(
            int.from_bytes(data[at : at + 4], "big")
            for at in range(FIXED_HEADER, FIXED_HEADER + 4 * (first & 0x0F), 4)
        ),
        extensions={i: bytes(data[at : at + n]) for i, at, n in elements(data, extension, payload)}
        if extension
        else {},
        padding=len(data) - end,
    )


def build(packet: RtpPacket) -> bytes:
    """Write one RTP packet. Raises `PacketError` for what does not fit its field."""
    if len(packet.csrcs) > 15 or not 0 <= packet.padding <= 255 or not 0 <= packet.payload_type <= 127:
        raise PacketError("RTP: at most 15 CSRCs, 255 bytes of padding, payload type 127")
    block = build_extensions(list(packet.extensions.items()))
    first = 0x80 | (0x20 if packet.padding else 0) | (0x10 if block else 0) | len(packet.csrcs)
    return b"".join(
        (
            _FIXED.pack(
                first,
                packet.marker << 7 | packet.payload_type,
                packet.sequence & 0xFFFF,
                packet.timestamp & 0xFFFFFFFF,
                packet.ssrc,
            ),
            b"".join(csrc.to_bytes(4, "big") for csrc in packet.csrcs),
            block,
            packet.payload,
            bytes(packet.padding - 1) + bytes((packet.padding,)) if packet.padding else b"",
        )
    )
