"""The parts that people put their own avatar together from, as layers that a client paints over each other.

Where a part has a colour to choose, its pixels hold a marker instead: (MARKER_RED, 16 * ramp + level,
MARKER_BLUE). The client puts in the tones of the chosen ramp, then draws the border and the shadow as
`maps.art.avatars` does.
A layer has three rows (down, left, up; right is left turned over) of FRAMES pictures.
"""

from __future__ import annotations

from typing import Any

from maps.art.avatars import bare
from maps.art.canvas import CLEAR, Canvas
from maps.art.looks import EXTRAS, FRAMES, HEIGHT, LOOKS, STYLES, TOPS, WIDTH, Look
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
    PINE,
    PLUM,
    SKIN,
    STONE,
    TEAL,
    WOOD,
    Colour,
    Ramp,
    shade,
)
from maps.avatar_code import code

# Name → tones: for hair, clothes and shoes alike.
COLOURS: dict[str, Ramp] = {
    "brown": WOOD,
    "black": DARK_WOOD,
    "auburn": AUTUMN,
    "gold": MUSTARD,
    "grey": STONE,
    "cream": CREAM,
    "coral": CORAL,
    "pink": BLOSSOM,
    "plum": PLUM,
    "navy": NAVY,
    "teal": TEAL,
    "green": LEAF,
    "pine": PINE,
    "slate": METAL,
}
RAMPS = ("skin", "hair", "cloth", "sleeve", "legs", "shoes")
# Eyebrows are the hair's second tone, shaded: a level of their own.
BROW = 7
MARKER_RED, MARKER_BLUE = 254, 3
ROWS = ("down", "left", "up")
# What lies below the hair, and what above it.
BELOW_HAIR = ("glasses", "beard")


def _marker(name: str, level: int) -> Colour:
    return MARKER_RED, 16 * RAMPS.index(name) + level, MARKER_BLUE, 255


def _ramp(name: str, levels: int = 6) -> Ramp:
    return tuple(_marker(name, level) for level in range(levels))


def _look(style: str, top: str, extra: str) -> Look:
    return Look(
        *("", "", _ramp("skin", 4), _ramp("hair"), style, top),
        *(_ramp("cloth"), _ramp("legs"), _ramp("shoes"), extra),
        sleeve=CREAM if top == "dungarees" else _ramp("sleeve"),
    )


def _painted(style: str = "bald", top: str = "tee", extra: str = "") -> Canvas:
    out = Canvas(WIDTH * len(FRAMES), HEIGHT * len(ROWS))
    look = _look(style, top, extra)
    for row, direction in enumerate(ROWS):
        for column in range(len(FRAMES)):
            out.stamp(bare(look, direction, column), column * WIDTH, row * HEIGHT)
    brow = shade(_marker("hair", 1), 0.2)
    for y in range(out.height):
        for x in range(out.width):
            if out.get(x, y) == brow:
                out.put(x, y, _marker("hair", BROW))
    return out


def _added(whole: Canvas, base: Canvas) -> Canvas:
    """What of `whole` is not in `base`."""
    out = Canvas(whole.width, whole.height)
    for y in range(whole.height):
        for x in range(whole.width):
            colour = whole.get(x, y)
            out.put(x, y, colour if colour != base.get(x, y) else CLEAR)
    return out


def layers() -> dict[str, Canvas]:
    """All layers by name: `top:tee`, `style:bob`, `extra:beard`."""
    base = _painted()
    return {
        **{f"top:{top}": _painted(top=top) for top in TOPS},
        **{f"style:{style}": _added(_painted(style), base) for style in STYLES if style != "bald"},
        **{f"extra:{extra}": _added(_painted(extra=extra), base) for extra in EXTRAS if extra},
    }


def atlas() -> Canvas:
    """All layers below each other."""
    parts = list(layers().values())
    out = Canvas(parts[0].width, sum(part.height for part in parts))
    for index, part in enumerate(parts):
        out.stamp(part, 0, index * part.height)
    return out


def manifest() -> dict[str, Any]:
    """What a client needs to paint a look, and the looks that are there to begin with."""
    names = [f"top:{top}" for top in TOPS]
    names += [f"style:{style}" for style in STYLES if style != "bald"]
    names += [f"extra:{extra}" for extra in EXTRAS if extra]
    return {
        "layers": names,
        "ramps": list(RAMPS),
        "brow": BROW,
        "marker": [MARKER_RED, MARKER_BLUE],
        "below_hair": list(BELOW_HAIR),
        "skins": [[_hex(tone) for tone in ramp] for ramp in SKIN],
        "colours": [{"name": name, "tones": [_hex(tone) for tone in ramp]} for name, ramp in COLOURS.items()],
        "styles": list(STYLES),
        "tops": list(TOPS),
        "extras": list(EXTRAS),
        "looks": {look.name: code_of(look) for look in LOOKS},
    }


def code_of(look: Look) -> str:
    """The name under which people find a look of ours to change it."""
    ramps = list(COLOURS.values())
    return code(
        skin=SKIN.index(look.skin),
        hair=ramps.index(look.hair),
        style=STYLES.index(look.style),
        top=TOPS.index(look.top),
        cloth=ramps.index(look.cloth),
        legs=ramps.index(look.legs),
        shoes=ramps.index(look.shoes),
        extra=EXTRAS.index(look.extra),
    )


def _hex(colour: Colour) -> str:
    return "".join(f"{part:02x}" for part in colour[:3])
