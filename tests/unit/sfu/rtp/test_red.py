"""RFC 2198: redundant audio, taken apart and put together."""

from __future__ import annotations

import pytest

from sfu.rtp.errors import PacketError
from sfu.rtp.red import MAX_BLOCK, MAX_TICKS, Block, Redundant, unwrap, wrap


def test_the_rfcs_form_is_read() -> None:
    # §3: F = 1, payload type 111, 960 ticks, 3 bytes; then F = 0, payload type 111.
    data = bytes([0x80 | 111, 960 >> 6, (960 & 0x3F) << 2, 3, 111]) + b"oldnewest"
    assert unwrap(data, 1) == Redundant([Block(111, 960, b"old")], 111, b"newest")


def test_a_payload_alone_has_one_byte_in_front() -> None:
    assert unwrap(b"\x6fonly", 1) == Redundant([], 111, b"only")
    assert wrap([], 111, b"only") == b"\x6fonly"


def test_the_largest_parts_survive_the_round_trip() -> None:
    earlier = [Block(127, MAX_TICKS, bytes(MAX_BLOCK)), Block(0, 1, b""), Block(111, 0, b"x")]
    assert unwrap(wrap(earlier, 111, b"newest"), 3) == Redundant(earlier, 111, b"newest")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xef",
        b"\xef\x0f\x00",
        b"\xef\x0f\x00\x03",  # no newest part
        b"\xef\x0f\x00\x03\x6fab",  # a part that leaves the packet
    ],
)
def test_what_contradicts_itself_is_refused(data: bytes) -> None:
    with pytest.raises(PacketError):
        unwrap(data, 9)


def test_more_parts_than_wanted_are_refused() -> None:
    data = wrap([Block(111, 960 * n, b"x") for n in (3, 2, 1)], 111, b"y")
    assert len(unwrap(data, 3).earlier) == 3
    with pytest.raises(PacketError, match="too many blocks"):
        unwrap(data, 2)
