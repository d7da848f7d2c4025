"""When keyframes are asked for, and whether lips still match after a slot's source has changed."""

from __future__ import annotations

import pytest

from sfu.rtcp.policy import (
    KEYFRAME_INTERVAL,
    KEYFRAME_RETRY,
    KEYFRAMES_A_SECOND,
    MAX_DRIFT,
    PICTURE_BURST,
    PICTURE_RATE,
    KeyframeRequests,
    PictureBudget,
    PublisherClock,
    SampledAt,
    is_present,
    timestamp_at,
)
from sfu.rtp.sr import ntp_time

WALL = 1_800_000_000.0


def test_the_first_request_goes_out_at_once() -> None:
    assert KeyframeRequests().request(5.0)


def test_requests_of_many_listeners_become_one() -> None:
    requests = KeyframeRequests()
    sent = sum(requests.request(now / 1000) for now in range(0, 1000, 5))
    assert sent == 2  # at 0 and 300 ms
    assert KEYFRAME_INTERVAL == 0.3


def test_a_publisher_is_asked_for_two_keyframes_in_any_second() -> None:
    requests = KeyframeRequests()
    sent = [now for now in range(0, 5000, 5) if requests.request(now / 1000)]
    for start in sent:
        assert sum(start <= at < start + 1000 for at in sent) <= KEYFRAMES_A_SECOND
    assert len(sent) == 10


def test_a_request_that_came_too_early_is_sent_when_its_time_has_come() -> None:
    requests = KeyframeRequests()
    requests.request(0.0)
    assert not requests.request(0.1)
    assert requests.pending
    assert not requests.due(0.29, waiting=False)
    assert requests.due(0.31, waiting=False)
    assert not requests.due(0.7, waiting=False)


def test_as_long_as_somebody_waits_the_request_is_repeated() -> None:
    requests = KeyframeRequests()
    sent = [now for now in range(0, 2000, 50) if requests.due(now / 1000, waiting=True)]
    assert sent == [0, 500, 1000, 1500]
    assert KEYFRAME_RETRY == 0.5


def test_audio_and_video_that_were_sampled_together_get_one_ntp_time() -> None:
    """The publisher's clock is an hour off and its reports of both kinds come seconds apart."""
    clock = PublisherClock()
    theirs = WALL - 3600
    audio = SampledAt(ntp_time(theirs), 1_000_000)
    clock.observe(audio.ntp, WALL + 0.020)
    video = SampledAt(ntp_time(theirs + 3.5), 50_000)
    clock.observe(video.ntp, WALL + 3.5 + 0.030)
    # A moment that the publisher sampled at theirs + 5 s is in both streams:
    audio_then, video_then = 1_000_000 + 5 * 48000, 50_000 + int(1.5 * 90000)
    # ... and the listener is told the same wall time for both.
    when = WALL + 5.020
    audio_apart = (timestamp_at(when, audio, clock, 48000, 0) - audio_then) / 48000
    video_apart = (timestamp_at(when, video, clock, 90000, 0) - video_then) / 90000
    assert abs(audio_apart) <= 5 * MAX_DRIFT
    assert abs(video_apart - audio_apart) <= 1 / 48000


def test_the_slots_offset_is_added_and_the_timestamp_wraps() -> None:
    clock = PublisherClock()
    sampled = SampledAt(ntp_time(WALL), 0xFFFFFF00)
    clock.observe(sampled.ntp, WALL)
    assert abs(timestamp_at(WALL + 1, sampled, clock, 48000, 7) - (48000 - 0x100 + 7)) <= 1


def test_a_late_report_does_not_move_the_clock() -> None:
    clock = PublisherClock()
    clock.observe(ntp_time(WALL), WALL + 0.010)
    before = clock.to_wall(ntp_time(WALL + 10))
    clock.observe(ntp_time(WALL + 5), WALL + 5.400)
    assert clock.to_wall(ntp_time(WALL + 10)) - before <= 5.4 * MAX_DRIFT


@pytest.mark.parametrize("drift", [-MAX_DRIFT, -50e-6, 50e-6, MAX_DRIFT * 0.9])
def test_a_clock_that_runs_faster_or_slower_is_followed(drift: float) -> None:
    clock = PublisherClock()
    for second in range(0, 3600, 4):
        clock.observe(ntp_time(WALL + second), WALL + second * (1 + drift) + (0.010 if second % 3 else 0.2))
    assert abs(clock.to_wall(ntp_time(WALL + 3600)) - WALL - 3600 * (1 + drift) - 0.010) < 0.005


@pytest.mark.parametrize("by", [-600.0, -2.0, 2.0, 600.0])
def test_a_clock_that_was_set_anew_is_believed_at_once(by: float) -> None:
    clock = PublisherClock()
    for second in range(0, 40, 4):
        clock.observe(ntp_time(WALL + second), WALL + second + 0.010)
    clock.observe(ntp_time(WALL + 40), WALL + 40 + by)
    assert abs(clock.to_wall(ntp_time(WALL + 40)) - WALL - 40 - by) < 0.001


def test_what_a_slot_sends_shows_whether_its_sources_report_still_holds() -> None:
    assert is_present(48_000, 48_000 - 4_800, 48_000)
    assert is_present(100, 0xFFFFFF00, 48_000)  # over the wrap
    assert is_present(0xFFFFFF00, 100, 48_000)
    assert not is_present(48_000 * 6, 48_000 * 5, 48_000)
    assert not is_present(48_000 * 5, 48_000 * 6, 48_000)


def test_a_listener_that_asks_without_end_costs_the_others_a_picture_now_and_then() -> None:
    budget = PictureBudget()
    requests = KeyframeRequests()
    sent = sum(budget.take(ms / 1000) and requests.request(ms / 1000) for ms in range(0, 60_000, 20))
    assert sent <= (PICTURE_BURST + PICTURE_RATE * 60) * 2  # a picture may be asked for once again


def test_a_listener_that_asks_seldom_is_always_believed() -> None:
    budget = PictureBudget()
    assert all(budget.take(now) for now in range(0, 600, 4))
