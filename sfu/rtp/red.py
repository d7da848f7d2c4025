"""Redundant audio (RFC 2198): earlier payloads in front of the newest one, told by their distance in time."""

from __future__ import annotations

from typing import NamedTuple

from sfu.rtp.errors import PacketError

BLOCK_HEADER = 4
# A block says its distance (ticks) in 14 bits and its length in 10.
MAX_TICKS = 2**14 - 1
MAX_BLOCK = 2**10 - 1


class Block(NamedTuple):
    """An earlier payload: `ticks` of the RTP clock before the packet's own timestamp."""

    payload_type: int
    ticks: int
    payload: bytes


class Redundant(NamedTuple):
    """What a payload of redundant audio holds. `earlier` begins with the oldest."""

    earlier: list[Block]
    payload_type: int
    payload: bytes


def unwrap(data: bytes, most: int) -> Redundant:
    """Take a payload apart. Raises `PacketError` where it contradicts itself or has over `most` blocks."""
    heads: list[tuple[int, int, int]] = []
    at = 0
    while at < len(data) and data[at] & 0x80:
        head = int.from_bytes(data[at : at + BLOCK_HEADER], "big")
        at += BLOCK_HEADER
        if at > len(data) or len(heads) == most:
            raise PacketError("redundant audio: cut short, or of too many blocks")
        heads.append((head >> 24 & 0x7F, head >> 10 & MAX_TICKS, head & MAX_BLOCK))
    if at + 1 + sum(length for _, _, length in heads) > len(data):
        raise PacketError("redundant audio: a block leaves the packet")
    newest = data[at]
    at += 1
    earlier = []
    for payload_type, ticks, length in heads:
        earlier.append(Block(payload_type, ticks, data[at : at + length]))
        at += length
    return Redundant(earlier, newest, data[at:])


def wrap(earlier: list[Block], payload_type: int, payload: bytes) -> bytes:
    """The payload that carries these; `ticks` and lengths have to fit (MAX_TICKS, MAX_BLOCK)."""
    heads = b"".join(
        (1 << 31 | kind << 24 | ticks << 10 | len(block)).to_bytes(BLOCK_HEADER, "big")
        for kind, ticks, block in earlier
    )
    return b"".join((heads, bytes((payload_type,)), *(block.payload for block in earlier), payload))
