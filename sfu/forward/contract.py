"""What a forwarding plane is: the one contract of `python.py` and `native.py`.

A forwarder owns one UDP socket and everything that happens to an RTP packet between receiving and
sending: demultiplex by the nominated address, unprotect, remember, rewrite per slot, protect, send.
It makes no decision of its own: control writes its tables (peers, producers, slots, routes) and never
stands on the packet's way. What is not RTP of a known peer comes up as an event: STUN and DTLS
(`datagram`), SRTCP (`rtcp`, still protected; RTCP is handled in Python with its own SRTP sessions,
so that no key ever protects twice with one counter).

Handles (`peer`, `producer`, `slot`) are small integers chosen by the caller, unique in the process,
never 0. Every method is called on the event loop's thread, returns at once and does not block on the
data plane; every event is delivered on the event loop's thread. An unknown handle is a no-op for
`remove_*` and a KeyError elsewhere.

Bounds: every table has one (MAX_*); reaching it raises `TableFull`, a datagram over MAX_DATAGRAM is
dropped and counted. Nothing a remote host sends can make a table grow.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from signaling.messages import Kind

Address = tuple[str, int]

MAX_PEERS = 8192
# A browser's are bounded by its four sources; another worker's pipe brings as many as it has slots.
MAX_PRODUCERS_PER_PEER = 128
MAX_SLOTS_PER_PEER = 128
MAX_SLOTS_PER_PRODUCER = 4096
MAX_DATAGRAM = 2048
# SSRCs of no producer that are reported per peer; packets of further ones are not even unprotected.
MAX_UNKNOWN_SSRCS = 16
# SSRCs that one pair of keys may ever have sent with: libsrtp looks through them one by one.
MAX_SENT_SSRCS = 512
# SSRCs that one pair of keys may ever have received with. Packets of further ones are dropped as unknown, not
# even unprotected: which numbers came of an SSRC is remembered as long as the keys, or it could be replayed.
MAX_RECEIVED_SSRCS = 512
# Sequence numbers named in one `packets_lost`: the newest ones of a longer gap.
MAX_LOST = 64
# A stream that jumps further ahead than this has started anew (MAX_DROPOUT of RFC 3550 §A.1): its slots
# go on without the gap.
MAX_DROPOUT = 3000
# Sequence numbers looked at in one `retransmit`.
MAX_RETRANSMIT = 256
# Arrivals that are remembered per peer until somebody asks: a third of a second of a full uplink.
MAX_ARRIVALS = 1024
# A packet goes out again at most this often (Janus' gate).
RETRANSMIT_GATE_MS = 40
# Cache per producer for RTX: time windows of mediasoup, bounded in packets too.
AUDIO_CACHE_MS = 1000
VIDEO_CACHE_MS = 2000
AUDIO_CACHE_PACKETS = 64
VIDEO_CACHE_PACKETS = 1024
# A VP8 packet's temporal layer is two bits (RFC 7741 §4.2): this limit is none.
MAX_TEMPORAL = 3
# Earlier payloads in a packet of redundant audio: Chromium can be made to send so many.
MAX_RED_BLOCKS = 9
# Bytes of two payloads that go out in one packet at most: it has to pass every path.
MAX_RED_BYTES = 1100
# Padding of one probe packet at most: its length is one byte (RFC 3550 §5.1).
MAX_PADDING = 255
# Packets of one `probe`.
MAX_PROBE = 64
# Timestamps of one source's layers may disagree with the wall clock by so much before they are not
# believed, and run behind what was sent by so much (mediasoup allows 75 ms of extra offset).
MAX_SKEW_MS = 200
MAX_BEHIND_MS = 75
# Codecs that one producer may change between: as many as there are for video.
MAX_FORMATS = 4
# … and at most this often; what comes in another one before that is dropped. A change costs all who listen
# a keyframe, and control a look at its routes.
CODEC_GATE_MS = 250


class TableFull(Exception):
    """A bounded table has no room; the message names the table and its bound."""


class SrtpProfile(enum.IntEnum):
    """DTLS-SRTP protection profiles (RFC 5764 §4.1.2, RFC 7714 §14.2) that we speak."""

    AES_CM_128_HMAC_SHA1_80 = 0x0001
    AEAD_AES_128_GCM = 0x0007


class Codec(enum.IntEnum):
    """Codecs that a producer may send and a slot may carry. Values are shared with the C plane."""

    OPUS = 1
    VP8 = 2
    VP9 = 3
    H264 = 4
    AV1 = 5


class Drop(enum.StrEnum):
    """Why a datagram or packet went no further: the keys of `PlaneCounters.dropped`."""

    OVERSIZED = "oversized"  # over MAX_DATAGRAM
    UNKNOWN_KIND = "unknown_kind"  # neither STUN nor DTLS nor RTP (RFC 7983)
    UNKNOWN_SOURCE = "unknown_source"  # media from an address that is not nominated
    NO_KEYS = "no_keys"
    UNKNOWN_SSRC = "unknown_ssrc"
    MALFORMED = "malformed"  # a length in the header that the packet does not have
    AUTH = "auth"  # wrong key or changed on the way
    REPLAY = "replay"
    PAYLOAD_TYPE = "payload_type"  # the producer's SSRC with a payload type that it does not send now
    PADDING = "padding"  # an empty RTX packet: a bandwidth probe
    DUPLICATE = "duplicate"  # a retransmission of what is there
    LATE = "late"  # older than the cache
    PROTECT = "protect"  # libsrtp refused to protect
    NO_ROOM = "no_room"  # the system's send buffer was full
    SEND_ERROR = "send_error"
    UNHEARD = "unheard"  # an event, or a stranger's datagram, while too many waited to be handled


@dataclass(frozen=True, slots=True)
class ExtensionIds:
    """Negotiated ids of RTP header extensions (RFC 8285), 0 where not negotiated."""

    mid: int = 0
    rid: int = 0
    repaired_rid: int = 0
    audio_level: int = 0  # RFC 6464
    orientation: int = 0  # 3GPP CVO, urn:3gpp:video-orientation
    transport_cc: int = 0


class Format(NamedTuple):
    """A codec as a peer sends it: its payload type, and that of its RTX (0: none)."""

    codec: Codec
    payload_type: int
    rtx_payload_type: int = 0


@dataclass(frozen=True, slots=True)
class ProducerParams:
    """One source that a peer sends.

    It begins with `codec`, and may change to one of `others` whenever it likes (MAX_FORMATS in all).
    `ssrc`/`rtx_ssrc` 0 means: not known yet; the plane then reports `unknown_ssrc` for packets with
    these payload types and the caller calls `bind_ssrc`. `red_payload_type` (0: none) is redundant audio
    (RFC 2198): listeners get the newest payload in it, and the earlier ones where they were lost.
    """

    kind: Kind
    codec: Codec
    payload_type: int
    clock_rate: int
    ssrc: int = 0
    rtx_payload_type: int = 0
    rtx_ssrc: int = 0
    extensions: ExtensionIds = ExtensionIds()
    red_payload_type: int = 0
    others: tuple[Format, ...] = ()

    @property
    def payload_types(self) -> tuple[int, ...]:
        """Those that packets of the source itself may have."""
        plain = tuple(form.payload_type for form in self.formats)
        return (*plain, self.red_payload_type) if self.red_payload_type else plain

    @property
    def formats(self) -> tuple[Format, ...]:
        """All that it may send, the one that it begins with first."""
        return (Format(self.codec, self.payload_type, self.rtx_payload_type), *self.others)


@dataclass(frozen=True, slots=True)
class SlotParams:
    """One stream that a peer receives, whoever feeds it.

    `payload_types` maps a codec to (payload type, RTX payload type or 0): while a producer sends one that is
    missing here it does not feed the slot. `ssrc` is constant for the slot's life; sequence numbers start
    below 2**15 (SRTP rollover) and stay continuous over all sources. `red_payload_type` (0: none) is what
    its redundant audio is sent with, see `Forwarder.redundancy`.
    """

    kind: Kind
    ssrc: int
    rtx_ssrc: int
    payload_types: dict[Codec, tuple[int, int]] = field(default_factory=dict)
    extensions: ExtensionIds = ExtensionIds()
    mid: str = ""
    red_payload_type: int = 0

    @property
    def repeats(self) -> bool:
        """Whether something is retransmitted as the same bytes again, because there is no RTX for it."""
        return not self.rtx_ssrc or not all(repair for _, repair in self.payload_types.values())


@dataclass(frozen=True, slots=True)
class ProducerState:
    """What has come in from a producer: the figures that an RTCP receiver report needs.

    `highest` is the extended highest sequence number (RFC 3550 §A.1), `first` the extended first one,
    `jitter` in RTP ticks (RFC 3550 §A.8), `audio_level` the loudest level in -dBov (0 loudest .. 127
    silence) since this was last asked.
    """

    packets: int
    bytes: int
    first: int
    highest: int
    jitter: int
    audio_level: int
    temporal_bytes: tuple[int, int, int, int] = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class SlotState:
    """What has gone out of a slot: the figures that an RTCP sender report needs.

    `producer` is 0 until the first packet of the routed producer was forwarded. The RTP timestamp of
    the slot is the producer's plus `timestamp_offset`, modulo 2**32. `bytes` counts payload. `last_*`
    describe the last packet sent. `thinned` counts packets of temporal layers above the slot's `limit`.
    """

    producer: int
    timestamp_offset: int
    packets: int
    bytes: int
    retransmitted: int
    last_sequence: int
    last_timestamp: int
    thinned: int = 0


@dataclass(frozen=True, slots=True)
class PlaneCounters:
    """Totals of one forwarder. Everything that is dropped is counted by its reason."""

    received: int
    sent: int
    sent_bytes: int
    dropped: dict[str, int]  # by `Drop` reason
    probes: int = 0  # packets of nothing but padding, of those sent
    received_bytes: int = 0
    restored: int = 0  # lost packets that were found in redundant audio
    doubled: int = 0  # packets sent that carried the payload of the one before


class ForwarderEvents(Protocol):
    """What a plane tells its owner (all on the event loop's thread)."""

    def datagram(self, data: bytes, address: Address) -> None:
        """STUN from anybody, DTLS from anybody: bounded per loop turn, the rest is dropped."""

    def rtcp(self, peer: int, data: bytes) -> None:
        """A still protected SRTCP packet from the peer's nominated address."""

    def unknown_ssrc(self, peer: int, ssrc: int, payload_type: int, mid: str, rid: str) -> None:
        """An authenticated RTP packet of no producer: once per SSRC, MAX_UNKNOWN_SSRCS a peer."""

    def producer_started(self, producer: int) -> None:
        """First RTP packet of this producer."""

    def keyframe_needed(self, producer: int) -> None:
        """A slot waits for a keyframe of this producer (the caller coalesces)."""

    def codec_changed(self, producer: int, codec: Codec) -> None:
        """The producer sends this one of its codecs from now on. The slots that carry it go on with its next
        keyframe, the others are silent."""

    def packets_lost(self, producer: int, sequences: list[int]) -> None:
        """A gap in the producer's sequence numbers (16 bit each, at most MAX_LOST)."""


class Forwarder(Protocol):
    """One UDP socket and the way of a packet through it."""

    @property
    def plane(self) -> Literal["python", "native"]:
        """Which plane this is, for logs and metrics."""

    @property
    def thread(self) -> int | None:
        """The system's id of the thread that forwards; None where the event loop's does."""

    @property
    def address(self) -> Address:
        """The bound local address."""

    def close(self) -> None:
        """Close the socket and drop every table. Idempotent."""

    # --- peers -----------------------------------------------------------------------------------

    def add_peer(self, peer: int) -> None:
        """Make a peer without keys and address: nothing is received from or sent to it."""

    def set_keys(self, peer: int, profile: SrtpProfile, receive: bytes, send: bytes) -> None:
        """SRTP master key + salt of both directions (RTP only; RTCP is the caller's)."""

    def set_address(self, peer: int, address: Address | None) -> None:
        """The nominated remote address: media is accepted from and sent to it only."""

    def remove_peer(self, peer: int) -> None:
        """Drop the peer with its producers and slots; no packet to or from it afterwards."""

    # --- producers -------------------------------------------------------------------------------

    def add_producer(self, producer: int, peer: int, params: ProducerParams) -> None:
        """A source that `peer` sends.

        A packet of its SSRC with the payload type of another one of its formats, newer than all before,
        changes its codec (`codec_changed`), at most once in CODEC_GATE_MS. Numbers go on; what is older than
        the change is not repaired or repeated any more.
        """

    def bind_ssrc(self, producer: int, ssrc: int, rtx: bool = False) -> None:
        """Packets of `peer` with this SSRC belong to the producer (or are its RTX)."""

    def sync(self, producer: int, group: int, timestamp: int) -> None:
        """How this producer's clock stands to others: its RTP timestamp at an instant of its group.

        `group` (never 0) names producers that one clock samples, the simulcast layers of a source; the
        instant is the same for all of them. A slot that changes from one to the other goes on with their
        timestamps, not with the wall clock.
        """

    def remove_producer(self, producer: int) -> None:
        """Its slots fall silent at once, also those that are `held` until it shows a keyframe."""

    # --- slots -----------------------------------------------------------------------------------

    def add_slot(self, slot: int, peer: int, params: SlotParams) -> None:
        """A stream that `peer` receives; silent until routed.

        Raises ValueError for an SSRC that another slot of the peer has, or that had another answer to
        `SlotParams.repeats` under the same keys.
        """

    def remove_slot(self, slot: int) -> None:
        """Drop the slot."""

    def route(self, slot: int, producer: int | None, hold: bool = False) -> None:
        """Feed the slot from this producer, or from nothing.

        After the call returns no packet of the earlier producer that arrives later leaves the slot
        (the native plane: none that is received after it has drained its command ring). Audio starts
        with the next packet, video with the next keyframe (`keyframe_needed` is raised at once).
        Timestamps go on from the last one sent plus the wall-clock time since (inside of a group as `sync`
        says). Of VP8 the PictureID, TL0PICIDX and KEYIDX (RFC 7741) go on too. Packets have the slot's
        payload type for what the producer sends now. Routing to the same producer again changes nothing.

        `hold`: the earlier producer feeds the slot until this one shows a keyframe: for layers of one
        source. A later route without `hold` ends that at once.
        """

    def limit(self, slot: int, temporal: int) -> None:
        """Forward no VP8 packets of a temporal layer above `temporal` (MAX_TEMPORAL: all).

        Numbers and PictureIDs stay continuous. A lower limit holds from the next picture on, a higher one
        from the next picture that a decoder may go up at (the Y bit, or a new source).
        """

    def redundancy(self, slot: int, on: bool) -> None:
        """Send the slot's audio redundantly (RFC 2198) from the next packet on, or plainly again.

        A packet then carries the payload of the one before too: where that is in the cache, belongs to the
        same route, and both fit (MAX_RED_BYTES, and the bits for length and distance). Others go out
        plainly. Retransmission repeats what went out, whatever is in force by then. Raises ValueError for a
        slot without `red_payload_type`.
        """

    def probe(self, slot: int, packets: int, padding: int) -> int:
        """Send so many packets of nothing but so much padding, on the slot's RTX SSRC.

        For bandwidth estimation: they carry transport-wide numbers and no receiver notices them (RFC 4588
        §4 has no packet without an original number). Also before the slot was ever fed. Returns how many went
        out (the native plane: were ordered): 0 where the slot has no RTX, keys or address.
        """

    def retransmit(self, slot: int, sequences: list[int]) -> int:
        """Resend these slot sequence numbers from the cache as RTX (RFC 4588; plain where the slot has
        no RTX payload type), gated to one per packet and RETRANSMIT_GATE_MS. Only packets of the producer
        that the slot is routed to now. Returns how many were resent."""

    # --- loss and feedback -----------------------------------------------------------------------

    def missing(self, producer: int, sequences: list[int]) -> list[int]:
        """Which of these (16 bit, of the producer) are still neither received nor repaired by RTX.

        Numbers older than the cache are not missing any more.
        """

    def transport_sent(self, peer: int, numbers: list[int]) -> list[tuple[float, int]]:
        """When (s, the plane's clock) the packets with these transport-wide numbers left, and how many bytes.

        (0.0, 0) for a number that was never used or is forgotten (512 bursts are remembered per peer).
        """

    def transport_arrived(self, peer: int) -> list[tuple[int, float]]:
        """Which transport-wide numbers (16 bit) came in from this peer, and when (s, the plane's clock).

        Those of its producers that have the extension, since the last call, in the order of arrival; while
        MAX_ARRIVALS wait, further ones are not remembered.
        """

    # --- everything else -------------------------------------------------------------------------

    def send(self, address: Address, data: bytes) -> None:
        """Send a datagram that is not RTP (STUN, DTLS, SRTCP) as it is; dropped when the socket is full."""

    def producer_state(self, producer: int) -> ProducerState:
        """Figures of one producer."""

    def slot_state(self, slot: int) -> SlotState:
        """Figures of one slot."""

    def counters(self) -> PlaneCounters:
        """Totals."""
