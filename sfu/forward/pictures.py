"""What a VP8 descriptor says of a picture, and its rewriting per slot (RFC 7741 §4.2). Pure; see `way.py`.

The same as `read_picture` and `shift_picture` of plane_rtp.c. A stranger writes the payload: a descriptor
that is cut short says nothing and is passed on as it is.
"""

from __future__ import annotations

from typing import NamedTuple


class Picture(NamedTuple):
    """Places in the payload (0: not there), the temporal layer (-1: not named) and the Y bit."""

    id_at: int
    tl0_at: int
    key_at: int
    layer: int
    sync: bool


class Shift(NamedTuple):
    """What a slot adds to a source's PictureID, TL0PICIDX and KEYIDX."""

    id: int
    tl0: int
    key: int


NO_SHIFT = Shift(0, 0, 0)


def read_picture(payload: bytes) -> Picture | None:
    """What the descriptor says; None where it says nothing that concerns a slot."""
    length = len(payload)
    if length < 2 or not payload[0] & 0x80:
        return None
    fields = payload[1]
    at = 2
    id_at = tl0_at = key_at = 0
    if fields & 0x80:  # PictureID of 7 or 15 bits
        if at >= length:
            return None
        id_at = at
        at += 2 if payload[at] & 0x80 else 1
    if fields & 0x40:
        tl0_at = at
        at += 1
    if fields & 0x30:  # one byte for the layer and KEYIDX
        key_at = at
        at += 1
    if at > length or at == 2:
        return None
    if not fields & 0x20:
        return Picture(id_at, tl0_at, key_at, -1, False)
    layers = payload[key_at]
    return Picture(id_at, tl0_at, key_at if fields & 0x10 else 0, layers >> 6, bool(layers & 0x20))


def picture_id(payload: bytes, picture: Picture) -> int:
    """The PictureID of a picture that has one."""
    first = payload[picture.id_at]
    return (first & 0x7F) << 8 | payload[picture.id_at + 1] if first & 0x80 else first


def shifted(payload: bytes, picture: Picture, shift: Shift) -> bytes:
    """The payload with this added to its numbers, each in its own width."""
    made = bytearray(payload)
    if picture.id_at:
        number = picture_id(payload, picture) + shift.id
        if payload[picture.id_at] & 0x80:
            made[picture.id_at] = 0x80 | number >> 8 & 0x7F
            made[picture.id_at + 1] = number & 0xFF
        else:
            made[picture.id_at] = number & 0x7F
    if picture.tl0_at:
        made[picture.tl0_at] = made[picture.tl0_at] + shift.tl0 & 0xFF
    if picture.key_at:
        at = picture.key_at
        made[at] = made[at] & 0xE0 | made[at] + shift.key & 0x1F
    return bytes(made)


class LastPicture:
    """The numbers of the last picture that a slot was sent; None where it had none yet."""

    __slots__ = ("id", "key", "tl0")

    def __init__(self) -> None:
        self.id: int | None = None
        self.tl0: int | None = None
        self.key: int | None = None

    def note(self, payload: bytes, picture: Picture, shift: Shift) -> None:
        """This picture was sent, with this shift."""
        if picture.id_at:
            self.id = picture_id(payload, picture) + shift.id & 0x7FFF
        if picture.tl0_at:
            self.tl0 = payload[picture.tl0_at] + shift.tl0 & 0xFF
        if picture.key_at:
            self.key = payload[picture.key_at] + shift.key & 0x1F

    def shift_for(self, payload: bytes, picture: Picture | None) -> Shift:
        """The shift with which this picture follows."""
        if picture is None:
            return NO_SHIFT
        number = tl0 = key = 0
        if picture.id_at and self.id is not None:
            number = self.id + 1 - picture_id(payload, picture) & 0x7FFF
        if picture.tl0_at and self.tl0 is not None:
            tl0 = self.tl0 + 1 - payload[picture.tl0_at] & 0xFF
        if picture.key_at and self.key is not None:
            key = self.key + 1 - payload[picture.key_at] & 0x1F
        return Shift(number, tl0, key)
