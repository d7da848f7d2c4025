"""Shelves, cupboards and machines."""

from __future__ import annotations

from random import Random

from maps.art.canvas import Canvas, cast_shadow
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
    shade,
    shadow,
)
from maps.art.plants import small_plant
from maps.art.tables import mug

BOOK_COLOURS = (CORAL, TEAL, NAVY, MUSTARD, PLUM, LEAF, CREAM)


def _books(out: Canvas, rng: Random, x: int, y: int, width: int, height: int) -> None:
    end = x + width
    while x < end - 2:
        if rng.random() < 0.13 and x < end - 12:
            what = rng.choice(("plant", "box", "gap"))
            if what == "plant":
                out.stamp(small_plant(rng.randrange(999)), x - 1, y + height - 16)
                x += 12
            elif what == "box":
                out.rect(x + 1, y + height - 7, 9, 7, WOOD[3])
                out.rect(x + 1, y + height - 7, 9, 2, WOOD[4])
                x += 12
            else:
                x += 5
            continue
        tones = rng.choice(BOOK_COLOURS)
        thick, tall = rng.randint(2, 4), height - rng.randint(0, 4)
        level = rng.choice((2, 3))
        out.rect(x, y + height - tall, min(thick, end - x), tall, tones[level])
        out.rect(x, y + height - tall, 1, tall, tones[level + 1])
        out.rect(x, y + height - tall + 3, min(thick, end - x), 1, tones[min(level + 2, 5)])
        x += thick


def bookshelf(seed: int, width: int = 60, height: int = 66, tones: Ramp = WOOD) -> Canvas:
    """A shelf full of books, standing with its back to the wall."""
    rng = Random(seed)
    out = Canvas(width + 4, height + 4)
    cast_shadow(out, 3, height - 4, width - 2, 7)
    body = Canvas(width + 4, height + 4)
    body.rect(0, 0, width, height, tones[2])
    body.rect(0, 0, width, 7, tones[4])
    body.rect(0, 0, width, 1, tones[5])
    body.rect(0, 7, width, 1, tones[1])
    body.rect(0, 8, 3, height - 8, tones[3])
    body.rect(width - 3, 8, 3, height - 8, tones[1])
    boards = max(2, (height - 10) // 18)
    each = (height - 12) // boards
    for k in range(boards):
        y = 9 + k * each
        body.rect(3, y, width - 6, each - 3, tones[0])
        body.rect(3, y, width - 6, 2, shade(tones[0], 0.5))
        _books(body, rng, 4, y + 2, width - 8, each - 5)
        body.rect(2, y + each - 3, width - 4, 3, tones[3])
        body.rect(2, y + each - 3, width - 4, 1, tones[4])
        body.rect(2, y + each - 1, width - 4, 1, tones[1])
    body.outline(0.45)
    out.stamp(body, 0, 0)
    return out


def sideboard(length: int, seed: int, tones: Ramp = PALE_WOOD) -> Canvas:
    """A long low cupboard along a side wall: its top, with things on it, and its short front."""
    rng = Random(seed)
    width = 27
    out = Canvas(width + 4, length + 2)
    for y in range(6, length):
        out.rect(width, y, 3, 1, shadow(50))
    body = Canvas(width + 4, length + 2)
    body.slab(0, 0, width, length - 15, 14, tones, 3)
    for y in range(0, length - 16, 48):
        body.rect(1, y, width - 2, 1, tones[2])
        body.rect(1, y + 1, width - 2, 1, tones[4])
    body.grain(rng, 3, 3, width - 8, length - 24, tones[4], length // 10)
    body.rect(width // 2, length - 13, 1, 11, tones[1])
    body.rect(width // 2 - 4, length - 8, 2, 2, MUSTARD[3])
    body.rect(width // 2 + 3, length - 8, 2, 2, MUSTARD[3])
    body.outline(0.42)
    out.stamp(body, 0, 0)
    things = ["plant", "books", "lamp", "frame", "plant", "box", "books"]
    y = 4
    while y < length - 34:
        what = things.pop(rng.randrange(len(things))) if things else "books"
        x = 5 + rng.randrange(4)
        if what == "plant":
            out.stamp(small_plant(rng.randrange(999)), x, y - 4)
        elif what == "books":
            for k in range(3):
                stack = rng.choice(BOOK_COLOURS)
                out.rect(x + k % 2, y + 9 - 4 * k, 14, 4, stack[2])
                out.rect(x + k % 2, y + 9 - 4 * k, 14, 1, stack[4])
            out.rect(x, y + 13, 15, 1, shadow(70))
        elif what == "lamp":
            out.rect(x + 5, y + 8, 2, 7, METAL[2])
            out.rect(x + 2, y + 15, 8, 2, METAL[1])
            out.poly([(x + 2, y), (x + 9, y), (x + 12, y + 8), (x - 1, y + 8)], MUSTARD[4])
            out.rect(x, y + 7, 12, 1, MUSTARD[2])
            out.rect(x + 3, y + 1, 2, 5, MUSTARD[5])
        elif what == "frame":
            out.rect(x, y + 2, 12, 13, DARK_WOOD[2])
            out.rect(x + 2, y + 4, 8, 9, CREAM[4])
            out.disc(x + 6, y + 8, 2.5, 2.5, CORAL[3])
            out.rect(x, y + 15, 12, 1, shadow(70))
        else:
            out.rect(x, y + 2, 15, 6, CORAL[4])
            out.rect(x, y + 8, 15, 8, CORAL[2])
            out.rect(x + 5, y + 10, 5, 2, CORAL[4])
        y += 26
    return out


def kitchen(width: int = 124) -> Canvas:
    """The coffee corner: counter with machine, sink, cups, fruit; shelf above it."""
    out = Canvas(width + 4, 68)
    cast_shadow(out, 3, 60, width - 2, 7)
    body = Canvas(width + 4, 68)
    body.slab(0, 26, width, 16, 22, TEAL, 3)
    body.rect(0, 26, width, 16, CREAM[3])
    body.rect(0, 26, width, 2, CREAM[5])
    body.rect(0, 40, width, 2, CREAM[1])
    for x in range(2, width - 8, 30):
        body.rect(x, 45, 27, 15, TEAL[3])
        body.rect(x, 45, 27, 1, TEAL[4])
        body.rect(x, 59, 27, 1, TEAL[1])
        body.rect(x + 26, 45, 1, 15, TEAL[1])
        body.rect(x + 10, 48, 7, 2, MUSTARD[3])
        body.rect(x + 10, 50, 7, 1, TEAL[1])
    body.rect(0, 61, width, 3, TEAL[0])
    body.outline(0.4)
    out.stamp(body, 0, 0)
    # Espresso machine
    out.rounded(8, 9, 28, 25, METAL[1], 2)
    out.rect(9, 9, 26, 7, METAL[4])
    out.rect(9, 9, 26, 1, METAL[5])
    out.rect(9, 16, 26, 4, CORAL[2])
    out.rect(9, 16, 26, 1, CORAL[4])
    out.rect(12, 20, 20, 9, METAL[0])
    for x in (15, 25):
        out.rect(x, 20, 4, 3, METAL[3])
        out.stamp(mug(CREAM), x - 1, 23)
    out.rect(9, 30, 26, 3, METAL[3])
    out.rect(9, 34, 27, 1, shadow(80))
    for x in (12, 17, 22):
        out.dot(x, 18, MUSTARD[4])
    # Cups in a stack, a sink, a bowl of oranges
    for k, tones in enumerate((CORAL, MUSTARD, TEAL)):
        out.stamp(mug(tones), 42 + 8 * k, 27)
    out.rounded(68, 28, 24, 10, METAL[2], 2)
    out.rounded(70, 29, 20, 8, METAL[3], 2)
    out.rect(70, 29, 20, 2, METAL[1])
    out.rect(79, 21, 2, 9, METAL[4])
    out.rect(79, 21, 5, 2, METAL[5])
    out.disc(width - 14, 33, 10, 5, METAL[2])
    out.disc(width - 14, 32, 10, 4.5, CREAM[2])
    for dx, dy in ((-5, 0), (0, 1), (5, 0), (-2, -4), (3, -4)):
        out.disc(width - 14 + dx, 29 + dy, 3.4, 3.4, MUSTARD[2])
        out.disc(width - 14.6 + dx, 28.4 + dy, 2.4, 2.4, MUSTARD[3])
    return out


def fridge() -> Canvas:
    """A mint refrigerator with notes on it."""
    out = Canvas(34, 70)
    cast_shadow(out, 3, 62, 28, 7)
    body = Canvas(34, 70)
    body.rounded(0, 0, 30, 66, TEAL[3], 3)
    body.rounded(0, 0, 30, 10, TEAL[5], 3)
    body.rect(1, 10, 28, 54, TEAL[4])
    body.rect(1, 10, 3, 54, TEAL[5])
    body.rect(26, 10, 3, 54, TEAL[3])
    body.rect(1, 32, 28, 1, TEAL[2])
    body.rect(1, 33, 28, 1, TEAL[5])
    body.rect(23, 20, 2, 9, METAL[3])
    body.rect(23, 37, 2, 12, METAL[3])
    body.rect(1, 62, 28, 3, TEAL[2])
    body.outline(0.45)
    out.stamp(body, 0, 0)
    out.rect(7, 15, 7, 8, MUSTARD[4])
    out.rect(8, 17, 5, 1, MUSTARD[2])
    out.rect(12, 39, 6, 7, CORAL[4])
    out.rect(6, 42, 5, 6, CREAM[5])
    return out


def water_cooler() -> Canvas:
    """A water dispenser."""
    out = Canvas(24, 54)
    out.disc(12.5, 49, 10, 4, shadow(70))
    body = Canvas(24, 54)
    body.rounded(3, 22, 18, 28, METAL[4], 2)
    body.rect(4, 22, 16, 3, METAL[5])
    body.rect(6, 30, 12, 8, METAL[2])
    body.rect(8, 31, 2, 3, CORAL[2])
    body.rect(14, 31, 2, 3, NAVY[3])
    body.rect(18, 24, 2, 25, METAL[3])
    body.outline(0.45)
    bottle = Canvas(24, 54)
    bottle.rounded(5, 4, 14, 19, SCREEN[4], 4)
    bottle.rounded(6, 9, 12, 13, SCREEN[3], 3)
    bottle.rect(7, 6, 2, 13, SCREEN[5])
    bottle.outline(0.4)
    out.stamp(body, 0, 0)
    out.stamp(bottle, 0, 0)
    return out


def arcade() -> Canvas:
    """An arcade machine."""
    out = Canvas(36, 66)
    cast_shadow(out, 3, 58, 30, 7)
    body = Canvas(36, 66)
    body.rounded(0, 0, 32, 62, PLUM[1], 2)
    body.rect(1, 1, 30, 10, CORAL[3])
    body.rect(1, 1, 30, 2, CORAL[4])
    body.rect(6, 4, 20, 4, MUSTARD[5])
    body.rect(8, 5, 3, 2, CORAL[1])
    body.rect(13, 5, 5, 2, CORAL[1])
    body.rect(20, 5, 3, 2, CORAL[1])
    body.rect(3, 12, 26, 22, METAL[0])
    body.rect(5, 14, 22, 18, SCREEN[0])
    for x, y, tone in (
        (8, 17, LEAF[4]),
        (13, 17, LEAF[4]),
        (18, 17, LEAF[4]),
        (10, 21, CORAL[3]),
        (16, 21, CORAL[3]),
        (14, 28, SCREEN[5]),
        (15, 24, MUSTARD[4]),
    ):
        body.rect(x, y, 3, 2, tone)
    body.rect(1, 34, 30, 8, PLUM[3])
    body.rect(1, 34, 30, 1, PLUM[4])
    body.rect(7, 34, 2, 4, METAL[0])
    body.disc(8, 34, 2, 2, CORAL[3])
    for x, tone in ((17, MUSTARD[3]), (22, TEAL[3]), (26, CORAL[3])):
        body.disc(x, 37, 1.6, 1.6, tone)
    body.rect(1, 42, 30, 19, PLUM[2])
    body.poly([(4, 59), (14, 45), (20, 45), (10, 59)], CORAL[3])
    body.poly([(13, 59), (23, 45), (26, 45), (16, 59)], MUSTARD[3])
    body.outline(0.45)
    out.stamp(body, 0, 0)
    return out
