"""Sequence numbers, retransmission, sender reports, reception reports, missing packets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfu.rtp import rtx, sr
from sfu.rtp.errors import PacketError
from sfu.rtp.nack import MAX_MISSING, MAX_PER_NACK, MAX_TRIES, NackTracker
from sfu.rtp.rtcp import ReportBlock, SenderReport
from sfu.rtp.sequence import near_16, near_32, newer_16, newer_32
from sfu.rtp.stats import ReceptionReport


class TestSequence:
    def test_after_the_largest_number_comes_zero(self) -> None:
        assert newer_16(0, 65535)
        assert not newer_16(65535, 0)
        assert not newer_16(5, 5)
        assert newer_32(0, 2**32 - 1)

    @given(st.integers(0, 2**40), st.integers(-0x8000, 0x7FFF))
    def test_a_number_unwraps_to_the_nearest(self, reference: int, distance: int) -> None:
        assert near_16((reference + distance) & 0xFFFF, reference) == reference + distance

    @given(st.integers(0, 2**50), st.integers(-0x80000000, 0x7FFFFFFF))
    def test_a_timestamp_unwraps_to_the_nearest(self, reference: int, distance: int) -> None:
        assert near_32((reference + distance) & 0xFFFFFFFF, reference) == reference + distance


class TestRtx:
    def test_wrapping_is_undone(self) -> None:
        assert rtx.unwrap(rtx.wrap(65536 + 5, b"body")) == (5, b"body")

    def test_an_empty_probe_is_nothing_and_no_error(self) -> None:
        assert rtx.unwrap(b"") is None

    def test_one_byte_is_refused(self) -> None:
        with pytest.raises(PacketError):
            rtx.unwrap(b"\x01")


class TestSenderReport:
    def test_a_report_is_rewritten_for_its_slot(self) -> None:
        block = ReportBlock(1, 0, 0, 0, 0, 0, 0)
        report = SenderReport(5, sr.ntp_time(1000.5), 2**32 - 10, 1, 2, (block,))
        assert sr.rewrite(report, 77, 20, 100, 2000, 1 << 32) == SenderReport(
            77, sr.ntp_time(1001.5), 10, 100, 2000
        )

    def test_round_trip_is_what_is_left_of_the_time_since_the_report(self) -> None:
        sent, now = sr.ntp_time(100.0), sr.ntp_time(100.75)
        assert sr.round_trip(sr.middle(sent), 65536 // 2, now) == pytest.approx(0.25, abs=1e-4)
        assert sr.round_trip(0, 0, now) is None
        assert sr.round_trip(sr.middle(now), 65536, now) == 0.0


class TestReceptionReport:
    def test_losses_are_counted_per_interval_and_in_total(self) -> None:
        report = ReceptionReport(9)
        report.sender_report(0x01020304, now=10.0)
        block = report.block(first=100, highest=199, packets=75, jitter=3, now=10.5)
        assert block == ReportBlock(9, 64, 25, 199, 3, 0x01020304, 32768)
        block = report.block(first=100, highest=299, packets=175, jitter=3, now=11.0)
        assert (block.fraction_lost, block.lost) == (0, 25)

    def test_duplicates_make_no_negative_fraction(self) -> None:
        block = ReceptionReport(9).block(first=0, highest=9, packets=12, jitter=0, now=0.0)
        assert (block.fraction_lost, block.lost) == (0, -2)

    def test_before_the_first_packet_nothing_is_expected(self) -> None:
        block = ReceptionReport(9).block(first=0, highest=0, packets=0, jitter=0, now=0.0)
        assert (block.fraction_lost, block.lost, block.last_sr, block.delay) == (0, 0, 0, 0)


def everything_came(numbers: list[int]) -> list[int]:
    return []


def nothing_came(numbers: list[int]) -> list[int]:
    return numbers


class TestNackTracker:
    def test_a_gap_is_given_a_moment_for_packets_that_overtook_each_other(self) -> None:
        tracker = NackTracker()
        tracker.lost([5, 6], now=1.0)
        assert tracker.due(1.005, nothing_came) == []
        assert tracker.due(1.011, nothing_came) == [5, 6]

    def test_what_came_meanwhile_is_not_asked_for(self) -> None:
        tracker = NackTracker()
        tracker.lost([5, 6, 7], now=1.0)
        assert tracker.due(1.02, lambda numbers: [n for n in numbers if n == 6]) == [6]
        assert len(tracker) == 1

    @pytest.mark.parametrize(("round_trip", "interval"), [(0.001, 0.040), (0.160, 0.200), (0.380, 0.400)])
    def test_it_learns_the_round_trip_and_asks_again_once_in_it_within_bounds(
        self, round_trip: float, interval: float
    ) -> None:
        tracker = NackTracker()
        now = 1.0
        for number in range(60):  # each comes a round trip after it was asked for first
            tracker.lost([number], now)
            asked = None
            while len(tracker):
                now += 0.01
                came = asked is not None and now - asked >= round_trip
                questions = tracker.due(now, everything_came if came else nothing_came)
                if questions and asked is None:
                    asked = now
        tracker.lost([100], now)
        now += 1.0
        assert tracker.due(now, nothing_came) == [100]
        assert tracker.due(now + 0.9 * interval, nothing_came) == []
        assert tracker.due(now + 1.1 * interval, nothing_came) == [100]

    def test_an_answer_ends_the_questions_at_once(self) -> None:
        tracker = NackTracker()
        tracker.lost([5], now=1.0)
        assert tracker.due(1.02, nothing_came) == [5]
        assert tracker.due(1.03, everything_came) == []
        assert len(tracker) == 0

    def test_it_gives_up_after_some_tries(self) -> None:
        tracker = NackTracker()
        tracker.lost([5], now=0.0)
        asked = sum(len(tracker.due(float(now), nothing_came)) for now in range(1, 100))
        assert asked == MAX_TRIES
        assert len(tracker) == 0

    def test_more_than_can_be_mended_asks_for_a_keyframe_instead(self) -> None:
        tracker = NackTracker()
        for start in range(0, MAX_MISSING + 64, 64):
            tracker.lost(list(range(start, start + 64)), now=0.0)
        assert tracker.overrun
        assert len(tracker) < MAX_MISSING

    def test_one_nack_names_a_bounded_number(self) -> None:
        tracker = NackTracker()
        tracker.lost(list(range(MAX_PER_NACK + 10)), now=0.0)
        assert len(tracker.due(1.0, nothing_came)) == MAX_PER_NACK
        assert len(tracker.due(1.0, nothing_came)) == 10
