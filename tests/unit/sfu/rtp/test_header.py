"""RTP header and header extensions (RFC 3550 §5.1, RFC 8285)."""

from __future__ import annotations

import pytest

from sfu.rtp.errors import PacketError
from sfu.rtp.header import RtpPacket, build, build_extensions, elements, locate, parse

PLAIN = RtpPacket(payload_type=96, sequence=65535, timestamp=2**32 - 1, ssrc=0xDEADBEEF, payload=b"body")


def test_what_is_built_is_parsed_back() -> None:
    packet = RtpPacket(
        payload_type=111,
        sequence=7,
        timestamp=8,
        ssrc=9,
        payload=b"hello",
        marker=True,
        csrcs=(1, 2, 3),
        extensions={1: b"a", 14: b"0123456789abcdef"},
        padding=5,
    )
    assert parse(build(packet)) == packet
    assert parse(build(PLAIN)) == PLAIN


def test_the_bytes_are_those_of_the_rfc() -> None:
    data = build(RtpPacket(96, 0x1234, 0x01020304, 0x05060708, b"\xff", marker=True, extensions={3: b"\x80"}))
    assert data.hex() == "90e012340102030405060708bede000130800000ff"


@pytest.mark.parametrize(
    "extensions",
    [{15: b"x"}, {1: b""}, {1: b"x" * 17}, {200: b"y" * 255, 3: b"z"}],
    ids=["id over 14", "empty value", "value over 16 bytes", "long value"],
)
def test_values_that_do_not_fit_the_one_byte_form_take_the_two_byte_form(
    extensions: dict[int, bytes],
) -> None:
    data = build(RtpPacket(96, 1, 2, 3, b"p", extensions=extensions))
    assert data[12:14] == b"\x10\x00"
    assert parse(data).extensions == extensions


def test_two_byte_form_with_application_bits_is_read() -> None:
    data = b"\x90\x60\0\1\0\0\0\2\0\0\0\3" + b"\x10\x0f\x00\x01" + b"\x05\x01\x7f\x00" + b"p"
    assert parse(data).extensions == {5: b"\x7f"}


def test_id_15_ends_the_one_byte_form_and_keeps_what_came_before() -> None:
    data = b"\x90\x60\0\1\0\0\0\2\0\0\0\3" + b"\xbe\xde\x00\x01" + b"\x10\xaa\xf0\xbb" + b"p"
    assert parse(data).extensions == {1: b"\xaa"}


def test_an_unknown_extension_profile_is_stepped_over() -> None:
    data = b"\x90\x60\0\1\0\0\0\2\0\0\0\3" + b"\xab\xcd\x00\x01" + b"\xff\xff\xff\xff" + b"p"
    packet = parse(data)
    assert (packet.extensions, packet.payload) == ({}, b"p")


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "needs 12 bytes"),
        (bytes(11), "needs 12 bytes"),
        (b"\x40" + bytes(11), "version is 1"),
        (b"\x8f" + bytes(11), "claims 72 bytes"),
        (b"\x90" + bytes(11), "claims 16 bytes"),
        (b"\x90" + bytes(11) + b"\xbe\xde\xff\xff", "claims 262156 bytes"),
        (b"\xa0" + bytes(11), "padding of 0"),
        (b"\xa0" + bytes(11) + b"\x00", "padding of 0"),
        (b"\xa0" + bytes(11) + b"ab\x04", "padding of 4"),
        (b"\x90" + bytes(11) + b"\xbe\xde\x00\x01" + b"\x1f\0\0\0", "leaves its block"),
        (b"\x90" + bytes(11) + b"\x10\x00\x00\x01" + b"\x01\xff\0\0", "leaves its block"),
        (b"\x90" + bytes(11) + b"\x10\x00\x00\x01" + b"\0\0\0\x01", "has no length"),
    ],
)
def test_a_length_beyond_the_packet_is_refused(data: bytes, complaint: str) -> None:
    with pytest.raises(PacketError, match=complaint):
        parse(data)


def test_padding_may_fill_the_whole_payload() -> None:
    packet = parse(b"\xa0\x60" + bytes(10) + b"\0\0\x03")
    assert (packet.payload, packet.padding) == (b"", 3)


def test_positions_are_relative_to_the_buffer_and_bounded_by_the_length_given() -> None:
    data = build(RtpPacket(96, 1, 2, 3, b"payload", extensions={2: b"x"})) + b"rubbish of an earlier packet"
    length = len(data) - 28
    extension, payload, end = locate(data, length)
    assert data[payload:end] == b"payload"
    assert [(i, data[at : at + n]) for i, at, n in elements(data, extension, payload)] == [(2, b"x")]


@pytest.mark.parametrize("values", [[(0, b"x")], [(256, b"x")], [(1, bytes(256))]])
def test_an_extension_that_no_form_can_carry_is_refused(values: list[tuple[int, bytes]]) -> None:
    with pytest.raises(PacketError):
        build_extensions(values)


@pytest.mark.parametrize(
    "packet",
    [
        RtpPacket(128, 1, 2, 3),
        RtpPacket(96, 1, 2, 3, csrcs=tuple(range(16))),
        RtpPacket(96, 1, 2, 3, padding=256),
    ],
)
def test_a_field_out_of_range_is_refused(packet: RtpPacket) -> None:
    with pytest.raises(PacketError):
        build(packet)
