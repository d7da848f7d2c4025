"""Evening: a sky over a city's roofs, lights on strings, and the light of lamps on what is painted already.

A map is painted as by day; `light` then lays the evening over all its layers, and lamps take it away again.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from maps.art.canvas import Canvas
from maps.art.palette import METAL, MUSTARD, Colour, mix, rgb, shadow
from maps.art.scene import PAINTED, Scene

# From the zenith to the horizon.
SKY = tuple(rgb(tone) for tone in ("1b1a3a", "2a2456", "4a3170", "7d4482", "bf5f7c", "ee9471", "fbd08c"))
FAR_HOUSES, NEAR_HOUSES = rgb("4b3566"), rgb("2a2146")
LIT = (rgb("ffd98a"), rgb("f7b267"), rgb("fff0c4"))
BULBS = (MUSTARD[5], rgb("ffc27a"), rgb("ffe0a3"))
# What colours become out of the light, and in it (parts of 255).
EVENING, LAMPLIGHT = (150, 142, 198), (255, 240, 214)


@dataclass(frozen=True)
class Lamp:
    """A light at (x, y) that reaches `radius` px; `strength` 0..1."""

    x: int
    y: int
    radius: int
    strength: float = 1.0


def sky(target: Canvas, height: int, seed: int) -> None:
    """The upper `height` px: stars, a moon, and two rows of houses against the last light."""
    rng = Random(seed)
    width = target.width
    for y in range(height):
        place = y / height * (len(SKY) - 1)
        low = int(place)
        # In steps of four: a sky of few colours, as everything here is.
        part = int((place - low) * 4) / 4
        target.rect(0, y, width, 1, mix(SKY[low], SKY[min(low + 1, len(SKY) - 1)], part))
    for _ in range(width // 9):
        x, y = rng.randrange(width), int(rng.random() ** 2 * height * 0.62)
        target.dot(x, y, (255, 244, 214, rng.choice((90, 150, 230))))
    moon = width * 3 // 4
    target.disc(moon, 26, 13, 13, rgb("fff3d0"))
    target.disc(moon + 5, 23, 11, 11, SKY[1])
    _houses(target, rng, height, FAR_HOUSES, (20, 52), (18, 40), 0.12)
    _houses(target, rng, height, NEAR_HOUSES, (34, 66), (8, 30), 0.3)


def _houses(
    target: Canvas,
    rng: Random,
    foot: int,
    colour: Colour,
    widths: tuple[int, int],
    heights: tuple[int, int],
    lit: float,
) -> None:
    x = -rng.randrange(20)
    while x < target.width:
        width, height = rng.randint(*widths), rng.randint(*heights) + 14
        top = foot - height
        target.rect(x, top, width, height, colour)
        target.rect(x, top, width, 1, mix(colour, SKY[4], 0.35))
        kind = rng.randrange(4)
        if kind == 0:
            target.rect(x + width // 2, top - 10, 2, 10, colour)  # an aerial
            target.dot(x + width // 2, top - 11, rgb("ff7b6b"))
        elif kind == 1:
            target.rect(x + 6, top - 6, width // 3, 6, colour)
        elif kind == 2:
            target.poly([(x, top), (x + width // 2, top - 8), (x + width, top)], colour)
        for wy in range(top + 4, foot - 4, 7):
            for wx in range(x + 4, x + width - 5, 7):
                if rng.random() < lit:
                    target.rect(wx, wy, 3, 4, rng.choice(LIT))
        x += width + rng.randrange(3)


def string_lights(scene: Scene, start: tuple[int, int], end: tuple[int, int], sag: int) -> list[Lamp]:
    """A string of bulbs that hangs between two places, above everybody. Returns the lights on it."""
    (x0, y0), (x1, y1) = start, end
    steps = max(abs(x1 - x0), abs(y1 - y0))
    lamps: list[Lamp] = []
    for k in range(steps + 1):
        part = k / steps
        x = round(x0 + (x1 - x0) * part)
        y = round(y0 + (y1 - y0) * part + sag * 4 * part * (1 - part))
        scene.above.dot(x, y, METAL[0])
        if k % 24 == 12:
            bulb = BULBS[(k // 24) % len(BULBS)]
            scene.above.rect(x, y + 1, 1, 2, METAL[1])
            scene.above.disc(x + 0.5, y + 5, 2.6, 3.2, bulb)
            lamps.append(Lamp(x, y + 26, 62, 0.5))
    return lamps


def cinema_screen() -> Canvas:
    """A film on a cloth between two posts: a boat on a lake under a sun that goes down, 150 x 96 px."""
    out = Canvas(154, 98)
    for x in (4, 144):
        out.rect(x, 2, 5, 94, METAL[2])
        out.rect(x, 2, 1, 94, METAL[4])
    out.rect(8, 4, 138, 74, METAL[0])
    for y in range(70):
        out.rect(10, 6 + y, 134, 1, mix(SKY[3], SKY[6], int(min(y / 44, 1) * 6) / 6))
    out.disc(92, 46, 13, 13, rgb("fff0c4"))
    out.poly([(10, 50), (34, 30), (58, 48), (80, 38), (104, 50)], SKY[3])
    out.poly([(70, 50), (112, 32), (143, 46), (143, 50)], SKY[2])
    out.rect(10, 50, 134, 26, SKY[2])
    for y in range(52, 76, 4):
        out.rect(82 - (y - 52) // 2, y, 20 + y - 52, 1, SKY[5])
    out.poly([(40, 60), (60, 60), (56, 66), (44, 66)], SKY[0])
    out.poly([(50, 42), (50, 58), (60, 58)], rgb("fff0c4"))
    out.rect(10, 6, 134, 1, (255, 255, 255, 70))
    return out


def pole(height: int = 104) -> Canvas:
    """What strings of lights hang from, in a tub."""
    out = Canvas(26, height)
    out.ground_shadow(13, height - 5, 11, 4)
    out.rect(12, 2, 3, height - 16, METAL[2])
    out.rect(12, 2, 1, height - 16, METAL[4])
    out.rect(10, 0, 7, 3, METAL[3])
    out.slab(4, height - 18, 18, 4, 12, METAL, 3)
    return out


def light(scene: Scene, lamps: list[Lamp], below: int) -> None:
    """Lay the evening over all that lies below `below` px, and take it away where lamps shine."""
    width, height = scene.floor.width, scene.floor.height
    shine = Image.new("L", (width, height), 0)
    for lamp in lamps:
        pool = Image.new("L", (width, height), 0)
        box = (
            lamp.x - lamp.radius,
            lamp.y - lamp.radius * 4 // 5,
            lamp.x + lamp.radius,
            lamp.y + lamp.radius * 4 // 5,
        )
        ImageDraw.Draw(pool).ellipse(box, fill=round(235 * lamp.strength))
        reach = max(lamp.radius // 3, 6)
        around = (
            max(box[0] - 2 * reach, 0),
            max(box[1] - 2 * reach, 0),
            box[2] + 2 * reach,
            box[3] + 2 * reach,
        )
        soft = pool.crop(around).filter(ImageFilter.GaussianBlur(reach))
        spot = Image.new("L", (width, height), 0)
        spot.paste(soft, around[:2])
        shine = ImageChops.add(shine, spot)
    # A dozen steps of light, so that tiles repeat and nothing looks airbrushed.
    shine = shine.point([min(255, level // 20 * 20) for level in range(256)])
    whole = (0, below, width, height)
    for name in PAINTED:
        image = scene.layers[name].image
        part = image.crop(whole)
        alpha = part.getchannel("A")
        plain = part.convert("RGB")
        dark = ImageChops.multiply(plain, Image.new("RGB", plain.size, EVENING))
        lit = ImageChops.multiply(plain, Image.new("RGB", plain.size, LAMPLIGHT))
        shown = Image.composite(lit, dark, shine.crop(whole))
        shown.putalpha(alpha)
        image.paste(shown, (0, below))


def parapet(scene: Scene, x: int, y: int, width: int, tones: tuple[Colour, ...]) -> None:
    """A low wall along the back of a roof, its upper side and the side that looks at us."""
    scene.walls.rect(x, y, width, 8, tones[4])
    scene.walls.rect(x, y, width, 1, tones[5])
    scene.walls.rect(x, y + 8, width, 22, tones[2])
    scene.walls.rect(x, y + 8, width, 2, tones[1])
    for bx in range(x, x + width, 24):
        scene.walls.rect(bx, y + 10, 1, 19, tones[1])
        scene.walls.rect(bx + 12, y + 19, 1, 10, tones[1])
    scene.walls.rect(x, y + 18, width, 1, tones[1])
    scene.walls.rect(x, y + 29, width, 1, tones[0])
    scene.floor.rect(x, y + 30, width, 7, shadow(60))
