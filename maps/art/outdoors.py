"""What people build in parks: benches, lamps, signs, fences, decks, steps."""

from __future__ import annotations

from random import Random

from maps.art.canvas import Canvas
from maps.art.palette import (
    BLOSSOM,
    CORAL,
    CREAM,
    DARK_WOOD,
    LEAF,
    METAL,
    MUSTARD,
    NAVY,
    PALE_WOOD,
    STONE,
    TEAL,
    WOOD,
    Ramp,
    mix,
    shadow,
)


def bench(facing: str = "down", width: int = 58, tones: Ramp = WOOD) -> Canvas:
    """A park bench."""
    out = Canvas(width + 4, 34)
    out.rect(4, 28, width - 2, 4, shadow(75))
    body = Canvas(width + 4, 34)
    for x in (4, width - 8):
        body.rect(x, 8, 3, 22, METAL[1])
        body.rect(x, 8, 1, 22, METAL[3])
    if facing == "down":
        for y, level in ((3, 4), (8, 3)):
            body.rect(0, y, width, 4, tones[level])
            body.rect(0, y, width, 1, tones[5])
            body.rect(0, y + 3, width, 1, tones[1])
        for k in range(3):
            body.rect(0, 15 + k * 4, width, 3, tones[3])
            body.rect(0, 15 + k * 4, width, 1, tones[4])
        body.rect(0, 26, width, 2, tones[1])
    else:
        for k in range(3):
            body.rect(0, 6 + k * 4, width, 3, tones[3])
            body.rect(0, 6 + k * 4, width, 1, tones[4])
        for y in (14, 20):
            body.rect(0, y, width, 5, tones[2])
            body.rect(0, y, width, 1, tones[4])
            body.rect(0, y + 4, width, 1, tones[0])
    body.outline(0.42)
    out.stamp(body, 0, 0)
    return out


def lamp_post() -> Canvas:
    """An iron lamp with a warm lantern."""
    out = Canvas(26, 88)
    out.disc(15, 83, 10, 4, shadow(75))
    out.rect(12, 28, 3, 54, METAL[1])
    out.rect(12, 28, 1, 54, METAL[3])
    out.rounded(8, 78, 11, 6, METAL[1], 1)
    out.rect(9, 78, 9, 1, METAL[3])
    out.rect(10, 60, 7, 2, METAL[2])
    head = Canvas(26, 88)
    head.poly([(6, 10), (20, 10), (17, 28), (9, 28)], MUSTARD[4])
    head.poly([(6, 10), (10, 10), (11, 28), (9, 28)], MUSTARD[5])
    head.rect(12, 11, 2, 16, CREAM[5])
    head.rect(5, 7, 16, 3, METAL[1])
    head.rect(6, 7, 14, 1, METAL[3])
    head.poly([(8, 7), (18, 7), (13, 1)], METAL[2])
    head.rect(8, 27, 10, 2, METAL[1])
    head.outline(0.35)
    out.stamp(head, 0, 0)
    return out


def fence(length: int, tones: Ramp = PALE_WOOD) -> Canvas:
    """A wooden railing running to the right, 30 px high."""
    out = Canvas(length, 32)
    out.rect(0, 28, length, 3, shadow(60))
    body = Canvas(length, 32)
    for y in (8, 17):
        body.rect(0, y, length, 4, tones[3])
        body.rect(0, y, length, 1, tones[5])
        body.rect(0, y + 3, length, 1, tones[1])
    for x in range(2, length - 4, 30):
        post(body, x, 2, 27, tones)
    post(body, length - 7, 2, 27, tones)
    out.stamp(body, 0, 0)
    return out


def post(out: Canvas, x: int, y: int, height: int, tones: Ramp = PALE_WOOD) -> None:
    """A post of 6 px."""
    out.rect(x, y, 6, height, tones[2])
    out.rect(x, y, 6, 3, tones[5])
    out.rect(x, y + 3, 2, height - 3, tones[4])
    out.rect(x + 5, y + 3, 1, height - 3, tones[1])
    out.rect(x, y + height - 1, 6, 1, tones[0])


def side_fence(length: int, tones: Ramp = PALE_WOOD) -> Canvas:
    """A railing running away from us."""
    out = Canvas(12, length)
    for y in range(length - 6):
        out.rect(9, y + 6, 3, 1, shadow(50))
    out.rect(2, 6, 5, length - 14, tones[3])
    out.rect(2, 6, 1, length - 14, tones[5])
    out.rect(6, 6, 1, length - 14, tones[1])
    for y in range(0, length - 24, 32):
        post(out, 1, y, 24, tones)
    post(out, 1, length - 25, 24, tones)
    return out


def deck(width: int, height: int, seed: int, depth: int = 12, tones: Ramp = PALE_WOOD) -> Canvas:
    """A wooden platform: boards and, below, its front edge of `depth` px."""
    rng = Random(seed)
    out = Canvas(width, height + depth + 6)
    out.rect(3, height + depth, width - 2, 6, shadow(70))
    for y in range(0, height, 8):
        x = -rng.randrange(40)
        while x < width:
            length = rng.choice((48, 64, 80))
            base = mix(tones[2], tones[3], rng.choice((0.25, 0.5, 0.75, 0.95)))
            left, right = max(x, 0), min(x + length, width)
            if right > left:
                tall = min(8, height - y)
                out.rect(left, y, right - left, tall, base)
                out.rect(left, y, right - left, 1, mix(base, tones[5], 0.35))
                out.rect(left, y + tall - 1, right - left, 1, mix(base, tones[0], 0.42))
                out.rect(left, y, 1, tall, mix(base, tones[0], 0.4))
                out.dot(left + 2, y + 3, tones[1])
                out.dot(right - 3, y + 3, tones[1])
                for _ in range(2):
                    sx = left + rng.randrange(max(1, right - left))
                    out.rect(sx, y + rng.randint(2, 5), min(9, right - sx), 1, mix(base, tones[1], 0.3))
            x += length
    out.rect(0, 0, 2, height, tones[4])
    out.rect(width - 2, 0, 2, height, tones[1])
    out.rect(0, height, width, depth, tones[1])
    out.rect(0, height, width, 2, tones[3])
    out.rect(0, height + depth - 1, width, 1, tones[0])
    for x in range(6, width - 6, 34):
        out.rect(x, height + 2, 6, depth - 2, tones[0])
        out.rect(x, height + 2, 2, depth - 2, tones[2])
    return out


def steps(width: int, count: int = 3, tones: Ramp = STONE) -> Canvas:
    """Steps towards us."""
    out = Canvas(width, count * 8)
    for k in range(count):
        out.rect(0, k * 8, width, 5, tones[4])
        out.rect(0, k * 8, width, 1, tones[5])
        out.rect(0, k * 8 + 5, width, 3, tones[2])
        out.rect(width - 1, k * 8, 1, 8, tones[1])
    return out


def sign(tones: Ramp = TEAL) -> Canvas:
    """A signpost."""
    out = Canvas(32, 40)
    out.disc(17, 36, 8, 3, shadow(70))
    post(out, 13, 8, 29, WOOD)
    board = Canvas(32, 40)
    board.poly([(2, 5), (24, 5), (30, 11), (24, 17), (2, 17)], PALE_WOOD[3])
    board.rect(3, 6, 21, 1, PALE_WOOD[5])
    board.rect(6, 9, 14, 1, tones[1])
    board.rect(6, 12, 10, 1, tones[1])
    board.outline(0.45)
    out.stamp(board, 0, 0)
    return out


def flower_bed(length: int, seed: int) -> Canvas:
    """A bed of flowers behind a low stone edge."""
    rng = Random(seed)
    out = Canvas(length, 30)
    out.rounded(0, 6, length, 22, STONE[2], 3)
    out.rounded(0, 4, length, 20, STONE[4], 3)
    out.rounded(3, 6, length - 6, 15, DARK_WOOD[1], 2)
    for x in range(0, length, 9):
        out.rect(x, 24, 1, 4, STONE[0])
    for _ in range(length * 3):
        x, y = rng.randint(4, length - 7), rng.randint(3, 18)
        out.rect(x, y + 1, 3, 2, LEAF[rng.choice((1, 2, 2, 3, 4))])
    for _ in range(length // 2):
        x, y = rng.randint(5, length - 7), rng.randint(2, 16)
        tones = rng.choice((CORAL, MUSTARD, BLOSSOM, CREAM, NAVY))
        out.disc(x + 1, y + 1, 2.2, 2.0, tones[3])
        out.rect(x, y, 2, 1, tones[5])
    return out


def rope_bridge_post() -> Canvas:
    """A thick mooring post."""
    out = Canvas(14, 30)
    out.disc(8, 26, 6, 3, shadow(70))
    out.rect(2, 4, 9, 22, WOOD[2])
    out.rect(2, 4, 3, 22, WOOD[3])
    out.rect(9, 4, 2, 22, WOOD[0])
    out.disc(6.5, 4.5, 4.5, 2.6, WOOD[5])
    for y in (12, 14, 16):
        out.rect(2, y, 9, 1, CREAM[2] if y != 14 else CREAM[4])
    return out
