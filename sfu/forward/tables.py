"""The tables of the Python plane: peers and what they send. What they receive is `slots.py`.

Control writes here, the packet's way (`way.py`) reads. Nothing here does I/O.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, NamedTuple

from sfu.forward.contract import (
    AUDIO_CACHE_MS,
    AUDIO_CACHE_PACKETS,
    CODEC_GATE_MS,
    MAX_TEMPORAL,
    VIDEO_CACHE_MS,
    VIDEO_CACHE_PACKETS,
    Codec,
    ExtensionIds,
    Format,
    ProducerParams,
)
from sfu.forward.datagrams import Remote
from sfu.forward.pictures import Picture
from sfu.forward.srtp import SrtpSession
from sfu.forward.timeline import Sync
from sfu.rtp import keyframe
from sfu.rtp.sequence import MASK_32, near_16

if TYPE_CHECKING:  # they know these tables
    from sfu.forward.flow import Group, GroupKey
    from sfu.forward.slots import Slot

# Packets whose departure is remembered per peer for transport-wide feedback: a second of a full pool.
TRANSPORT_HISTORY = 2048
SILENT = 127  # -dBov
ALWAYS = -(1 << 32)  # before every sequence number

_KEYFRAME: dict[Codec, keyframe.Detector] = {
    Codec.OPUS: keyframe.every,
    Codec.VP8: keyframe.vp8,
    Codec.VP9: keyframe.vp9,
    Codec.H264: keyframe.h264,
    Codec.AV1: keyframe.av1,
}


class Packet(NamedTuple):
    """A packet of a producer as received: one per incoming packet, shared by all its listeners.

    `sequence` is extended, `marker` 0 or 0x80, level and orientation a byte or ABSENT, `at` in seconds.
    """

    sequence: int
    marker: int
    timestamp: int
    audio_level: int
    orientation: int
    payload: bytes
    at: float
    picture: Picture | None = None


class TransportHistory:
    """When and how big the transport-wide numbers of a peer went out; `next` is the next of them."""

    __slots__ = ("_ring", "next")

    def __init__(self) -> None:
        self.next = 0
        self._ring: list[tuple[float, int]] = [(0.0, 0)] * TRANSPORT_HISTORY

    def take(self, records: list[tuple[float, int]]) -> int:
        """The first of the numbers of packets with these times and sizes (all listeners may share them)."""
        ring, first = self._ring, self.next
        if len(records) == 1:
            ring[first % TRANSPORT_HISTORY] = records[0]
            self.next = first + 1
            return first
        for record in records:
            ring[self.next % TRANSPORT_HISTORY] = record
            self.next += 1
        return first

    def look_up(self, numbers: list[int]) -> list[tuple[float, int]]:
        """When each 16-bit number went out, and its bytes; (0.0, 0) when forgotten or never used."""
        found = []
        for number in numbers:
            extended = near_16(number, self.next - 1)
            known = self.next - TRANSPORT_HISTORY <= extended < self.next and extended >= 0
            found.append(self._ring[extended % TRANSPORT_HISTORY] if known else (0.0, 0))
        return found


class Peer:
    """One remote transport: keys, nominated address, what it sends and receives."""

    __slots__ = (
        "arrived",
        "handle",
        "keys",
        "opened",
        "producers",
        "receiver",
        "remote",
        "repeatable",
        "repeater",
        "retired",
        "sender",
        "slots",
        "sources",
        "transport",
        "unknown",
    )

    def __init__(self, handle: int) -> None:
        self.handle = handle
        self.keys: tuple[int, bytes, bytes] | None = None
        self.receiver: SrtpSession | None = None
        self.sender: SrtpSession | None = None
        self.remote: Remote | None = None
        self.producers: set[Producer] = set()
        self.slots: set[Slot] = set()
        self.sources: dict[int, Producer] = {}  # by SSRC, media and RTX
        self.unknown: set[int] = set()  # SSRCs reported as unknown
        self.opened: set[int] = set()  # SSRCs that packets came of under these keys
        self.repeater: SrtpSession | None = None  # sends for slots that repeat; made for the first of them
        self.repeatable: set[int] = set()  # SSRCs that it has or had under these keys
        self.retired: dict[int, int] = {}  # next sequence number of SSRCs whose slot is gone
        self.transport: TransportHistory | None = None
        self.arrived: list[tuple[int, float]] = []  # transport-wide numbers and when they came

    def names_in(self, values: dict[int, bytes]) -> tuple[str, str]:
        """MID and RID that a packet's extensions carry (RFC 8843 §9.2, RFC 8852); "" where it does not."""
        mid = rid = b""
        for producer in self.producers:  # one bundle: an id means the same in all its m-lines
            ids = producer.extensions
            mid = mid or values.get(ids.mid, b"")
            rid = rid or values.get(ids.rid, b"") or values.get(ids.repaired_rid, b"")
        return mid.decode("ascii", "replace"), rid.decode("ascii", "replace")


class Producer:
    """One source that a peer sends, with its cache and receiver's figures."""

    __slots__ = (
        "audio_level",
        "burst",
        "bytes",
        "cache",
        "cache_seconds",
        "changed_at",
        "clock_rate",
        "codec",
        "coming",
        "extensions",
        "first",
        "formats",
        "groups",
        "handle",
        "highest",
        "is_keyframe",
        "jitter",
        "newest",
        "packets",
        "params",
        "payload_type",
        "peer",
        "red_payload_type",
        "rtx_payload_type",
        "rtx_ssrc",
        "since",
        "slots",
        "ssrc",
        "started",
        "sync",
        "temporal_bytes",
        "transit",
        "vp8",
        "waiting",
    )

    def __init__(self, handle: int, peer: Peer, params: ProducerParams) -> None:
        audio = params.kind == "audio"
        self.handle = handle
        self.peer = peer
        self.params = params
        self.ssrc = 0
        self.rtx_ssrc = 0
        self.formats = {form.payload_type: form for form in params.formats}
        self.red_payload_type = params.red_payload_type or -1
        self.changed_at = float("-inf")
        self.extensions: ExtensionIds = params.extensions
        self.clock_rate = params.clock_rate
        self.cache: list[Packet | None] = [None] * (AUDIO_CACHE_PACKETS if audio else VIDEO_CACHE_PACKETS)
        self.cache_seconds = (AUDIO_CACHE_MS if audio else VIDEO_CACHE_MS) / 1000
        self.slots: set[Slot] = set()  # routed here, flowing or not
        self.waiting: set[Slot] = set()  # routed here, flowing from the next keyframe on
        self.coming: set[Slot] = set()  # the same, fed by another source until then
        self.sync: Sync | None = None
        self.temporal_bytes = [0] * (MAX_TEMPORAL + 1)
        self.groups: dict[GroupKey, Group] = {}  # the flowing ones
        self.burst: list[Packet] = []
        self.packets = 0
        self.bytes = 0
        self.audio_level = SILENT
        self.started = False
        self._use(params.formats[0])
        self.restart()

    def restart(self) -> None:
        """Forget the numbering of the stream: its next packet is the first of another one."""
        self.first = -1
        self.highest = -1
        self.since = ALWAYS  # packets before this number were sent in another codec
        self.sync = None
        self.transit = 0
        self.jitter = 0.0
        self._forget()

    def _forget(self) -> None:
        self.newest: Packet | None = None  # of those handed to listeners, by number
        self.cache = [None] * len(self.cache)
        self.burst.clear()

    def _use(self, form: Format) -> None:
        self.codec, self.payload_type, self.rtx_payload_type = form
        self.is_keyframe = _KEYFRAME[form.codec]
        self.vp8 = form.codec is Codec.VP8

    def may_change(self, payload_type: int, number: int, now: float) -> bool:
        """Whether a packet with this payload type and number (16 bit) begins another codec."""
        return (
            payload_type in self.formats
            and now - self.changed_at >= CODEC_GATE_MS / 1000
            and (self.first < 0 or near_16(number, self.highest) > self.highest)
        )

    def change(self, payload_type: int, now: float) -> None:
        """It sends the codec with this payload type from now on; the numbering goes on."""
        self._use(self.formats[payload_type])
        self.changed_at = now
        if self.first >= 0:
            self.since = self.highest + 1
        self._forget()

    def advance(self, packet: Packet) -> None:
        """This packet, the highest of its burst, was handed to the flowing listeners.

        Most learn from `newest` where they stand (`settle`). One that began late, behind the newest, is told
        here until the source is past that.
        """
        newest = self.newest
        if newest is None or packet.sequence > newest.sequence:
            self.newest = packet
            return
        for group in self.groups.values():
            for slot in group.slots:
                if slot.newest_before >= newest.sequence:
                    slot.advance(packet)

    def lacks(self, sequence: int, timestamp: int) -> bool:
        """Whether a packet with this number is missing, and would not contradict the timestamps beside it."""
        size = len(self.cache)
        before, held, after = (self.cache[n % size] for n in range(sequence - 1, sequence + 2))
        if sequence < self.first or (held is not None and held.sequence >= sequence):
            return False
        for beside, number, sign in ((before, sequence - 1, 1), (after, sequence + 1, -1)):
            if beside is not None and beside.sequence == number:
                ahead = (timestamp - beside.timestamp) * sign & MASK_32
                if not 0 < ahead < 0x80000000:
                    return False
        return True

    def cached(self, sequence: int, now: float) -> Packet | None:
        """The packet with this extended number, unless it is older than the cache's time."""
        packet = self.cache[sequence % len(self.cache)]
        if packet is None or packet.sequence != sequence or now - packet.at > self.cache_seconds:
            return None
        return packet


class Tables:
    """Everything by handle, and peers by what their datagrams are recognised by."""

    def __init__(self) -> None:
        self.peers: dict[int, Peer] = {}
        self.by_source: dict[Hashable, Peer] = {}
        self.producers: dict[int, Producer] = {}
        self.slots: dict[int, Slot] = {}

    def clear(self) -> None:
        """Forget everything."""
        for table in (self.peers, self.by_source, self.producers, self.slots):
            table.clear()
