"""RTCP towards listeners: whose reports they get, and what is repeated for them."""

from __future__ import annotations

import pytest

from sfu.forward.contract import SlotState
from sfu.rtcp.policy import NACK_BURST, SECOND_REPORT_SECONDS
from sfu.rtp import rtcp
from sfu.rtp.sr import ntp_time
from tests.support.rtcp_desk import CAMERA, CAMERA_SLOT, MIC, MIC_SLOT, WALL, Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_publishers_report_reaches_its_listeners_as_their_slots(desk: Desk) -> None:
    desk.feed(offset=1000)
    desk.from_alice(rtcp.SenderReport(200, ntp_time(WALL - 3600), 90_000, 1, 1))
    (report,) = desk.lisa.take(rtcp.SenderReport)
    assert (report.ssrc, report.packets, report.octets) == (400, 7, 700)
    assert abs(report.ntp - ntp_time(WALL)) < 2**32 / 1000  # the server's clock, not the publisher's
    assert abs(report.timestamp - 91_000) <= 1


def test_audio_and_video_of_one_moment_are_reported_as_one_moment(desk: Desk) -> None:
    desk.feed(offset=0)
    begun = ntp_time(WALL - 3600)
    desk.from_alice(rtcp.SenderReport(100, begun, 48_000, 1, 1), rtcp.SenderReport(200, begun, 90_000, 1, 1))
    audio, video = sorted(desk.lisa.take(rtcp.SenderReport), key=lambda report: report.ssrc)
    audio_at = audio.ntp / 2**32 - (audio.timestamp - 48_000) / 48_000
    video_at = video.ntp / 2**32 - (video.timestamp - 90_000) / 90_000
    assert abs(audio_at - video_at) < 0.001


def test_a_new_source_is_reported_as_soon_as_its_first_packet_has_gone_out(desk: Desk) -> None:
    desk.reports(CAMERA)
    desk.later(2.0)
    desk.desk.routed(CAMERA_SLOT, CAMERA)
    desk.later(0.1)
    assert desk.lisa.take(rtcp.SenderReport) == []
    desk.forwarder.slot_states[CAMERA_SLOT] = SlotState(CAMERA, 500, 1, 100, 0, 1, 0)
    desk.later(0.02)
    (report,) = desk.lisa.take(rtcp.SenderReport)
    assert report.ssrc == 400
    expected = 90_000 + 500 + round((desk.wall - WALL) * 90_000)
    assert abs(report.timestamp - expected) <= 2
    # A browser knows the clocks from the second report on, which does not wait for the publisher's next.
    desk.later(SECOND_REPORT_SECONDS)
    (second,) = desk.lisa.take(rtcp.SenderReport)
    assert abs(second.timestamp - report.timestamp - SECOND_REPORT_SECONDS * 90_000) <= 1
    desk.later(3.0)
    assert desk.lisa.take(rtcp.SenderReport) == []


def test_a_second_report_goes_to_no_slot_that_is_fed_by_another_or_gone(desk: Desk) -> None:
    desk.feed()
    desk.reports(MIC, CAMERA)
    assert len(desk.lisa.take(rtcp.SenderReport)) == 2
    desk.desk.routed(CAMERA_SLOT, None)
    desk.desk.remove_slot(MIC_SLOT)
    desk.later(1.0)
    assert desk.lisa.sent == []


def test_a_steady_slot_is_reported_every_few_seconds_and_a_new_source_anew(desk: Desk) -> None:
    desk.feed()
    desk.later(0.02)
    reports = []
    for _ in range(11):
        desk.reports(CAMERA)
        reports.append(len(desk.lisa.take(rtcp.SenderReport)))
        desk.later(1.0)
    assert reports == [1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0]
    desk.desk.routed(CAMERA_SLOT, None)
    desk.desk.routed(CAMERA_SLOT, CAMERA)
    desk.later(0.02)
    assert len(desk.lisa.take(rtcp.SenderReport)) == 1


def test_a_voice_that_was_muted_is_reported_when_its_clock_is_known_again(desk: Desk) -> None:
    """Chromium's timestamps of a voice stand still meanwhile: what it said of them before is wrong then."""
    desk.feed()
    desk.reports(MIC)
    desk.desk.routed(MIC_SLOT, None)
    desk.later(6.0, flows=False)
    desk.lisa.sent.clear()
    muted = 6 * 48_000
    desk.desk.routed(MIC_SLOT, MIC)
    # The slot's time has gone on by the wall clock, the source's has not.
    offset = 1000 + muted
    last = desk.timestamp(MIC) - muted + offset
    desk.forwarder.slot_states[MIC_SLOT] = SlotState(MIC, offset, 8, 800, 0, 2, last)
    desk.later(0.02, flows=False)
    assert desk.lisa.take(rtcp.SenderReport) == []
    desk.from_alice(rtcp.SenderReport(100, ntp_time(desk.wall), desk.timestamp(MIC) - muted, 1, 1))
    (report,) = desk.lisa.take(rtcp.SenderReport)
    assert abs(report.timestamp - desk.timestamp(MIC) - 1000) <= 0.002 * 48_000


def test_the_desk_is_busy_until_what_waits_is_done(desk: Desk) -> None:
    assert not desk.desk.busy
    desk.desk.routed(CAMERA_SLOT, CAMERA)
    assert desk.desk.busy
    desk.forwarder.slot_states[CAMERA_SLOT] = SlotState(CAMERA, 500, 1, 100, 0, 1, 1)
    desk.later(0.02)
    assert not desk.desk.busy
    desk.desk.packets_lost(CAMERA, [7], desk.now)
    assert desk.desk.busy
    desk.later(60.0)
    assert not desk.desk.busy


def test_a_slot_that_is_fed_no_more_hears_no_more_reports(desk: Desk) -> None:
    desk.feed()
    desk.desk.routed(CAMERA_SLOT, None)
    desk.desk.remove_slot(MIC_SLOT)
    for ssrc in (100, 200):
        desk.from_alice(rtcp.SenderReport(ssrc, ntp_time(WALL), 1, 1, 1))
    assert desk.lisa.sent == []


def test_a_publisher_cannot_report_for_somebody_elses_stream(desk: Desk) -> None:
    desk.feed()
    desk.from_alice(rtcp.SenderReport(400, ntp_time(WALL), 1, 1, 1), rtcp.Bye((200, 400)))
    assert desk.lisa.sent == []


def test_a_listeners_nack_is_answered_from_the_cache(desk: Desk) -> None:
    desk.feed()
    desk.from_lisa(rtcp.Nack(1, 400, (7, 8, 9)), rtcp.Nack(1, 100, (1,)))
    assert desk.forwarder.resent == [(CAMERA_SLOT, [7, 8, 9])]


def test_nacks_beyond_the_budget_are_not_answered(desk: Desk) -> None:
    desk.feed()
    for _ in range(1000):
        desk.from_lisa(rtcp.Nack(1, 400, tuple(range(100))))
    assert sum(len(sequences) for _, sequences in desk.forwarder.resent) == NACK_BURST
    desk.now += 1.0
    desk.from_lisa(rtcp.Nack(1, 400, tuple(range(100))))
    assert len(desk.forwarder.resent[-1][1]) == 100
