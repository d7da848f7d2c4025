"""What an overloaded media worker leaves out, in the order that is announced. Pure; `now` in seconds.

First the video of those far away, then every camera, then the sound of those far away; what is shown on a
screen and the people nearest are kept to the end. A level is entered when the worker's load is too high,
one step at a time so that its effect can be seen before the next, and left only after a while of calm well
below: a level that came and went with every breath would be worse than either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from signaling.messages import Degradation
from world.hearing.slots import Wish

LEVELS: tuple[Degradation, ...] = get_args(Degradation)
# Load (0..1) at which each level after "none" begins. New people are kept out from 0.95 on
# (`world.media.placement.HARD_LIMIT`): so sound is touched only when that was not enough.
BEGINS = (0.85, 0.92, 0.97)
# How far below that the load must be, and for how long, before the level is left.
CALM = 0.15
CALM_SECONDS = 8.0
# Between two steps up: heartbeats tell the load of the last two seconds.
STEP_SECONDS = 3.0
# Pictures that are left at "far_video", and voices at "far_audio", the best ranked.
NEAR_VIDEO = 4
NEAR_AUDIO = 4


@dataclass(slots=True)
class Stage:
    """Where one worker stands. `level` is an index into LEVELS."""

    level: int = 0
    _stepped_at: float = float("-inf")
    _calm_since: float | None = None

    def update(self, load: float, now: float) -> bool:
        """A heartbeat came. Returns whether the level is another one now."""
        calm = self.level > 0 and load < BEGINS[self.level - 1] - CALM
        if not calm:
            self._calm_since = None
        elif self._calm_since is None:
            self._calm_since = now
        if self.level < len(BEGINS) and load >= BEGINS[self.level] and now - self._stepped_at >= STEP_SECONDS:
            self.level += 1
        elif self._calm_since is not None and now - self._calm_since >= CALM_SECONDS:
            self.level -= 1
            self._calm_since = now
        else:
            return False
        self._stepped_at = now
        return True


class Stages:
    """Every worker's."""

    def __init__(self) -> None:
        self._stages: dict[str, Stage] = {}

    def update(self, worker: str, load: float, now: float) -> bool:
        """As `Stage.update`."""
        return self._stages.setdefault(worker, Stage()).update(load, now)

    def level(self, worker: str | None) -> int:
        """Where a worker stands; 0 for one that is not known."""
        stage = self._stages.get(worker) if worker is not None else None
        return stage.level if stage is not None else 0

    def forget(self, worker: str) -> None:
        """The worker is gone."""
        self._stages.pop(worker, None)


def thin(
    level: int, audio: list[Wish], video: list[Wish], pinned: str | None = None
) -> tuple[list[Wish], list[Wish]]:
    """What is left of a listener's ranked wishes at a level; `pinned` is whom the listener has pinned."""
    if level >= 2:
        video = [wish for wish in video if wish.source == "screen" or wish.player.user_id == pinned]
    if level >= 1:
        video = video[:NEAR_VIDEO]
    if level >= 3:
        audio = audio[:NEAR_AUDIO]
    return audio, video
