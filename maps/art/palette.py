"""The colours: ramps from dark to light whose shadows turn to violet and whose lights turn to yellow.

Everything is painted from these, so that office, park and people belong to one world. Nothing is pure
black, white or grey.
"""

from __future__ import annotations

from typing import TypeAlias

Colour: TypeAlias = tuple[int, int, int, int]
Ramp: TypeAlias = tuple[Colour, ...]


def rgb(text: str, alpha: int = 255) -> Colour:
    """`rrggbb` as a colour."""
    return int(text[0:2], 16), int(text[2:4], 16), int(text[4:6], 16), alpha


def ramp(text: str) -> Ramp:
    """Colours separated by blanks, dark to light."""
    return tuple(rgb(word) for word in text.split())


def mix(a: Colour, b: Colour, part: float) -> Colour:
    """`a` with `part` (0..1) of `b`; keeps the alpha of `a`."""
    return (
        round(a[0] + (b[0] - a[0]) * part),
        round(a[1] + (b[1] - a[1]) * part),
        round(a[2] + (b[2] - a[2]) * part),
        a[3],
    )


DUSK = rgb("2e1f47")  # what shadows turn to
SUN = rgb("fff0b8")  # what lights turn to


def shade(colour: Colour, amount: float = 0.3) -> Colour:
    """Darker, towards violet."""
    return mix(colour, DUSK, amount)


def glow(colour: Colour, amount: float = 0.3) -> Colour:
    """Lighter, towards sunlight."""
    return mix(colour, SUN, amount)


def shadow(alpha: int) -> Colour:
    """The colour of a cast shadow."""
    return DUSK[0], DUSK[1], DUSK[2], alpha


WOOD = ramp("46283a 693c3f 8d5945 b17b52 d09e6a e9c48f")
PALE_WOOD = ramp("6d4a4b 94705c bd9771 d9b98b ecd6a9 f7e9c7")
DARK_WOOD = ramp("2f1f33 452c3c 613f44 80574e 9f7459 bd946c")
PLASTER = ramp("83738a b3a0a3 d8c6b4 ebdfc8 f5eddb fcf8ec")
CAP = ramp("3a2d4b 4b3c5c 5f4f70 776786 93849c b3a6b5")
TEAL = ramp("1d3a4c 26566a 357a82 55a196 86c4a9 bfe3c4")
CORAL = ramp("5a2747 8b3a55 bf5560 e07d6f f2a68a fbd0b0")
NAVY = ramp("22264a 303c6c 465891 6a80b3 98aed2 c9d8ea")
PLUM = ramp("35244f 513470 744f93 9a74b2 c09fce e2cbe4")
MUSTARD = ramp("6b3f35 9a6436 cb913f edbb58 f9da86 fdf0bd")
LEAF = ramp("1d3544 25534a 377651 579b55 8abf61 c4de82")
PINE = ramp("1a2c44 1f454d 2b6453 46855a 72a868 a9c985")
AUTUMN = ramp("5b2740 8c3f42 bd6244 e28f50 f5bd69 fbe09b")
BLOSSOM = ramp("6a3560 9c4f7f cb769b e8a0b4 f7c9cf fde8e4")
GRASS = ramp("35694f 47824f 5b9a54 71ae5c 8cc168 aed47f")
STONE = ramp("46405f 645f7c 868199 aaa6b4 cbc8cb e6e3de")
SAND = ramp("7d5a56 a98468 caa77c e0c597 f0ddb7 f9efd5")
WATER = ramp("22406f 2c5d8d 3c82aa 5ca9c4 8fd0d8 cdeeea")
METAL = ramp("26243b 3a3a55 575a75 7f8599 adb5c0 dde3e6")
CREAM = ramp("8a6f7d b89e98 dcc7b2 efe2cb f8f1e1 fdfaf2")
SCREEN = ramp("1b2140 24345f 2f5a8c 4690b8 7cc8d8 c9f2ee")
SKIN = (
    ramp("7a4250 b8715f e3a27c f6cba0"),
    ramp("6b3547 9f5b51 c98663 e5b088"),
    ramp("4d2740 7a4347 a3644f c48a66"),
    ramp("371f38 57303f 7b4846 9c6854"),
)
