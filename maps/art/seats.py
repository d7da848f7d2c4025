"""Chairs, stools, sofas and bean bags. Each function paints one thing as it stands, with its shadow."""

from __future__ import annotations

from maps.art.canvas import Canvas, cast_shadow, light_edge
from maps.art.palette import (
    CORAL,
    DARK_WOOD,
    METAL,
    MUSTARD,
    TEAL,
    WOOD,
    Ramp,
    shadow,
)


def chair(facing: str, tones: Ramp = TEAL) -> Canvas:
    """An office chair of 24 x 30 px, seen from its `facing` (down: it looks at us)."""
    body = Canvas(24, 30)
    if facing == "up":
        body.rounded(4, 8, 16, 10, tones[2], 2)
        body.rounded(3, 12, 18, 13, tones[1], 3)
        body.rounded(4, 12, 16, 11, tones[2], 3)
        body.rect(6, 13, 12, 1, tones[4])
        body.rect(6, 18, 12, 1, tones[1])
    elif facing == "down":
        body.rounded(3, 3, 18, 13, tones[2], 3)
        body.rounded(5, 5, 14, 10, tones[3], 2)
        body.rect(6, 4, 12, 1, tones[4])
        body.rounded(3, 14, 18, 10, tones[3], 2)
        body.rect(5, 15, 14, 2, tones[4])
        body.rect(4, 21, 16, 2, tones[1])
    else:
        body.rounded(5, 12, 16, 11, tones[3], 2)
        body.rect(7, 13, 12, 2, tones[4])
        body.rect(6, 20, 14, 2, tones[1])
        body.rounded(3, 4, 6, 17, tones[2], 2)
        body.rect(4, 5, 2, 13, tones[4])
    light_edge(body, 0.25).outline(0.5)
    out = Canvas(24, 30)
    out.disc(12.5, 25, 10, 4.5, shadow(70))
    out.rect(11, 21, 2, 5, METAL[1])
    out.rect(5, 26, 14, 2, METAL[1])
    out.rect(5, 26, 14, 1, METAL[3])
    out.stamp(body, 0, 0)
    return out.flipped() if facing == "left" else out


def stool(tones: Ramp = MUSTARD) -> Canvas:
    """A round stool."""
    out = Canvas(20, 24)
    out.disc(10.5, 20, 9, 3.6, shadow(70))
    for x in (4, 14):
        out.rect(x, 12, 2, 9, WOOD[1])
    body = Canvas(20, 24)
    body.disc(10, 11, 8, 5, tones[1])
    body.disc(10, 9.5, 8, 5, tones[3])
    body.disc(8.5, 8.5, 5, 2.6, tones[4])
    body.outline(0.45)
    out.stamp(body, 0, 0)
    return out


def sofa(facing: str, width: int = 80, tones: Ramp = CORAL) -> Canvas:
    """A sofa: "down" shows its seat, "up" its back, "right"/"left" its side (then `width` is deep)."""
    if facing in ("left", "right"):
        return _side_sofa(width, tones) if facing == "right" else _side_sofa(width, tones).flipped()
    out = Canvas(width + 4, 44)
    cast_shadow(out, 3, 34, width - 4, 9)
    body = Canvas(width + 4, 44)
    if facing == "down":
        body.rounded(3, 2, width - 6, 22, tones[2], 4)
        body.rounded(5, 3, width - 10, 8, tones[3], 3)
        body.rect(8, 3, width - 16, 1, tones[5])
        seats = max(2, width // 36)
        each = (width - 20) // seats
        body.rect(9, 8, width - 18, 26, tones[2])
        for k in range(seats):
            x = 10 + k * each
            body.rounded(x, 8, each - 1, 14, tones[3], 3)
            body.rect(x + 2, 9, each - 5, 2, tones[4])
            body.rounded(x, 20, each - 1, 13, tones[3], 2)
            body.rect(x + 1, 20, each - 3, 4, tones[4])
            body.rect(x + 2, 21, each - 8, 1, tones[5])
            body.rect(x + 1, 30, each - 3, 3, tones[2])
        body.rect(4, 33, width - 8, 5, tones[1])
        for x in (0, width - 11):
            body.rounded(x, 12, 11, 27, tones[2], 3)
            body.rounded(x, 11, 11, 15, tones[3], 4)
            body.rounded(x + 2, 12, 7, 9, tones[4], 3)
    else:
        body.rounded(0, 10, width, 28, tones[1], 4)
        body.rounded(0, 6, width, 14, tones[3], 4)
        body.rounded(10, 4, width - 20, 8, tones[3], 3)
        body.rect(4, 7, width - 8, 2, tones[4])
        body.rect(2, 19, width - 4, 17, tones[2])
        body.rect(2, 19, width - 4, 1, tones[1])
        for x in range(width // 3, width - 8, width // 3):
            body.rect(x, 20, 1, 15, tones[1])
    light_edge(body, 0.2).outline(0.5)
    out.stamp(body, 0, 0)
    for x in (4, width - 8):
        out.rect(x, 38, 4, 3, DARK_WOOD[1])
    return out


def _side_sofa(length: int, tones: Ramp) -> Canvas:
    out = Canvas(44, length + 4)
    cast_shadow(out, 4, length - 6, 36, 9)
    body = Canvas(44, length + 4)
    body.rounded(0, 4, 14, length - 8, tones[3], 4)
    body.rect(2, 6, 3, length - 16, tones[4])
    body.rounded(10, 10, 28, length - 22, tones[2], 2)
    seats = max(2, length // 40)
    each = (length - 30) // seats
    for k in range(seats):
        y = 14 + k * each
        body.rounded(12, y, 26, each - 1, tones[3], 3)
        body.rect(14, y + 1, 22, 2, tones[4])
        body.rect(14, y + each - 4, 22, 2, tones[2])
    for y in (0, length - 22):
        body.rounded(2, y + 2, 38, 12, tones[3], 4)
        body.rect(6, y + 3, 28, 2, tones[5])
        body.rounded(2, y + 11, 38, 9, tones[1], 2)
    light_edge(body, 0.2).outline(0.5)
    out.stamp(body, 0, 0)
    return out


def beanbag(tones: Ramp) -> Canvas:
    """A bean bag."""
    out = Canvas(32, 30)
    out.disc(17, 24, 13, 5, shadow(70))
    body = Canvas(32, 30)
    body.disc(15, 18, 13, 9.5, tones[1])
    body.disc(14.5, 15.5, 12, 9, tones[2])
    body.disc(14, 12.5, 9.5, 8, tones[3])
    body.disc(12, 10, 6, 4.5, tones[4])
    body.disc(16, 16, 5.5, 2.5, tones[2])
    body.outline(0.5)
    out.stamp(body, 0, 0)
    return out
