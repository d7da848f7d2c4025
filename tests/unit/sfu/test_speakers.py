"""Who speaks, by levels in -dBov (0 loudest, 127 silence)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sfu.routing.speakers import LEAVE, RELEASE_SECONDS, STEP, THRESHOLD, Speakers

LOUD, QUIET = THRESHOLD - 5, THRESHOLD + 5


def test_one_loud_moment_is_not_speech_and_two_are() -> None:
    speakers = Speakers()
    speakers.update({"a": LOUD}, 0.0)
    assert speakers.among(["a"]) == ()
    speakers.update({"a": LOUD}, 0.15)
    assert speakers.among(["a"]) == ("a",)


def test_a_breath_does_not_end_speech_and_a_pause_does() -> None:
    speakers = Speakers()
    speakers.update({"a": LOUD}, 0.0)
    speakers.update({"a": LOUD}, 0.15)
    speakers.update({"a": QUIET}, 0.15 + RELEASE_SECONDS / 2)
    assert speakers.among(["a"]) == ("a",)
    speakers.update({"a": QUIET}, 0.15 + RELEASE_SECONDS)
    assert speakers.among(["a"]) == ()


def test_the_threshold_itself_is_loud_and_silence_is_not() -> None:
    speakers = Speakers()
    for now in (0.0, 0.15):
        speakers.update({"edge": THRESHOLD, "silent": 127}, now)
    assert speakers.among(["edge", "silent"]) == ("edge",)


def test_only_those_asked_for_are_told_and_who_is_gone_is_forgotten() -> None:
    speakers = Speakers()
    for now in (0.0, 0.15):
        speakers.update({"b": LOUD, "a": LOUD}, now)
    assert speakers.among(["a", "b", "c"]) == ("a", "b")
    assert speakers.among(["a"]) == ("a",)
    speakers.update({"a": LOUD}, 0.3)
    assert speakers.among(["a", "b"]) == ("a",)


def test_levels_are_told_in_steps_and_a_syllable_changes_none() -> None:
    speakers = Speakers()
    now = 0.0
    for level in (24, 24, 20, 28, 22, 26, 24):
        speakers.update({"a": level}, now)
        assert speakers.level("a") == 24
        now += 0.15


def test_a_voice_that_stays_louder_is_another_step_within_three_seconds_and_pauses_do_not_lower_it() -> None:
    speakers = Speakers()
    speakers.update({"a": 30}, 0.0)
    now = 0.0
    while now < 3.0:
        now += 0.15
        speakers.update({"a": 12}, now)
        speakers.update({"a": 127}, now + 0.01)
    assert speakers.level("a") == 12


@given(st.lists(st.integers(0, THRESHOLD), min_size=1, max_size=60))
def test_a_told_level_is_a_step_near_the_voice(levels: list[int]) -> None:
    speakers = Speakers()
    for number, level in enumerate(levels):
        speakers.update({"a": level}, number * 0.15)
    assert speakers.level("a") % STEP == 0
    assert min(levels) - LEAVE <= speakers.level("a") <= max(levels) + LEAVE
