"""The people: 32 x 48 px, four directions, a standing and four walking pictures each.

Rows of a sheet are DIRECTIONS, columns are FRAMES.
"""

from __future__ import annotations

from typing import Any

from maps.art.canvas import Canvas
from maps.art.figure_front import paint_front_or_back
from maps.art.figure_side import paint_side
from maps.art.looks import DIRECTIONS, FEET, FRAMES, HEIGHT, LOOKS, WIDTH, Look
from maps.art.palette import shade, shadow


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
    body = bare(look, direction, frame)
    _ink(body)
    out = Canvas(WIDTH, HEIGHT)
    out.disc(16, 43.5, 10, 3.6, shadow(46))
    out.disc(16, 43.5, 7.5, 2.6, shadow(46))
    out.stamp(body, 0, 0)
    return out


def bare(look: Look, direction: str, frame: int) -> Canvas:
    """The figure without its border and shadow; looking down, left or up."""
    body = Canvas(WIDTH, HEIGHT)
    # In the middle of a stride the body is lower than when the legs pass.
    dip = 1 if frame in (1, 3) else 0
    swing = {0: 0, 1: 1, 2: 0, 3: -1, 4: 0}[frame]
    if direction == "left":
        paint_side(body, look, swing, dip, passing={2: "far", 4: "near"}.get(frame, ""))
    else:
        lifts = {1: (2, 0), 2: (0, 1), 3: (0, 2), 4: (1, 0)}.get(frame, (0, 0))
        paint_front_or_back(body, look, swing, dip, lifts, back=direction == "up")
    return body


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
