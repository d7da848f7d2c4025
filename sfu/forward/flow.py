"""Who feeds which slot in the Python plane, and in which company.

A producer's listeners with equal header bytes stand in one `Group`, so that those bytes are made once per
packet. A slot is routed to a producer, waits for its keyframe, flows, and may flow from one producer while it
waits for another. Nothing here does I/O.
"""

from __future__ import annotations

from sfu.forward.layout import Layout, LayoutKey
from sfu.forward.rows import Rows
from sfu.forward.slots import Slot
from sfu.forward.tables import Packet, Producer
from sfu.forward.timeline import Left

GroupKey = tuple[LayoutKey, int, bool, bool]


class Group:
    """Flowing listeners of one producer whose packets differ in the header's fixed fields only.

    `slots` and `rows` run side by side. Figures are kept once for all of them: `settle` carries them over to
    a slot.
    """

    __slots__ = (
        "bytes",
        "doubles",
        "key",
        "layout",
        "newest_base",
        "packets",
        "rows",
        "slots",
        "tag_bytes",
        "thins",
    )

    def __init__(self, key: GroupKey, layout: Layout, tag_bytes: int) -> None:
        self.key = key
        self.layout = layout
        self.tag_bytes = tag_bytes
        self.thins = key[2]  # each of them may take other packets
        self.doubles = key[3]  # each of them may take other bytes
        self.slots: list[Slot] = []
        self.rows = Rows()
        self.newest_base = 0  # no packet from here on is too old for any of the slots
        self.packets = 0
        self.bytes = 0


def start_flow(slot: Slot) -> None:
    """Let the slot take its producer's packets (it must be ready and have begun)."""
    producer = slot.producer
    assert producer is not None
    key = (slot.key, slot.tag_bytes, slot.thinning is not None, slot.doubles)
    group = producer.groups.get(key)
    if group is None:
        group = producer.groups[key] = Group(key, slot.layout, slot.tag_bytes)
    group.slots.append(slot)
    group.rows.append(slot, slot.offset, slot.shift)
    group.newest_base = max(group.newest_base, slot.base)
    slot.group = group
    slot.settled = (group.packets, group.bytes)
    producer.waiting.discard(slot)


def settle(slot: Slot) -> None:
    """Bring the slot's figures and numbers up to what its group has sent."""
    group, producer = slot.group, slot.producer
    if group is None or producer is None:
        return
    packets, size = slot.settled
    slot.packets += group.packets - packets
    slot.bytes += group.bytes - size
    slot.settled = (group.packets, group.bytes)
    newest = producer.newest
    if group.thins:
        return  # its numbers are kept packet by packet
    # A slot that began with a late packet was not sent what had overtaken it (`Producer.advance`).
    if newest is not None and newest.sequence > slot.newest_before:
        slot.advance(newest)


def stop_flow(slot: Slot) -> None:
    """Take the slot out of its producer's listeners; it stays routed."""
    group = slot.group
    if group is None or slot.producer is None:
        return
    settle(slot)
    producer = slot.producer
    if producer.sync is not None:
        slot.left = Left(producer.sync, slot.timestamp_offset - slot.extra)
    else:
        slot.left = None
    place = group.slots.index(slot)
    del group.slots[place]
    group.rows.delete(place)
    if not group.slots:
        del slot.producer.groups[group.key]
    slot.group = None


def limit_layers(slot: Slot, temporal: int) -> None:
    """Take no temporal layer above this from now on, as `contract.Forwarder.limit` says."""
    settle(slot)
    flows = slot.group is not None
    if not flows or slot.thinning is not None:
        slot.set_limit(temporal)
        return
    stop_flow(slot)
    slot.set_limit(temporal)
    start_flow(slot)


def set_redundancy(slot: Slot, on: bool) -> None:
    """Send redundant audio from now on, or plain packets, as `contract.Forwarder.redundancy` says."""
    if slot.doubles == on:
        return
    flows = slot.group is not None
    if flows:
        stop_flow(slot)
    slot.doubles = on
    if flows:
        start_flow(slot)


def expect(slot: Slot, producer: Producer) -> None:
    """The slot flows on until this producer shows a keyframe."""
    expect_no_more(slot)
    slot.coming = producer
    producer.coming.add(slot)


def expect_no_more(slot: Slot) -> None:
    """What feeds the slot goes on doing so."""
    if slot.coming is not None:
        slot.coming.coming.discard(slot)
        slot.coming = None


def set_route(slot: Slot, producer: Producer) -> None:
    """The slot (fed by nothing) waits for this producer."""
    slot.producer = producer
    producer.slots.add(slot)
    producer.waiting.add(slot)


def take_over(slot: Slot) -> None:
    """The producer that the slot waits for while it flows is the one from now on."""
    producer = slot.coming
    assert producer is not None
    drop_route(slot)
    set_route(slot, producer)


def drop_route(slot: Slot) -> None:
    """Nothing feeds the slot any more."""
    expect_no_more(slot)
    producer = slot.producer
    if producer is None:
        return
    stop_flow(slot)
    producer.waiting.discard(slot)
    producer.slots.discard(slot)
    slot.producer = None
    slot.feeding = 0


def join(source: Producer, burst: list[Packet], now: float) -> None:
    """Let waiting slots begin where a decoder can: at the first keyframe of this burst."""
    for packet in burst:
        if source.is_keyframe(packet.payload):
            for slot in [slot for slot in source.coming if slot.takes(source)]:
                take_over(slot)
            for slot in [slot for slot in source.waiting if slot.takes(source)]:
                slot.begin(packet, now)
                start_flow(slot)
            return


def follow_jump(source: Producer, packet: Packet, now: float) -> None:
    """The source has started anew far ahead: its listeners' numbers go on without the gap."""
    for slot in [slot for group in source.groups.values() for slot in group.slots]:
        stop_flow(slot)
        slot.begin(packet, now)
        start_flow(slot)


def change_codec(source: Producer, payload_type: int, now: float) -> None:
    """The source sends another codec: its listeners wait for a keyframe of that, if they take it at all."""
    for slot in [slot for group in source.groups.values() for slot in group.slots]:
        stop_flow(slot)
        slot.feeding = 0
        source.waiting.add(slot)
    source.change(payload_type, now)
