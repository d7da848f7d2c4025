"""Which layer of which stream a listener gets out of its bits. Pure.

Audio comes first and is never held back. What is left is offered layer by layer, low to high: each layer
to all streams in the order of their rank, so that everybody in sight has a picture before anybody has a
better one. Where there is no room for a stream's lowest layer, it is paused.

Two things keep pictures from flapping. A better layer than the present one has to fit with a margin. And
after congestion has taken something away, all together gets no more than what was left, for HOLD_SECONDS
(mediasoup waits as long): what others set free in that time is given on, but nothing is tried upwards. A
picture that is gone altogether does not wait so long: where the estimate has room for its lowest layer it is
back after RESUME_SECONDS, unless that was tried shortly before.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

PAUSED = -1
# A layer that a stream does not have now must fit with so much to spare.
MARGIN = 1.1
HOLD_SECONDS = 10.0
# A path that stumbles (a scan for other networks, a busy machine) is itself again after a second.
RESUME_SECONDS = 1.5
# A picture that is paused again so soon waits as everything else does.
AGAIN_SECONDS = 30.0
# Of the estimate that is planned with: frames come in bursts.
SHARE = 0.95
# The most important picture is shown even if it does not quite fit: better a late face than none.
GENEROUS = 1.25
# … and kept a little longer, by what it takes just now: an estimate that falls to its share of what is sent
# (0.85) though all of that arrives does not take the only picture away.
KEPT = 1.6
# … and not taken away before there was too little room for it so long (s): a path that stops for a moment (a
# scan for other networks, a busy machine) looks like a narrow one until what it held back has come.
PATIENCE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Stream:
    """One video that a slot is to carry.

    `rates` are bit/s of its layers, rising; `cap` is how many of them the distance allows (0: none). Streams
    are served in the order of `rank`, lower first; `rank` may be anything that can be compared. `least` is
    what the lowest layer takes just now, which may be less than is planned for it.
    """

    slot: int
    rank: tuple[float, ...]
    rates: tuple[float, ...]
    cap: int = 99
    least: float = math.inf


@dataclass(frozen=True, slots=True)
class Allocation:
    """`layers`: index into `rates` by slot, PAUSED for none. `used` and `goal` are bit/s, audio included:
    what these layers take, and what all within their caps would take. `paused` are those for which there
    was no room (not those whose cap is 0)."""

    layers: Mapping[int, int]
    used: float
    goal: float
    paused: frozenset[int]


class Allocator:
    """One listener."""

    __slots__ = ("_ceiling", "_held_until", "_now_on", "_paused_at", "_resume_at", "_short_since")

    def __init__(self) -> None:
        self._now_on: dict[int, int] = {}
        self._held_until = self._resume_at = self._paused_at = float("-inf")
        self._ceiling = 0.0
        self._short_since: float | None = None  # there is too little room for the most important picture

    @property
    def held(self) -> float:
        """Until when (s) nothing is tried upwards."""
        return self._held_until

    def allocate(
        self, streams: Iterable[Stream], audio: float, estimate: float | None, now: float
    ) -> Allocation:
        """Give layers to all streams. `audio` bit/s; `estimate` None: nobody knows, all may have all."""
        ordered = sorted(streams, key=lambda stream: stream.rank)
        wanted = {stream.slot: min(stream.cap, len(stream.rates)) for stream in ordered}
        goal = audio + sum(stream.rates[wanted[stream.slot] - 1] for stream in ordered if wanted[stream.slot])
        before = self._now_on
        if estimate is None:
            layers = {slot: count - 1 for slot, count in wanted.items()}
            self._now_on = layers
            return Allocation(layers, goal, goal, frozenset())
        budget = lowest = estimate * SHARE
        if now < self._held_until:
            budget = min(budget, self._ceiling)
            lowest = budget if now < self._resume_at else lowest
        layers, used = _fill(ordered, wanted, before, audio, lowest, budget, False)
        if self._patient(ordered, layers, now):
            layers, used = _fill(ordered, wanted, before, audio, lowest, budget, True)
        squeezed = any(
            layers[slot] < min(before[slot], count - 1) for slot, count in wanted.items() if slot in before
        )
        if squeezed:
            self._held_until = now + HOLD_SECONDS
            self._ceiling = max(used, estimate * SHARE)
        if any(
            layers[slot] == PAUSED and before.get(slot, PAUSED) != PAUSED for slot in wanted if wanted[slot]
        ):
            self._resume_at = now + (
                RESUME_SECONDS if now - self._paused_at > AGAIN_SECONDS else HOLD_SECONDS
            )
            self._paused_at = now
        self._now_on = layers
        paused = frozenset(slot for slot, layer in layers.items() if layer == PAUSED and wanted[slot])
        return Allocation(layers, used, goal, paused)

    def _patient(self, ordered: list[Stream], layers: Mapping[int, int], now: float) -> bool:
        """Whether the most important picture is to stay though these `layers` leave it out."""
        first = ordered[0] if ordered else None
        if first is None or layers[first.slot] != PAUSED or self._now_on.get(first.slot, PAUSED) == PAUSED:
            self._short_since = None
            return False
        self._short_since = now if self._short_since is None else self._short_since
        return first.cap > 0 and now - self._short_since < PATIENCE_SECONDS


def _fill(
    ordered: list[Stream],
    wanted: Mapping[int, int],
    before: Mapping[int, int],
    audio: float,
    lowest: float,
    above: float,
    patient: bool,
) -> tuple[dict[int, int], float]:
    """Offer layer after layer to all in order; what each gets, and the bit/s of all. `lowest` is what the
    lowest layers may take together with the audio, `above` what all may. `patient`: the first keeps its
    lowest layer whatever that is."""
    layers = {stream.slot: PAUSED for stream in ordered}
    used = audio
    deepest = max(wanted.values(), default=0)
    for layer in range(deepest):
        for place, stream in enumerate(ordered):
            slot = stream.slot
            if layers[slot] != layer - 1 or layer >= wanted[slot]:
                continue
            cost = stream.rates[layer] - (stream.rates[layer - 1] if layer else 0.0)
            has = layer <= before.get(slot, PAUSED)
            room = (above if layer else lowest) - used
            needed = cost if has else cost * MARGIN
            if place == 0 == layer:
                room *= KEPT if has else GENEROUS
                needed = (0.0 if patient else min(needed, stream.least)) if has else needed
            if needed <= room:
                layers[slot] = layer
                used += cost
    return layers, used
