"""Retransmission payload (RFC 4588 §4): the original sequence number in front of the original payload."""

from __future__ import annotations

from sfu.rtp.errors import PacketError

OSN_BYTES = 2


def wrap(sequence: int, payload: bytes) -> bytes:
    """The RTX payload of a packet that was sent with this 16-bit sequence number."""
    return (sequence & 0xFFFF).to_bytes(OSN_BYTES, "big") + payload


def unwrap(payload: bytes) -> tuple[int, bytes] | None:
    """(original sequence number, original payload); None for an empty padding probe.

    Browsers probe bandwidth with empty RTX packets. Raises `PacketError` for a single byte.
    """
    if not payload:
        return None
    if len(payload) < OSN_BYTES:
        raise PacketError("RTX payload of one byte: the original sequence number needs two")
    return payload[0] << 8 | payload[1], payload[OSN_BYTES:]
