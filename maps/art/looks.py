"""Who there is: looks, put together from layers and ramps of colour, and the frame they are painted in.

The feet's centre is at FEET in each picture.
"""

from __future__ import annotations

from dataclasses import dataclass

from maps.art.canvas import Canvas
from maps.art.palette import (
    AUTUMN,
    BLOSSOM,
    CORAL,
    CREAM,
    DARK_WOOD,
    LEAF,
    MUSTARD,
    NAVY,
    PLUM,
    SKIN,
    STONE,
    TEAL,
    WOOD,
    Ramp,
    rgb,
)

WIDTH, HEIGHT = 32, 48
FEET = (16, 43)
DIRECTIONS = ("down", "left", "right", "up")
# Standing, then a walk: left foot, passing, right foot, passing.
FRAMES = ("idle", "walk_1", "walk_2", "walk_3", "walk_4")
INK = rgb("2a1f3d")


STYLES = ("short", "bob", "long", "bun", "curls", "tail", "cap", "scarf", "spiky", "bald")
TOPS = ("tee", "hoodie", "jacket", "dress", "dungarees")
EXTRAS = ("", "glasses", "beard", "headphones", "flower")


@dataclass(frozen=True)
class Look:
    """One person's appearance."""

    name: str
    title: str
    skin: Ramp
    hair: Ramp
    style: str  # one of STYLES
    top: str  # one of TOPS
    cloth: Ramp
    legs: Ramp
    shoes: Ramp = DARK_WOOD
    extra: str = ""  # one of EXTRAS
    sleeve: Ramp | None = None  # other than follows from the top


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


def sleeves(k: Look) -> Ramp:
    """The colours of sleeves."""
    if k.sleeve is not None:
        return k.sleeve
    return CREAM if k.top == "dungarees" else k.cloth


def flower(b: Canvas, x: int, y: int) -> None:
    """A flower in the hair."""
    for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        b.dot(x + dx, y + dy, BLOSSOM[5])
    b.dot(x, y, MUSTARD[3])
