"""Where a video stream may be joined: keyframe detection on the RTP payload, nothing decoded.

One function per codec says whether a packet is the first of a keyframe. A payload that is too short or
contradicts itself is no keyframe: these functions never raise, because a stranger writes their input.
"""

from __future__ import annotations

from collections.abc import Callable

H264_IDR = 5
H264_SPS = 7
H264_STAP_A = 24
H264_FU_A = 28


def vp8(payload: bytes) -> bool:
    """RFC 7741 §4.2–4.3: start of partition 0 and the frame header's inverse key frame flag is 0."""
    if not payload or payload[0] & 0x17 != 0x10:  # S set, partition index 0
        return False
    at = 1
    if payload[0] & 0x80:  # X
        if len(payload) < 2:
            return False
        fields = payload[1]
        at = 2
        if fields & 0x80:  # I: PictureID of 7 or 15 bits
            if len(payload) <= at:
                return False
            at += 2 if payload[at] & 0x80 else 1
        at += bool(fields & 0x40)  # L: TL0PICIDX
        at += bool(fields & 0x30)  # T, K: one byte for both
    return len(payload) > at and not payload[at] & 1


def vp9(payload: bytes) -> bool:
    """RFC 9628 §4.2: begins a frame (B), not inter-predicted (P), lowest spatial layer."""
    if not payload or payload[0] & 0x48 != 0x08:
        return False
    if not payload[0] & 0x20:  # no layer indices
        return True
    at = 1
    if payload[0] & 0x80:  # I: picture id
        if len(payload) < 2:
            return False
        at += 2 if payload[1] & 0x80 else 1
    return len(payload) > at and not payload[at] & 0x0E


def h264(payload: bytes) -> bool:
    """RFC 6184 §5: an SPS or the start of an IDR slice, alone, in a STAP-A or as first FU-A."""
    if not payload:
        return False
    kind = payload[0] & 0x1F
    if kind == H264_STAP_A:
        at = 1
        while at + 2 < len(payload):
            if payload[at + 2] & 0x1F in (H264_IDR, H264_SPS):
                return True
            at += 2 + (payload[at] << 8 | payload[at + 1])
        return False
    if kind == H264_FU_A:
        return len(payload) > 1 and payload[1] >= 0x80 and payload[1] & 0x1F in (H264_IDR, H264_SPS)
    return kind in (H264_IDR, H264_SPS)


def av1(payload: bytes) -> bool:
    """AV1 RTP payload format §4.4: N marks the first packet of a coded video sequence, Z is then 0."""
    return bool(payload) and payload[0] & 0x88 == 0x08


def every(payload: bytes) -> bool:
    """Audio: every packet can be the first."""
    return True


Detector = Callable[[bytes], bool]
