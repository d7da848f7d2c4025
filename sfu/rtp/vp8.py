"""The VP8 payload descriptor (RFC 7741 §4.2): what layer switching has to read and rewrite."""

from __future__ import annotations

from dataclasses import dataclass

from sfu.rtp.errors import PacketError


@dataclass(frozen=True, slots=True)
class Vp8Descriptor:
    """Fields of one packet; None where a field is absent.

    `length` is the descriptor's bytes. `picture_id` has 7 or 15 bits (`long_picture_id`) and begins at
    `picture_id_at`; `tl0_index` (TL0PICIDX) is at `tl0_at`. `layer_sync` is the Y bit: this frame depends on
    the base layer only, so one may go up to its layer here.
    """

    length: int
    start: bool
    partition: int
    keyframe: bool
    picture_id: int | None = None
    long_picture_id: bool = False
    picture_id_at: int = 0
    tl0_index: int | None = None
    tl0_at: int = 0
    temporal_layer: int | None = None
    layer_sync: bool = False
    key_index: int | None = None


def parse(payload: bytes) -> Vp8Descriptor:
    """Read the descriptor in front of a VP8 payload. Raises `PacketError` when it is cut short."""
    try:
        return _parse(payload)
    except IndexError:
        raise PacketError(f"VP8 descriptor is cut short at {len(payload)} bytes") from None


def _parse(payload: bytes) -> Vp8Descriptor:
    first = payload[0]
    picture_id = tl0_index = temporal_layer = key_index = None
    picture_id_at = tl0_at = 0
    long_picture_id = layer_sync = False
    at = 1
    if first & 0x80:
        fields = payload[1]
        at = 2
        if fields & 0x80:
            picture_id_at = at
            picture_id = payload[at]
            at += 1
            if picture_id & 0x80:
                long_picture_id = True
                picture_id = (picture_id & 0x7F) << 8 | payload[at]
                at += 1
        if fields & 0x40:
            tl0_at = at
            tl0_index = payload[at]
            at += 1
        if fields & 0x30:
            layers = payload[at]
            at += 1
            if fields & 0x20:
                temporal_layer, layer_sync = layers >> 6, bool(layers & 0x20)
            if fields & 0x10:
                key_index = layers & 0x1F
    start, partition = bool(first & 0x10), first & 0x07
    return Vp8Descriptor(
        length=at,
        start=start,
        partition=partition,
        keyframe=start and partition == 0 and not payload[at] & 1,
        picture_id=picture_id,
        long_picture_id=long_picture_id,
        picture_id_at=picture_id_at,
        tl0_index=tl0_index,
        tl0_at=tl0_at,
        temporal_layer=temporal_layer,
        layer_sync=layer_sync,
        key_index=key_index,
    )
