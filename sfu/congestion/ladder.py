"""The steps in which a video can be sent: its layers, from the least of the lowest to the highest. Pure.

A step is a spatial layer with all its frames; below the lowest one there are the steps with fewer frames,
where the codec has temporal layers. Fewer frames of a higher layer are no step of their own: for the same
bits the lower layer looks better in a small picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

ALL_FRAMES = 3
# bit/s of a layer that was not seen yet: by how many layers there are and which one it is. As browsers send
# 320×180, 640×360 and 1280×720.
NOMINAL = ((900e3,), (200e3, 900e3), (150e3, 500e3, 1500e3))
SCREEN_NOMINAL = 1500e3
# A camera that shows nothing moving sends little, and may send much in the next second.
LEAST_SHARE = 0.3
# Steps that differ by less than this are one.
WORTH = 1.15


class Layer(NamedTuple):
    """Whether a layer flows, its bit/s, and its bit/s up to each temporal layer (may be empty)."""

    flows: bool
    bitrate: float
    bitrates: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """Spatial layer, highest temporal layer, and the bit/s that are planned for them. `measured`: what they
    take just now, 0 where nobody knows."""

    spatial: int
    temporal: int
    bitrate: float
    measured: float = 0.0


def ladder(layers: Sequence[Layer], screen: bool = False) -> tuple[Step, ...]:
    """The steps of a source with these layers (low to high), rising in bit/s."""
    nominal = NOMINAL[min(len(layers), len(NOMINAL)) - 1] if layers else ()
    steps: list[Step] = []
    for spatial, layer in enumerate(layers):
        usual = SCREEN_NOMINAL if screen else nominal[min(spatial, len(nominal) - 1)]
        known = layer.flows and layer.bitrate > 0.0
        full = max(layer.bitrate, LEAST_SHARE * usual) if known else usual
        if steps:
            # Layers may be measured in another order than they are: a step up always costs something.
            full = max(full, steps[-1].bitrate * WORTH)
        elif known and layer.bitrates:
            for temporal, bitrate in enumerate(layer.bitrates[:-1]):
                share = bitrate / layer.bitrate
                if share > 0.0 and share * WORTH < 1.0:
                    below = full * share
                    if not steps or below > steps[-1].bitrate * WORTH:
                        steps.append(Step(0, temporal, below, bitrate))
        steps.append(Step(spatial, ALL_FRAMES, full, layer.bitrate if known else 0.0))
    return tuple(steps)


def within(steps: Sequence[Step], cap: int) -> int:
    """How many of the steps a distance allows: `cap` 0 none, 1 the lowest layer, 2 the next, 3 all."""
    if cap >= ALL_FRAMES:
        return len(steps)
    return sum(step.spatial < cap for step in steps)
