"""Whatever bytes come, the packet parsers answer with values or `PacketError`, and nothing else."""

from __future__ import annotations

import contextlib

from hypothesis import example, given
from hypothesis import strategies as st

from sfu.rtp import header, keyframe, red, rtcp, rtx, vp8
from sfu.rtp.errors import PacketError
from sfu.rtp.header import RtpPacket
from sfu.rtp.rtcp import Bye, Fir, Nack, Pli, ReceiverReport, Remb, Sdes
from sfu.rtp.twcc import TransportFeedback

ANY = st.binary(max_size=300)
NUMBER_16 = st.integers(0, 0xFFFF)
NUMBER_32 = st.integers(0, 0xFFFFFFFF)
VALUE = st.binary(max_size=255)

RTP_PACKETS = st.builds(
    RtpPacket,
    payload_type=st.integers(0, 127),
    sequence=NUMBER_16,
    timestamp=NUMBER_32,
    ssrc=NUMBER_32,
    payload=st.binary(max_size=50),
    marker=st.booleans(),
    csrcs=st.lists(NUMBER_32, max_size=15).map(tuple),
    extensions=st.dictionaries(st.integers(1, 255), VALUE, max_size=4),
    padding=st.integers(0, 255),
)


def mutated(data: bytes, at: int, value: int, cut: int) -> bytes:
    changed = bytearray(data)
    if changed:
        changed[at % len(changed)] = value
    return bytes(changed[: len(changed) - cut % (len(changed) + 1)])


@given(RTP_PACKETS)
def test_every_rtp_packet_survives_the_round_trip(packet: RtpPacket) -> None:
    assert header.parse(header.build(packet)) == packet


@given(ANY)
@example(b"\x90" + bytes(11) + b"\xbe\xde\xff\xff")
def test_any_bytes_as_rtp(data: bytes) -> None:
    with contextlib.suppress(PacketError):
        packet = header.parse(data)
        assert len(packet.payload) + packet.padding <= len(data)


@given(RTP_PACKETS, st.integers(0, 2000), st.integers(0, 255), st.integers(0, 40))
def test_a_damaged_rtp_packet(packet: RtpPacket, at: int, value: int, cut: int) -> None:
    with contextlib.suppress(PacketError):
        header.parse(mutated(header.build(packet), at, value, cut))


@given(ANY, st.integers(0, 300))
def test_positions_never_leave_the_length_that_was_given(data: bytes, length: int) -> None:
    length = min(length, len(data))
    with contextlib.suppress(PacketError):
        extension, payload, end = header.locate(data, length)
        assert extension <= payload <= end <= length
        if extension:
            for _, at, size in header.elements(data, extension, payload):
                assert extension + 4 <= at <= at + size <= payload


COMPOUND = rtcp.build(
    [
        ReceiverReport(1),
        Sdes(((1, "cname"),)),
        Nack(1, 2, (65535, 3, 90)),
        Pli(1, 2),
        Fir(1, ((2, 3),)),
        Remb(1, 1_000_000, (2,)),
        TransportFeedback(1, 2, 65530, 9, 1, ((65530, 300), (65531, 200), (1, 9000))),
        Bye((1,)),
    ]
)


@given(ANY)
@example(bytes.fromhex("8fcd0005" + "0000000100000002" + "0000ffff" + "00000000" + "3fff3fff"))
def test_any_bytes_as_rtcp(data: bytes) -> None:
    with contextlib.suppress(PacketError):
        rtcp.parse(data)


@given(st.integers(0, len(COMPOUND) - 1), st.integers(0, 255), st.integers(0, 60))
def test_a_damaged_compound_can_be_read_and_written_again(at: int, value: int, cut: int) -> None:
    with contextlib.suppress(PacketError):
        packets = rtcp.parse(mutated(COMPOUND, at, value, cut))
        for packet in packets:
            with contextlib.suppress(PacketError):  # more names than one packet holds, say
                assert rtcp.parse(rtcp.build([packet])) == [packet] or not _exact(packet)


def _exact(packet: rtcp.RtcpPacket) -> bool:
    """Whether writing it again gives the same value: not so for what has several forms on the wire."""
    return not isinstance(packet, Nack | Remb | Sdes | TransportFeedback)


@given(ANY)
def test_any_bytes_as_payload(data: bytes) -> None:
    for detector in (keyframe.vp8, keyframe.vp9, keyframe.h264, keyframe.av1):
        assert detector(data) in (True, False)
    with contextlib.suppress(PacketError):
        rtx.unwrap(data)
    with contextlib.suppress(PacketError):
        assert vp8.parse(data).length <= len(data)


@given(ANY)
@example(b"\x80" * 300)
def test_any_bytes_as_redundant_audio(data: bytes) -> None:
    with contextlib.suppress(PacketError):
        found = red.unwrap(data, 9)
        assert len(found.earlier) <= 9
        assert red.wrap(found.earlier, found.payload_type, found.payload) == data
