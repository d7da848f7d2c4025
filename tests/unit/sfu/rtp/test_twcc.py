"""Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01)."""

from __future__ import annotations

import pytest

from sfu.rtp.errors import PacketError
from sfu.rtp.twcc import MAX_STEPS, TransportFeedback, build_feedback, parse_feedback


def round_trip(feedback: TransportFeedback) -> TransportFeedback:
    return parse_feedback(feedback.sender_ssrc, feedback.media_ssrc, build_feedback(feedback))


def test_the_drafts_chunks_are_read() -> None:
    # Run of 2 small deltas, then a two-bit vector: small, lost, large; one-bit vector: one more small.
    body = bytes.fromhex("0001000a000002052002d200a000") + bytes((4, 8, 1)) + b"\xff\xff" + b"\x09"
    feedback = parse_feedback(1, 2, body)
    assert feedback.feedback_count == 5
    assert feedback.arrivals[:4] == ((1, 516), (2, 524), (3, 525), (5, 524))
    assert feedback.arrivals[4:] == ((10, 533),)
    assert feedback.lost() == [4, 6, 7, 8, 9]


def test_reordered_and_late_arrivals_survive() -> None:
    feedback = TransportFeedback(1, 2, 65534, 5, 1, ((65534, 5000), (65535, 4000), (1, 30000), (2, 30001)))
    assert round_trip(feedback) == feedback
    assert feedback.lost() == [0]


def test_long_runs_and_everything_lost() -> None:
    dense = TransportFeedback(1, 2, 0, 2000, 1, tuple((n, 256 + n % 3) for n in range(2000)))
    assert round_trip(dense) == dense
    empty = TransportFeedback(1, 2, 9, 20000, 1, ())
    assert len(build_feedback(empty)) < 20
    assert round_trip(empty) == empty


def test_times_wrap_without_a_jump() -> None:
    feedback = TransportFeedback(1, 2, 0, 2, 1, ((0, 2**32 - 1), (1, 3)))
    assert round_trip(feedback) == feedback


def test_times_and_numbers_that_wrap_back_and_forth_survive() -> None:
    times = (0xFFFFFFFE, 3, 0xFFFFFFF0, 400, 401)
    arrivals = tuple(((65533 + place) & 0xFFFF, ticks) for place, ticks in enumerate(times))
    feedback = TransportFeedback(1, 2, 65533, 5, 1, arrivals)
    assert round_trip(feedback) == feedback


def test_arrivals_too_far_apart_are_refused() -> None:
    with pytest.raises(PacketError, match="do not fit"):
        build_feedback(TransportFeedback(1, 2, 0, 2, 1, ((0, 0), (1, 40000))))


def test_a_number_outside_the_range_is_refused() -> None:
    with pytest.raises(PacketError, match="outside"):
        build_feedback(TransportFeedback(1, 2, 0, 2, 1, ((5, 0),)))


@pytest.mark.parametrize(
    "body",
    [
        "00010001000002",  # short head
        "0001ffff00000000",  # 65,535 packets and no chunk
        "0001ffff00000000" + "0000" * 8,  # empty runs
        "0001000200000000" + "2002" + "01",  # one delta for two
        "0001ffff00000000" + "3fff" * 9,  # 65,535 small deltas in no bytes
    ],
)
def test_feedback_that_claims_more_than_it_has_is_refused(body: str) -> None:
    with pytest.raises(PacketError):
        parse_feedback(1, 2, bytes.fromhex(body))


def test_a_claim_of_many_losses_costs_no_memory() -> None:
    feedback = parse_feedback(1, 2, bytes.fromhex("0001ffff00000000" + "1fff" * 9))
    assert feedback.count == 65535
    assert feedback.arrivals == ()


def test_a_datagram_full_of_symbols_is_not_read_to_its_end() -> None:
    chunks = b"\x80\x00" * 690  # fourteen packets that did not arrive, each a symbol of its own
    body = (0).to_bytes(2, "big") + (14 * 690).to_bytes(2, "big") + bytes(4) + chunks
    with pytest.raises(PacketError, match=f"more than {MAX_STEPS} steps"):
        parse_feedback(1, 2, body)
