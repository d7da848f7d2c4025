"""Desks and tables with what lies on them: screens, laptops, cups."""

from __future__ import annotations

from random import Random

from maps.art.canvas import Canvas, cast_shadow, light_edge
from maps.art.palette import (
    CORAL,
    CREAM,
    DARK_WOOD,
    LEAF,
    METAL,
    MUSTARD,
    NAVY,
    PALE_WOOD,
    PLUM,
    SCREEN,
    TEAL,
    WOOD,
    Ramp,
    mix,
    shadow,
)
from maps.art.plants import small_plant

CUP_COLOURS = (CORAL, TEAL, NAVY, MUSTARD, PLUM, LEAF, CREAM)


def monitor(showing: str, rng: Random) -> Canvas:
    """A screen of 26 x 22 px: "front" shows code or a picture, "back" its shell."""
    out = Canvas(26, 22)
    out.rect(8, 19, 10, 3, METAL[1])
    out.rect(8, 19, 10, 1, METAL[3])
    out.rect(11, 15, 4, 5, METAL[1])
    out.rounded(0, 0, 26, 17, METAL[0], 1)
    if showing == "back":
        out.rounded(1, 1, 24, 15, METAL[2], 1)
        out.rect(2, 1, 22, 1, METAL[4])
        out.rect(9, 5, 8, 5, METAL[3])
        out.rect(1, 13, 24, 2, METAL[1])
        return out
    out.rect(2, 2, 22, 12, SCREEN[1])
    for y in range(3, 13, 2):
        x = 3 + rng.randrange(3) * 2
        while x < 18:
            length = rng.randint(2, 5)
            out.rect(x, y, length, 1, rng.choice((SCREEN[3], SCREEN[4], MUSTARD[4], CORAL[4], LEAF[4])))
            x += length + 2
    out.rect(2, 2, 22, 1, SCREEN[3])
    out.rect(1, 1, 24, 1, METAL[3])
    return out


def mug(tones: Ramp) -> Canvas:
    """A cup of coffee."""
    out = Canvas(8, 8)
    out.rect(1, 2, 5, 5, tones[3])
    out.rect(1, 2, 5, 1, DARK_WOOD[1])
    out.rect(1, 1, 5, 1, tones[4])
    out.rect(6, 3, 1, 3, tones[2])
    out.rect(5, 3, 1, 4, tones[2])
    out.rect(1, 7, 6, 1, shadow(70))
    return out


def desk(showing: str, seed: int, width: int = 62, tones: Ramp = PALE_WOOD) -> Canvas:
    """A desk with a screen, keyboard, cup and papers. `showing` as `monitor`."""
    rng = Random(seed)
    out = Canvas(width + 3, 52)
    cast_shadow(out, 2, 42, width - 2, 9)
    out.rect(1, 36, 5, 13, tones[1])
    out.rect(width - 6, 36, 5, 13, tones[1])
    top = Canvas(width + 3, 52)
    top.slab(0, 16, width, 22, 6, tones, 3)
    top.grain(rng, 3, 19, width - 8, 16, tones[4], 5)
    top.grain(rng, 3, 19, width - 8, 16, tones[2], 3)
    top.outline(0.42)
    out.stamp(top, 0, 0)
    out.rect(width - 22, 44, 16, 5, tones[1])
    out.rect(width - 22, 43, 16, 1, tones[0])
    out.rect(width - 16, 46, 4, 1, METAL[4])
    screen = monitor(showing, rng)
    sx = (width - 26) // 2 - 4
    out.rect(sx + 4, 24, 20, 2, shadow(60))
    if showing == "front":
        out.stamp(screen, sx, 3)
        out.rounded(sx + 2, 29, 18, 6, METAL[1], 1)
        for y in (30, 32):
            for x in range(sx + 3, sx + 19, 2):
                out.dot(x, y, METAL[4])
        out.rounded(sx + 23, 30, 4, 5, METAL[3], 1)
    else:
        out.stamp(screen, sx, 12)
        out.rounded(sx + 3, 18, 14, 4, METAL[2], 1)
    side = width - 15
    if rng.random() < 0.5:
        out.rect(side, 20, 9, 11, CREAM[4])
        out.rect(side, 30, 9, 1, CREAM[1])
        for y in range(22, 29, 2):
            out.rect(side + 2, y, rng.randint(3, 6), 1, NAVY[3])
    else:
        out.stamp(small_plant(rng.randrange(99)), side - 2, 10)
    out.stamp(mug(rng.choice(CUP_COLOURS)), 4, 24 + rng.randrange(4))
    return out


def meeting_table(width: int, depth: int, seed: int, tones: Ramp = WOOD) -> Canvas:
    """A long table with rounded corners, laptops, papers and cups."""
    rng = Random(seed)
    out = Canvas(width + 4, depth + 14)
    cast_shadow(out, 4, depth + 2, width - 6, 11)
    for x in (10, width - 16):
        out.rect(x, depth, 7, 11, tones[1])
        out.rect(x, depth, 2, 11, tones[2])
    top = Canvas(width + 4, depth + 14)
    top.rounded(0, 5, width, depth, tones[1], 6)
    top.rounded(0, 0, width, depth, tones[3], 6)
    top.rounded(3, 2, width - 6, depth - 5, mix(tones[3], tones[4], 0.45), 5)
    top.grain(rng, 8, 5, width - 16, depth - 11, mix(tones[3], tones[2], 0.35), 16)
    top.grain(rng, 8, 5, width - 16, depth - 11, mix(tones[4], tones[5], 0.3), 10)
    light_edge(top, 0.45).outline(0.4)
    out.stamp(top, 0, 0)
    for k, x in enumerate(range(16, width - 28, 34)):
        out.stamp(laptop(k % 2 == 0), x, 6 if k % 2 else depth - 20)
        out.rect(x + 2, depth - 13 if k % 2 else 7, 8, 6, CREAM[4])
        out.rect(x + 3, depth - 11 if k % 2 else 9, 5, 1, NAVY[3])
        out.stamp(mug(rng.choice(CUP_COLOURS)), x + 18, depth - 15 if k % 2 else 5)
    return out


def laptop(to_us: bool) -> Canvas:
    """A laptop; `to_us`: one sees its screen's back."""
    out = Canvas(16, 13)
    if to_us:
        out.rounded(0, 3, 16, 9, METAL[2], 1)
        out.rect(1, 3, 14, 1, METAL[5])
        out.rect(1, 4, 14, 6, METAL[4])
        out.rect(7, 6, 2, 2, METAL[5])
        out.rect(0, 12, 16, 1, shadow(70))
    else:
        out.rounded(1, 0, 14, 7, METAL[1], 1)
        out.rect(2, 1, 12, 5, SCREEN[3])
        out.rect(3, 2, 5, 1, SCREEN[5])
        out.rect(3, 4, 8, 1, SCREEN[4])
        out.rect(0, 7, 16, 5, METAL[4])
        out.rect(2, 8, 12, 2, METAL[2])
        out.rect(0, 12, 16, 1, shadow(70))
    return out


def round_table(tones: Ramp = PALE_WOOD, radius: int = 22) -> Canvas:
    """A round table with a cup and a small plant."""
    size = radius * 2 + 6
    out = Canvas(size, radius + 30)
    c = size / 2 - 1
    out.disc(c + 2, radius + 22, radius * 0.8, 6, shadow(70))
    out.rect(int(c) - 3, radius + 4, 6, 18, tones[1])
    out.rect(int(c) - 3, radius + 4, 2, 18, tones[2])
    out.rect(int(c) - 9, radius + 21, 18, 3, tones[1])
    out.rect(int(c) - 9, radius + 21, 18, 1, tones[3])
    top = Canvas(size, radius + 30)
    top.disc(c, radius * 0.66 + 7, radius, radius * 0.62, tones[1])
    top.disc(c, radius * 0.66 + 3, radius, radius * 0.62, tones[3])
    top.disc(c - 1, radius * 0.66 + 2.5, radius - 2.5, radius * 0.54, tones[4])
    top.disc(c - 4, radius * 0.66, radius * 0.5, radius * 0.26, mix(tones[4], tones[5], 0.6))
    top.outline(0.4)
    out.stamp(top, 0, 0)
    out.stamp(mug(CORAL), int(c) - 13, int(radius * 0.55))
    out.stamp(mug(TEAL), int(c) + 6, int(radius * 0.8))
    return out


def coffee_table(tones: Ramp = DARK_WOOD, width: int = 56) -> Canvas:
    """A low table with magazines and a bowl."""
    out = Canvas(width + 4, 36)
    cast_shadow(out, 3, 27, width - 4, 8)
    for x in (3, width - 8):
        out.rect(x, 24, 5, 8, tones[1])
    top = Canvas(width + 4, 36)
    top.slab(0, 4, width, 20, 5, tones, 3)
    top.grain(Random(width), 4, 7, width - 10, 14, tones[4], 7)
    top.outline(0.4)
    out.stamp(top, 0, 0)
    out.rect(6, 10, 12, 8, TEAL[3])
    out.rect(6, 17, 12, 1, TEAL[1])
    out.rect(8, 12, 5, 2, CREAM[4])
    out.rect(9, 8, 12, 8, CORAL[3])
    out.rect(9, 15, 12, 1, CORAL[1])
    out.rect(11, 10, 8, 1, CREAM[4])
    out.disc(width - 14, 13, 7, 4.5, METAL[2])
    out.disc(width - 14, 12, 7, 4, CREAM[3])
    for dx, tone in ((-3, CORAL[3]), (1, MUSTARD[3]), (4, LEAF[4]), (-1, CORAL[2])):
        out.disc(width - 14 + dx, 10.5 + (dx % 2), 2.6, 2.6, tone)
    return out
