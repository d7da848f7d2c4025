"""The native forwarding plane: `contract.Forwarder` in front of plane.c.

Everything here is control, on the event loop's thread. It keeps the books (which handles there are, who is
routed to whom, which bounds are reached), gives the data thread its commands, and raises its events. A
packet is never seen here: the data thread receives, rewrites and sends without Python's lock.

`available` says whether this installation has it; where not, the pure-Python plane does the same work.
"""

from __future__ import annotations

import asyncio
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any, Literal

from sfu.forward.contract import (
    MAX_ARRIVALS,
    MAX_PADDING,
    MAX_PROBE,
    MAX_TEMPORAL,
    Address,
    Drop,
    ForwarderEvents,
    PlaneCounters,
    ProducerParams,
    ProducerState,
    SlotParams,
    SlotState,
    SrtpProfile,
)
from sfu.forward.datagrams import open_socket, to_socket
from sfu.forward.native_events import Hearing
from sfu.forward.native_figures import read_plane, read_producer, read_slot
from sfu.forward.native_link import (
    Commands,
    available,
    context_pointer,
    extension,
    pack_name,
    shut_down,
    srtp_pointers,
)
from sfu.forward.native_seal import Sealer, kind, pointer, sessions
from sfu.forward.native_tables import NativePeer, NativeProducer, NativeSlot
from sfu.forward.refusals import (
    refuse_binding,
    refuse_limit,
    refuse_peer,
    refuse_producer,
    refuse_redundancy,
    refuse_route,
    refuse_slot,
)
from sfu.forward.srtp import repeater

__all__ = ["NativeForwarder", "available"]


class NativeForwarder:
    """`contract.Forwarder`; make it on the event loop's thread.

    `clock` gives seconds that never go back; another one than `time.monotonic` is called from the data
    thread once per batch. Raises OSError when the address cannot be bound, RuntimeError when the plane is
    not `available`.
    """

    def __init__(
        self,
        events: ForwarderEvents,
        host: str,
        port: int,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        ffi, lib = extension()
        self._ffi, self._lib = ffi, lib
        self._events = events
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._peers: dict[int, NativePeer] = {}
        self._by_name: dict[bytes, NativePeer] = {}
        self._producers: dict[int, NativeProducer] = {}
        self._slots: dict[int, NativeSlot] = {}
        self._unsent = {Drop.NO_ROOM: 0, Drop.SEND_ERROR: 0}  # by `send`, which is not the data thread's
        self._arrived = ffi.new("uint16_t[]", MAX_ARRIVALS), ffi.new("double[]", MAX_ARRIVALS)
        self._closed = False
        self._last_counters: PlaneCounters | None = None

        self._sock = open_socket(host, port)
        own_clock = clock is not time.monotonic
        self._clock_handle = ffi.new_handle(clock) if own_clock else ffi.NULL
        plane = lib.plane_new(
            self._sock.fileno(),
            *srtp_pointers(),
            lib.plane_python_clock if own_clock else ffi.NULL,
            self._clock_handle,
        )
        if plane == ffi.NULL:
            self._sock.close()
            raise MemoryError("no memory for a forwarding plane")
        self._plane = plane
        self._commands = Commands(plane)
        # A daemon, and ended by the finalizer: a process that forgets to close still exits, and in order.
        thread = threading.Thread(target=lib.plane_run, args=(plane,), name="forwarder", daemon=True)
        self._shut_down = weakref.finalize(self, shut_down, plane, thread, self._sock)
        thread.start()
        self._thread = thread
        hearing = Hearing(plane, events, self._peers, self._producers, self._commands.collect)
        self._hearing = hearing
        self._loop.add_reader(hearing.fd, hearing.hear)

    @property
    def plane(self) -> Literal["python", "native"]:
        return "native"

    @property
    def thread(self) -> int | None:
        return self._thread.native_id

    @property
    def address(self) -> Address:
        host, port = self._sock.getsockname()[:2]
        return host, port

    def close(self) -> None:
        if self._closed:
            return
        self._last_counters = self.counters()
        self._closed = True
        self._loop.remove_reader(self._hearing.fd)
        self._hearing.close()
        self._shut_down()
        self._commands.close()
        for table in (self._peers, self._by_name, self._producers, self._slots):
            table.clear()

    # --- peers -----------------------------------------------------------------------------------

    def add_peer(self, peer: int) -> None:
        refuse_peer(self._peers, peer)
        self._peers[peer] = NativePeer(peer)

    def set_keys(self, peer: int, profile: SrtpProfile, receive: bytes, send: bytes) -> None:
        entry = self._peers[peer]
        keys = (profile, receive, send)
        if entry.keys == keys:
            return  # a second session with these keys would use its nonces again
        receiving, sending = sessions(profile, receive, send)
        earlier = (entry.receiver, entry.sender)
        entry.receiver, entry.sender, entry.keys = receiving, sending, keys
        entry.retired.clear()
        entry.repeatable = {ssrc for slot in entry.slots if slot.params.repeats for ssrc in slot.ssrcs}
        self._set_repeater(entry)
        self._commands.give(
            self._lib.OP_KEYS,
            entry.pointer,
            pointer(receiving),
            pointer(sending),
            number=kind(sending),
            retire=earlier,
        )

    def set_address(self, peer: int, address: Address | None) -> None:
        entry = self._peers[peer]
        name = pack_name(self._sock, address) if address else None
        if name == entry.name:
            return
        if entry.name is not None:
            del self._by_name[entry.name]
        entry.name = name
        if name is not None:
            earlier = self._by_name.get(name)
            if earlier is not None:  # its NAT mapping went to this peer
                earlier.name = None
                self._commands.give(self._lib.OP_ADDRESS, earlier.pointer)
            self._by_name[name] = entry
        self._commands.give(self._lib.OP_ADDRESS, entry.pointer, 1 if name else 0, name=name)

    def remove_peer(self, peer: int) -> None:
        entry = self._peers.pop(peer, None)
        if entry is None:
            return
        for slot in list(entry.slots):
            self._drop_slot(slot)
        for producer in list(entry.producers):
            self.remove_producer(producer.handle)
        if entry.name is not None:
            del self._by_name[entry.name]
        self._commands.give(self._lib.OP_DROP_PEER, entry.pointer, retire=entry)

    # --- producers -------------------------------------------------------------------------------

    def add_producer(self, producer: int, peer: int, params: ProducerParams) -> None:
        entry = self._peers[peer]
        refuse_producer(self._producers, producer, entry.producers, params)
        if params.extensions.transport_cc and not self._lib.peer_want_arrivals(entry.pointer):
            raise MemoryError("no memory for a peer's arrival times")
        made = NativeProducer(producer, entry, params)
        self._producers[producer] = made
        entry.producers.add(made)
        if params.ssrc:
            self.bind_ssrc(producer, params.ssrc)
        if params.rtx_ssrc:
            self.bind_ssrc(producer, params.rtx_ssrc, rtx=True)

    def bind_ssrc(self, producer: int, ssrc: int, rtx: bool = False) -> None:
        entry = self._producers[producer]
        sources = entry.peer.sources
        refuse_binding(sources, ssrc, entry)
        bound = entry.rtx_ssrc if rtx else entry.ssrc
        if bound == ssrc:
            return
        if bound:
            del sources[bound]
        sources[ssrc] = entry
        self._commands.give(self._lib.OP_BIND, entry.pointer, 1 if rtx else 0, number=ssrc)
        if rtx:
            entry.rtx_ssrc = ssrc
            return
        entry.ssrc = ssrc
        for slot in list(entry.slots):
            self._ask_for_keyframe(slot)

    def sync(self, producer: int, group: int, timestamp: int) -> None:
        entry = self._producers[producer]
        self._commands.give(self._lib.OP_SYNC, entry.pointer, c=group, number=timestamp & 0xFFFFFFFF)

    def remove_producer(self, producer: int) -> None:
        entry = self._producers.pop(producer, None)
        if entry is None:
            return
        for slot in entry.slots:
            slot.producer = slot.held = None
        for slot in entry.holding:
            slot.held = None
        entry.slots.clear()
        entry.holding.clear()
        entry.peer.producers.discard(entry)
        for ssrc in (entry.ssrc, entry.rtx_ssrc):
            entry.peer.sources.pop(ssrc, None)
        self._commands.give(self._lib.OP_DROP_PRODUCER, entry.pointer, retire=entry)

    # --- slots -----------------------------------------------------------------------------------

    def add_slot(self, slot: int, peer: int, params: SlotParams) -> None:
        entry = self._peers[peer]
        refuse_slot(self._slots, slot, peer, entry, params)
        made = NativeSlot(slot, entry, params)
        if params.extensions.transport_cc and not self._lib.peer_want_transport(entry.pointer):
            raise MemoryError("no memory for a peer's transport-wide numbers")
        self._slots[slot] = made
        entry.slots.add(made)
        entry.retired -= {params.ssrc, params.rtx_ssrc}
        if params.repeats:
            entry.repeatable.update(made.ssrcs)
            if entry.repeater is None:
                self._set_repeater(entry)
        self._commands.give(self._lib.OP_ADD_SLOT, made.pointer)

    def _set_repeater(self, peer: NativePeer) -> None:
        """Make the session of the slots that repeat, with the keys of now, where there are any of both.

        A sealer needs none."""
        earlier, peer.repeater = peer.repeater, None
        if peer.keys is not None and peer.repeatable and not isinstance(peer.sender, Sealer):
            peer.repeater = repeater(SrtpProfile(peer.keys[0]), peer.keys[2])
        if peer.repeater is not earlier:
            session = context_pointer(peer.repeater) if peer.repeater is not None else 0
            self._commands.give(self._lib.OP_REPEATER, peer.pointer, c=session, retire=earlier)

    def remove_slot(self, slot: int) -> None:
        entry = self._slots.get(slot)
        if entry is None:
            return
        if not self._lib.peer_want_retired(entry.peer.pointer):
            raise MemoryError("no memory for a peer's retired SSRCs")
        # An SSRC that comes back goes on counting: its numbers are nonces.
        entry.peer.retired |= {ssrc for ssrc in (entry.params.ssrc, entry.params.rtx_ssrc) if ssrc}
        self._drop_slot(entry)

    def _drop_slot(self, slot: NativeSlot) -> None:
        del self._slots[slot.handle]
        slot.peer.slots.discard(slot)
        slot.hold(None)
        if slot.producer is not None:
            slot.producer.slots.discard(slot)
        self._commands.give(self._lib.OP_DROP_SLOT, slot.pointer, retire=slot)

    def route(self, slot: int, producer: int | None, hold: bool = False) -> None:
        entry = self._slots[slot]
        if producer is None:
            entry.hold(None)
            if entry.producer is not None:
                entry.producer.slots.discard(entry)
                entry.producer = None
                self._commands.give(self._lib.OP_ROUTE, entry.pointer)
            return
        source = self._producers[producer]
        if entry.producer is source and (hold or entry.held is None):
            return
        refuse_route(slot, entry.params, source.params, len(source.slots))
        earlier = self._feeding(entry) if hold else None
        if entry.producer is not None:
            entry.producer.slots.discard(entry)
        entry.hold(earlier if earlier is not source else None)
        entry.producer = source
        source.slots.add(entry)
        self._commands.give(self._lib.OP_ROUTE, entry.pointer, source.pointer, 1 if hold else 0)
        self._ask_for_keyframe(entry)

    def _feeding(self, slot: NativeSlot) -> NativeProducer | None:
        """The producer that the last packet came from, if it is still there."""
        return self._producers.get(self.slot_state(slot.handle).producer)

    def limit(self, slot: int, temporal: int) -> None:
        entry = self._slots[slot]
        refuse_limit(temporal)
        room = self._ffi.NULL
        if temporal < MAX_TEMPORAL:
            room = self._lib.slot_want_room(entry.pointer)
            if room == self._ffi.NULL:
                raise MemoryError("no memory for a slot's mappings")
        self._commands.give(self._lib.OP_LIMIT, entry.pointer, room, number=temporal)

    def redundancy(self, slot: int, on: bool) -> None:
        entry = self._slots[slot]
        refuse_redundancy(slot, entry.params)
        number = entry.params.red_payload_type
        self._commands.give(self._lib.OP_REDUNDANCY, entry.pointer, 1 if on else 0, number=number)

    def probe(self, slot: int, packets: int, padding: int) -> int:
        entry = self._slots[slot]
        if not entry.rtx_payload_type or not entry.peer.ready or self._commands.spilled:
            return 0
        count = min(packets, MAX_PROBE)
        number = max(1, min(padding, MAX_PADDING)) | entry.rtx_payload_type << 8
        self._commands.give(self._lib.OP_PROBE, entry.pointer, count, number=number)
        return count

    def _ask_for_keyframe(self, slot: NativeSlot) -> None:
        """At once, where the slot could begin; the data thread asks when keys or address come later."""
        if slot.producer is not None and slot.peer.ready and slot.params.kind == "video":
            self._events.keyframe_needed(slot.producer.handle)

    # --- loss and feedback -----------------------------------------------------------------------

    def retransmit(self, slot: int, sequences: list[int]) -> int:
        entry = self._slots[slot]
        # Behind with commands: what is to be resent is only known when they are done.
        if entry.producer is None or not entry.peer.ready or self._commands.spilled:
            return 0
        held = entry.held.pointer if entry.held is not None else self._ffi.NULL
        between = entry.pointer, entry.producer.pointer, held
        wanted = self._numbers(sequences), len(sequences)
        ordered: int = self._lib.slot_retransmit(self._plane, *between, *wanted, self._clock())
        self._commands.gave(ordered)
        return ordered

    def missing(self, producer: int, sequences: list[int]) -> list[int]:
        entry = self._producers[producer]
        found = self._ffi.new("uint16_t[]", len(sequences))
        count = self._lib.producer_missing(entry.pointer, self._numbers(sequences), len(sequences), found)
        return list(found[0:count])

    def transport_sent(self, peer: int, numbers: list[int]) -> list[tuple[float, int]]:
        entry = self._peers[peer]
        times = self._ffi.new("double[]", len(numbers))
        sizes = self._ffi.new("uint16_t[]", len(numbers))
        wanted = self._numbers(numbers)
        self._lib.peer_transport_sent(entry.pointer, wanted, len(numbers), self._clock(), times, sizes)
        return list(zip(times, sizes, strict=True))

    def transport_arrived(self, peer: int) -> list[tuple[int, float]]:
        numbers, times = self._arrived
        count = self._lib.peer_take_arrivals(self._peers[peer].pointer, numbers, times, self._clock())
        return list(zip(numbers[0:count], times[0:count], strict=True))

    def _numbers(self, numbers: list[int]) -> Any:
        return self._ffi.new("uint16_t[]", [number & 0xFFFF for number in numbers])

    # --- everything else -------------------------------------------------------------------------

    def send(self, address: Address, data: bytes) -> None:
        if self._closed:
            return
        try:
            self._sock.sendto(data, to_socket(self._sock, address))
        except BlockingIOError:
            self._unsent[Drop.NO_ROOM] += 1
        except OSError:
            self._unsent[Drop.SEND_ERROR] += 1

    def producer_state(self, producer: int) -> ProducerState:
        return read_producer(self._producers[producer].pointer)

    def slot_state(self, slot: int) -> SlotState:
        return read_slot(self._slots[slot].pointer)

    def counters(self) -> PlaneCounters:
        if self._last_counters is not None:
            return self._last_counters
        return read_plane(self._plane, self._unsent)
