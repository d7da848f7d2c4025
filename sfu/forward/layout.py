"""What stands in front of a payload on its way to a listener: the RTP header with extensions.

A `Layout` is made once per set of negotiated extension ids (and MID). `head` gives the bytes from the
RTP header to the payload with holes for what differs per listener: payload type, sequence number,
timestamp, SSRC and the transport-wide number, which is always the first element, at `transport_cc_at`.
"""

from __future__ import annotations

import weakref
from typing import ClassVar

from sfu.forward.contract import ExtensionIds
from sfu.rtp.header import FIXED_HEADER, MAX_ONE_BYTE_ID, MAX_ONE_BYTE_LENGTH, build_extensions

ABSENT = -1  # an audio level or orientation that the source did not send
CACHED_HEADS = 1024

LayoutKey = tuple[int, int, int, int, bytes]


def layout_key(ids: ExtensionIds, mid: str) -> LayoutKey:
    """Listeners with an equal key share their header bytes."""
    return (ids.transport_cc, ids.audio_level, ids.orientation, ids.mid, mid.encode() if ids.mid else b"")


class Layout:
    """The header in front of a payload for one set of extension ids. Raises `PacketError` for a bad id."""

    _made: ClassVar[weakref.WeakValueDictionary[LayoutKey, Layout]] = weakref.WeakValueDictionary()

    @classmethod
    def of(cls, key: LayoutKey) -> Layout:
        """The layout with this key; slots that use the same one share it."""
        found = cls._made.get(key)
        if found is None:
            found = cls._made[key] = cls(key)
        return found

    def __init__(self, key: LayoutKey) -> None:
        self.key = key
        # One form for all packets of the layout, so that the hole stays where it is.
        self._two_byte = max(key[:4]) > MAX_ONE_BYTE_ID or len(key[4]) > MAX_ONE_BYTE_LENGTH
        self.transport_cc_at = FIXED_HEADER + 4 + (2 if self._two_byte else 1) if key[0] else 0
        self._heads: dict[tuple[int, int], bytes] = {}
        self._parts: dict[tuple[int, int], tuple[int, bytes, bytes]] = {}
        self.head(0, 0)  # raises here, and never on a packet's way, when an id cannot be written

    def head(self, audio_level: int, orientation: int) -> bytes:
        """Header and extension block for a packet with these values (one byte each, or ABSENT)."""
        head = self._heads.get((audio_level, orientation))
        if head is None:
            if len(self._heads) >= CACHED_HEADS:
                self._heads.clear()
            head = self._heads[audio_level, orientation] = self._build(audio_level, orientation)
        return head

    def parts(self, audio_level: int, orientation: int) -> tuple[int, bytes, bytes]:
        """The same cut up: the first byte, and what lies between the fixed header and the transport-wide
        number (empty without one), and behind that."""
        parts = self._parts.get((audio_level, orientation))
        if parts is None:
            if len(self._parts) >= CACHED_HEADS:
                self._parts.clear()
            head, at = self.head(audio_level, orientation), self.transport_cc_at
            before = head[FIXED_HEADER:at] if at else b""
            after = head[at + 2 :] if at else head[FIXED_HEADER:]
            parts = self._parts[audio_level, orientation] = head[0], before, after
        return parts

    def _build(self, audio_level: int, orientation: int) -> bytes:
        transport_cc, level_id, orientation_id, mid_id, mid = self.key
        values: list[tuple[int, bytes]] = []
        if transport_cc:
            values.append((transport_cc, b"\0\0"))
        if level_id and audio_level != ABSENT:
            values.append((level_id, bytes((audio_level,))))
        if orientation_id and orientation != ABSENT:
            values.append((orientation_id, bytes((orientation,))))
        if mid:
            values.append((mid_id, mid))
        block = build_extensions(values, self._two_byte)
        return (b"\x90" if block else b"\x80") + bytes(FIXED_HEADER - 1) + block
