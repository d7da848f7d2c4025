"""Trees, bushes, hedges, stones and water plants."""

from __future__ import annotations

from functools import cache
from math import cos, pi, sin
from random import Random

from maps.art.canvas import Canvas
from maps.art.palette import (
    AUTUMN,
    BLOSSOM,
    CORAL,
    CREAM,
    GRASS,
    LEAF,
    MUSTARD,
    PINE,
    STONE,
    WOOD,
    Ramp,
    mix,
    shadow,
)


def _clump(out: Canvas, rng: Random, x: float, y: float, r: float, tones: Ramp) -> None:
    """A ball of leaves lit from the top left."""
    out.disc(x, y, r, r * 0.86, tones[1])
    out.disc(x - r * 0.1, y - r * 0.12, r * 0.88, r * 0.74, tones[2])
    out.disc(x - r * 0.22, y - r * 0.26, r * 0.66, r * 0.52, tones[3])
    for _ in range(int(r * 1.7)):
        a, d = rng.uniform(0, 2 * pi), rng.uniform(0.25, 1.0)
        px, py = int(x + cos(a) * r * d * 0.92), int(y + sin(a) * r * d * 0.78)
        lit = -cos(a) - sin(a)
        if lit > 0.3:
            out.rect(px, py, 2, 1, tones[4])
            out.dot(px + 2, py + 1, tones[3])
        elif lit < -0.5:
            out.rect(px, py, 2, 1, tones[1] if d < 0.75 else tones[0])
        else:
            out.rect(px, py, 2, 1, tones[2 + (d < 0.5)])
    for _ in range(max(2, int(r * 0.35))):
        px = int(x - r * 0.35 + rng.uniform(-0.3, 0.3) * r)
        py = int(y - r * 0.42 + rng.uniform(-0.2, 0.25) * r)
        out.rect(px, py, 2, 1, tones[5])


def _crown(out: Canvas, rng: Random, cx: float, cy: float, rx: float, ry: float, tones: Ramp) -> None:
    """A crown of leaves: clumps from the back to the front."""
    out.disc(cx, cy + 2, rx * 0.92, ry * 0.9, tones[0])
    spots: list[tuple[float, float, float]] = []
    for k in range(11):
        a = 2 * pi * k / 11 + rng.uniform(-0.18, 0.18)
        spots.append((cx + cos(a) * rx * 0.72, cy + sin(a) * ry * 0.72, rx * rng.uniform(0.32, 0.4)))
    for k in range(5):
        a = 2 * pi * k / 5 + rng.uniform(-0.3, 0.3)
        spots.append((cx + cos(a) * rx * 0.34, cy + sin(a) * ry * 0.34, rx * rng.uniform(0.36, 0.44)))
    spots.sort(key=lambda s: s[1])
    for x, y, r in spots:
        # Lower clumps are in the shade of the upper ones.
        low = (y - cy) / ry > 0.42
        _clump(out, rng, x, y, r, (tones[0], *tones[:5]) if low else tones)
    # The top has no dark rim: it melts into what is below it.
    _clump(out, rng, cx - rx * 0.16, cy - ry * 0.3, rx * 0.4, (tones[2], tones[3], tones[3], *tones[3:]))


def trunk(out: Canvas, cx: int, top: int, bottom: int, width: int, tones: Ramp = WOOD) -> None:
    """A trunk with roots."""
    for y in range(top, bottom):
        flare = max(0, y - (bottom - 7)) * 2 // 3
        left, wide = cx - width // 2 - flare, width + 2 * flare
        out.rect(left, y, wide, 1, tones[2])
        out.rect(left, y, max(2, wide // 4), 1, tones[3])
        out.rect(left + wide - max(2, wide // 3), y, max(2, wide // 3), 1, tones[1])
        out.dot(left, y, tones[1])
        out.dot(left + wide - 1, y, tones[0])
    for y in range(top + 3, bottom - 3, 5):
        out.rect(cx - 2 + y % 3, y, 2, 3, tones[1])


@cache
def tree(seed: int, kind: str = "oak", size: float = 1.0) -> Canvas:
    """A tree: "oak", "blossom", "autumn", "birch" or "pine". Its foot is at the lower edge."""
    rng = Random(seed)
    if kind == "pine":
        return _pine(rng, size)
    tones = {"blossom": BLOSSOM, "autumn": AUTUMN, "birch": LEAF}.get(kind, LEAF if seed % 3 else PINE)
    rx, ry = 38 * size, 33 * size
    width, height = int(rx * 2 + 8), int(ry * 2 + 34 * size)
    out = Canvas(width, height)
    body = Canvas(width, height)
    bark = CREAM if kind == "birch" else WOOD
    trunk(body, width // 2, int(ry * 1.5), height - 3, int(11 * size), bark)
    body.rect(width // 2 - 6, int(ry * 1.5), 14, int(ry * 0.45), (*WOOD[0][:3], 110))
    crown = Canvas(width, height)
    _crown(crown, rng, width / 2, ry + 3, rx * 0.94, ry * 0.94, tones)
    crown.outline(0.35)
    body.outline(0.4)
    out.stamp(body, 0, 0)
    out.stamp(crown, 0, 0)
    return out


def _pine(rng: Random, size: float) -> Canvas:
    width, height = int(58 * size), int(98 * size)
    out = Canvas(width, height)
    body = Canvas(width, height)
    trunk(body, width // 2, height - int(22 * size), height - 3, int(9 * size))
    body.outline(0.4)
    crown = Canvas(width, height)
    levels = 5
    for k in reversed(range(levels)):
        half = (9 + k * 4.3) * size
        top = (4 + k * 13.5) * size
        tall = 25 * size
        for y in range(int(tall)):
            part = y / tall
            wide = half * (0.18 + 0.82 * part)
            ragged = (y % 4 == 3) * 2
            for x in range(int(-wide - ragged), int(wide + ragged) + 1):
                px, py = int(width / 2 + x), int(top + y)
                lit = x / max(wide, 1)
                tone = PINE[3] if lit < -0.35 else PINE[2] if lit < 0.4 else PINE[1]
                if part > 0.82:
                    tone = mix(tone, PINE[1], 0.6)
                crown.put(px, py, tone)
        for _ in range(int(16 * size)):
            across = rng.uniform(-half * 0.9, half * 0.5)
            down = rng.uniform(0.35, 0.9)
            if abs(across) < half * down:
                px, py = int(width / 2 + across), int(top + down * tall)
                crown.put(px, py, PINE[4])
                crown.put(px - 1, py + 1, PINE[4])
                if rng.random() < 0.4:
                    crown.put(px + 1, py - 1, PINE[5])
    crown.outline(0.4)
    out.stamp(body, 0, 0)
    out.stamp(crown, 0, 0)
    return out


def tree_shadow(floor: Canvas, cx: int, foot: int, size: float = 1.0) -> None:
    """The shade of a tree on the ground, to its lower right."""
    for rx, ry, alpha in ((37, 15, 34), (31, 12, 34), (22, 8, 30)):
        floor.disc(cx + 7 * size, foot - 1, rx * size, ry * size, shadow(alpha))


def bush(seed: int, width: int = 40, tones: Ramp = LEAF, berries: bool = False) -> Canvas:
    """A bush of `width` px."""
    rng = Random(seed)
    height = int(width * 0.78) + 4
    out = Canvas(width + 6, height)
    out.disc(width / 2 + 4, height - 5, width * 0.46, 4.5, shadow(70))
    body = Canvas(width + 6, height)
    body.disc(width / 2 + 1, height * 0.58, width * 0.42, height * 0.32, tones[0])
    spots = []
    for k in range(7):
        a = 2 * pi * k / 7 + rng.uniform(-0.3, 0.3)
        spots.append((width / 2 + 2 + cos(a) * width * 0.27, height * 0.53 + sin(a) * height * 0.2))
    for x, y in sorted(spots, key=lambda s: s[1]):
        _clump(body, rng, x, y, width * rng.uniform(0.19, 0.24), tones)
    body.outline(0.38)
    out.stamp(body, 0, 0)
    if berries:
        for _ in range(width // 4):
            x, y = rng.randint(7, width - 5), rng.randint(6, height - 13)
            if out.get(x, y)[3] == 255:
                out.rect(x, y, 2, 2, CORAL[3])
                out.dot(x, y, CORAL[5])
    return out


def hedge(length: int, seed: int, height: int = 34) -> Canvas:
    """A clipped hedge running to the right."""
    rng = Random(seed)
    out = Canvas(length, height)
    out.rect(2, height - 5, length - 2, 5, shadow(70))
    body = Canvas(length, height)
    body.rounded(0, 2, length, height - 5, LEAF[1], 4)
    body.rounded(1, 2, length - 2, 14, LEAF[3], 4)
    for _ in range(length * 2):
        x, y = rng.randrange(2, max(3, length - 3)), rng.randrange(3, height - 5)
        if y < 14:
            body.rect(x, y, 2, 1, LEAF[rng.choice((3, 4, 4, 2))])
        else:
            body.rect(x, y, 2, 1, LEAF[rng.choice((1, 2, 2, 0))])
    for _ in range(length // 9):
        x, y = rng.randrange(3, max(4, length - 3)), rng.randrange(4, 12)
        body.rect(x, y, 2, 1, LEAF[5])
    body.outline(0.4)
    out.stamp(body, 0, 0)
    return out


def rock(seed: int, width: int = 30) -> Canvas:
    """A stone with moss."""
    rng = Random(seed)
    height = int(width * 0.74)
    out = Canvas(width + 5, height + 4)
    out.disc(width / 2 + 3, height - 1, width * 0.48, 4, shadow(75))
    body = Canvas(width + 5, height + 4)
    points = []
    for k in range(9):
        a = 2 * pi * k / 9
        r = rng.uniform(0.84, 1.0)
        points.append(
            (int(width / 2 + 1 + cos(a) * width * 0.48 * r), int(height * 0.52 + sin(a) * height * 0.46 * r))
        )
    body.poly(points, STONE[2])
    body.poly([(int(x * 0.78 + 2), int(y * 0.7 + 1)) for x, y in points], STONE[3])
    body.poly([(int(x * 0.48 + 5), int(y * 0.4 + 3)) for x, y in points], STONE[4])
    for _ in range(width // 2):
        x, y = rng.randrange(3, width - 2), rng.randrange(3, height - 2)
        if body.get(x, y)[3]:
            body.rect(x, y, 2, 1, rng.choice((STONE[1], STONE[3], STONE[5])))
    for _ in range(width // 3):
        x, y = rng.randrange(2, width // 2), rng.randrange(height // 2, height)
        if body.get(x, y)[3]:
            body.rect(x, y, 3, 1, rng.choice((GRASS[1], GRASS[3])))
    body.outline(0.45)
    out.stamp(body, 0, 0)
    return out


def reeds(seed: int) -> Canvas:
    """Reeds at the water's edge."""
    rng = Random(seed)
    out = Canvas(26, 34)
    for k in range(11):
        x = 4 + k * 2 - (k % 2)
        tall = rng.randint(13, 28)
        lean = rng.uniform(-0.14, 0.14)
        for step in range(tall):
            px = int(x + lean * step)
            out.dot(px, 31 - step, LEAF[2 if k % 3 else 3])
            if step > tall - 5 and k % 3 == 0:
                out.rect(px, 31 - step, 2, 1, WOOD[2])
        if k % 3:
            out.dot(int(x + lean * tall), 31 - tall, LEAF[4])
    return out


def lily(seed: int) -> Canvas:
    """Lily pads, one with a flower."""
    rng = Random(seed)
    out = Canvas(40, 26)
    for k, (x, y) in enumerate(((10, 9), (25, 15), (29, 6))):
        r = rng.uniform(5, 7)
        out.disc(x + 1, y + 2, r, r * 0.6, shadow(60))
        out.disc(x, y, r, r * 0.6, LEAF[3])
        out.disc(x - 1, y - 0.6, r * 0.75, r * 0.4, LEAF[4])
        out.line(x, y, int(x + r), y - 1, LEAF[2])
        if k == 1:
            out.disc(x - 1, y - 2, 3.4, 2.4, BLOSSOM[4])
            out.disc(x - 1, y - 3, 1.8, 1.2, BLOSSOM[5])
            out.dot(x - 1, y - 3, MUSTARD[4])
    return out
