"""Keyframe detection by RTP payload."""

from __future__ import annotations

import pytest

from sfu.rtp import keyframe

KEY, INTER = b"\x00", b"\x01"  # the first byte of a VP8 frame


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"\x10" + KEY, True),
        (b"\x10" + INTER, False),
        (b"\x00" + KEY, False),  # not the start of a partition
        (b"\x11" + KEY, False),  # another partition
        (b"\x90\x80\x05" + KEY, True),  # 7-bit PictureID
        (b"\x90\x80\x85\x01" + KEY, True),  # 15-bit PictureID
        (b"\x90\xf0\x85\x01\x02\x03" + KEY, True),  # PictureID, TL0PICIDX, TID and KEYIDX
        (b"\x90\xf0\x85\x01\x02\x03" + INTER, False),
        (b"\x90\x10\x03" + KEY, True),
        (b"", False),
        (b"\x10", False),
        (b"\x90", False),
        (b"\x90\x80", False),
        (b"\x90\xf0\x85\x01\x02", False),
    ],
)
def test_vp8(payload: bytes, expected: bool) -> None:
    assert keyframe.vp8(payload) is expected


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"\x08" + b"x", True),
        (b"\x48" + b"x", False),  # inter-predicted
        (b"\x00" + b"x", False),  # not the beginning of a frame
        (b"\xa8\x05\x00\x00", True),  # picture id, layer 0
        (b"\xa8\x85\x01\x00\x00", True),  # long picture id
        (b"\xa8\x05\x02\x00", False),  # spatial layer 1
        (b"\x88\x05", True),
        (b"\xa8", False),
        (b"\xa8\x85\x01", False),
        (b"", False),
    ],
)
def test_vp9(payload: bytes, expected: bool) -> None:
    assert keyframe.vp9(payload) is expected


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"\x65\x88", True),  # IDR
        (b"\x67\x42", True),  # SPS
        (b"\x41\x9a", False),  # inter slice
        (b"\x68\xce", False),  # PPS
        (b"\x78" + b"\x00\x02\x67\x42" + b"\x00\x02\x68\xce", True),  # STAP-A with SPS first
        (b"\x78" + b"\x00\x02\x09\x10" + b"\x00\x01\x65", True),  # … with IDR last
        (b"\x78" + b"\x00\x02\x41\x9a", False),
        (b"\x78" + b"\xff\xff\x41", False),
        (b"\x78", False),
        (b"\x7c\x85", True),  # first FU-A of an IDR
        (b"\x7c\x05", False),  # a later one
        (b"\x7c\x81", False),
        (b"\x7c", False),
        (b"", False),
    ],
)
def test_h264(payload: bytes, expected: bool) -> None:
    assert keyframe.h264(payload) is expected


@pytest.mark.parametrize(
    ("payload", "expected"), [(b"\x18\x0a", True), (b"\x10\x0a", False), (b"\x98\x0a", False), (b"", False)]
)
def test_av1(payload: bytes, expected: bool) -> None:
    assert keyframe.av1(payload) is expected
