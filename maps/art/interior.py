"""Floors, walls, windows and doors of buildings, seen from above and a little from the front.

Walls have a cap (their upper side) and, where they look at us, a face with a skirting board. Floors are
painted from patterns that repeat, so that they become few tiles.
"""

from __future__ import annotations

from random import Random

from maps.art.canvas import Canvas
from maps.art.palette import (
    CAP,
    CORAL,
    LEAF,
    NAVY,
    PALE_WOOD,
    PLASTER,
    STONE,
    TEAL,
    WATER,
    WOOD,
    Ramp,
    glow,
    mix,
    rgb,
    shade,
    shadow,
)
from maps.art.scene import Scene

CAP_DEPTH = 14  # px of a wall's upper side
PLANK = 8


# --- floors ------------------------------------------------------------------------------------


def planks(tones: Ramp, level: int, seed: int, width: int = 128, height: int = 64) -> Canvas:
    """Floor boards; repeats every width x height px."""
    rng = Random(seed)
    out = Canvas(width, height)
    for row in range(height // PLANK):
        y = row * PLANK
        # Joints of neighbouring rows keep apart.
        joint = (row * 45 + rng.randrange(14)) % width
        for board in range(2):
            start = joint + board * width // 2
            base = mix(tones[level], tones[level + 1], rng.choice((0.0, 0.12, 0.25, 0.38, 0.5)))
            base = mix(base, CORAL[2], rng.choice((0.0, 0.03, 0.06)))
            streaks = [
                (rng.randrange(width // 2), rng.randrange(1, PLANK - 1), rng.randint(5, 16)) for _ in range(5)
            ]
            for x in range(width // 2):
                px = (start + x) % width
                for dy in range(PLANK):
                    colour = base
                    if dy == 0:
                        colour = glow(base, 0.13)
                    elif dy == PLANK - 1:
                        colour = shade(base, 0.2)
                    out.put(px, y + dy, colour)
                if x == 0:
                    for dy in range(PLANK):
                        out.put(px, y + dy, shade(base, 0.24))
                if x == 1:
                    for dy in range(1, PLANK - 1):
                        out.put(px, y + dy, glow(base, 0.1))
            for sx, sy, length in streaks:
                for i in range(length):
                    px = (start + min(sx + i, width // 2 - 2) + 1) % width
                    out.put(px, y + sy, shade(base, 0.07))
            out.put((start + 3) % width, y + 3, shade(base, 0.22))
    return out


def parquet(tones: Ramp, level: int, seed: int) -> Canvas:
    """Basket-weave parquet of 16 px squares; repeats every 64 px."""
    rng = Random(seed)
    out = Canvas(64, 64)
    for square in range(16):
        x, y = square % 4 * 16, square // 4 * 16
        for strip in range(4):
            base = mix(tones[level], tones[level + 1], rng.choice((0.0, 0.15, 0.3, 0.45)))
            if (square + square // 4) % 2:
                out.rect(x, y + strip * 4, 16, 4, base)
                out.rect(x, y + strip * 4, 16, 1, glow(base, 0.1))
                out.rect(x, y + strip * 4 + 3, 16, 1, shade(base, 0.14))
                out.rect(x + 15, y + strip * 4, 1, 4, shade(base, 0.18))
            else:
                out.rect(x + strip * 4, y, 4, 16, base)
                out.rect(x + strip * 4, y, 1, 16, glow(base, 0.1))
                out.rect(x + strip * 4 + 3, y, 1, 16, shade(base, 0.14))
                out.rect(x + strip * 4, y + 15, 4, 1, shade(base, 0.18))
    return out


def carpet(tones: Ramp, level: int, seed: int) -> Canvas:
    """Woven carpet tiles of 32 px with a quiet pattern; repeats every 64 px."""
    rng = Random(seed)
    out = Canvas(64, 64)
    for y in range(64):
        for x in range(64):
            base = tones[level] if (x // 32 + y // 32) % 2 else mix(tones[level], tones[level + 1], 0.16)
            if (x + y) % 4 == 0 and (x - y) % 8 in (0, 4):
                base = mix(base, tones[level + 1], 0.4)
            elif (x + 2 * y) % 8 == 5:
                base = shade(base, 0.06)
            out.put(x, y, base)
    for _ in range(24):
        x, y = rng.randrange(64), rng.randrange(64)
        out.put(x, y, glow(tones[level], 0.18))
    return out


def stone_tiles(tones: Ramp, level: int, seed: int) -> Canvas:
    """Square floor tiles of 16 px; repeats every 64 px."""
    rng = Random(seed)
    out = Canvas(64, 64)
    for square in range(16):
        x, y = square % 4 * 16, square // 4 * 16
        base = mix(tones[level], tones[level + 1], rng.choice((0.0, 0.2, 0.4, 0.6)))
        out.rect(x, y, 16, 16, base)
        out.rect(x, y, 15, 1, glow(base, 0.25))
        out.rect(x, y, 1, 15, glow(base, 0.18))
        out.rect(x + 15, y, 1, 16, shade(base, 0.25))
        out.rect(x, y + 15, 16, 1, shade(base, 0.25))
        if rng.random() < 0.5:
            sx, sy = x + rng.randint(3, 8), y + rng.randint(4, 11)
            out.rect(sx, sy, rng.randint(2, 5), 1, glow(base, 0.2))
    return out


def tile_over(target: Canvas, pattern: Canvas, x: int, y: int, width: int, height: int) -> None:
    """Fill a rectangle with a pattern that is anchored at 0, 0 of the map."""
    area = Canvas(width, height)
    for py in range(-(y % pattern.height), height, pattern.height):
        for px in range(-(x % pattern.width), width, pattern.width):
            area.stamp(pattern, px, py)
    target.stamp(area, x, y)


# --- walls -------------------------------------------------------------------------------------


def cap(target: Canvas, x: int, y: int, width: int, height: int) -> None:
    """The upper side of a wall."""
    target.rect(x, y, width, height, CAP[3])


def cap_edges(scene: Scene, is_cap: Canvas) -> None:
    """Light and dark edges around everything painted into `is_cap`, then laid on the walls."""
    for y in range(is_cap.height):
        for x in range(is_cap.width):
            if not is_cap.get(x, y)[3]:
                continue
            up, down = is_cap.get(x, y - 1)[3], is_cap.get(x, y + 1)[3]
            left, right = is_cap.get(x - 1, y)[3], is_cap.get(x + 1, y)[3]
            tone = CAP[3]
            if not up or not left:
                tone = CAP[5]
            elif not down or not right:
                tone = CAP[1]
            elif not is_cap.get(x, y - 2)[3] or not is_cap.get(x - 2, y)[3]:
                tone = CAP[4]
            elif not is_cap.get(x, y + 2)[3] or not is_cap.get(x + 2, y)[3]:
                tone = CAP[2]
            scene.walls.put(x, y, tone)


def face(target: Canvas, x: int, y: int, width: int, height: int, tint: Ramp = PLASTER) -> None:
    """The side of a wall that looks at us: plaster, panelling below, skirting board."""
    target.rect(x, y, width, height, tint[3])
    target.rect(x, y, width, 3, tint[1])
    target.rect(x, y + 3, width, 2, tint[2])
    panel = 12 if height > 40 else 9
    top = y + height - panel - 5
    target.rect(x, top - 1, width, 1, tint[2])
    target.rect(x, top, width, 2, PALE_WOOD[3])
    target.rect(x, top, width, 1, PALE_WOOD[4])
    target.rect(x, top + 2, width, panel - 2, PALE_WOOD[2])
    for px in range(x - x % 8, x + width, 8):
        if px >= x:
            target.rect(px, top + 2, 1, panel - 2, PALE_WOOD[1])
            if px + 1 < x + width:
                target.rect(px + 1, top + 2, 1, panel - 2, PALE_WOOD[3])
    base = y + height - 5
    target.rect(x, base, width, 5, WOOD[2])
    target.rect(x, base, width, 1, WOOD[4])
    target.rect(x, base + 4, width, 1, WOOD[0])


def foot_shadow(scene: Scene, x: int, y: int, width: int, depth: int = 9) -> None:
    """The shadow that a face throws on the floor before it."""
    scene.floor.rect(x, y, width, depth, shadow(38))
    scene.floor.rect(x, y, width, depth // 2, shadow(44))


def side_shadow(scene: Scene, x: int, y: int, height: int, depth: int = 8) -> None:
    """The shadow of a wall on the floor to its right."""
    scene.floor.rect(x, y, depth, height, shadow(34))
    scene.floor.rect(x, y, depth // 2, height, shadow(40))


# --- windows, doors, light -----------------------------------------------------------------------


def window(width: int = 52, height: int = 26, rng: Random | None = None) -> Canvas:
    """A window with sky, a line of trees and a wooden sill."""
    rng = rng or Random(3)
    out = Canvas(width, height + 4)
    out.rounded(0, 0, width, height, WOOD[1], 1)
    out.rect(1, 1, width - 2, 2, WOOD[3])
    out.rect(2, 2, width - 4, height - 4, WATER[4])
    sky = height - 4
    for y in range(sky):
        out.rect(2, 2 + y, width - 4, 1, mix(WATER[3], glow(WATER[5], 0.4), y / sky))
    for x in range(2, width - 2):
        hill = 5 + int(3 * abs(((x * 7 + rng.randrange(3)) % 26) - 13) / 13)
        out.rect(x, height - 2 - hill, 1, hill, mix(LEAF[3], WATER[4], 0.35))
        if (x * 5) % 9 < 5:
            out.rect(x, height - 2 - hill + 3, 1, hill - 3, mix(LEAF[2], WATER[3], 0.25))
    for x in range(8, width - 10, 17):
        out.rect(x, 6 + x % 3, 7, 2, rgb("fdfaf2", 190))
        out.rect(x + 2, 5 + x % 3, 4, 1, rgb("fdfaf2", 190))
    panes = max(2, width // 24)
    for i in range(1, panes):
        x = 1 + i * (width - 2) // panes
        out.rect(x - 1, 2, 2, height - 4, WOOD[2])
        out.rect(x - 1, 2, 1, height - 4, WOOD[4])
    for i in range(panes):
        x = 4 + i * (width - 2) // panes
        for k in range(6):
            out.rect(x + 6 - k, 4 + k, 2, 1, rgb("fdfaf2", 90))
    out.rect(0, height - 2, width, 1, WOOD[0])
    out.rect(0, height - 1, width, 3, PALE_WOOD[4])
    out.rect(0, height - 1, width, 1, PALE_WOOD[5])
    out.rect(0, height + 2, width, 1, PALE_WOOD[1])
    return out


def sunbeam(scene: Scene, x: int, y: int, width: int, length: int, panes: int) -> None:
    """Light of a window on the floor: leaning panes of warm light."""
    one = (width - (panes - 1) * 4) // panes
    for i in range(panes):
        left = x + i * (one + 4)
        for dy in range(length):
            fade = 1 - dy / length
            alpha = int(16 + 44 * fade * fade)
            # In steps, as pixel art has no gradients.
            alpha -= alpha % 8
            start = left + dy * 2 // 5
            for dx in range(one):
                scene.floor.dot(start + dx, y + dy, (255, 228, 160, alpha))


def door_post(height: int) -> Canvas:
    """One side of a door frame."""
    out = Canvas(6, height)
    out.rect(0, 0, 6, height, WOOD[3])
    out.rect(0, 0, 1, height, WOOD[5])
    out.rect(1, 0, 1, height, WOOD[4])
    out.rect(5, 0, 1, height, WOOD[1])
    out.rect(0, 0, 6, 2, WOOD[4])
    out.rect(0, height - 1, 6, 1, WOOD[0])
    return out


def doorway(scene: Scene, column: int, row: int, columns: int, wall_top: int, mat: Ramp = TEAL) -> None:
    """A gap in a wall: posts, a threshold and a mat on the side of the hall."""
    x, width = column * 32, columns * 32
    y = row * 32
    scene.floor.rect(x, y, width, 32, WOOD[2])
    for i in range(0, 32, 8):
        scene.floor.rect(x, y + i, width, 1, WOOD[3])
        scene.floor.rect(x, y + i + 7, width, 1, WOOD[1])
    scene.floor.rect(x, y, width, 2, STONE[3])
    scene.floor.rect(x, y + 30, width, 2, STONE[2])
    scene.floor.rect(x, y, 7, 32, shadow(60))
    post = door_post(y + 32 - wall_top)
    for px in (x - 4, x + width - 2):
        low = 34
        scene.walls.stamp(post.part(0, post.height - low, 6, low), px, y + 32 - low)
        scene.above.stamp(post.part(0, 0, 6, post.height - low), px, wall_top)
    mat_y = y + 38
    scene.floor.rect(x + 9, mat_y + 1, width - 16, 17, shadow(60))
    scene.floor.rounded(x + 8, mat_y, width - 16, 16, mat[1], 1)
    scene.floor.rect(x + 10, mat_y + 2, width - 20, 12, mat[2])
    for px in range(x + 12, x + width - 12, 4):
        scene.floor.rect(px, mat_y + 5, 2, 6, mat[3])


def name_plate(tones: Ramp) -> Canvas:
    """A little sign beside a door."""
    out = Canvas(16, 9)
    out.rounded(0, 0, 16, 9, NAVY[0], 1)
    out.rect(1, 1, 14, 6, tones[2])
    out.rect(1, 1, 14, 1, tones[4])
    out.rect(3, 3, 8, 1, tones[5])
    out.rect(3, 5, 6, 1, tones[4])
    return out
