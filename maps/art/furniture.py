"""Tables, seats, shelves and what else stands in rooms. Each function paints one thing as it stands,
with its shadow; light comes from the top left, and of boxes one sees the top and the front."""

from __future__ import annotations

from random import Random

from maps.art.canvas import Canvas, light_edge
from maps.art.palette import (
    CORAL,
    CREAM,
    DARK_WOOD,
    LEAF,
    METAL,
    MUSTARD,
    NAVY,
    PALE_WOOD,
    PINE,
    PLUM,
    SCREEN,
    TEAL,
    WOOD,
    Ramp,
    glow,
    mix,
    rgb,
    shade,
    shadow,
)

BOOK_COLOURS = (CORAL, TEAL, NAVY, MUSTARD, PLUM, LEAF, CREAM)


def _cast(out: Canvas, x: int, y: int, width: int, height: int, alpha: int = 64) -> None:
    """The shadow of a box: to the right and below."""
    for i in range(height):
        out.rect(x + min(i, 3), y + i, width, 1, shadow(alpha if i < height - 2 else alpha // 2))


# --- seats -------------------------------------------------------------------------------------


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
    _cast(out, 3, 34, width - 4, 9)
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
    _cast(out, 4, length - 6, 36, 9)
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


# --- tables ------------------------------------------------------------------------------------


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
    _cast(out, 2, 42, width - 2, 9)
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
    out.stamp(mug(rng.choice(BOOK_COLOURS)), 4, 24 + rng.randrange(4))
    return out


def meeting_table(width: int, depth: int, seed: int, tones: Ramp = WOOD) -> Canvas:
    """A long table with rounded corners, laptops, papers and cups."""
    rng = Random(seed)
    out = Canvas(width + 4, depth + 14)
    _cast(out, 4, depth + 2, width - 6, 11)
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
        out.stamp(mug(rng.choice(BOOK_COLOURS)), x + 18, depth - 15 if k % 2 else 5)
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
    _cast(out, 3, 27, width - 4, 8)
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


# --- shelves and machines ------------------------------------------------------------------------


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
    _cast(out, 3, height - 4, width - 2, 7)
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
    _cast(out, 3, 60, width - 2, 7)
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
    _cast(out, 3, 62, 28, 7)
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
    _cast(out, 3, 58, 30, 7)
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


# --- plants and lamps ------------------------------------------------------------------------------


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


# --- on floors and walls ---------------------------------------------------------------------------


def rug(width: int, height: int, tones: Ramp, trim: Ramp = CREAM) -> Canvas:
    """A woven rug with fringes, border and diamonds."""
    out = Canvas(width, height)
    out.rect(3, height - 3, width - 4, 3, shadow(50))
    for y in range(3, height - 4, 2):
        out.rect(0, y, 3, 1, trim[3])
        out.rect(width - 3, y, 3, 1, trim[2])
    out.rect(3, 1, width - 6, height - 4, tones[2])
    out.frame(5, 3, width - 10, height - 8, trim[3])
    out.frame(6, 4, width - 12, height - 10, tones[1])
    out.frame(9, 7, width - 18, height - 16, tones[4])
    for y in range(11, height - 12):
        for x in range(13, width - 13):
            across = (abs((x - width // 2) % 24 - 12) + abs((y - height // 2) % 24 - 12)) % 24
            if across in (4, 5):
                out.put(x, y, tones[4])
            elif across < 2:
                out.put(x, y, trim[3])
            elif across in (10, 11):
                out.put(x, y, tones[3])
            elif (x + y) % 2 == 0:
                out.put(x, y, mix(tones[2], tones[3], 0.22))
    out.rect(3, 1, width - 6, 1, tones[3])
    out.rect(3, height - 5, width - 6, 1, tones[1])
    return out


def round_rug(radius: int, tones: Ramp, trim: Ramp = CREAM) -> Canvas:
    """A round braided rug."""
    out = Canvas(radius * 2 + 2, int(radius * 1.5) + 4)
    cy = radius * 0.74 + 1
    out.disc(radius + 2, cy + 2, radius - 1, radius * 0.72, shadow(50))
    for k in range(8):
        r = radius - k * radius / 8
        tone = (tones[2], trim[3], tones[3], tones[2], tones[4], tones[2], trim[3], tones[3])[k]
        out.disc(radius, cy, r, r * 0.72, tone)
        out.disc(radius, cy - 0.5, r - 1.2, (r - 1.2) * 0.72, mix(tone, tones[1], 0.16))
    return out


def whiteboard(width: int = 92) -> Canvas:
    """A whiteboard with a diagram and notes."""
    out = Canvas(width, 34)
    out.rect(2, 31, width - 2, 3, shadow(60))
    out.rounded(0, 0, width, 31, METAL[3], 1)
    out.rect(1, 0, width - 2, 1, METAL[5])
    out.rect(2, 2, width - 4, 26, CREAM[5])
    out.rect(2, 2, width - 4, 1, CREAM[3])
    for y, length, tone in ((6, 22, NAVY[2]), (10, 17, CORAL[2]), (14, 20, NAVY[2]), (18, 12, TEAL[2])):
        for x in range(6, 6 + length):
            out.dot(x, y + (x * 3) % 2, tone)
    out.frame(38, 6, 13, 7, TEAL[2])
    out.frame(38, 18, 13, 7, CORAL[2])
    out.line(51, 9, 60, 15, NAVY[3])
    out.line(51, 21, 60, 15, NAVY[3])
    out.disc(64, 15, 4.5, 4, MUSTARD[3])
    for k, tones in enumerate((MUSTARD, CORAL, TEAL)):
        out.rect(width - 20 + (k % 2) * 8, 5 + k * 7, 7, 6, tones[4])
        out.rect(width - 19 + (k % 2) * 8, 7 + k * 7, 4, 1, tones[2])
    out.rect(width // 2 - 14, 28, 28, 3, METAL[2])
    for k, tones in enumerate((CORAL, NAVY, LEAF)):
        out.rect(width // 2 - 9 + k * 7, 27, 5, 2, tones[3])
    return out


def wall_screen(width: int = 72) -> Canvas:
    """A large screen on the wall with a chart."""
    out = Canvas(width, 36)
    out.rect(2, 33, width - 2, 3, shadow(60))
    out.rounded(0, 0, width, 33, METAL[0], 1)
    out.rect(1, 0, width - 2, 1, METAL[2])
    for y in range(27):
        out.rect(3, 3 + y, width - 6, 1, mix(SCREEN[2], SCREEN[1], y / 27))
    for k, tall in enumerate((6, 10, 8, 14, 12, 18)):
        out.rect(8 + k * 6, 27 - tall, 4, tall, (CORAL, MUSTARD, TEAL)[k % 3][3])
        out.rect(8 + k * 6, 27 - tall, 4, 1, (CORAL, MUSTARD, TEAL)[k % 3][5])
    out.disc(width - 16, 15, 8, 8, SCREEN[4])
    out.poly([(width - 16, 15), (width - 16, 7), (width - 8, 12), (width - 9, 18)], MUSTARD[3])
    out.line(4, 4, 16, 4, glow(SCREEN[4], 0.3))
    return out


def picture(kind: int) -> Canvas:
    """A framed picture of 26 x 22 px: hills, a sun, or shapes."""
    out = Canvas(27, 24)
    out.rect(2, 21, 25, 3, shadow(60))
    out.rect(0, 0, 26, 21, DARK_WOOD[2])
    out.rect(0, 0, 26, 1, DARK_WOOD[4])
    out.rect(2, 2, 22, 17, CREAM[4])
    if kind == 0:
        out.rect(3, 3, 20, 15, SCREEN[5])
        out.disc(18, 7, 3, 3, MUSTARD[4])
        out.poly([(3, 17), (9, 9), (16, 17)], TEAL[3])
        out.poly([(10, 17), (17, 11), (22, 17)], TEAL[2])
    elif kind == 1:
        out.rect(3, 3, 20, 15, CORAL[4])
        out.disc(13, 11, 5, 5, MUSTARD[4])
        out.rect(3, 13, 20, 5, NAVY[3])
        out.rect(9, 14, 8, 1, MUSTARD[4])
        out.rect(11, 16, 4, 1, MUSTARD[4])
    else:
        out.disc(9, 9, 4, 4, CORAL[3])
        out.rect(12, 8, 8, 8, TEAL[3])
        out.poly([(6, 17), (11, 11), (15, 17)], MUSTARD[3])
    return out


def clock() -> Canvas:
    """A wall clock."""
    out = Canvas(18, 19)
    out.disc(9.5, 10, 8, 8, shadow(60))
    out.disc(8.5, 8.5, 8, 8, WOOD[1])
    out.disc(8.5, 8.5, 7, 7, WOOD[3])
    out.disc(8.5, 8.5, 5.6, 5.6, CREAM[5])
    out.line(8, 8, 8, 4, NAVY[0])
    out.line(8, 8, 11, 10, NAVY[0])
    out.dot(8, 8, CORAL[2])
    return out


def bunting(width: int) -> Canvas:
    """A string of little flags."""
    out = Canvas(width, 16)
    for x in range(width):
        sag = 4 * (1 - abs(((x % 60) - 30) / 30) ** 2)
        out.dot(x, int(sag), CREAM[1])
        if x % 12 == 4:
            tones = (CORAL, MUSTARD, TEAL, CREAM, PLUM)[x // 12 % 5]
            top = int(sag)
            out.poly([(x, top + 1), (x + 6, top + 1), (x + 3, top + 9)], tones[3])
            out.line(x, top + 1, x + 6, top + 1, tones[4])
    return out


def note_board(width: int = 46) -> Canvas:
    """A cork board with notes and photographs."""
    rng = Random(width)
    out = Canvas(width + 2, 30)
    out.rect(2, 28, width, 2, shadow(60))
    out.rect(0, 0, width, 28, WOOD[2])
    out.rect(0, 0, width, 1, WOOD[4])
    out.rect(2, 2, width - 4, 24, WOOD[4])
    for _ in range(30):
        out.dot(rng.randint(3, width - 4), rng.randint(3, 24), WOOD[3])
    for k in range((width - 8) // 10):
        tones = (CREAM, MUSTARD, CORAL, TEAL)[k % 4]
        for row in range(2):
            x, y = 5 + k * 10 + rng.randrange(2), 4 + row * 11 + rng.randrange(3)
            out.rect(x, y, 8, 8, tones[4 if row else 3])
            out.rect(x + 1, y + 3, 5, 1, tones[1])
            out.rect(x + 1, y + 5, 4, 1, tones[1])
            out.dot(x + 4, y, rgb("bf5560"))
    return out
