"""RTCP towards publishers, and what neither side can harm."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfu.forward.contract import ExtensionIds, ProducerState, SlotState
from sfu.routing.slot import Slot
from sfu.rtcp.policy import MAX_VIDEO_BITRATE
from sfu.rtp import rtcp
from sfu.rtp.sr import middle, ntp_time
from sfu.rtp.twcc import TransportFeedback
from sfu.transport.transport import PeerTransport
from tests.support.rtcp_desk import CAMERA, CAMERA_SLOT, MIC, MIC_SLOT, WALL, Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()


# --- arrival times --------------------------------------------------------------------------------


@pytest.fixture
def numbered() -> Desk:
    """Alice's packets carry transport-wide numbers."""
    return Desk(ExtensionIds(transport_cc=3), ("transport-cc",))


def test_a_publisher_is_told_twenty_times_a_second_what_arrived(numbered: Desk) -> None:
    for tick in range(50):
        numbered.forwarder.arrived[1] = [(3 * tick, numbered.now), (3 * tick + 1, numbered.now)]
        numbered.later(0.02)
    told = numbered.alice.take(TransportFeedback)
    assert 15 <= len(told) <= 21
    assert [one.feedback_count for one in told] == list(range(len(told)))
    assert told[-1].lost()
    assert told[-1].media_ssrc in (100, 200)
    for before, after in pairwise(told):
        assert after.base == before.base + before.count
    assert numbered.lisa.take(TransportFeedback) == []


def test_nobody_is_told_of_arrivals_who_numbers_nothing(desk: Desk) -> None:
    desk.forwarder.arrived[1] = [(1, 50.0)]
    assert not desk.desk.flowing
    desk.later(1.0)
    assert desk.alice.take(TransportFeedback) == []


def test_who_sends_nothing_any_more_is_told_nothing(numbered: Desk) -> None:
    assert numbered.desk.flowing
    numbered.desk.remove_producer(MIC)
    assert numbered.desk.flowing
    numbered.desk.remove_producer(CAMERA)
    assert not numbered.desk.flowing
    numbered.forwarder.arrived[1] = [(1, 50.0)]
    numbered.later(1.0)
    assert numbered.alice.take(TransportFeedback) == []


# --- towards publishers ----------------------------------------------------------------------------


def test_a_listeners_pli_and_fir_become_one_pli_to_the_publisher(desk: Desk) -> None:
    desk.feed()
    desk.from_lisa(rtcp.Pli(1, 400), rtcp.Fir(1, ((400, 3),)), rtcp.Pli(1, 400))
    assert [item.media_ssrc for item in desk.alice.take(rtcp.Pli)] == [200]
    desk.later(0.4)
    assert len(desk.alice.take(rtcp.Pli)) == 1  # what came too early, once
    desk.later(2.0)
    assert desk.alice.take(rtcp.Pli) == []


def test_a_listener_that_always_asks_for_pictures_is_heard_less_and_less(desk: Desk) -> None:
    desk.feed()
    asked = 0
    for _ in range(300):
        desk.from_lisa(rtcp.Pli(1, 400))
        desk.later(0.2)
        asked += len(desk.alice.take(rtcp.Pli))
    assert asked < 70  # in a minute, of 120 that might be asked for


def test_requests_for_audio_or_for_other_peoples_streams_are_ignored(desk: Desk) -> None:
    desk.feed()
    desk.from_lisa(rtcp.Pli(1, 300), rtcp.Pli(1, 200), rtcp.Pli(1, 9999), rtcp.Fir(1, ((200, 0),)))
    assert desk.alice.take(rtcp.Pli) == []


def test_a_slot_that_waits_for_a_picture_asks_until_it_comes(desk: Desk) -> None:
    desk.desk.routed(CAMERA_SLOT, CAMERA)
    desk.desk.keyframe_needed(CAMERA, desk.now)
    desk.later(1.7)
    assert len(desk.alice.take(rtcp.Pli)) == 4  # at 0.0, 0.5, 1.0 and 1.5 s
    desk.forwarder.slot_states[CAMERA_SLOT] = SlotState(CAMERA, 0, 1, 100, 0, 1, 1)
    desk.later(2.0)
    assert desk.alice.take(rtcp.Pli) == []


def test_a_picture_is_asked_for_in_the_turn_of_the_grant_and_once_for_all_who_wait(desk: Desk) -> None:
    others = [
        Slot(slot, "lisa", "video", slot, desk.slots[1].params, f"slot{slot}") for slot in range(50, 60)
    ]
    for slot in others:
        desk.desk.add_slot(slot, cast(PeerTransport, desk.lisa))
    for slot in others[:9]:
        desk.desk.routed(slot.handle, CAMERA)
    desk.desk.routed(MIC_SLOT, MIC)
    desk.desk.begin([slot.handle for slot in others] + [MIC_SLOT], desk.now)
    assert [pli.media_ssrc for pli in desk.alice.take(rtcp.Pli)] == [200]
    for slot in others[:9]:
        desk.forwarder.slot_states[slot.handle] = SlotState(CAMERA, 0, 1, 100, 0, 1, 1)
    desk.later(2.0)
    assert desk.alice.take(rtcp.Pli) == []


def test_those_who_come_one_after_the_other_do_not_ask_for_more_than_two_pictures_a_second(
    desk: Desk,
) -> None:
    for turn in range(100):
        slot = Slot(50 + turn, "lisa", "video", turn, desk.slots[1].params, f"slot{turn}")
        desk.desk.add_slot(slot, cast(PeerTransport, desk.lisa))
        desk.desk.routed(slot.handle, CAMERA)
        desk.desk.begin([slot.handle], desk.now)
        desk.later(0.1)
    assert 10 <= len(desk.alice.take(rtcp.Pli)) <= 21  # in ten seconds, both ends counted


def test_nobody_is_asked_for_pictures_on_behalf_of_a_listener_that_is_not_connected(desk: Desk) -> None:
    desk.lisa.connected_at = None
    desk.desk.routed(CAMERA_SLOT, CAMERA)
    desk.later(2.0)
    assert desk.alice.take(rtcp.Pli) == []


def test_what_is_lost_is_asked_for_again_every_50_ms_until_it_comes(desk: Desk) -> None:
    desk.forwarder.absent = {65535, 0, 1}
    desk.desk.packets_lost(CAMERA, [65535, 0, 1], desk.now)
    desk.later(0.1)
    asked = desk.alice.take(rtcp.Nack)
    assert [item.media_ssrc for item in asked] == [200, 200]
    assert set(asked[0].sequences) == {65535, 0, 1}
    desk.forwarder.absent = {0}
    desk.later(0.1)
    assert all(set(item.sequences) == {0} for item in desk.alice.take(rtcp.Nack))
    desk.forwarder.absent = set()
    desk.later(1.0)
    assert desk.alice.take(rtcp.Nack) == []


def test_nobody_is_asked_to_repeat_who_keeps_nothing(desk: Desk) -> None:
    desk.producers[CAMERA].feedback = ("nack pli",)
    desk.forwarder.absent = {5}
    desk.desk.packets_lost(CAMERA, [5], desk.now)
    desk.later(0.2)
    assert desk.alice.take(rtcp.Nack) == []


def test_too_much_loss_becomes_a_keyframe_request(desk: Desk) -> None:
    for start in range(0, 2000, 64):
        desk.desk.packets_lost(CAMERA, list(range(start, start + 64)), desk.now)
    desk.later(0.1)
    assert len(desk.alice.take(rtcp.Pli)) == 1


def test_receiver_reports_go_out_each_second_with_loss_and_the_time_of_the_last_sr(desk: Desk) -> None:
    ntp = ntp_time(WALL - 500)
    desk.desk.tick(desk.now)
    desk.alice.sent.clear()
    desk.from_alice(rtcp.SenderReport(200, ntp, 5, 1, 1))
    desk.forwarder.producer_states[CAMERA] = ProducerState(90, 9000, 10, 109, 33, 127)
    desk.later(1.0)
    reports = desk.alice.take(rtcp.ReceiverReport)
    assert len(reports) == 1
    block = next(block for block in reports[0].blocks if block.ssrc == 200)
    assert (block.highest, block.lost, block.jitter) == (109, 10, 33)
    assert block.fraction_lost == 25  # a tenth, in 1/256
    assert block.last_sr == middle(ntp)
    assert abs(block.delay / 65536 - 1.0) < 0.05


def test_every_compound_to_a_publisher_begins_with_a_report_and_a_name(desk: Desk) -> None:
    desk.desk.keyframe_needed(CAMERA, desk.now)
    desk.later(1.1)
    assert desk.alice.sent
    for data in desk.alice.sent:
        kinds = [type(item) for item in rtcp.parse(data)]
        assert kinds[:2] == [rtcp.ReceiverReport, rtcp.Sdes]


def test_video_is_limited_in_its_bitrate(desk: Desk) -> None:
    desk.later(1.1)
    limits = desk.alice.take(rtcp.Remb)
    assert limits
    assert limits[0].ssrcs == (200,)
    assert limits[0].bitrate <= MAX_VIDEO_BITRATE
    assert limits[0].bitrate > 0.99 * MAX_VIDEO_BITRATE


# --- garbage ---------------------------------------------------------------------------------------


def test_a_padded_compound_loses_nothing(desk: Desk) -> None:
    desk.feed()
    padded = bytes.fromhex("afcd0005") + bytes(19) + b"\x04"  # feedback that browsers pad
    desk.desk.from_listener(desk.slots, padded + rtcp.build([rtcp.Pli(1, 400)]), desk.now)
    assert len(desk.alice.take(rtcp.Pli)) == 1


@given(st.binary(max_size=600))
@settings(deadline=None)
def test_no_bytes_raise(data: bytes) -> None:
    desk = Desk()
    desk.feed()
    desk.desk.from_publisher(1, data, desk.now)
    desk.desk.from_listener(desk.slots, data, desk.now)
    desk.later(0.1)


@given(st.lists(st.tuples(st.integers(0, 255), st.sampled_from(range(192, 210)), st.binary(max_size=120))))
@settings(deadline=None)
def test_no_compound_raises(items: list[tuple[int, int, bytes]]) -> None:
    desk = Desk()
    desk.feed()
    data = b"".join(
        bytes([0x80 | first & 0x3F, kind]) + (len(body) // 4).to_bytes(2, "big") + body[: len(body) // 4 * 4]
        for first, kind, body in items
    )
    desk.desk.from_publisher(1, data, desk.now)
    desk.desk.from_listener(desk.slots, data, desk.now)
    desk.later(0.1)


def test_everything_is_forgotten_with_its_owner(desk: Desk) -> None:
    desk.feed()
    desk.forwarder.absent = {1}
    desk.desk.packets_lost(CAMERA, [1], desk.now)
    desk.desk.keyframe_needed(CAMERA, desk.now)
    desk.desk.keyframe_needed(CAMERA, desk.now)
    for handle in (MIC, CAMERA):
        desk.desk.remove_producer(handle)
        desk.desk.remove_producer(handle)
    for slot in (MIC_SLOT, CAMERA_SLOT):
        desk.desk.remove_slot(slot)
    desk.alice.sent.clear()
    desk.later(1.0)
    assert desk.alice.sent == []
    tables: dict[str, Any] = {
        name: value for name, value in vars(desk.desk).items() if isinstance(value, dict | set)
    }
    assert len(tables) == 9
    assert not any(tables.values())
