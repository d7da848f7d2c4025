"""Plants in pots, and lamps with their light."""

from __future__ import annotations

from random import Random

from maps.art.canvas import Canvas
from maps.art.palette import (
    CORAL,
    CREAM,
    DARK_WOOD,
    LEAF,
    METAL,
    MUSTARD,
    PINE,
    TEAL,
    WOOD,
    Ramp,
    shadow,
)


def _pot(out: Canvas, cx: int, y: int, width: int, height: int, tones: Ramp) -> None:
    for row in range(height):
        inset = row * 3 // height
        out.rect(cx - width // 2 + inset, y + row, width - 2 * inset, 1, tones[2])
        out.rect(cx - width // 2 + inset, y + row, 3, 1, tones[3])
        out.rect(cx + width // 2 - inset - 3, y + row, 3, 1, tones[1])
    out.rect(cx - width // 2 - 1, y, width + 2, 3, tones[3])
    out.rect(cx - width // 2 - 1, y, width + 2, 1, tones[4])
    out.rect(cx - width // 2, y + 3, width, 1, tones[1])


def small_plant(seed: int) -> Canvas:
    """A little plant in a pot, 14 x 18 px."""
    rng = Random(seed)
    out = Canvas(14, 18)
    leaves = Canvas(14, 18)
    tones = rng.choice((LEAF, PINE))
    for _ in range(9):
        x, y = rng.randint(3, 10), rng.randint(2, 9)
        leaves.disc(x, y, 2.4, 2.2, tones[rng.choice((2, 3, 3))])
        leaves.dot(x - 1, y - 1, tones[5])
    leaves.outline(0.4)
    _pot(out, 7, 11, 8, 6, rng.choice((CORAL, CREAM, TEAL, MUSTARD)))
    out.stamp(leaves, 0, 0)
    return out


def plant(seed: int, kind: str = "bush", pot: Ramp = CORAL) -> Canvas:
    """A plant of 34 x 60 px in a pot: "bush", "palm" or "spikes"."""
    rng = Random(seed)
    out = Canvas(38, 62)
    out.disc(20, 56, 12, 4.5, shadow(75))
    _pot(out, 18, 42, 18, 16, pot)
    out.rect(11, 45, 14, 2, DARK_WOOD[1])
    leaves = Canvas(38, 62)
    if kind == "bush":
        spots = [(rng.gauss(18, 6.5), rng.gauss(25, 8.5)) for _ in range(26)]
        spots = [(min(max(x, 7), 30), min(max(y, 8), 41)) for x, y in spots]
        for level, back in ((1, 2.0), (2, 0.8), (3, -0.5)):
            for x, y in spots:
                r = 5.2 - level * 0.7
                leaves.disc(x - back * -0.8, y + back, r, r * 0.85, LEAF[level])
        for x, y in spots[:16]:
            leaves.disc(x - 1.2, y - 1.6, 1.9, 1.3, LEAF[4])
            leaves.dot(int(x - 2), int(y - 2), LEAF[5])
    elif kind == "palm":
        leaves.rect(17, 26, 3, 18, WOOD[2])
        leaves.rect(17, 26, 1, 18, WOOD[4])
        for angle in range(9):
            dx = (angle - 4) * 4.1
            for step in range(15):
                part = step / 14
                x = 18 + dx * part
                y = 26 - 20 * part + (abs(dx) * 1.15 + 4) * part * part
                wide = 2.7 - 1.7 * part
                leaves.disc(x, y, wide, wide, PINE[2 if angle % 2 else 3])
                if step % 2 == 0:
                    leaves.dot(int(x), int(y - 1), PINE[5 if angle < 5 else 4])
    else:
        for k in range(9):
            x = 10 + k * 2
            tall = 26 + rng.randint(-6, 9)
            lean = (k - 4) * 0.22
            for step in range(tall):
                px = x + lean * step * 0.4
                wide = 2 if step < tall * 0.7 else 1
                leaves.rect(int(px), 44 - step, wide + 1, 1, PINE[2 if k % 2 else 3])
                leaves.dot(int(px), 44 - step, MUSTARD[4] if step % 5 else LEAF[4])
    leaves.outline(0.42)
    out.stamp(leaves, 0, 0)
    return out


def floor_lamp() -> Canvas:
    """A lamp with a warm shade."""
    out = Canvas(26, 64)
    out.disc(13.5, 59, 9, 3.6, shadow(70))
    out.rect(12, 20, 2, 38, METAL[2])
    out.rect(12, 20, 1, 38, METAL[4])
    out.rounded(6, 56, 14, 4, METAL[1], 1)
    out.rect(7, 56, 12, 1, METAL[3])
    head = Canvas(26, 64)
    head.poly([(7, 3), (18, 3), (23, 20), (2, 20)], MUSTARD[4])
    head.poly([(7, 3), (11, 3), (9, 20), (2, 20)], MUSTARD[5])
    head.poly([(17, 3), (18, 3), (23, 20), (19, 20)], MUSTARD[3])
    head.rect(3, 19, 20, 2, MUSTARD[3])
    head.outline(0.3)
    out.stamp(head, 0, 0)
    return out


def light_pool(radius: int, alpha: int = 40) -> Canvas:
    """Warm light around a lamp, in steps."""
    out = Canvas(radius * 2, radius * 2)
    for k in range(5):
        r = radius * (1 - k * 0.18)
        out.disc(radius, radius, r, r * 0.82, (255, 214, 132, alpha // 5))
    return out
