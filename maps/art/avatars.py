"""The people: 32 x 48 px, four directions, a standing and four walking pictures each.

A look is put together from layers (skin, legs, clothes, hair, an extra) and ramps of colour. The feet's
centre is at FEET in each picture. Rows of a sheet are DIRECTIONS, columns are FRAMES.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from maps.art.canvas import Canvas
from maps.art.palette import (
    AUTUMN,
    BLOSSOM,
    CORAL,
    CREAM,
    DARK_WOOD,
    LEAF,
    METAL,
    MUSTARD,
    NAVY,
    PLUM,
    SKIN,
    STONE,
    TEAL,
    WOOD,
    Ramp,
    rgb,
    shade,
    shadow,
)

WIDTH, HEIGHT = 32, 48
FEET = (16, 43)
DIRECTIONS = ("down", "left", "right", "up")
# Standing, then a walk: left foot, passing, right foot, passing.
FRAMES = ("idle", "walk_1", "walk_2", "walk_3", "walk_4")
INK = rgb("2a1f3d")


@dataclass(frozen=True)
class Look:
    """One person's appearance."""

    name: str
    title: str
    skin: Ramp
    hair: Ramp
    style: str  # short, bob, long, bun, curls, tail, cap, scarf, spiky
    top: str  # tee, hoodie, jacket, dress, dungarees
    cloth: Ramp
    legs: Ramp
    shoes: Ramp = DARK_WOOD
    extra: str = ""  # glasses, beard, headphones, flower


LOOKS = (
    Look("maple", "Maple", SKIN[0], WOOD, "bob", "hoodie", CORAL, NAVY),
    Look("river", "River", SKIN[2], DARK_WOOD, "short", "jacket", TEAL, STONE, extra="glasses"),
    Look("saffron", "Saffron", SKIN[1], DARK_WOOD, "long", "dress", MUSTARD, CORAL, CREAM),
    Look("juniper", "Juniper", SKIN[3], DARK_WOOD, "curls", "tee", LEAF, NAVY, CORAL),
    Look("ember", "Ember", SKIN[0], AUTUMN, "tail", "dungarees", NAVY, NAVY, extra="flower"),
    Look("flint", "Flint", SKIN[0], STONE, "short", "hoodie", PLUM, DARK_WOOD, extra="beard"),
    Look("indigo", "Indigo", SKIN[2], PLUM, "spiky", "jacket", NAVY, STONE, CORAL, extra="headphones"),
    Look("olive", "Olive", SKIN[1], TEAL, "scarf", "dress", LEAF, TEAL),
    Look("hazel", "Hazel", SKIN[1], WOOD, "bun", "tee", BLOSSOM, PLUM, CREAM, extra="glasses"),
    Look("skipper", "Skipper", SKIN[0], MUSTARD, "cap", "tee", TEAL, WOOD),
    Look("onyx", "Onyx", SKIN[3], NAVY, "bun", "jacket", CORAL, DARK_WOOD, CREAM),
    Look("clover", "Clover", SKIN[2], BLOSSOM, "long", "hoodie", MUSTARD, TEAL, extra="headphones"),
)


def sheet(look: Look) -> Canvas:
    """All pictures of a look."""
    out = Canvas(WIDTH * len(FRAMES), HEIGHT * len(DIRECTIONS))
    for row, direction in enumerate(DIRECTIONS):
        for column in range(len(FRAMES)):
            out.stamp(figure(look, direction, column), column * WIDTH, row * HEIGHT)
    return out


def manifest() -> dict[str, Any]:
    """What the browser needs to know about the sheets."""
    return {
        "frame": {"width": WIDTH, "height": HEIGHT},
        "feet": {"x": FEET[0], "y": FEET[1]},
        "directions": list(DIRECTIONS),
        "columns": len(FRAMES),
        "idle": [0],
        "walk": [1, 2, 3, 4],
        "walk_frames_per_second": 8,
        "looks": [{"name": k.name, "title": k.title, "image": f"{k.name}.png"} for k in LOOKS],
    }


def figure(look: Look, direction: str, frame: int) -> Canvas:
    """One picture."""
    if direction == "right":
        left = figure(look, "left", frame)
        return left.flipped()
    body = Canvas(WIDTH, HEIGHT)
    # In the middle of a stride the body is lower than when the legs pass.
    dip = 1 if frame in (1, 3) else 0
    swing = {0: 0, 1: 1, 2: 0, 3: -1, 4: 0}[frame]
    if direction == "left":
        _side(body, look, swing, dip, passing={2: "far", 4: "near"}.get(frame, ""))
    else:
        lifts = {1: (2, 0), 2: (0, 1), 3: (0, 2), 4: (1, 0)}.get(frame, (0, 0))
        _front_or_back(body, look, swing, dip, lifts, back=direction == "up")
    _ink(body)
    out = Canvas(WIDTH, HEIGHT)
    out.disc(16, 43.5, 10, 3.6, shadow(46))
    out.disc(16, 43.5, 7.5, 2.6, shadow(46))
    out.stamp(body, 0, 0)
    return out


def _ink(body: Canvas) -> None:
    """A border around the figure in the darkened colours of what it borders."""
    edge = []
    for y in range(HEIGHT):
        for x in range(WIDTH):
            if body.get(x, y)[3]:
                continue
            near = [body.get(x + dx, y + dy) for dx, dy in ((0, -1), (-1, 0), (1, 0), (0, 1))]
            solid = [c for c in near if c[3]]
            if solid:
                edge.append((x, y, shade(min(solid, key=sum), 0.62)))
    for x, y, colour in edge:
        body.put(x, y, colour)


# --- from the front and from behind --------------------------------------------------------------


def _front_or_back(b: Canvas, k: Look, swing: int, dip: int, lifts: tuple[int, int], back: bool) -> None:
    side = -1 if back else 1
    for x, lift in zip((11, 17), reversed(lifts) if back else lifts, strict=True):
        _leg(b, k, x, 34 + dip, 44 - lift)
    for x, step in ((7, -swing * side), (22, swing * side)):
        _arm(b, k, x, 24 + dip, 8 + (1 if step > 0 else 0), left=x == 7)
    _torso(b, k, dip, back)
    if k.style == "long" and not back:
        b.rounded(8, 14 + dip, 16, 15, k.hair[1], 3)
        b.rect(11, 22 + dip, 10, 8, _top(k)[3])
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
        _flower(b, 21, y + 3)


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
    tones = _top(k)
    sleeve = length - 2 if k.top in ("hoodie", "jacket") else 4
    b.rounded(x, y, 3, length, k.skin[2], 1)
    b.rect(x, y, 3, sleeve, tones[3] if left else tones[2])
    b.rect(x + (0 if left else 2), y + 1, 1, sleeve - 1, tones[4] if left else tones[1])
    b.rect(x, y + length - 2, 3, 2, k.skin[2])


def _top(k: Look) -> Ramp:
    """The colours of sleeves."""
    return CREAM if k.top == "dungarees" else k.cloth


def _torso(b: Canvas, k: Look, dip: int, back: bool) -> None:
    y, c = 23 + dip, k.cloth
    tones = _top(k)
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


def _flower(b: Canvas, x: int, y: int) -> None:
    for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        b.dot(x + dx, y + dy, BLOSSOM[5])
    b.dot(x, y, MUSTARD[3])


# --- from the side (looking left) ----------------------------------------------------------------


def _side(b: Canvas, k: Look, swing: int, dip: int, passing: str) -> None:
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
        _flower(b, 17, y + 4)


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
    tones = _top(k)
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
    tones = _top(k)
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
