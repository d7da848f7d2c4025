"""What a publisher of a load sends: packets of the size and rhythm of opus and VP8, no codec.

Every payload carries when it was sent, for latency: `sent_at` finds it in what arrives.
"""

from __future__ import annotations

import secrets
import struct
import time
from dataclasses import dataclass

from sfu.rtp import header, rtcp
from sfu.rtp.sr import ntp_time

_RTP = struct.Struct("!BBHII")
_STAMP = struct.Struct("!4sq")
_MAGIC = b"sent"
_STAMP_AT = 16  # in the payload: behind what a VP8 frame begins with
_FILLING = b"\x55"


@dataclass(frozen=True)
class Shape:
    """How a stream looks: bursts a second, packets a burst, payload bytes a packet."""

    kind: str
    rate: float
    burst: int
    size: int
    clock_rate: int

    @property
    def packet_rate(self) -> float:
        """Packets a second."""
        return self.rate * self.burst


def audio(rate: float = 50, size: int = 80) -> Shape:
    """Opus of 20 ms."""
    return Shape("audio", rate, 1, size, 48000)


def video(rate: float = 30, burst: int = 4, size: int = 1100) -> Shape:
    """Frames of `burst` packets."""
    return Shape("video", rate, burst, size, 90000)


class Stream:
    """One RTP stream of a publisher; `next` is when its next burst is due (time.monotonic)."""

    KEYFRAME_FRAMES = 60  # at most so many frames between two
    KEYFRAME_GAP = 15  # and at least so many, however often one is asked for

    def __init__(self, shape: Shape, ssrc: int, payload_type: int, start: float) -> None:
        self.shape = shape
        self.ssrc = ssrc
        self.next = start
        self.sent = self.sent_bytes = 0
        self._payload_type = payload_type
        self._number = secrets.randbits(14)
        self._timestamp = secrets.randbits(31)
        self._step = round(shape.clock_rate / shape.rate)
        self._frame = 0
        self._keyframe_at = -self.KEYFRAME_FRAMES
        self._keyframe_wanted = True
        self._picture = secrets.randbits(14)

    def ask_for_keyframe(self) -> None:
        """A PLI or FIR has come."""
        self._keyframe_wanted = True

    def burst(self) -> list[bytes]:
        """The packets that are due; the next ones are due a period later."""
        shape = self.shape
        self.next += 1 / shape.rate
        self._timestamp = (self._timestamp + self._step) & 0xFFFFFFFF
        keyframe = shape.kind == "video" and self._begin_frame()
        packets = []
        for place in range(shape.burst):
            last = shape.kind == "video" and place == shape.burst - 1
            start = self._vp8(place == 0, keyframe) if shape.kind == "video" else b"\x78"
            packets.append(
                _RTP.pack(
                    0x80, (0x80 if last else 0) | self._payload_type, self._number, self._timestamp, self.ssrc
                )
                + start.ljust(_STAMP_AT, b"\0")
                + _STAMP.pack(_MAGIC, time.time_ns())
                + _FILLING * (shape.size - _STAMP_AT - _STAMP.size)
            )
            self._number = (self._number + 1) & 0xFFFF
        self.sent += shape.burst
        self.sent_bytes += shape.burst * shape.size
        return packets

    def _begin_frame(self) -> bool:
        """Whether the frame that begins is a keyframe."""
        since = self._frame - self._keyframe_at
        keyframe = since >= (self.KEYFRAME_GAP if self._keyframe_wanted else self.KEYFRAME_FRAMES)
        if keyframe:
            self._keyframe_at = self._frame
            self._keyframe_wanted = False
        self._frame += 1
        self._picture = (self._picture + 1) & 0x7FFF
        return keyframe

    def _vp8(self, first: bool, keyframe: bool) -> bytes:
        """Payload descriptor with a 15-bit PictureID (RFC 7741 §4.2), and what a frame begins with (§4.3)."""
        descriptor = bytes((0x90 if first else 0x80, 0x80)) + (0x8000 | self._picture).to_bytes(2, "big")
        if not first:
            return descriptor
        size = self.shape.size * self.shape.burst
        frame = bytes((0x10 | (0 if keyframe else 1) | (size & 7) << 5, size >> 3 & 0xFF, size >> 11 & 0xFF))
        return descriptor + frame + (b"\x9d\x01\x2a\x80\x02\x68\x01" if keyframe else b"")

    def report(self) -> rtcp.SenderReport:
        """A sender report for now."""
        return rtcp.SenderReport(
            self.ssrc,
            ntp_time(time.time()),
            self._timestamp,
            self.sent & 0xFFFFFFFF,
            self.sent_bytes & 0xFFFFFFFF,
        )


def sent_at(packet: bytes) -> int | None:
    """When this RTP packet was sent (CLOCK_REALTIME, ns), None when it is none of ours."""
    payload = header.parse(packet).payload
    if len(payload) < _STAMP_AT + _STAMP.size or payload[_STAMP_AT:][:4] != _MAGIC:
        return None
    return int(_STAMP.unpack_from(payload, _STAMP_AT)[1])
