"""RTCP compounds (RFC 3550 §6, RFC 4585, RFC 5104, REMB, transport-wide feedback)."""

from __future__ import annotations

import pytest

from sfu.rtp.errors import PacketError
from sfu.rtp.rtcp import (
    Bye,
    Fir,
    Nack,
    Pli,
    ReceiverReport,
    Remb,
    ReportBlock,
    RtcpPacket,
    Sdes,
    SenderReport,
    build,
    only_reports,
    parse,
)
from sfu.rtp.twcc import TransportFeedback

BLOCK = ReportBlock(
    ssrc=1, fraction_lost=255, lost=-3, highest=0x1FFFF, jitter=7, last_sr=0xAABBCCDD, delay=65536
)
EVERY: list[RtcpPacket] = [
    SenderReport(1, 2**63 + 5, 2**32 - 1, 10, 1000, (BLOCK,)),
    ReceiverReport(9, (BLOCK, BLOCK)),
    Sdes(((1, "cname"), (2, "é"), (3, ""))),
    Bye((1, 2)),
    Nack(1, 2, (65534, 65535, 0, 1, 40)),
    Pli(1, 2),
    Fir(1, ((2, 3), (4, 255))),
    Remb(1, 3 << 20, (2, 3)),
    TransportFeedback(1, 2, 65530, 10, 200, ((65530, 256), (65535, 300), (3, 5000))),
]


@pytest.mark.parametrize("packet", EVERY, ids=lambda packet: type(packet).__name__)
def test_what_is_built_is_parsed_back(packet: RtcpPacket) -> None:
    assert parse(build([packet])) == [packet]


def test_a_compound_keeps_its_order() -> None:
    assert parse(build(EVERY)) == EVERY


def test_a_compound_of_reports_and_names_is_told_from_one_that_asks_for_something() -> None:
    reports = build(EVERY[:3])
    assert only_reports(reports)
    for item in EVERY[3:]:
        assert not only_reports(build([*EVERY[:3], item]))
        assert not only_reports(build([item]))
    assert not only_reports(b"")
    assert not only_reports(reports[:-1])
    assert not only_reports(reports + b"\x80")


def test_a_pli_is_the_bytes_of_rfc_4585() -> None:
    assert build([Pli(1, 2)]).hex() == "81ce00020000000100000002"


def test_an_unknown_packet_is_skipped_and_the_rest_is_kept() -> None:
    unknown = bytes.fromhex("80cf0001") + b"XR!!"
    assert parse(build([Pli(1, 2)]) + unknown + build([Bye((3,))])) == [Pli(1, 2), Bye((3,))]


@pytest.mark.parametrize(
    "broken",
    [
        "9fc90001" + "00000001",  # 31 report blocks in no bytes
        "81ca0001" + "00000001",  # SDES without end
        "81ca0002" + "00000001" + "01ff0000",  # CNAME of 255 bytes in two
        "9fcb0000",  # BYE of 31 sources in no bytes
        "81cd0000",  # NACK without SSRCs
        "8fce0003" + "0000000100000000" + "52454d42",  # REMB without bitrate
        "8fcd0002" + "0000000100000002",  # transport feedback without a body
        "a1ce0002" + "00000001" + "000000ff",  # padding longer than the packet
        "a1ce0002" + "00000001" + "00000000",  # padding of zero
    ],
)
def test_a_broken_packet_loses_nothing_of_the_others(broken: str) -> None:
    data = build([Pli(1, 2)]) + bytes.fromhex(broken) + build([Nack(1, 2, (7,))])
    assert parse(data) == [Pli(1, 2), Nack(1, 2, (7,))]


def test_a_padded_packet_inside_a_compound_is_read_as_chromium_sends_it() -> None:
    feedback = TransportFeedback(1, 2, 5, 1, 0, ((5, 256),))
    body = build([feedback])
    assert len(body) % 4 == 0
    padded = bytearray(body + b"\0\0\0\x04")
    padded[0] |= 0x20
    padded[3] += 1
    assert parse(build([Pli(1, 2)]) + bytes(padded) + build([Nack(3, 4, (9,))])) == [
        Pli(1, 2),
        feedback,
        Nack(3, 4, (9,)),
    ]


def test_what_is_cut_off_is_left_out_and_what_came_before_is_kept() -> None:
    data = build([Pli(1, 2), Nack(1, 2, (7,))])
    for length in range(12, len(data)):
        assert parse(data[:length]) == [Pli(1, 2)]


@pytest.mark.parametrize("data", [b"", b"\x80", b"\x00" * 8, bytes.fromhex("81ce0002") + bytes(7)])
def test_what_is_no_rtcp_at_all_is_refused(data: bytes) -> None:
    with pytest.raises(PacketError):
        parse(data)


def test_a_nack_across_the_wrap_is_one_pair() -> None:
    data = build([Nack(1, 2, (65535, 0, 15))])
    assert len(data) == 16
    assert data[12:].hex() == "ffff8001"
    assert parse(data) == [Nack(1, 2, (65535, 0, 15))]


def test_a_nack_in_any_order_names_every_number_once() -> None:
    (packet,) = parse(build([Nack(1, 2, (5, 65533, 5, 100, 3))]))
    assert isinstance(packet, Nack)
    assert packet.sequences == (65533, 3, 5, 100)


def test_an_empty_nack_is_refused() -> None:
    with pytest.raises(PacketError, match="at least one"):
        build([Nack(1, 2, ())])


@pytest.mark.parametrize(("lost", "read"), [(-(2**23), -(2**23)), (2**30, 2**23 - 1), (0, 0), (-1, -1)])
def test_cumulative_loss_is_signed_and_clamped(lost: int, read: int) -> None:
    (report,) = parse(build([ReceiverReport(1, (ReportBlock(1, 0, lost, 0, 0, 0, 0),))]))
    assert isinstance(report, ReceiverReport)
    assert report.blocks[0].lost == read


def test_a_large_remb_keeps_eighteen_bits_of_precision() -> None:
    (packet,) = parse(build([Remb(1, 1_234_567_891, (2,))]))
    assert isinstance(packet, Remb)
    assert packet.bitrate == pytest.approx(1_234_567_891, rel=2**-17)


@pytest.mark.parametrize("count", [32, 100])
def test_more_entries_than_the_count_field_holds_are_refused(count: int) -> None:
    with pytest.raises(PacketError, match="31 fit"):
        build([Bye(tuple(range(count)))])
