"""What one goes to a park for: fountain, picnics, boats, camp fire, gate, and the pavilion's parts."""

from __future__ import annotations

from random import Random

from maps.art.canvas import Canvas, light_edge
from maps.art.palette import (
    BLOSSOM,
    CORAL,
    CREAM,
    DARK_WOOD,
    LEAF,
    METAL,
    MUSTARD,
    PALE_WOOD,
    STONE,
    WATER,
    WOOD,
    Ramp,
    rgb,
    shadow,
)


def fountain() -> Canvas:
    """A round fountain of 100 x 92 px."""
    out = Canvas(108, 98)
    out.disc(57, 66, 50, 29, shadow(60))
    body = Canvas(108, 98)
    body.disc(52, 62, 50, 30, STONE[1])
    body.disc(52, 55, 50, 30, STONE[3])
    body.disc(52, 55, 46, 27, STONE[4])
    body.disc(52, 57, 43, 24.5, STONE[1])
    body.disc(52, 59, 43, 23.5, WATER[2])
    body.disc(52, 61, 39, 20, WATER[3])
    body.outline(0.4)
    out.stamp(body, 0, 0)
    for x in range(8, 100, 11):
        out.rect(x, 66 + int(12 * (1 - ((x - 52) / 50) ** 2) ** 0.5), 1, 10, STONE[0])
    for rx, tone in ((34, WATER[4]), (24, WATER[4]), (14, WATER[5])):
        for x in range(-rx, rx + 1):
            y = int(rx * 0.5 * (1 - (x / rx) ** 2) ** 0.5)
            if (x // 5) % 3:
                out.dot(52 + x, 61 + y, tone)
                out.dot(52 + x, 61 - y, tone)
    bowl = Canvas(108, 98)
    bowl.rect(48, 38, 9, 22, STONE[3])
    bowl.rect(48, 38, 3, 22, STONE[4])
    bowl.rect(54, 38, 3, 22, STONE[1])
    bowl.disc(52, 36, 19, 8, STONE[2])
    bowl.disc(52, 33, 19, 8, STONE[4])
    bowl.disc(52, 33.5, 16, 6, WATER[3])
    bowl.disc(50, 32.5, 9, 3, WATER[4])
    bowl.rect(50, 20, 5, 13, STONE[3])
    bowl.rect(50, 20, 2, 13, STONE[5])
    bowl.disc(52.5, 18, 4.5, 4, STONE[4])
    bowl.outline(0.4)
    out.stamp(bowl, 0, 0)
    for side in (-1, 1):
        for k in range(18):
            fx = 52 + side * (2 + k * 0.75)
            fy = 14 - 7 * (1 - ((k - 6) / 8) ** 2) if k < 14 else 18 + (k - 14) * 4
            out.rect(int(fx), int(fy), 1, 3, WATER[5] if k % 2 else WATER[4])
        for y in range(36, 58, 2):
            out.rect(52 + side * 19 + side * (y - 36) // 7, y, 1, 2, WATER[5] if y % 4 else WATER[4])
    out.rect(52, 5, 1, 10, WATER[5])
    return out


def picnic_table() -> Canvas:
    """A table with its benches, 66 x 52 px."""
    out = Canvas(70, 58)
    for y in (4, 40):
        out.rect(6, y + 9, 60, 5, shadow(65))
        out.slab(2, y, 62, 6, 4, WOOD, 3)
        for x in (10, 52):
            out.rect(x, y + 10, 3, 4, WOOD[0])
    out.rect(6, 38, 60, 6, shadow(70))
    top = Canvas(70, 58)
    top.slab(0, 14, 66, 21, 5, PALE_WOOD, 3)
    for y in (19, 25, 31):
        top.rect(1, y, 64, 1, PALE_WOOD[1])
    top.grain(Random(4), 3, 16, 58, 18, PALE_WOOD[4], 8)
    top.outline(0.42)
    out.stamp(top, 0, 0)
    cloth = [(20, 15), (46, 15), (46, 39), (20, 39)]
    out.poly(cloth, CORAL[3])
    for y in range(15, 40, 6):
        for x in range(20, 46, 6):
            out.rect(x, y, 3, 3, CREAM[4])
            out.rect(x + 3, y + 3, min(3, 47 - x - 3), 3, CORAL[2])
    out.rect(20, 35, 27, 5, (*CORAL[0][:3], 70))
    out.disc(33, 23, 8, 4.5, CREAM[2])
    out.disc(33, 22, 8, 4.2, CREAM[5])
    for dx, tone in ((-3, CORAL[2]), (1, LEAF[3]), (4, MUSTARD[3])):
        out.disc(33 + dx, 20.5, 2.4, 2.4, tone)
    return out


def blanket(tones: Ramp = CORAL) -> Canvas:
    """A picnic blanket with a basket, flat on the ground: 84 x 60 px."""
    out = Canvas(88, 64)
    out.poly([(6, 6), (80, 2), (86, 56), (4, 62)], shadow(50))
    out.poly([(4, 4), (78, 0), (84, 54), (2, 60)], tones[2])
    for y in range(60):
        for x in range(88):
            if out.get(x, y) == tones[2]:
                a, b = (x // 9) % 2, (y // 9) % 2
                out.put(x, y, CREAM[4] if a and b else tones[3] if a or b else tones[2])
    light_edge(out, 0.3)
    out.rect(16, 26, 24, 3, shadow(60))
    out.rounded(14, 12, 24, 16, WOOD[3], 2)
    for y in range(14, 27, 3):
        for x in range(15, 36, 4):
            out.rect(x + (y % 2) * 2, y, 2, 1, WOOD[1])
    out.rounded(14, 10, 24, 6, WOOD[4], 2)
    out.rect(16, 11, 20, 1, WOOD[5])
    out.rect(24, 4, 1, 7, WOOD[1])
    out.rect(30, 4, 1, 7, WOOD[1])
    out.rect(24, 3, 7, 1, WOOD[2])
    out.disc(58, 24, 8, 5, CREAM[2])
    out.disc(58, 23, 8, 4.6, CREAM[5])
    out.poly([(54, 24), (62, 24), (58, 17)], MUSTARD[4])
    out.disc(52, 44, 7, 4.2, CREAM[2])
    out.disc(52, 43, 7, 4, CREAM[5])
    for dx in (-3, 0, 3):
        out.disc(52 + dx, 42, 2, 2, CORAL[2])
    return out


def boat(tones: Ramp = CORAL) -> Canvas:
    """A rowing boat lying in the water, bow to the left: 84 x 40 px."""
    out = Canvas(92, 44)
    out.disc(47, 28, 44, 12, (*WATER[0][:3], 120))
    hull = Canvas(92, 44)
    hull.poly([(2, 16), (18, 7), (76, 7), (86, 13), (84, 26), (72, 34), (20, 34)], tones[1])
    hull.poly([(2, 14), (18, 5), (76, 5), (86, 11), (82, 22), (72, 28), (20, 28)], tones[3])
    hull.poly([(8, 15), (20, 8), (74, 8), (82, 12), (79, 20), (70, 25), (21, 25)], DARK_WOOD[2])
    hull.poly([(12, 17), (22, 13), (74, 13), (79, 15), (77, 20), (70, 24), (22, 24)], WOOD[3])
    for x in (30, 54):
        hull.rect(x, 9, 9, 16, WOOD[4])
        hull.rect(x, 9, 9, 2, WOOD[5])
        hull.rect(x + 8, 9, 1, 16, WOOD[1])
    hull.rect(20, 29, 54, 2, CREAM[4])
    hull.outline(0.4)
    out.stamp(hull, 0, 0)
    out.line(40, 20, 66, 40, WOOD[1])
    out.line(40, 19, 66, 39, WOOD[4])
    for x in range(6, 88, 3):
        if x % 4:
            out.rect(x, 36 + (x * 7) % 3, 3, 1, rgb("cdeeea", 170))
    return out


def gate() -> Canvas:
    """Two stone pillars with lanterns and an iron arch between them: 168 x 112 px."""
    out = Canvas(174, 116)
    arch = Canvas(174, 116)
    for x in range(14, 156):
        y = int(40 - 26 * (1 - ((x - 84) / 72) ** 2) ** 0.5) if 13 < x < 156 else 40
        arch.rect(x, y, 1, 3, METAL[1])
        arch.dot(x, y, METAL[3])
        arch.rect(x, y + 9, 1, 2, METAL[1])
        if x % 10 == 4:
            arch.rect(x, y, 2, 10, METAL[2])
    rng = Random(12)
    for _ in range(60):
        x = rng.randint(14, 153)
        y = int(41 - 26 * (1 - ((x - 84) / 72) ** 2) ** 0.5) + rng.randint(-2, 9)
        arch.disc(x, y, rng.uniform(2, 4), rng.uniform(1.8, 3), LEAF[rng.choice((1, 2, 3))])
        arch.rect(x - 1, y - 1, 2, 1, LEAF[4])
        if rng.random() < 0.3:
            arch.rect(x, y, 2, 2, BLOSSOM[4])
    out.stamp(arch, 0, 0)
    for x in (0, 140):
        out.disc(x + 17, 109, 17, 5, shadow(75))
        body = Canvas(174, 116)
        body.rect(x + 2, 44, 26, 66, STONE[3])
        for row in range(7):
            y = 46 + row * 9
            for k in range(2):
                left = x + 3 + k * 13 - (row % 2) * 5
                body.rounded(max(left, x + 3), y, 11, 8, STONE[4] if (row + k) % 3 else STONE[3], 1)
                body.rect(max(left, x + 3) + 1, y, 8, 1, STONE[5])
        body.rect(x + 22, 44, 6, 66, (*STONE[0][:3], 90))
        body.rounded(x - 0, 38, 30, 7, STONE[4], 1)
        body.rect(x + 1, 38, 28, 2, STONE[5])
        body.rounded(x, 104, 30, 7, STONE[2], 1)
        body.outline(0.4)
        out.stamp(body, 0, 0)
        out.rect(x + 10, 24, 10, 13, MUSTARD[4])
        out.rect(x + 12, 25, 5, 11, MUSTARD[5])
        out.rect(x + 9, 22, 12, 2, METAL[1])
        out.rect(x + 9, 36, 12, 2, METAL[1])
        out.rect(x + 14, 18, 2, 4, METAL[2])
    return out


def camp_fire() -> Canvas:
    """A fire in a ring of stones."""
    rng = Random(5)
    out = Canvas(48, 52)
    out.disc(25, 40, 22, 9, shadow(75))
    out.disc(24, 37, 17, 8, DARK_WOOD[0])
    for x0, y0, x1, y1 in ((13, 40, 34, 30), (14, 30, 35, 40), (24, 42, 24, 28)):
        for k in range(4):
            out.line(x0, y0 + k, x1, y1 + k, WOOD[(3, 2, 1, 0)[k]])
    for points, tone in (
        ([(13, 36), (17, 20), (21, 26), (24, 6), (29, 24), (32, 18), (35, 36), (24, 41)], CORAL[3]),
        ([(17, 36), (20, 24), (24, 13), (28, 27), (31, 25), (31, 37), (24, 40)], MUSTARD[3]),
        ([(20, 37), (24, 22), (28, 37), (24, 39)], MUSTARD[5]),
    ):
        out.poly(points, tone)
    for x, y in ((15, 10), (31, 7), (28, 2), (20, 4)):
        out.dot(x, y, MUSTARD[4])
    for k in range(11):
        cx = 24 + 19 * (1 - ((k - 5) / 5.5) ** 2) ** 0.5 * (1 if k % 2 else -1) if k < 10 else 24.0
        cy = 33 + k * 1.3
        stone = rng.choice((STONE[3], STONE[4]))
        out.disc(cx, cy, 4.6, 3.4, STONE[1])
        out.disc(cx - 0.5, cy - 0.8, 3.8, 2.6, stone)
        out.rect(int(cx) - 2, int(cy) - 3, 3, 1, STONE[5])
    return out


def log() -> Canvas:
    """A log to sit on."""
    out = Canvas(44, 22)
    out.rect(4, 16, 38, 4, shadow(75))
    body = Canvas(44, 22)
    body.rounded(4, 4, 36, 13, WOOD[2], 3)
    body.rect(6, 5, 32, 3, WOOD[4])
    body.rect(6, 13, 32, 2, WOOD[1])
    for x in range(10, 36, 7):
        body.rect(x, 9 + x % 3, 4, 1, WOOD[1])
    body.disc(6, 10.5, 5, 6, WOOD[4])
    body.disc(6, 10.5, 3.4, 4.2, WOOD[5])
    body.disc(6, 10.5, 1.6, 2, WOOD[3])
    body.outline(0.42)
    out.stamp(body, 0, 0)
    out.rect(24, 5, 7, 2, LEAF[3])
    return out


def column(height: int = 74) -> Canvas:
    """A white column."""
    out = Canvas(22, height + 4)
    out.disc(13, height - 2, 10, 4, shadow(75))
    body = Canvas(22, height + 4)
    body.rounded(2, height - 9, 16, 9, CREAM[3], 1)
    body.rect(3, height - 9, 14, 2, CREAM[5])
    body.rect(4, 8, 12, height - 17, CREAM[3])
    for x, tone in (
        (4, CREAM[4]),
        (5, CREAM[5]),
        (8, CREAM[4]),
        (11, CREAM[2]),
        (14, CREAM[1]),
        (15, CREAM[1]),
    ):
        body.rect(x, 8, 1, height - 17, tone)
    body.rounded(1, 0, 18, 8, CREAM[4], 1)
    body.rect(2, 0, 16, 1, CREAM[5])
    body.rect(2, 6, 16, 1, CREAM[1])
    body.outline(0.35)
    out.stamp(body, 0, 0)
    return out


def beam(width: int, seed: int) -> Canvas:
    """A pergola's beam with vines and lanterns."""
    rng = Random(seed)
    out = Canvas(width, 40)
    for x in range(8, width - 8, 22):
        out.rect(x, 0, 7, 17, PALE_WOOD[2])
        out.rect(x, 0, 2, 17, PALE_WOOD[4])
        out.rect(x, 16, 7, 1, PALE_WOOD[0])
    out.rect(0, 6, width, 8, PALE_WOOD[3])
    out.rect(0, 6, width, 2, PALE_WOOD[5])
    out.rect(0, 12, width, 2, PALE_WOOD[1])
    out.rect(0, 14, width, 1, PALE_WOOD[0])
    vines = Canvas(width, 40)
    for _ in range(width // 5):
        x, y = rng.randrange(width), rng.randint(1, 13)
        vines.disc(x, y, rng.uniform(2.5, 5), rng.uniform(2, 3.6), LEAF[rng.choice((1, 2, 2, 3))])
    for _ in range(width // 14):
        x = rng.randrange(4, width - 4)
        for k in range(rng.randint(6, 18)):
            vines.rect(x + (k // 3) % 2, 10 + k, 2, 1, LEAF[2 + k % 2])
    for _ in range(width // 3):
        x, y = rng.randrange(width), rng.randint(0, 13)
        if vines.get(x, y)[3]:
            vines.rect(x, y, 2, 1, LEAF[4])
    for _ in range(width // 9):
        x, y = rng.randrange(2, width - 2), rng.randint(2, 18)
        if vines.get(x, y)[3]:
            vines.rect(x, y, 2, 2, BLOSSOM[4])
            vines.dot(x, y, BLOSSOM[5])
    vines.outline(0.3)
    out.stamp(vines, 0, 0)
    for x in range(32, width - 20, 64):
        out.rect(x, 14, 1, 8, DARK_WOOD[0])
        out.rounded(x - 4, 21, 9, 11, MUSTARD[3], 3)
        out.rounded(x - 3, 22, 7, 9, MUSTARD[5], 3)
        out.rect(x - 4, 26, 9, 1, MUSTARD[3])
    return out
