"""People from the front and from behind."""

from __future__ import annotations

from maps.art.canvas import Canvas
from maps.art.looks import INK, Look, flower, sleeves
from maps.art.palette import (
    CORAL,
    CREAM,
    METAL,
    MUSTARD,
    shade,
)


def paint_front_or_back(b: Canvas, k: Look, swing: int, dip: int, lifts: tuple[int, int], back: bool) -> None:
    """Paint a person who looks at us, or away. `swing` -1..1 is the stride, `dip` px the body is lower,
    `lifts` px each foot is raised."""
    side = -1 if back else 1
    for x, lift in zip((11, 17), reversed(lifts) if back else lifts, strict=True):
        _leg(b, k, x, 34 + dip, 44 - lift)
    for x, step in ((7, -swing * side), (22, swing * side)):
        _arm(b, k, x, 24 + dip, 8 + (1 if step > 0 else 0), left=x == 7)
    _torso(b, k, dip, back)
    if k.style == "long" and not back:
        b.rounded(8, 14 + dip, 16, 15, k.hair[1], 3)
        b.rect(11, 22 + dip, 10, 8, sleeves(k)[3])
        _collar(b, k, dip)
    y = 7 + dip
    if back:
        b.rounded(9, y + 3, 14, 13, k.skin[1], 4)
    else:
        b.rounded(9, y + 2, 14, 14, k.skin[2], 4)
        b.rect(10, y + 13, 12, 2, k.skin[1])
        b.rect(11, y + 5, 6, 3, k.skin[3])
        b.rect(8, y + 9, 1, 3, k.skin[2])
        b.rect(23, y + 9, 1, 3, k.skin[1])
        for x in (11, 18):
            b.rect(x + 0, y + 8, 2, 4, INK)
            b.dot(x, y + 8, CREAM[5])
            b.rect(x, y + 7, 3 if x == 18 else 2, 1, shade(k.hair[1], 0.2))
        b.rect(10, y + 12, 2, 1, CORAL[3])
        b.rect(20, y + 12, 2, 1, CORAL[3])
        b.rect(15, y + 13, 3, 1, k.skin[0])
        if k.extra == "beard":
            b.rounded(9, y + 11, 14, 6, k.hair[2], 3)
            b.rect(11, y + 11, 10, 2, k.skin[2])
            b.rect(14, y + 13, 4, 1, k.skin[0])
            b.rect(11, y + 14, 3, 1, k.hair[3])
        if k.extra == "glasses":
            for x in (10, 17):
                b.frame(x, y + 7, 5, 5, METAL[1])
            b.rect(15, y + 9, 2, 1, METAL[1])
    _hair_front(b, k, y, back)
    if k.extra == "headphones":
        b.rect(9, y - 1, 14, 1, METAL[2])
        for x in (7, 22):
            b.rounded(x, y + 7, 3, 6, CORAL[3], 1)
            b.rect(x, y + 8, 1, 3, CORAL[4])
    if k.extra == "flower" and not back:
        flower(b, 21, y + 3)


def _leg(b: Canvas, k: Look, x: int, top: int, bottom: int) -> None:
    bare = k.top == "dress"
    tones = k.skin if bare else k.legs
    b.rect(x, top, 4, bottom - top - 2, tones[2])
    b.rect(x, top, 1, bottom - top - 2, tones[3])
    b.rect(x + 3, top, 1, bottom - top - 2, tones[1])
    b.rect(x, bottom - 3, 4, 3, k.shoes[2])
    b.rect(x, bottom - 3, 4, 1, k.shoes[3])
    b.rect(x, bottom - 1, 4, 1, k.shoes[1])


def _arm(b: Canvas, k: Look, x: int, y: int, length: int, left: bool) -> None:
    tones = sleeves(k)
    sleeve = length - 2 if k.top in ("hoodie", "jacket") else 4
    b.rounded(x, y, 3, length, k.skin[2], 1)
    b.rect(x, y, 3, sleeve, tones[3] if left else tones[2])
    b.rect(x + (0 if left else 2), y + 1, 1, sleeve - 1, tones[4] if left else tones[1])
    b.rect(x, y + length - 2, 3, 2, k.skin[2])


def _torso(b: Canvas, k: Look, dip: int, back: bool) -> None:
    y, c = 23 + dip, k.cloth
    tones = sleeves(k)
    b.rounded(10, y, 12, 13, tones[3], 2)
    b.rect(10, y + 1, 2, 11, tones[4])
    b.rect(19, y + 1, 3, 11, tones[2])
    b.rect(11, y + 11, 10, 2, tones[1])
    if k.top == "dress":
        for row in range(8):
            b.rect(9 - row // 3, y + 8 + row, 14 + 2 * (row // 3), 1, c[3] if row < 7 else c[1])
            b.rect(19, y + 8 + row, 4 + row // 3, 1, c[2])
        b.rect(10, y + 7, 12, 2, k.legs[3])
        for x in (11, 15, 19):
            b.dot(x, y + 12, c[5])
    elif k.top == "dungarees":
        b.rect(10, y + 6, 12, 7, c[3])
        b.rect(19, y + 6, 3, 7, c[2])
        for x in (11, 19):
            b.rect(x, y, 2, 7, c[3])
        if not back:
            b.rect(12, y + 4, 8, 5, c[3])
            b.rect(14, y + 6, 4, 3, c[4])
            b.dot(12, y + 4, MUSTARD[4])
            b.dot(19, y + 4, MUSTARD[4])
    if back:
        if k.top == "hoodie":
            b.rounded(11, y, 10, 6, c[2], 2)
            b.rect(12, y, 8, 2, c[4])
        return
    if k.top == "hoodie":
        b.rect(12, y + 8, 8, 3, c[2])
        b.rect(12, y + 8, 8, 1, c[1])
        b.rect(14, y + 2, 1, 4, CREAM[5])
        b.rect(17, y + 2, 1, 3, CREAM[5])
    elif k.top == "jacket":
        b.rect(14, y, 4, 12, CREAM[4])
        b.rect(14, y, 1, 12, c[1])
        b.rect(18, y, 1, 12, c[1])
        b.rect(12, y + 1, 2, 4, c[4])
    elif k.top == "tee":
        b.rect(13, y + 4, 6, 4, c[5])
        b.rect(14, y + 5, 3, 2, c[1])
    _collar(b, k, dip)


def _collar(b: Canvas, k: Look, dip: int) -> None:
    b.rect(14, 22 + dip, 4, 2, k.skin[1])
    if k.style == "scarf":
        b.rounded(10, 21 + dip, 12, 5, k.hair[3], 2)
        b.rect(11, 24 + dip, 10, 1, k.hair[1])


def _hair_front(b: Canvas, k: Look, y: int, back: bool) -> None:
    h = k.hair
    if k.style == "bald":
        return
    if k.style == "curls":
        for cx, cy, r in ((10, y + 5, 4), (22, y + 5, 4), (16, y + 2, 5), (12, y + 2, 4.5), (20, y + 2, 4.5)):
            b.disc(cx, cy, r, r, h[2])
            b.disc(cx - 1, cy - 1, r * 0.5, r * 0.5, h[3])
        if back:
            b.rounded(8, y + 2, 16, 12, h[2], 4)
            for cx, cy in ((11, y + 9), (16, y + 11), (21, y + 9), (14, y + 5), (19, y + 5)):
                b.disc(cx, cy, 2.4, 2.2, h[3])
        return
    if k.style == "scarf":
        b.rounded(8, y, 16, 8 if not back else 17, h[3], 5)
        b.rect(8, y + 6, 2, 11, h[2])
        b.rect(22, y + 6, 2, 11, h[2])
        b.rect(11, y + 1, 8, 1, h[4])
        if not back:
            b.rounded(10, y + 5, 12, 4, k.skin[2], 1)
            b.rect(10, y + 4, 12, 2, h[2])
        return
    deep = 15 if back else 6
    b.rounded(8, y, 16, deep + 2, h[2], 5)
    b.rect(10, y + 1, 8, 2, h[3])
    b.rect(11, y + 1, 4, 1, h[4])
    if back:
        b.rect(20, y + 3, 3, deep - 3, h[1])
        b.rect(10, y + 5, 1, deep - 7, h[3])
        b.rect(14, y + 5, 1, deep - 6, h[3])
        if k.style in ("short", "cap", "spiky", "bun"):
            b.rect(10, y + 14, 12, 3, k.skin[1])
    else:
        # The fringe shows a piece of forehead.
        b.rect(13, y + 6, 7, 2, k.skin[2])
        b.rect(12, y + 6, 2, 1, h[2])
        b.rect(8, y + 5, 2, 5, h[2])
        b.rect(22, y + 5, 2, 5, h[1])
    if k.style == "bob":
        b.rect(8, y + 5, 2, 10, h[2])
        b.rect(22, y + 5, 2, 10, h[1])
        if back:
            b.rounded(8, y + 8, 16, 9, h[2], 2)
            b.rect(10, y + 15, 12, 1, h[1])
    elif k.style == "long":
        if back:
            b.rounded(8, y + 6, 16, 17, h[2], 3)
            for x in (11, 15, 19):
                b.rect(x, y + 8, 1, 13, h[3])
            b.rect(10, y + 21, 12, 1, h[1])
        else:
            b.rect(7, y + 6, 2, 15, h[2])
            b.rect(23, y + 6, 2, 15, h[1])
            b.rect(9, y + 9, 1, 10, h[3])
    elif k.style == "bun":
        b.disc(16, y - 0.5, 4, 3.2, h[2])
        b.disc(15, y - 1.2, 2.2, 1.4, h[3])
        b.rect(13, y + 2, 6, 1, h[1])
    elif k.style == "tail" and back:
        b.rounded(13, y + 6, 6, 15, h[2], 2)
        b.rect(14, y + 8, 1, 11, h[3])
        b.rect(13, y + 6, 6, 2, CORAL[3])
    elif k.style == "tail":
        b.rect(23, y + 8, 2, 9, h[1])
    elif k.style == "spiky":
        for x, tall in ((10, 2), (13, 4), (16, 3), (19, 4), (22, 2)):
            b.poly([(x - 2, y + 3), (x + 2, y + 3), (x, y + 1 - tall // 2)], h[3])
        b.rect(11, y + 3, 10, 1, h[2])
    elif k.style == "cap":
        b.rounded(8, y - 1, 16, 7, CORAL[3], 4)
        b.rect(10, y, 7, 1, CORAL[4])
        b.rect(20, y + 1, 3, 4, CORAL[2])
        if back:
            b.rect(13, y + 4, 6, 2, k.hair[2])
        else:
            b.rect(8, y + 5, 16, 2, CORAL[1])
            b.rect(9, y + 5, 14, 1, CORAL[2])
