"""A VP8 source with simulcast layers, and what a listener sees of it: for tests on every plane.

A `Camera` makes pictures of the same instants on all its layers, each layer with numbers of its own, as a
browser does (RFC 7741 descriptors with PictureID, TL0PICIDX, temporal layer and KEYIDX).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sfu.rtp import vp8
from sfu.rtp.header import RtpPacket
from tests.support.plane_rig import Rig, Source

FRAME_TICKS = 3000  # 30 pictures a second
# Temporal layers of the pictures behind a keyframe, and whether one may go up there (L1T3 of libvpx).
PATTERN = ((0, False), (2, True), (1, True), (2, False))


def describe(
    picture: int, tl0: int, key: int, layer: int, sync: bool, keyframe: bool, start: bool, long: bool = True
) -> bytes:
    """A descriptor with everything, and the first byte of the payload behind it."""
    number = bytes((0x80 | picture >> 8 & 0x7F, picture & 0xFF)) if long else bytes((picture & 0x7F,))
    layers = layer << 6 | sync << 5 | key & 0x1F
    return (
        bytes((0x80 | start << 4, 0xF0))
        + number
        + bytes((tl0 & 0xFF, layers))
        + bytes((0 if keyframe else 1,))
    )


@dataclass
class Encoding:
    """One layer as its encoder counts: all numbers are of the next picture."""

    source: Source
    picture: int
    tl0: int
    key: int
    base: int  # RTP timestamp at instant 0
    long: bool = True
    beat: int = 0  # place in PATTERN

    def take(self, instant: int, keyframe: bool, packets: int, temporal: bool = True) -> list[RtpPacket]:
        """The packets of the picture at this instant."""
        if keyframe:
            self.beat = 0
            self.key += 1
        layer, sync = PATTERN[self.beat % len(PATTERN)] if temporal else (0, False)
        self.beat += 1
        if layer == 0:
            self.tl0 += 1
        made = []
        for index in range(packets):
            head = describe(self.picture, self.tl0, self.key, layer, sync, keyframe, index == 0, self.long)
            name = b"%d:%d:%d" % (self.source.handle, instant, index)
            packet = RtpPacket(
                payload_type=self.source.params.payload_type,
                sequence=self.source.sequence & 0xFFFF,
                timestamp=self.base + instant * FRAME_TICKS & 0xFFFFFFFF,
                ssrc=self.source.params.ssrc,
                payload=head + name,
                marker=index == packets - 1,
            )
            self.source.sequence += 1
            made.append(packet)
        self.picture += 1
        return made


class Camera:
    """One publisher with `count` layers of one source; `group` is what they are synchronised under."""

    def __init__(self, rig: Rig, count: int = 3, group: int = 77, synced: bool = True, **params: Any) -> None:
        self.rig = rig
        peer, _ = rig.peer()
        self.instant = 0
        self.layers = []
        for index in range(count):
            source = rig.source(peer=peer, ssrc=1000 + 10 * index, first=100 + 7000 * index, **params)
            base = (0xFFFF_0000 + 123_456_789 * index) & 0xFFFFFFFF
            self.layers.append(Encoding(source, 32760 + 100 * index, 250 + index, 30 + index, base))
            if synced:
                rig.forwarder.sync(source.handle, group, base)

    def handle(self, layer: int) -> int:
        return self.layers[layer].source.handle

    def show(
        self, key: tuple[int, ...] = (), packets: int = 2, temporal: bool = True
    ) -> list[list[RtpPacket]]:
        """One picture on every layer, with keyframes on these; a thirtieth of a second passes before it."""
        self.instant += 1
        self.rig.clock.advance(1 / 30)
        made = [
            layer.take(self.instant, index in key, packets, temporal)
            for index, layer in enumerate(self.layers)
        ]
        for layer, stream in zip(self.layers, made, strict=True):
            for packet in stream:
                layer.source.peer.send(self.rig.address, packet)
        return made


@dataclass(frozen=True)
class Seen:
    """One packet as a listener's decoder takes it."""

    handle: int
    instant: int
    sequence: int
    timestamp: int
    picture: int | None
    tl0: int | None
    key: int | None
    layer: int | None
    keyframe: bool


def seen(packets: list[RtpPacket]) -> list[Seen]:
    """What a listener got; payloads are those of `Encoding.take`."""
    found = []
    for packet in packets:
        head = vp8.parse(packet.payload)
        handle, instant, _ = packet.payload[head.length + 1 :].split(b":")
        found.append(
            Seen(
                int(handle),
                int(instant),
                packet.sequence,
                packet.timestamp,
                head.picture_id,
                head.tl0_index,
                head.key_index,
                head.temporal_layer,
                head.keyframe,
            )
        )
    return found


def assert_decodable(got: list[Seen]) -> None:
    """What RFC 7741 asks of a stream that one decoder takes: numbers without a gap, time that goes on."""
    for before, now in pairwise(got):
        assert now.sequence == before.sequence + 1 & 0xFFFF, "a hole in the sequence numbers"
        ahead = (now.timestamp - before.timestamp + 2**31) % 2**32 - 2**31
        same = (before.handle, before.instant) == (now.handle, now.instant)
        assert ahead == 0 if same else ahead > 0, "time stands still or goes back"
        assert before.picture is not None
        assert now.picture == (before.picture + (not same)) & 0x7FFF, "a hole in the PictureIDs"
        assert before.tl0 is not None
        step = 0 if same or now.layer else 1
        assert now.tl0 == (before.tl0 + step) & 0xFF, "a hole in TL0PICIDX"
        if now.handle != before.handle:
            assert now.keyframe, "another layer begins without a keyframe"
            assert before.key is not None
            assert now.key == (before.key + 1) & 0x1F, "KEYIDX does not go on"
