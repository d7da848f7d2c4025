"""What lies on floors and hangs on walls: rugs, boards, screens, pictures."""

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
    NAVY,
    PLUM,
    SCREEN,
    TEAL,
    WOOD,
    Ramp,
    glow,
    mix,
    rgb,
    shadow,
)


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
