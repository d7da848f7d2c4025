"""What publishers are told of their packets' arrival."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sfu.congestion.arrivals import MAX_COUNT, ArrivalLog
from sfu.rtp import rtcp
from sfu.rtp.twcc import TransportFeedback


def numbers(feedback: TransportFeedback) -> list[int]:
    return [number for number, _ in feedback.arrivals]


def test_every_number_is_told_once_and_losses_lie_between() -> None:
    log = ArrivalLog()
    (first,) = log.feedback([(10, 1.0), (11, 1.01)], 1, 2)
    (second,) = log.feedback([(14, 1.05), (15, 1.06)], 1, 2)
    assert (first.base, first.count, numbers(first)) == (10, 2, [10, 11])
    assert (second.base, second.count, second.lost()) == (12, 4, [12, 13])
    assert [first.feedback_count, second.feedback_count] == [0, 1]
    assert log.feedback([], 1, 2) == []


def test_numbers_go_on_over_their_wrap() -> None:
    log = ArrivalLog()
    log.feedback([(65534, 1.0)], 1, 2)
    (told,) = log.feedback([(65535, 1.0), (1, 1.1)], 1, 2)
    assert (told.base, told.count, told.lost()) == (65535, 3, [0])


def test_a_late_number_is_told_on_its_own() -> None:
    log = ArrivalLog()
    log.feedback([(10, 1.0), (12, 1.0)], 1, 2)
    (late,) = log.feedback([(11, 1.2)], 1, 2)
    assert (late.base, late.count) == (11, 1)
    (after,) = log.feedback([(13, 1.3)], 1, 2)
    assert (after.base, after.count) == (13, 1)


def test_who_jumps_far_ahead_costs_no_long_list_of_losses() -> None:
    log = ArrivalLog()
    log.feedback([(10, 1.0)], 1, 2)
    (told,) = log.feedback([(20_000, 1.1)], 1, 2)
    assert (told.base, told.count) == (20_000, 1)


def test_a_long_silence_in_one_batch_becomes_two_feedbacks() -> None:
    told = ArrivalLog().feedback([(1, 1.0), (2, 20.0)], 1, 2)
    assert [numbers(one) for one in told] == [[1], [2]]


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 65535), st.floats(0, 1e6)), max_size=40), max_size=6),
)
def test_whatever_a_publisher_numbers_its_packets_the_feedback_can_be_written(
    batches: list[list[tuple[int, float]]],
) -> None:
    log = ArrivalLog()
    for batch in batches:
        for told in log.feedback(batch, 1, 2):
            assert 1 <= told.count <= MAX_COUNT
            (read,) = rtcp.parse(rtcp.build([told]))
            assert isinstance(read, TransportFeedback)
            assert numbers(read) == numbers(told)
