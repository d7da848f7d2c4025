"""Serial numbers that wrap: comparison and unwrapping (RFC 1982, RFC 3550 §A.1).

Everything that has to know that 0 follows 65535 lives here. An "extended" number never wraps: it is an
int whose low bits are the number on the wire.
"""

from __future__ import annotations

MASK_16 = 0xFFFF
MASK_32 = 0xFFFFFFFF


def newer_16(a: int, b: int) -> bool:
    """True when 16-bit number `a` comes after `b` (the shorter way round the circle)."""
    return 0 < (a - b) & MASK_16 < 0x8000


def newer_32(a: int, b: int) -> bool:
    """True when 32-bit number `a` comes after `b` (the shorter way round the circle)."""
    return 0 < (a - b) & MASK_32 < 0x80000000


def near_16(number: int, reference: int) -> int:
    """The extended number nearest to `reference` whose low 16 bits are `number`.

    May be negative when `reference` is within half a circle of 0.
    """
    return reference + ((number - reference + 0x8000) & MASK_16) - 0x8000


def near_32(number: int, reference: int) -> int:
    """The extended number nearest to `reference` whose low 32 bits are `number`."""
    return reference + ((number - reference + 0x80000000) & MASK_32) - 0x80000000
