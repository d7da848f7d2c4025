"""RTCP as publishers and listeners see it, without keys: compounds in, compounds out, on a turned clock."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, TypeVar, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from sfu.forward.contract import Codec, ExtensionIds, ProducerParams, ProducerState, SlotParams, SlotState
from sfu.metrics import Metrics
from sfu.routing.producer import Producer
from sfu.routing.slot import Slot
from sfu.rtcp.desk import RtcpDesk
from sfu.rtcp.policy import MAX_VIDEO_BITRATE, NACK_BURST, SECOND_REPORT_SECONDS
from sfu.rtp import rtcp
from sfu.rtp.sr import middle, ntp_time
from sfu.rtp.twcc import TransportFeedback
from sfu.transport.transport import PeerTransport
from tests.support.fake_forwarder import FakeForwarder

MIC, CAMERA, MIC_SLOT, CAMERA_SLOT = 11, 12, 21, 22
WALL = 1_800_000_000.0
P = TypeVar("P", bound=rtcp.RtcpPacket)


class Path:
    """A transport that keeps what is sent."""

    def __init__(self, peer: int) -> None:
        self.peer = peer
        self.connected_at: float | None = 0.0
        self.sent: list[bytes] = []

    def send_rtcp(self, data: bytes) -> bool:
        self.sent.append(data)
        return True

    def take(self, kind: type[P]) -> list[P]:
        """The packets of this kind that were sent since the last look; the rest is forgotten."""
        found = [item for data in self.sent for item in rtcp.parse(data)]
        self.sent.clear()
        return [item for item in found if isinstance(item, kind)]


class Desk:
    """Alice sends a mic (SSRC 100) and a camera (200), Lisa has a slot (300, 400) for each."""

    def __init__(self, extensions: ExtensionIds | None = None, more: tuple[str, ...] = ()) -> None:
        self.now = 50.0
        self.wall = WALL
        self.forwarder = FakeForwarder()
        self.alice, self.lisa = Path(1), Path(2)
        self.metrics = Metrics(CollectorRegistry())
        self.desk = RtcpDesk(self.forwarder, self.forwarder.producer_state, self.metrics, lambda: self.wall)
        feedback = ("nack", "nack pli", "goog-remb", *more)
        ids = extensions or ExtensionIds()
        mic = ProducerParams("audio", Codec.OPUS, 111, 48000, 100, extensions=ids)
        camera = ProducerParams("video", Codec.VP8, 96, 90000, 200, extensions=ids)
        self.producers = {
            MIC: Producer(MIC, "alice", "mic", "0", mic, ("nack", *more), 100, started=True),
            CAMERA: Producer(CAMERA, "alice", "camera", "1", camera, feedback, 200, started=True),
        }
        for producer in self.producers.values():
            self.desk.add_producer(producer, cast(PeerTransport, self.alice))
        codecs = {Codec.OPUS: (111, 0), Codec.VP8: (96, 0)}
        self.slots = [
            Slot(MIC_SLOT, "lisa", "audio", 0, SlotParams("audio", 300, 0, codecs), "slot0"),
            Slot(CAMERA_SLOT, "lisa", "video", 0, SlotParams("video", 400, 0, codecs), "slot0"),
        ]
        for slot in self.slots:
            self.desk.add_slot(slot, cast(PeerTransport, self.lisa))

    def feed(self, offset: int = 1000) -> None:
        """Both slots carry Alice."""
        for slot, producer in ((MIC_SLOT, MIC), (CAMERA_SLOT, CAMERA)):
            self.desk.routed(slot, producer)
            self.forwarder.slot_states[slot] = SlotState(producer, offset, 7, 700, 0, 1, 1)

    def later(self, seconds: float) -> None:
        """Tick through this time."""
        for _ in range(round(seconds / 0.02)):
            self.now += 0.02
            self.wall += 0.02
            self.desk.tick(self.now)

    def from_alice(self, *packets: rtcp.RtcpPacket) -> None:
        self.desk.from_publisher(1, rtcp.build(packets), self.now)

    def from_lisa(self, *packets: rtcp.RtcpPacket) -> None:
        self.desk.from_listener(self.slots, rtcp.build(packets), self.now)


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


# --- towards listeners -----------------------------------------------------------------------------


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
    desk.from_alice(rtcp.SenderReport(200, ntp_time(WALL), 90_000, 1, 1))
    desk.later(2.0)
    desk.desk.routed(CAMERA_SLOT, CAMERA)
    desk.later(0.1)
    assert desk.lisa.take(rtcp.SenderReport) == []
    desk.forwarder.slot_states[CAMERA_SLOT] = SlotState(CAMERA, 500, 1, 100, 0, 1, 1)
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
    desk.from_alice(
        rtcp.SenderReport(100, ntp_time(WALL), 1, 1, 1), rtcp.SenderReport(200, ntp_time(WALL), 1, 1, 1)
    )
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
        desk.from_alice(rtcp.SenderReport(200, ntp_time(desk.wall), 1, 1, 1))
        reports.append(len(desk.lisa.take(rtcp.SenderReport)))
        desk.later(1.0)
    assert reports == [1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0]
    desk.desk.routed(CAMERA_SLOT, None)
    desk.desk.routed(CAMERA_SLOT, CAMERA)
    desk.later(0.02)
    assert len(desk.lisa.take(rtcp.SenderReport)) == 1


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
