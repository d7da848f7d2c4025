"""Open ground: grass, paths and water with organic edges.

A region is a mask (white: inside) in map px; edges come out of growing and shrinking it, so that any
form of path or shore gets its rim.
"""

from __future__ import annotations

from itertools import pairwise
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from maps.art.canvas import Canvas
from maps.art.palette import (
    BLOSSOM,
    CORAL,
    CREAM,
    GRASS,
    MUSTARD,
    PLUM,
    SAND,
    STONE,
    WATER,
    Colour,
    glow,
    mix,
    shade,
)

Mask = Image.Image


def empty_mask(width: int, height: int) -> Mask:
    """A region with nothing in it."""
    return Image.new("L", (width, height), 0)


def blob(mask: Mask, rng: Random, cx: float, cy: float, rx: float, ry: float, rough: float = 0.16) -> None:
    """Add a roundish area."""
    draw = ImageDraw.Draw(mask)
    draw.ellipse((cx - rx, cy - ry, cx + rx, cy + ry), fill=255)
    for _ in range(26):
        part = rng.uniform(0.75, 1.0)
        angle_x, angle_y = rng.uniform(-1, 1), rng.uniform(-1, 1)
        length = max((angle_x**2 + angle_y**2) ** 0.5, 0.01)
        x, y = cx + rx * part * angle_x / length, cy + ry * part * angle_y / length
        r = rng.uniform(0.6, 1.0) * rough * (rx + ry)
        draw.ellipse((x - r, y - r * 0.8, x + r, y + r * 0.8), fill=255)


def oval(mask: Mask, cx: int, cy: int, rx: int, ry: int) -> None:
    """Add an ellipse."""
    ImageDraw.Draw(mask).ellipse((cx - rx, cy - ry, cx + rx, cy + ry), fill=255)


def way(mask: Mask, rng: Random, points: list[tuple[int, int]], width: int) -> None:
    """Add a path along points (px), a little uneven."""
    draw = ImageDraw.Draw(mask)
    for (x0, y0), (x1, y1) in pairwise(points):
        steps = max(abs(x1 - x0), abs(y1 - y0)) // 7 + 1
        for k in range(steps + 1):
            x = x0 + (x1 - x0) * k / steps + rng.uniform(-2.2, 2.2)
            y = y0 + (y1 - y0) * k / steps + rng.uniform(-2.2, 2.2)
            r = width / 2 + rng.uniform(-2, 1.5)
            draw.ellipse((x - r, y - r, x + r, y + r), fill=255)


def smooth(mask: Mask) -> Mask:
    """The mask with round corners and hard edges."""
    return mask.filter(ImageFilter.GaussianBlur(3)).point([0] * 128 + [255] * 128)


def grow(mask: Mask, px: int) -> Mask:
    """The mask, larger by `px`."""
    for _ in range(px):
        mask = mask.filter(ImageFilter.MaxFilter(3))
    return mask


def shrink(mask: Mask, px: int) -> Mask:
    """The mask, smaller by `px`."""
    for _ in range(px):
        mask = mask.filter(ImageFilter.MinFilter(3))
    return mask


def moved(mask: Mask, dx: int, dy: int) -> Mask:
    """The mask, moved; what comes in is outside."""
    out = Image.new("L", mask.size, 0)
    out.paste(mask, (dx, dy))
    return out


def without(mask: Mask, other: Mask) -> Mask:
    """What is in `mask` and not in `other`."""
    return ImageChops.subtract(mask, other)


def fill(target: Canvas, mask: Mask, colour: Colour) -> None:
    """Paint a region in one colour (translucent: blended)."""
    layer = Image.new("RGBA", mask.size, (*colour[:3], 0))
    layer.putalpha(mask.point([value * colour[3] // 255 for value in range(256)]))
    target.image.alpha_composite(layer)


def fill_pattern(target: Canvas, mask: Mask, pattern: Canvas) -> None:
    """Paint a region with a repeating pattern."""
    layer = Image.new("RGBA", mask.size)
    for y in range(0, mask.height, pattern.height):
        for x in range(0, mask.width, pattern.width):
            layer.paste(pattern.image, (x, y))
    layer.putalpha(mask)
    target.image.alpha_composite(layer)


# --- patterns ----------------------------------------------------------------------------------


def grass(seed: int, level: int = 2, size: int = 128) -> Canvas:
    """Short grass with tufts; repeats every `size` px."""
    rng = Random(seed)
    out = Canvas(size, size)
    base = GRASS[level]
    out.rect(0, 0, size, size, base)
    for _ in range(size * size // 90):
        x, y = rng.randrange(size), rng.randrange(size)
        tone = mix(base, GRASS[level + 1], rng.choice((0.25, 0.4)))
        for k in range(rng.randint(2, 5)):
            out.put((x + k) % size, y, tone)
    for _ in range(size * size // 230):
        x, y = rng.randrange(size), rng.randrange(size)
        dark, light = mix(base, GRASS[level - 1], 0.75), mix(base, GRASS[level + 1], 0.9)
        for dx, dy, tone in (
            (0, 0, dark),
            (0, -1, light),
            (2, 0, dark),
            (2, -2, light),
            (2, -1, light),
            (4, 0, dark),
            (4, -1, light),
        ):
            out.put((x + dx) % size, (y + dy) % size, tone)
    return out


def gravel(seed: int, size: int = 128) -> Canvas:
    """A sandy path with pebbles; repeats every `size` px."""
    rng = Random(seed)
    out = Canvas(size, size)
    out.rect(0, 0, size, size, SAND[3])
    for _ in range(size * size // 70):
        x, y = rng.randrange(size), rng.randrange(size)
        tone = rng.choice((mix(SAND[3], SAND[2], 0.4), mix(SAND[3], SAND[4], 0.6)))
        for k in range(rng.randint(1, 4)):
            out.put((x + k) % size, y, tone)
    for _ in range(size * size // 420):
        x, y = rng.randrange(size), rng.randrange(size)
        tone = rng.choice((SAND[2], STONE[3], SAND[4]))
        for dx, dy, c in (
            (0, 0, tone),
            (1, 0, tone),
            (0, 1, shade(tone, 0.25)),
            (1, 1, shade(tone, 0.3)),
            (0, -1, glow(tone, 0.4)),
        ):
            out.put((x + dx) % size, (y + dy) % size, c)
    return out


def cobbles(seed: int, size: int = 64) -> Canvas:
    """Round paving stones; repeats every `size` px."""
    rng = Random(seed)
    out = Canvas(size, size)
    out.rect(0, 0, size, size, mix(STONE[2], SAND[1], 0.4))
    for row in range(size // 8):
        x = (row % 2) * 5
        while x < size + (row % 2) * 5:
            wide = rng.choice((8, 10, 11))
            if x + wide > size + (row % 2) * 5:
                wide = size + (row % 2) * 5 - x
            tone = mix(rng.choice((STONE[3], STONE[4], STONE[3])), SAND[3], rng.choice((0.3, 0.5)))
            for dy in range(7):
                for dx in range(wide - 1):
                    if (dx in (0, wide - 2)) and dy in (0, 6):
                        continue
                    c = glow(tone, 0.3) if dy == 0 or dx == 0 else shade(tone, 0.16) if dy == 6 else tone
                    out.put((x + dx) % size, row * 8 + dy, c)
            x += wide
    return out


def ripples(seed: int, size: int = 128) -> Canvas:
    """Water with small waves; repeats every `size` px."""
    rng = Random(seed)
    out = Canvas(size, size)
    out.rect(0, 0, size, size, WATER[2])
    for _ in range(34):
        x, y, length = rng.randrange(size), rng.randrange(size), rng.randint(5, 16)
        tone = rng.choice((mix(WATER[2], WATER[3], 0.7), mix(WATER[2], WATER[1], 0.5)))
        for k in range(length):
            out.put((x + k) % size, (y + (1 if 2 < k < length - 3 else 0)) % size, tone)
    for _ in range(9):
        x, y = rng.randrange(size), rng.randrange(size)
        for k in range(4):
            out.put((x + k) % size, y, WATER[4])
        out.put((x + 1) % size, (y - 1) % size, WATER[5])
    return out


# --- regions with their rims -----------------------------------------------------------------------


def meadow_light(target: Canvas, mask: Mask, pattern: Canvas) -> None:
    """Lighter grass with a broken edge."""
    fill_pattern(target, mask, pattern)
    fill(target, without(mask, moved(mask, 0, 2)), (*GRASS[4][:3], 60))


def path(target: Canvas, mask: Mask, pattern: Canvas) -> None:
    """A path that lies a little deeper than the grass around it."""
    fill(target, grow(mask, 2), (*GRASS[1][:3], 120))
    fill(target, grow(mask, 1), GRASS[1])
    fill_pattern(target, mask, pattern)
    fill(target, without(mask, moved(mask, 1, 3)), (*SAND[0][:3], 105))
    fill(target, without(mask, moved(mask, -1, -2)), (*SAND[5][:3], 120))


def lake(target: Canvas, mask: Mask, pattern: Canvas) -> None:
    """Water with a sandy shore, a bank that one sees at its upper side, and foam."""
    fill(target, grow(mask, 13), (*GRASS[1][:3], 140))
    fill(target, grow(mask, 11), SAND[2])
    fill(target, grow(mask, 10), SAND[3])
    fill(target, grow(mask, 5), SAND[4])
    fill(target, grow(mask, 2), SAND[1])
    fill(target, mask, WATER[3])
    deep = shrink(mask, 9)
    fill(target, shrink(mask, 7), mix(WATER[3], WATER[2], 0.5))
    fill_pattern(target, deep, pattern)
    fill(target, without(mask, moved(mask, 0, 7)), SAND[1])
    fill(target, without(mask, moved(mask, 0, 3)), SAND[0])
    under = without(moved(mask, 0, 7), moved(mask, 0, 12))
    fill(target, ImageChops.multiply(under, mask), (*WATER[1][:3], 150))
    ring = shrink(mask, 4)
    fill(target, ImageChops.multiply(without(ring, shrink(ring, 1)), moved(mask, 0, 12)), WATER[4])


def flowers(target: Canvas, rng: Random, cx: int, cy: int, spread: int, count: int) -> None:
    """A patch of flowers."""
    tones = rng.choice((CORAL, MUSTARD, BLOSSOM, CREAM, PLUM))
    for _ in range(count):
        x, y = int(rng.gauss(cx, spread)), int(rng.gauss(cy, spread * 0.7))
        target.dot(x, y + 1, GRASS[0])
        target.dot(x, y + 2, GRASS[1])
        kind = rng.random()
        if kind < 0.55:
            for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                target.dot(x + dx, y + dy, tones[4])
            target.dot(x + 1, y + 1, (*GRASS[0][:3], 120))
            target.dot(x, y, MUSTARD[4] if tones is not MUSTARD else CORAL[3])
        else:
            target.rect(x, y, 2, 2, tones[3])
            target.dot(x, y, tones[5])


def tuft(target: Canvas, rng: Random, x: int, y: int) -> None:
    """A tuft of longer grass."""
    light = rng.random() < 0.6
    for k in range(rng.randint(3, 6)):
        px, tall = x + k * 2, rng.randint(2, 5)
        for step in range(tall):
            tone = GRASS[4 if light and step == tall - 1 else 3 if step else 1]
            target.dot(px + (step > 2) * (k % 2), y - step, tone)
