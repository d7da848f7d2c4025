"""What an overloaded worker leaves out, and when."""

from __future__ import annotations

from itertools import pairwise

from signaling.messages import Source
from tests.support.people import person
from world.hearing.degrade import (
    BEGINS,
    CALM,
    CALM_SECONDS,
    LEVELS,
    NEAR_AUDIO,
    NEAR_VIDEO,
    STEP_SECONDS,
    Stage,
    thin,
)
from world.hearing.slots import Wish


def wishes(source: Source, count: int) -> list[Wish]:
    return [Wish(person(f"p{i}"), source, True) for i in range(count)]


def test_the_order_is_far_video_then_cameras_then_far_voices() -> None:
    assert LEVELS == ("none", "far_video", "near_video", "far_audio")
    audio, cameras, screens = wishes("mic", 10), wishes("camera", 10), wishes("screen", 2)
    video = cameras[:5] + screens + cameras[5:]
    assert thin(0, audio, video) == (audio, video)
    assert thin(1, audio, video) == (audio, video[:NEAR_VIDEO])
    assert thin(2, audio, video) == (audio, screens)
    assert thin(3, audio, video) == (audio[:NEAR_AUDIO], screens)


def test_a_pinned_face_stays_as_long_as_a_screen() -> None:
    video = wishes("camera", 5)
    assert thin(2, [], video, pinned="p3") == ([], [video[3]])


def test_levels_are_entered_one_at_a_time() -> None:
    stage = Stage()
    assert not stage.update(BEGINS[0] - 0.01, 0.0)
    assert stage.update(0.99, 1.0)
    assert stage.level == 1
    assert not stage.update(0.99, 1.0 + STEP_SECONDS - 0.1)
    assert stage.update(0.99, 1.0 + STEP_SECONDS)
    assert stage.update(0.99, 1.0 + 2 * STEP_SECONDS)
    assert not stage.update(1.0, 100.0)
    assert stage.level == 3


def test_a_level_is_left_after_a_while_of_calm_only() -> None:
    stage = Stage()
    stage.update(BEGINS[0], 0.0)
    calm = BEGINS[0] - CALM - 0.01
    assert not stage.update(calm, 10.0)
    assert not stage.update(BEGINS[0] - CALM, 12.0)  # a breath above: it begins anew
    assert not stage.update(calm, 13.0)
    assert not stage.update(calm, 13.0 + CALM_SECONDS - 0.1)
    assert stage.update(calm, 13.0 + CALM_SECONDS)
    assert stage.level == 0


def test_every_level_needs_its_own_calm() -> None:
    stage = Stage()
    for at in range(3):
        stage.update(1.0, at * STEP_SECONDS)
    assert stage.level == 3
    left = [second for second in range(60) if stage.update(0.0, 20.0 + second)]
    assert stage.level == 0
    assert all(after - before >= CALM_SECONDS for before, after in pairwise(left))
