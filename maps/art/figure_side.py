"""People from the side, looking to the left."""

from __future__ import annotations

from maps.art.canvas import Canvas
from maps.art.looks import INK, Look, flower, sleeves
from maps.art.palette import (
    CORAL,
    CREAM,
    METAL,
    shade,
)


def paint_side(b: Canvas, k: Look, swing: int, dip: int, passing: str) -> None:
    """Paint a person who looks to the left. `swing` -1..1 is the stride, `dip` px the body is lower,
    `passing` names the leg (far, near) that swings past the other."""
    far, near = (4 * swing, -4 * swing)
    # The leg that passes is bent: lifted and a little behind.
    if passing == "far":
        far = -2
    elif passing == "near":
        near = -2
    _side_leg(b, k, 14, far, dip, far=True, lift=3 if passing == "far" else 0)
    _side_arm(b, k, 16 - 2 * swing, dip, far=True)
    _side_leg(b, k, 14, near, dip, far=False, lift=3 if passing == "near" else 0)
    _side_torso(b, k, dip)
    _side_arm(b, k, 15 + 3 * swing, dip, far=False)
    y = 7 + dip
    h = k.hair
    if k.style in ("long", "tail"):
        if k.style == "long":
            b.rounded(15, y + 4, 9, 19, h[1], 3)
        else:
            b.rounded(21, y + 6, 5, 13, h[2], 2)
            b.rect(20, y + 6, 3, 3, CORAL[3])
    b.rounded(8, y + 2, 14, 14, k.skin[2], 4)
    b.rect(9, y + 13, 11, 2, k.skin[1])
    b.dot(7, y + 11, k.skin[2])
    b.rect(9, y + 5, 5, 3, k.skin[3])
    b.rect(10, y + 8, 2, 4, INK)
    b.dot(10, y + 8, CREAM[5])
    b.rect(9, y + 7, 3, 1, shade(h[1], 0.2))
    b.rect(11, y + 12, 2, 1, CORAL[3])
    b.rect(9, y + 13, 2, 1, k.skin[0])
    b.rect(16, y + 9, 2, 3, k.skin[1])
    if k.extra == "beard":
        b.rounded(8, y + 12, 11, 5, h[2], 2)
        b.rect(10, y + 13, 3, 1, k.skin[0])
        b.rect(14, y + 9, 3, 4, h[2])
    if k.extra == "glasses":
        b.frame(8, y + 7, 5, 5, METAL[1])
        b.rect(13, y + 9, 4, 1, METAL[1])
    _side_hair(b, k, y)
    if k.extra == "headphones":
        b.rect(11, y - 1, 9, 1, METAL[2])
        b.rounded(14, y + 7, 5, 6, CORAL[3], 2)
        b.rect(15, y + 8, 2, 2, CORAL[4])
    if k.extra == "flower":
        flower(b, 17, y + 4)


def _side_leg(b: Canvas, k: Look, x: int, shift: int, dip: int, far: bool, lift: int) -> None:
    tones = k.skin if k.top == "dress" else k.legs
    level = 1 if far else 2
    top, bottom = 34 + dip, 44 - lift
    for y in range(top, bottom - 2):
        px = x - shift * (y - top) // max(1, bottom - top)
        b.rect(px, y, 4, 1, tones[level])
        b.dot(px, y, tones[level + 1])
    foot = x - shift - 1
    b.rect(foot, bottom - 3, 6, 3, k.shoes[level])
    b.rect(foot, bottom - 3, 6, 1, k.shoes[level + 1])
    b.rect(foot, bottom - 1, 6, 1, k.shoes[level - 1])


def _side_arm(b: Canvas, k: Look, x: int, dip: int, far: bool) -> None:
    tones = sleeves(k)
    y, level = 25 + dip, 2 if far else 3
    sleeve = 7 if k.top in ("hoodie", "jacket") else 4
    shift = x - 15
    for row in range(9):
        px = 14 + shift * row // 8
        colour = tones[level] if row < sleeve else k.skin[1 if far else 2]
        b.rect(px, y + row, 3, 1, colour)
        if not far and row < sleeve:
            b.dot(px, y + row, tones[4])
            b.dot(px + 2, y + row, tones[2])


def _side_torso(b: Canvas, k: Look, dip: int) -> None:
    y, c = 23 + dip, k.cloth
    tones = sleeves(k)
    b.rounded(11, y, 10, 13, tones[3], 2)
    b.rect(11, y + 1, 2, 11, tones[4])
    b.rect(18, y + 1, 3, 11, tones[2])
    b.rect(12, y + 11, 8, 2, tones[1])
    b.rect(13, y - 1, 5, 2, k.skin[1])
    if k.top == "dress":
        for row in range(8):
            b.rect(10 - row // 3, y + 8 + row, 12 + 2 * (row // 3), 1, c[3] if row < 7 else c[1])
            b.rect(18, y + 8 + row, 4 + row // 3, 1, c[2])
        b.rect(11, y + 7, 10, 2, k.legs[3])
    elif k.top == "dungarees":
        b.rect(11, y + 6, 10, 7, c[3])
        b.rect(18, y + 6, 3, 7, c[2])
        b.rect(13, y, 2, 7, c[3])
    elif k.top == "hoodie":
        b.rounded(16, y - 1, 6, 6, c[2], 2)
        b.rect(11, y + 8, 4, 3, c[2])
    elif k.top == "jacket":
        b.rect(11, y, 2, 12, CREAM[4])
        b.rect(13, y, 1, 12, c[1])
    if k.style == "scarf":
        b.rounded(11, y - 2, 11, 5, k.hair[3], 2)


def _side_hair(b: Canvas, k: Look, y: int) -> None:
    h = k.hair
    if k.style == "bald":
        return
    if k.style == "curls":
        for cx, cy, r in ((11, y + 2, 4), (20, y + 4, 5), (16, y + 1, 5), (21, y + 9, 4), (18, y + 8, 3)):
            b.disc(cx, cy, r, r, h[2])
            b.disc(cx - 1, cy - 1, r * 0.5, r * 0.5, h[3])
        return
    if k.style == "scarf":
        b.rounded(8, y, 15, 7, h[3], 4)
        b.rounded(14, y + 2, 9, 15, h[3], 4)
        b.rect(14, y + 6, 1, 10, h[2])
        b.rect(10, y + 1, 7, 1, h[4])
        b.rect(20, y + 5, 2, 10, h[2])
        return
    b.rounded(8, y, 15, 8, h[2], 4)
    b.rounded(15, y + 2, 8, 12, h[2], 3)
    b.rect(16, y + 9, 2, 3, k.skin[1])
    b.rect(10, y + 1, 7, 2, h[3])
    b.rect(11, y + 1, 4, 1, h[4])
    b.rect(20, y + 4, 2, 8, h[1])
    b.rect(9, y + 6, 5, 2, k.skin[2])
    b.rect(8, y + 5, 3, 2, h[2])
    if k.style == "bob":
        b.rounded(14, y + 5, 9, 12, h[2], 2)
        b.rect(16, y + 7, 1, 8, h[3])
        b.rect(15, y + 15, 7, 1, h[1])
    elif k.style == "long":
        b.rounded(15, y + 5, 9, 18, h[2], 3)
        b.rect(17, y + 7, 1, 13, h[3])
    elif k.style == "bun":
        b.disc(21, y + 1, 4, 3.4, h[2])
        b.disc(20, y + 0.2, 2, 1.4, h[3])
    elif k.style == "spiky":
        for x, tall in ((9, 3), (12, 4), (16, 4), (20, 3)):
            b.poly([(x - 1, y + 3), (x + 4, y + 3), (x + 3, y + 1 - tall // 2)], h[3])
    elif k.style == "cap":
        b.rounded(8, y - 1, 15, 7, CORAL[3], 4)
        b.rect(10, y, 7, 1, CORAL[4])
        b.rect(20, y + 1, 2, 4, CORAL[2])
        b.rect(3, y + 5, 10, 2, CORAL[2])
        b.rect(3, y + 5, 10, 1, CORAL[4])
