"""A small picture to paint a thing on, pixel by pixel: rectangles, discs, polygons, outlines, light.

Coordinates are px from the top left, ranges are inclusive of the first and exclusive of the last px.
No anti-aliasing: this is pixel art. Chance comes from a seeded `random.Random` only.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any

from PIL import Image, ImageDraw

from maps.art.palette import Colour, Ramp, glow, shade, shadow

CLEAR = (0, 0, 0, 0)


class Canvas:
    """An RGBA picture with painter's tools. Painting with a translucent colour blends."""

    def __init__(self, width: int, height: int, image: Image.Image | None = None) -> None:
        self.image = image if image is not None else Image.new("RGBA", (width, height), CLEAR)
        self.width, self.height = self.image.size
        self._px: Any = self.image.load()

    def get(self, x: int, y: int) -> Colour:
        """The colour of a pixel; clear outside."""
        if 0 <= x < self.width and 0 <= y < self.height:
            colour: Colour = self._px[x, y]
            return colour
        return CLEAR

    def dot(self, x: int, y: int, colour: Colour) -> None:
        """One pixel, blended when translucent."""
        if not (0 <= x < self.width and 0 <= y < self.height):
            return
        alpha = colour[3]
        if alpha == 255:
            self._px[x, y] = colour
            return
        r, g, b, a = self._px[x, y]
        out = alpha + a * (255 - alpha) // 255
        if out == 0:
            return
        part = alpha / out
        self._px[x, y] = (
            round(r + (colour[0] - r) * part),
            round(g + (colour[1] - g) * part),
            round(b + (colour[2] - b) * part),
            out,
        )

    def put(self, x: int, y: int, colour: Colour) -> None:
        """One pixel, replaced (also by a clear one)."""
        if 0 <= x < self.width and 0 <= y < self.height:
            self._px[x, y] = colour

    def rect(self, x: int, y: int, width: int, height: int, colour: Colour) -> None:
        """A filled rectangle."""
        if width <= 0 or height <= 0:
            return
        if colour[3] == 255:
            self.image.paste(colour, (x, y, x + width, y + height))
            return
        for py in range(y, y + height):
            for px in range(x, x + width):
                self.dot(px, py, colour)

    def frame(self, x: int, y: int, width: int, height: int, colour: Colour) -> None:
        """The border of a rectangle, one px wide."""
        self.rect(x, y, width, 1, colour)
        self.rect(x, y + height - 1, width, 1, colour)
        self.rect(x, y, 1, height, colour)
        self.rect(x + width - 1, y, 1, height, colour)

    def rounded(self, x: int, y: int, width: int, height: int, colour: Colour, radius: int = 2) -> None:
        """A filled rectangle with its corners cut."""
        for row in range(height):
            cut = max(0, radius - min(row, height - 1 - row))
            cut = (cut * 2 + 1) // 3 if cut > 1 else cut
            self.rect(x + cut, y + row, width - 2 * cut, 1, colour)

    def disc(self, cx: float, cy: float, rx: float, ry: float, colour: Colour) -> None:
        """A filled ellipse."""
        for y in range(int(cy - ry) - 1, int(cy + ry) + 2):
            for x in range(int(cx - rx) - 1, int(cx + rx) + 2):
                if ((x + 0.5 - cx) / rx) ** 2 + ((y + 0.5 - cy) / ry) ** 2 <= 1:
                    self.dot(x, y, colour)

    def poly(self, points: Iterable[tuple[int, int]], colour: Colour) -> None:
        """A filled polygon."""
        if colour[3] == 255:
            ImageDraw.Draw(self.image).polygon(list(points), fill=colour)
            return
        layer = Image.new("RGBA", self.image.size, CLEAR)
        ImageDraw.Draw(layer).polygon(list(points), fill=colour)
        self.image.alpha_composite(layer)

    def line(self, x0: int, y0: int, x1: int, y1: int, colour: Colour) -> None:
        """A straight line of one px."""
        steps = max(abs(x1 - x0), abs(y1 - y0), 1)
        for i in range(steps + 1):
            self.dot(x0 + round((x1 - x0) * i / steps), y0 + round((y1 - y0) * i / steps), colour)

    def stamp(self, other: Canvas, x: int, y: int) -> None:
        """Lay another picture over this one."""
        box = (max(x, 0), max(y, 0), min(x + other.width, self.width), min(y + other.height, self.height))
        if box[0] >= box[2] or box[1] >= box[3]:
            return
        part = other.image.crop((box[0] - x, box[1] - y, box[2] - x, box[3] - y))
        self.image.alpha_composite(part, (box[0], box[1]))

    def part(self, x: int, y: int, width: int, height: int) -> Canvas:
        """A copy of a rectangle."""
        return Canvas(width, height, self.image.crop((x, y, x + width, y + height)))

    def flipped(self) -> Canvas:
        """Left and right exchanged."""
        turned = self.image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        return Canvas(self.width, self.height, turned)

    # --- finishing -------------------------------------------------------------------------------

    def outline(self, amount: float = 0.55) -> Canvas:
        """Darken the border pixels of the painted form, each from its own colour. Returns self."""
        edge = [
            (x, y)
            for y in range(self.height)
            for x in range(self.width)
            if self._px[x, y][3] > 200
            and any(self.get(x + dx, y + dy)[3] <= 200 for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)))
        ]
        for x, y in edge:
            self._px[x, y] = shade(self._px[x, y], amount)
        return self

    def ground_shadow(self, cx: float, cy: float, rx: float, ry: float, alpha: int = 70) -> Canvas:
        """A soft shadow below what is painted already. Returns self."""
        below = Canvas(self.width, self.height)
        below.disc(cx, cy, rx, ry, shadow(alpha // 2))
        below.disc(cx - 0.5, cy - 0.5, rx * 0.78, ry * 0.72, shadow(alpha // 2))
        below.image.alpha_composite(self.image)
        self.image.paste(below.image)
        self._px = self.image.load()
        return self

    # --- forms with light from the top left --------------------------------------------------------

    def slab(self, x: int, y: int, width: int, top: int, front: int, tones: Ramp, level: int = 3) -> None:
        """A box seen from above: a top of `top` px, a front of `front` px below it."""
        self.rect(x, y, width, top, tones[level])
        self.rect(x, y, width, 1, tones[min(level + 2, len(tones) - 1)])
        self.rect(x, y + 1, 1, top - 1, tones[level + 1])
        self.rect(x + width - 1, y + 1, 1, top - 1, tones[level - 1])
        self.rect(x, y + top - 1, width, 1, tones[level + 1])
        self.rect(x, y + top, width, front, tones[level - 1])
        self.rect(x, y + top, width, 1, tones[max(level - 2, 0)])
        self.rect(x, y + top + front - 1, width, 1, tones[max(level - 2, 0)])
        self.rect(x + width - 1, y + top, 1, front, tones[max(level - 2, 0)])

    def grain(self, rng: Random, x: int, y: int, width: int, height: int, colour: Colour, count: int) -> None:
        """Short horizontal streaks, as in wood."""
        for _ in range(count):
            length = rng.randint(2, max(3, width // 4))
            px = x + rng.randrange(max(1, width - length))
            self.rect(px, y + rng.randrange(height), length, 1, colour)

    def ball(self, cx: float, cy: float, radius: float, tones: Ramp, squash: float = 1.0) -> None:
        """A sphere lit from the top left with the tones from dark to light."""
        steps = len(tones)
        for i, tone in enumerate(tones):
            k = 1 - i / steps
            off = radius * (1 - k) * 0.42
            self.disc(cx - off, cy - off * squash, radius * k, radius * k * squash, tone)


def light_edge(canvas: Canvas, amount: float = 0.35) -> Canvas:
    """Lighten pixels whose upper and left neighbours are clear: light from the top left."""
    edge = [
        (x, y)
        for y in range(canvas.height)
        for x in range(canvas.width)
        if canvas.get(x, y)[3] > 200 and canvas.get(x, y - 1)[3] <= 200
    ]
    for x, y in edge:
        canvas.put(x, y, glow(canvas.get(x, y), amount))
    return canvas


def cast_shadow(out: Canvas, x: int, y: int, width: int, height: int, alpha: int = 64) -> None:
    """The shadow of a box: to the right and below."""
    for i in range(height):
        out.rect(x + min(i, 3), y + i, width, 1, shadow(alpha if i < height - 2 else alpha // 2))
