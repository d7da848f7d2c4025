"""Golden: any order of commands and packets keeps the promises of the plane, on every plane.

Hypothesis drives publishers, listeners and commands at random and checks after every step:

- a slot carries only packets of the producer that it is routed to, none after the route is gone;
- its numbers are continuous: the first packet of a source has the number after the highest one sent, the
  others keep their distance to it;
- nobody gets a packet that was not protected for them, and no (SSRC, index) is ever used for two contents;
- redundant audio carries the packet before, of the same route, and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from sfu.forward.contract import MAX_DROPOUT
from sfu.forward.planes import ForwarderFactory
from sfu.rtp.red import Block, unwrap, wrap
from sfu.rtp.sequence import near_16
from tests.support.plane_rig import (
    OPUS_PT,
    RED_PT,
    SLOT_OPUS_PT,
    SLOT_RED_PT,
    SLOT_VP8_PT,
    Rig,
    Source,
)
from tests.support.rtp_peer import RtpPeer

T = TypeVar("T")

SOURCES = 3
LISTENERS = 2
SLOTS_EACH = 2


@dataclass
class ExpectedSlot:
    """What the model knows of one slot."""

    peer: int
    listener: RtpPeer
    ssrc: int
    rtx: bool
    handle: int
    route: Source | None = None
    highest: int | None = None  # extended number of the newest packet sent
    offset: int | None = None  # slot's number minus source's, in this stretch
    newest_of_source: int = 0  # highest source number forwarded in this stretch
    first_of_source: int = 0  # and the one that it began with
    sent: dict[int, bytes] = field(default_factory=dict)  # datagram by extended number
    seen: list[int] = field(default_factory=list)


class AnyOrder(RuleBasedStateMachine):
    """One forwarder with three publishers and four slots."""

    factory: Callable[..., object]
    kind = "video"

    @initialize()
    def start(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.rig = self.run(self.make())
        self.sources = [
            self.rig.source(self.kind, ssrc=10 + i, first=65500 * i, red_payload_type=RED_PT)
            for i in range(SOURCES)
        ]
        self.held: list[tuple[Source, bytes]] = []
        self.datagrams: list[tuple[Source, bytes]] = []
        self.slots: list[ExpectedSlot] = []
        for _ in range(LISTENERS):
            peer, listener = self.rig.peer()
            for i in range(SLOTS_EACH):
                rtx = i == 0 and self.kind == "video"
                handle = self.add_slot(100 * (i + 1), peer, rtx)
                self.slots.append(ExpectedSlot(peer, listener, 100 * (i + 1), rtx, handle))
        for index in range(len(self.slots)):
            self.route(index, index % 2)
        self.everybody_shows_a_keyframe(2)

    def add_slot(self, ssrc: int, peer: int, rtx: bool) -> int:
        return self.rig.slot(self.kind, ssrc=ssrc, peer=peer, rtx=rtx, red=self.kind == "audio")[0]

    async def make(self) -> Rig:
        return Rig(self.factory)  # type: ignore[arg-type]

    def run(self, work: Coroutine[object, object, T]) -> T:
        return self.loop.run_until_complete(work)

    def teardown(self) -> None:
        if hasattr(self, "rig"):
            self.rig.close()
            self.run(asyncio.sleep(0))
        if hasattr(self, "loop"):
            self.loop.close()

    # --- what may happen -------------------------------------------------------------------------

    @rule(count=st.integers(1, 4))
    def everybody_shows_a_keyframe(self, count: int) -> None:
        for index in range(SOURCES):
            self.send(index, count, key=True)

    @rule(index=st.integers(0, SOURCES - 1), count=st.integers(1, 4), key=st.booleans())
    def send(self, index: int, count: int, key: bool) -> None:
        source = self.sources[index]
        for i in range(count):
            data = source.peer.protect(source.packet(key=key and i == 0))
            source.peer.send_raw(self.rig.address, data)
            self.datagrams.append((source, data))
        self.check()

    @rule(index=st.integers(0, SOURCES - 1), key=st.booleans())
    def hold_back(self, index: int, key: bool) -> None:
        source = self.sources[index]
        self.held.append((source, source.peer.protect(source.packet(key=key))))

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def deliver_late(self, data: st.DataObject) -> None:
        source, datagram = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
        source.peer.send_raw(self.rig.address, datagram)
        self.check()

    @precondition(lambda self: self.datagrams)
    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        source, datagram = data.draw(st.sampled_from(self.datagrams[-50:]))
        source.peer.send_raw(self.rig.address, datagram)
        self.check()

    @rule(index=st.integers(0, SOURCES - 1), count=st.sampled_from([1, 5, 2000, 4000]))
    def lose(self, index: int, count: int) -> None:
        self.sources[index].lose(count)

    @rule(index=st.integers(0, 3), to=st.sampled_from([*range(SOURCES), None]))
    def route(self, index: int, to: int | None) -> None:
        slot = self.slots[index]
        source = None if to is None else self.sources[to]
        self.rig.forwarder.route(slot.handle, source.handle if source else None)
        if source is not slot.route:
            slot.route, slot.offset = source, None
        self.check()

    @rule(index=st.integers(0, SOURCES - 1))
    def replace_producer(self, index: int) -> None:
        source = self.sources[index]
        self.rig.forwarder.remove_producer(source.handle)
        for slot in self.slots:
            if slot.route is source:
                slot.route = slot.offset = None
        source.handle = self.rig.handle()
        peer = next(handle for handle, known in self.rig.peers.items() if known is source.peer)
        self.rig.forwarder.add_producer(source.handle, peer, source.params)
        self.held = [(held, data) for held, data in self.held if held is not source]
        self.check()

    @rule(index=st.integers(0, 3))
    def replace_slot(self, index: int) -> None:
        slot = self.slots[index]
        self.rig.forwarder.remove_slot(slot.handle)
        slot.handle = self.add_slot(slot.ssrc, slot.peer, slot.rtx)
        slot.route = slot.offset = None
        self.check()

    @rule(index=st.integers(0, LISTENERS - 1))
    def lose_the_address_and_find_it_again(self, index: int) -> None:
        slots = self.slots[index * SLOTS_EACH : (index + 1) * SLOTS_EACH]
        self.rig.forwarder.set_address(slots[0].peer, None)
        self.run(self.rig.settle())
        self.rig.forwarder.set_address(slots[0].peer, slots[0].listener.address)
        for slot in slots:
            slot.offset = None  # waits for a keyframe again
        self.check()

    @rule(index=st.integers(0, 3), data=st.data())
    def ask_again(self, index: int, data: st.DataObject) -> None:
        slot = self.slots[index]
        recent = slot.seen[-40:]
        wanted = data.draw(st.lists(st.sampled_from(recent) if recent else st.integers(0, 65535), max_size=5))
        found = self.rig.forwarder.retransmit(slot.handle, [number & 0xFFFF for number in wanted])
        assert found <= len(set(wanted))
        assert slot.route is not None or found == 0
        self.check()

    @rule(seconds=st.sampled_from([0.001, 0.05, 1.0, 3.0]))
    def time_passes(self, seconds: float) -> None:
        self.rig.clock.advance(seconds)

    # --- what must hold --------------------------------------------------------------------------

    def check(self) -> None:
        self.run(self.rig.settle())
        for index in range(LISTENERS):
            slots = self.slots[index * SLOTS_EACH : (index + 1) * SLOTS_EACH]
            for data in slots[0].listener.receive_raw():
                ssrc = int.from_bytes(data[8:12], "big")
                slot = next(slot for slot in slots if ssrc in (slot.ssrc, slot.ssrc + 1))
                if ssrc == slot.ssrc:
                    self.check_packet(slot, data)
                else:
                    self.check_rtx(slot, data)

    def names(self, payload: bytes) -> tuple[int, int]:
        handle, number = payload.lstrip(b"\x00\x01\x10").rstrip(b".").split(b":")
        return int(handle), int(number)

    def check_packet(self, slot: ExpectedSlot, data: bytes) -> None:
        number = int.from_bytes(data[2:4], "big")
        if slot.highest is not None:
            number = near_16(number, slot.highest)
        else:
            assert 0 < number <= 2**15, "a slot starts low, or a lost first packet looks like a wrap"
        assert slot.route is not None, "a packet after the route was taken away"
        if number in slot.sent:  # a plain retransmission, which a receiver's SRTP takes for a replay
            assert not slot.rtx
            assert slot.sent[number] == data, "one (SSRC, index) with two contents"
            return
        slot.sent[number] = data
        slot.seen.append(number)
        plain = slot.listener.unprotect(data)
        payload, earlier = self.take_apart(plain)
        handle, source_number = self.names(payload)
        assert handle == slot.route.handle, "a packet of a producer that the slot is not routed to"
        expected = number - source_number
        if slot.offset is None or source_number - slot.newest_of_source > MAX_DROPOUT:
            # A new stretch, or a source that has started anew far ahead.
            assert slot.highest is None or number == slot.highest + 1, "a gap where a source begins"
            slot.offset, slot.newest_of_source = expected, source_number
            slot.first_of_source = source_number
        assert expected == slot.offset, "a packet out of its place"
        slot.newest_of_source = max(slot.newest_of_source, source_number)
        slot.highest = number if slot.highest is None else max(slot.highest, number)
        if earlier is not None:
            assert self.names(earlier) == (handle, source_number - 1), "it is not the packet before"
            assert source_number - 1 >= slot.first_of_source, "a packet from before the route"

    def take_apart(self, plain: bytes) -> tuple[bytes, bytes | None]:
        """The payload of a packet, and the one before that it carries."""
        payload_type, payload = plain[1] & 0x7F, plain[12:]
        if payload_type != SLOT_RED_PT:
            assert payload_type == (SLOT_OPUS_PT if self.kind == "audio" else SLOT_VP8_PT)
            return payload, None
        (earlier,), kind, payload = unwrap(payload, 1)
        assert (kind, earlier.payload_type) == (SLOT_OPUS_PT, SLOT_OPUS_PT)
        return payload, earlier.payload

    def check_rtx(self, slot: ExpectedSlot, data: bytes) -> None:
        assert slot.rtx
        assert slot.route is not None, "a retransmission after the route was taken away"
        plain = slot.listener.unprotect(data)
        handle, _ = self.names(plain[14:])
        assert handle == slot.route.handle, "a retransmission of another producer"
        assert slot.highest is not None
        assert near_16(int.from_bytes(plain[12:14], "big"), slot.highest) in slot.sent


class AnyOrderOfVoices(AnyOrder):
    """The same with sound, which publishers and listeners may want redundantly."""

    kind = "audio"

    @rule(index=st.integers(0, 3), on=st.booleans())
    def double(self, index: int, on: bool) -> None:
        self.rig.forwarder.redundancy(self.slots[index].handle, on)
        self.check()

    @rule(index=st.integers(0, SOURCES - 1), sent=st.lists(st.booleans(), min_size=1, max_size=3))
    def send_redundantly(self, index: int, sent: list[bool]) -> None:
        """Some of the packets are sent, then one that carries all of them."""
        source = self.sources[index]
        earlier = [source.packet() for _ in sent]
        for packet, there in zip(earlier, sent, strict=True):
            if there:
                source.peer.send(self.rig.address, packet)
        packet = source.packet(payload_type=RED_PT)
        blocks = [Block(OPUS_PT, packet.timestamp - one.timestamp, one.payload) for one in earlier]
        packet.payload = wrap(blocks, OPUS_PT, packet.payload)
        source.peer.send(self.rig.address, packet)
        self.check()


@pytest.mark.parametrize("machine", [AnyOrder, AnyOrderOfVoices])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_any_order_of_commands_and_packets_keeps_the_promises(
    plane: ForwarderFactory, machine: type[AnyOrder]
) -> None:
    run_state_machine_as_test(
        type("AnyOrderOnPlane", (machine,), {"factory": staticmethod(plane)}),
        settings=settings(
            max_examples=40,
            stateful_step_count=50,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
