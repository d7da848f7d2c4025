"""RTCP: compound packets to values and back (RFC 3550 §6, RFC 4585 §6, RFC 5104 §4.3.1, REMB draft).

`parse` never loses a packet of a compound because of another one: what it does not know or cannot read
is skipped, by the length in its header. Browsers pad packets anywhere in a compound, not only the last
(RFC 3550 §6.4.1 notwithstanding); padding is cut off per packet. Transport-wide feedback has its own
file, `twcc.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from struct import Struct, error

from sfu.rtp.errors import PacketError
from sfu.rtp.twcc import TRANSPORT_CC_FORMAT, TransportFeedback, build_feedback, parse_feedback

SR, RR, SDES, BYE = 200, 201, 202, 203
TRANSPORT_FEEDBACK, PAYLOAD_FEEDBACK = 205, 206
NACK_FORMAT = 1  # of TRANSPORT_FEEDBACK
PLI_FORMAT, FIR_FORMAT, APPLICATION_FORMAT = 1, 4, 15  # of PAYLOAD_FEEDBACK
CNAME = 1
MAX_BLOCKS = 31  # report blocks, SDES chunks and BYE sources: a field of five bits

_HEADER = Struct("!BBH")
_SENDER_INFO = Struct("!IQIII")
_BLOCK = Struct("!IIIIII")
_TWO = Struct("!II")
_NACK = Struct("!HH")
_FIR = Struct("!IBxxx")


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """Reception of one source (RFC 3550 §6.4.1).

    `fraction_lost` in 1/256, `lost` cumulative and signed, `highest` extended, `jitter` in RTP ticks,
    `last_sr` the middle 32 bits of the newest SR's NTP time, `delay` since then in 1/65536 s.
    """

    ssrc: int
    fraction_lost: int
    lost: int
    highest: int
    jitter: int
    last_sr: int
    delay: int


@dataclass(frozen=True, slots=True)
class SenderReport:
    """`ntp` is 64 bit (32.32 s since 1900), `timestamp` the RTP time of the same moment."""

    ssrc: int
    ntp: int
    timestamp: int
    packets: int
    octets: int
    blocks: tuple[ReportBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceiverReport:
    """What the receiver `ssrc` got."""

    ssrc: int
    blocks: tuple[ReportBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class Sdes:
    """(SSRC, CNAME) pairs; other items are left out."""

    names: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Bye:
    """These sources send no more."""

    ssrcs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Nack:
    """Packets of `media_ssrc` that did not arrive (16-bit numbers; RFC 4585 §6.2.1)."""

    sender_ssrc: int
    media_ssrc: int
    sequences: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Pli:
    """Picture loss indication: please send a keyframe (RFC 4585 §6.3.1)."""

    sender_ssrc: int
    media_ssrc: int


@dataclass(frozen=True, slots=True)
class Fir:
    """Full intra request: (SSRC, command number) pairs (RFC 5104 §4.3.1)."""

    sender_ssrc: int
    requests: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Remb:
    """Receiver estimated maximum bitrate, bit/s (draft-alvestrand-rmcat-remb)."""

    sender_ssrc: int
    bitrate: int
    ssrcs: tuple[int, ...]


RtcpPacket = SenderReport | ReceiverReport | Sdes | Bye | Nack | Pli | Fir | Remb | TransportFeedback


def parse(data: bytes) -> list[RtcpPacket]:
    """The packets of a compound (unprotected) that are known here, in their order.

    Raises `PacketError` only when the first header is not RTCP at all.
    """
    packets: list[RtcpPacket] = []
    at = 0
    while at + 4 <= len(data):
        first, kind, words = _HEADER.unpack_from(data, at)
        end = at + 4 + 4 * words
        if first >> 6 != 2 or end > len(data):
            break
        try:
            packet = _parse_one(first & 0x1F, kind, _unpadded(data[at + 4 : end], first))
        except (PacketError, error):
            packet = None  # this one is broken, its length is not: go on behind it
        if packet is not None:
            packets.append(packet)
        at = end
    if at == 0:
        raise PacketError(f"not RTCP: {data[:4].hex() or 'empty'} and {len(data)} bytes")
    return packets


def only_reports(data: bytes) -> bool:
    """Whether a compound is reports and names to its end, so that it asks for nothing."""
    at, size = 0, len(data)
    while at + 4 <= size:
        if data[at] >> 6 != 2 or data[at + 1] not in (SR, RR, SDES):
            return False
        at += 4 + 4 * (data[at + 2] << 8 | data[at + 3])
    return at == size > 0


def reports_in(data: bytes) -> Iterator[tuple[int, int, int, int, int]]:
    """The report blocks of a compound, as (SSRC, lost, highest, last SR, delay) of `ReportBlock`.

    `parse` without an object for each: they come from everybody, once a second. It ends where a packet leaves
    the compound or its blocks the packet.
    """
    at, size = 0, len(data)
    while at + 4 <= size:
        first, kind, words = _HEADER.unpack_from(data, at)
        end = at + 4 + 4 * words
        if first >> 6 != 2 or end > size:
            return
        if kind in (SR, RR) and first & 0x1F:
            begin = at + (8 if kind == RR else 4 + _SENDER_INFO.size)
            blocks = data[begin : begin + 24 * (first & 0x1F)]
            if begin + len(blocks) > end or len(blocks) % 24:
                return
            for ssrc, losses, highest, _, last_sr, delay in _BLOCK.iter_unpack(blocks):
                lost = losses & 0xFFFFFF
                yield ssrc, lost - ((lost & 0x800000) << 1), highest, last_sr, delay
        at = end


def build(packets: Iterable[RtcpPacket]) -> bytes:
    """A compound of these packets. Raises `PacketError` for what does not fit its field."""
    try:
        return b"".join(_build_one(packet) for packet in packets)
    except error as problem:
        raise PacketError(f"RTCP field out of range: {problem}") from problem


def _unpadded(body: bytes, first: int) -> bytes:
    if not first & 0x20:
        return body
    if not body or not 1 <= body[-1] <= len(body):
        raise PacketError("RTCP padding does not fit its packet")
    return body[: -body[-1]]


def _parse_one(count: int, kind: int, body: bytes) -> RtcpPacket | None:
    if kind == SR:
        ssrc, ntp, timestamp, packets, octets = _SENDER_INFO.unpack_from(body)
        blocks = _blocks(body, _SENDER_INFO.size, count)
        return SenderReport(ssrc, ntp, timestamp, packets, octets, blocks)
    if kind == RR:
        return ReceiverReport(_ssrcs(body, 0, 1)[0], _blocks(body, 4, count))
    if kind == SDES:
        return Sdes(tuple(_names(body, count)))
    if kind == BYE:
        return Bye(_ssrcs(body, 0, count))
    if kind in (TRANSPORT_FEEDBACK, PAYLOAD_FEEDBACK):
        sender, media = _TWO.unpack_from(body)
        if kind == TRANSPORT_FEEDBACK and count == NACK_FORMAT:
            return Nack(sender, media, tuple(_nacked(body[8:])))
        if kind == TRANSPORT_FEEDBACK and count == TRANSPORT_CC_FORMAT:
            return parse_feedback(sender, media, body[8:])
        if kind == PAYLOAD_FEEDBACK and count == PLI_FORMAT:
            return Pli(sender, media)
        if kind == PAYLOAD_FEEDBACK and count == FIR_FORMAT:
            whole = len(body) - len(body) % 8
            return Fir(sender, tuple(_FIR.iter_unpack(body[8:whole])))
        if kind == PAYLOAD_FEEDBACK and count == APPLICATION_FORMAT and body[8:12] == b"REMB":
            if len(body) < 16:
                raise PacketError("REMB without a bitrate")
            field = int.from_bytes(body[13:16], "big")
            return Remb(sender, (field & 0x3FFFF) << (field >> 18), _ssrcs(body, 16, body[12]))
    return None


def _blocks(body: bytes, at: int, count: int) -> tuple[ReportBlock, ...]:
    if at + 24 * count > len(body):
        raise PacketError(f"{count} report blocks do not fit {len(body)} bytes")
    found = []
    for i in range(count):
        ssrc, losses, highest, jitter, last_sr, delay = _BLOCK.unpack_from(body, at + 24 * i)
        lost = losses & 0xFFFFFF
        found.append(
            ReportBlock(ssrc, losses >> 24, lost - ((lost & 0x800000) << 1), highest, jitter, last_sr, delay)
        )
    return tuple(found)


def _names(body: bytes, count: int) -> Iterable[tuple[int, str]]:
    at = 0
    for _ in range(count):
        ssrc = int.from_bytes(body[at : at + 4], "big")
        at += 4
        while True:
            if at >= len(body):
                raise PacketError("SDES chunk without its end")
            if body[at] == 0:
                break
            if at + 2 > len(body) or at + 2 + body[at + 1] > len(body):
                raise PacketError("SDES item leaves its packet")
            if body[at] == CNAME:
                yield ssrc, body[at + 2 : at + 2 + body[at + 1]].decode("utf-8", "replace")
            at += 2 + body[at + 1]
        at += 4 - at % 4  # the null item and padding to the next word


def _ssrcs(body: bytes, at: int, count: int) -> tuple[int, ...]:
    if at + 4 * count > len(body):
        raise PacketError(f"{count} SSRCs do not fit {len(body)} bytes")
    return tuple(int.from_bytes(body[i : i + 4], "big") for i in range(at, at + 4 * count, 4))


def _nacked(body: bytes) -> Iterable[int]:
    for first, mask in _NACK.iter_unpack(body[: len(body) - len(body) % 4]):
        yield first
        for bit in range(16):
            if mask >> bit & 1:
                yield first + bit + 1 & 0xFFFF


def _packet(count: int, kind: int, body: bytes) -> bytes:
    if count > MAX_BLOCKS:
        raise PacketError(f"{count} entries in one RTCP packet, {MAX_BLOCKS} fit")
    return _HEADER.pack(0x80 | count, kind, len(body) // 4) + body


def _build_one(packet: RtcpPacket) -> bytes:
    match packet:
        case SenderReport(ssrc, ntp, timestamp, packets, octets, blocks):
            info = _SENDER_INFO.pack(
                ssrc,
                ntp & 0xFFFFFFFFFFFFFFFF,
                timestamp & 0xFFFFFFFF,
                packets & 0xFFFFFFFF,
                octets & 0xFFFFFFFF,
            )
            return _packet(len(blocks), SR, info + _build_blocks(blocks))
        case ReceiverReport(ssrc, blocks):
            return _packet(len(blocks), RR, ssrc.to_bytes(4, "big") + _build_blocks(blocks))
        case Sdes(names):
            return _packet(len(names), SDES, b"".join(_build_name(*name) for name in names))
        case Bye(ssrcs):
            return _packet(len(ssrcs), BYE, b"".join(ssrc.to_bytes(4, "big") for ssrc in ssrcs))
        case Nack(sender, media, sequences):
            return _packet(
                NACK_FORMAT, TRANSPORT_FEEDBACK, _TWO.pack(sender, media) + _build_nacks(sequences)
            )
        case Pli(sender, media):
            return _packet(PLI_FORMAT, PAYLOAD_FEEDBACK, _TWO.pack(sender, media))
        case Fir(sender, requests):
            entries = b"".join(_FIR.pack(ssrc, number & 0xFF) for ssrc, number in requests)
            return _packet(FIR_FORMAT, PAYLOAD_FEEDBACK, _TWO.pack(sender, 0) + entries)
        case Remb(sender, bitrate, ssrcs):
            exponent = max(0, bitrate.bit_length() - 18)
            field = (exponent << 18 | bitrate >> exponent).to_bytes(3, "big")
            listed = b"".join(ssrc.to_bytes(4, "big") for ssrc in ssrcs)
            body = _TWO.pack(sender, 0) + b"REMB" + bytes((len(ssrcs),)) + field + listed
            return _packet(APPLICATION_FORMAT, PAYLOAD_FEEDBACK, body)
        case TransportFeedback():
            body = _TWO.pack(packet.sender_ssrc, packet.media_ssrc) + build_feedback(packet)
            return _packet(TRANSPORT_CC_FORMAT, TRANSPORT_FEEDBACK, body)


def _build_blocks(blocks: tuple[ReportBlock, ...]) -> bytes:
    return b"".join(
        _BLOCK.pack(
            block.ssrc,
            block.fraction_lost << 24 | max(-0x800000, min(block.lost, 0x7FFFFF)) & 0xFFFFFF,
            block.highest & 0xFFFFFFFF,
            block.jitter & 0xFFFFFFFF,
            block.last_sr,
            block.delay & 0xFFFFFFFF,
        )
        for block in blocks
    )


def _build_name(ssrc: int, name: str) -> bytes:
    text = name.encode()
    if len(text) > 255:
        raise PacketError("a CNAME is at most 255 bytes")
    item = bytes((CNAME, len(text))) + text
    return ssrc.to_bytes(4, "big") + item + bytes(4 - len(item) % 4)


def _build_nacks(sequences: Sequence[int]) -> bytes:
    """Pairs of first number and mask; the numbers may lie on both sides of the wrap, in any order."""
    if not sequences:
        raise PacketError("a NACK names at least one packet")
    start = sequences[0]
    ordered = sorted({(number - start + 0x8000) & 0xFFFF for number in sequences})
    pairs: list[tuple[int, int]] = []
    for position in ordered:
        if pairs and position - pairs[-1][0] <= 16:
            first, mask = pairs[-1]
            pairs[-1] = (first, mask | 1 << position - first - 1)
        else:
            pairs.append((position, 0))
    return b"".join(_NACK.pack(first + start - 0x8000 & 0xFFFF, mask) for first, mask in pairs)
