"""Who speaks, by levels in -dBov (0 loudest, 127 silence)."""

from __future__ import annotations

from sfu.speakers import RELEASE_SECONDS, THRESHOLD, Speakers

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
