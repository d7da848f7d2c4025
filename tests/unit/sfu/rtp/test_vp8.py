"""The VP8 payload descriptor (RFC 7741 §4.2)."""

from __future__ import annotations

import pytest

from sfu.rtp import keyframe
from sfu.rtp.errors import PacketError
from sfu.rtp.vp8 import Vp8Descriptor, parse


def test_the_short_form() -> None:
    assert parse(b"\x10\x00") == Vp8Descriptor(length=1, start=True, partition=0, keyframe=True)
    assert parse(b"\x02\x00") == Vp8Descriptor(length=1, start=False, partition=2, keyframe=False)


def test_every_field() -> None:
    descriptor = parse(b"\x90\xf0\x92\x34\x07\xa5\x01")
    assert descriptor == Vp8Descriptor(
        length=6,
        start=True,
        partition=0,
        keyframe=False,
        picture_id=0x1234,
        long_picture_id=True,
        picture_id_at=2,
        tl0_index=7,
        tl0_at=4,
        temporal_layer=2,
        layer_sync=True,
        key_index=5,
    )


def test_a_short_picture_id_and_layers_without_key_index() -> None:
    descriptor = parse(b"\x80\xa0\x7f\x40\x00")
    assert (descriptor.picture_id, descriptor.long_picture_id, descriptor.length) == (127, False, 4)
    assert (descriptor.temporal_layer, descriptor.layer_sync, descriptor.key_index) == (1, False, None)


@pytest.mark.parametrize("length", range(6))
def test_a_descriptor_cut_short_is_refused(length: int) -> None:
    with pytest.raises(PacketError, match="cut short"):
        parse(b"\x90\xf0\x92\x34\x07\xa5"[:length])


def test_both_ways_of_finding_a_keyframe_agree() -> None:
    for first in range(256):
        for fields in range(0, 256, 16):
            data = bytes((first, fields, 0x85, 1, 2, 3, 4, 5))
            assert keyframe.vp8(data) is parse(data).keyframe
