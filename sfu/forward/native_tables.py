"""What control knows of the native plane's peers, producers and slots, beside their C structs.

Each object owns its C struct (freed with it, so whoever drops one keeps it until the data thread has let
go). Packets, numbers and figures are not here: they belong to the data thread.
"""

from __future__ import annotations

import random
import weakref
from typing import Any, ClassVar

from sfu.forward.contract import ProducerParams, SlotParams
from sfu.forward.layout import ABSENT, Layout, LayoutKey, layout_key
from sfu.forward.native_link import extension
from sfu.forward.native_seal import Receiver, Sender
from sfu.forward.srtp import SrtpSession
from sfu.rtp.header import FIXED_HEADER, elements

# Sequence numbers start below this, so that a lost first packet cannot be taken for a wrap.
MAX_FIRST_SEQUENCE = 2**15


def _owned(made: Any, free: Any) -> Any:
    ffi, _ = extension()
    if made == ffi.NULL:
        raise MemoryError("no memory for the forwarding plane's tables")
    return ffi.gc(made, free)


class Heads:
    """The header templates of a layout as C takes them: without and with level (1), orientation (2)."""

    __slots__ = ("__weakref__", "pointer")

    _made: ClassVar[weakref.WeakValueDictionary[LayoutKey, Heads]] = weakref.WeakValueDictionary()

    def __init__(self, key: LayoutKey) -> None:
        ffi, lib = extension()
        layout = Layout(key)
        self.pointer = ffi.new("plane_head[4]")
        for kind, head in enumerate(self.pointer):
            data = layout.head(0 if kind & 1 else ABSENT, 0 if kind & 2 else ABSENT)
            if len(data) > lib.PLANE_MAX_HEAD:
                raise ValueError(f"a header of {len(data)} bytes: the MID is too long")
            head.length = len(data)
            head.bytes[0 : len(data)] = data
            if len(data) == FIXED_HEADER:
                continue
            # In the order in which a layout writes them.
            places = iter(elements(data, FIXED_HEADER, len(data)))
            head.transport_at = next(places)[1] if key[0] else 0
            head.level_at = next(places)[1] if key[1] and kind & 1 else 0
            head.orientation_at = next(places)[1] if key[2] and kind & 2 else 0

    @classmethod
    def of(cls, key: LayoutKey) -> Heads:
        """The templates of this layout; slots that use the same ones share them."""
        found = cls._made.get(key)
        if found is None:
            found = cls._made[key] = cls(key)
        return found


class NativePeer:
    """One remote transport."""

    __slots__ = (
        "handle",
        "keys",
        "name",
        "pointer",
        "producers",
        "receiver",
        "repeatable",
        "repeater",
        "retired",
        "sender",
        "slots",
        "sources",
    )

    def __init__(self, handle: int) -> None:
        _, lib = extension()
        self.handle = handle
        self.pointer = _owned(lib.peer_new(handle), lib.peer_free)
        self.keys: tuple[int, bytes, bytes] | None = None
        self.receiver: Receiver | None = None
        self.sender: Sender | None = None
        self.name: bytes | None = None  # its nominated address
        self.producers: set[NativeProducer] = set()
        self.slots: set[NativeSlot] = set()
        self.sources: dict[int, NativeProducer] = {}  # by SSRC, media and RTX
        self.repeater: SrtpSession | None = None  # sends for slots that repeat; made for the first of them
        self.repeatable: set[int] = set()  # SSRCs that it has or had under these keys
        self.retired: set[int] = set()  # SSRCs whose slot is gone

    @property
    def ready(self) -> bool:
        """Whether there are keys and an address to send with."""
        return self.sender is not None and self.name is not None


class NativeProducer:
    """One source that a peer sends."""

    __slots__ = ("handle", "holding", "params", "peer", "pointer", "rtx_ssrc", "slots", "ssrc")

    def __init__(self, handle: int, peer: NativePeer, params: ProducerParams) -> None:
        ffi, lib = extension()
        self.handle = handle
        self.peer = peer
        self.params = params
        self.ssrc = 0
        self.rtx_ssrc = 0
        self.slots: set[NativeSlot] = set()  # routed here
        self.holding: set[NativeSlot] = set()  # fed from here until what they are routed to shows a keyframe
        made = lib.producer_new(
            peer.pointer,
            handle,
            ffi.new("plane_format[]", params.formats),
            len(params.formats),
            params.clock_rate,
            params.extensions.audio_level,
            params.extensions.orientation,
            params.extensions.transport_cc,
            params.red_payload_type,
        )
        self.pointer = _owned(made, lib.producer_free)


class NativeSlot:
    """One stream that a peer receives."""

    __slots__ = (
        "handle",
        "heads",
        "held",
        "params",
        "peer",
        "pointer",
        "producer",
        "rtx_payload_type",
    )

    def __init__(self, handle: int, peer: NativePeer, params: SlotParams) -> None:
        ffi, lib = extension()
        self.handle = handle
        self.peer = peer
        self.params = params
        self.producer: NativeProducer | None = None  # routed to
        self.held: NativeProducer | None = None  # fed from, perhaps, until then
        self.heads = Heads.of(layout_key(params.extensions, params.mid))
        repairs = [repair for _, repair in params.payload_types.values()]
        # What probes are sent with, whatever feeds the slot.
        self.rtx_payload_type = max(repairs, default=0) if params.rtx_ssrc else 0
        made = lib.slot_new(
            peer.pointer,
            handle,
            params.ssrc,
            params.rtx_ssrc,
            ffi.new("plane_format[]", [(codec, *types) for codec, types in params.payload_types.items()]),
            len(params.payload_types),
            params.repeats,
            self.heads.pointer,
            random.randrange(1, MAX_FIRST_SEQUENCE),
            random.randrange(1, MAX_FIRST_SEQUENCE),
            random.getrandbits(32),
        )
        self.pointer = _owned(made, lib.slot_free)

    @property
    def ssrcs(self) -> list[int]:
        """What it sends with."""
        return [ssrc for ssrc in (self.params.ssrc, self.params.rtx_ssrc) if ssrc]

    def hold(self, producer: NativeProducer | None) -> None:
        """This producer (or none) goes on feeding the slot until the one that it is routed to can."""
        if self.held is not None:
            self.held.holding.discard(self)
        self.held = producer
        if producer is not None:
            producer.holding.add(self)
