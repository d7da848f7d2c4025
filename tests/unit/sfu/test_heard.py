"""What listeners report becomes loss and round trip."""

from __future__ import annotations

import pytest

from sfu.rtcp.heard import Heard
from sfu.rtp import rtcp
from sfu.rtp.sr import middle, ntp_time

SLOTS = frozenset({11, 22})


def report(*blocks: tuple[int, int, int], last_sr: int = 0, delay: int = 0) -> bytes:
    """A receiver report of (SSRC, lost, highest)."""
    made = (rtcp.ReportBlock(ssrc, 0, lost, highest, 0, last_sr, delay) for ssrc, lost, highest in blocks)
    return rtcp.build([rtcp.ReceiverReport(7, tuple(made))])


def hear(heard: Heard, session: str, packet: bytes, now: float, ntp: int = 0) -> None:
    """Ask whether it is worth it, then take it, as `sfu.reports` does."""
    if heard.due(session, packet, now):
        heard.take(session, SLOTS, packet, now, ntp)


def test_loss_is_what_was_lost_between_two_reports_over_all_streams() -> None:
    heard = Heard()
    hear(heard, "s", report((11, 5, 1000), (22, 0, 500)), 1.0)
    assert heard.of("s") == (-1.0, -1.0)
    hear(heard, "s", report((11, 15, 1100), (22, 0, 600)), 2.0)
    assert heard.of("s")[0] == pytest.approx(10 / 200)


def test_the_round_trip_is_that_of_the_last_sender_report() -> None:
    heard = Heard()
    sent, now = ntp_time(1000.0), ntp_time(1000.25)
    hear(heard, "s", report((11, 0, 10), last_sr=middle(sent), delay=int(0.2 * 65536)), 1.0, now)
    assert heard.of("s")[1] == pytest.approx(0.05, abs=0.001)


def test_streams_of_others_repairs_and_new_beginnings_count_for_nothing() -> None:
    heard = Heard()
    hear(heard, "s", report((11, 9, 1000), (99, 0, 0)), 1.0)
    hear(heard, "s", report((11, 4, 1100), (99, 90, 100)), 2.0)
    assert heard.of("s")[0] == 0.0
    hear(heard, "s", report((11, 50, 90)), 3.0)
    assert heard.of("s")[0] == 0.0


def test_it_looks_once_a_second_and_not_at_nonsense() -> None:
    heard = Heard()
    hear(heard, "s", report((11, 0, 100)), 1.0)
    hear(heard, "s", report((11, 100, 200)), 1.5)
    hear(heard, "s", b"\x80\xc9\xff\xff\x00\x00\x00\x00", 2.5)
    hear(heard, "s", b"", 2.5)
    assert heard.of("s") == (-1.0, -1.0)


def test_who_is_gone_is_forgotten() -> None:
    heard = Heard()
    for name in ("a", "b"):
        hear(heard, name, report((11, 0, 100)), 1.0)
        hear(heard, name, report((11, 0, 200)), 2.0)
    heard.keep({"b"})
    assert heard.of("a") == (-1.0, -1.0)
    assert heard.of("b")[0] == 0.0


def test_blocks_that_leave_their_packet_count_for_nothing() -> None:
    whole = report((11, 0, 100), (22, 0, 100))
    for cut in range(len(whole)):
        assert list(rtcp.reports_in(whole[:cut])) == []
    short = whole[:2] + (len(whole) // 4 - 2).to_bytes(2, "big") + whole[4:]
    assert list(rtcp.reports_in(short)) == []


def test_reports_are_the_same_as_those_of_the_parser() -> None:
    blocks = (rtcp.ReportBlock(11, 3, -5, 70_000, 9, 8, 7), rtcp.ReportBlock(22, 0, 6, 1, 2, 3, 4))
    both: list[rtcp.RtcpPacket] = [
        rtcp.SenderReport(5, 1, 2, 3, 4, blocks),
        rtcp.Sdes(((5, "x"),)),
        rtcp.ReceiverReport(5, blocks),
    ]
    found = list(rtcp.reports_in(rtcp.build(both)))
    assert found == [(b.ssrc, b.lost, b.highest, b.last_sr, b.delay) for _ in range(2) for b in blocks]
