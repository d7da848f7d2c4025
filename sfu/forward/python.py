"""The forwarding plane in pure Python: `contract.Forwarder` on the event loop's thread.

The way of a packet is `way.py`; read it first. Everything here is control: it changes the tables
(`tables.py`) between two turns of that way and never stands on it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Literal

from sfu.forward.contract import (
    MAX_PADDING,
    MAX_PROBE,
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
from sfu.forward.datagrams import Datagrams, to_socket
from sfu.forward.flow import (
    drop_route,
    expect,
    expect_no_more,
    limit_layers,
    set_redundancy,
    set_route,
    settle,
    start_flow,
    stop_flow,
    take_over,
)
from sfu.forward.mmsg import MmsgDatagrams, available
from sfu.forward.plain import PlainDatagrams
from sfu.forward.refusals import (
    refuse_binding,
    refuse_limit,
    refuse_peer,
    refuse_producer,
    refuse_redundancy,
    refuse_route,
    refuse_slot,
)
from sfu.forward.resend import Resender
from sfu.forward.slots import Slot
from sfu.forward.srtp import check_seam, receiver, repeater, sender
from sfu.forward.tables import SILENT, Peer, Producer, Tables, TransportHistory
from sfu.forward.timeline import Sync
from sfu.forward.turns import Turns
from sfu.forward.way import PacketWay
from sfu.rtp.sequence import near_16


def best_datagrams() -> Callable[[str, int], Datagrams]:
    """The fastest way of this system to move datagrams."""
    return MmsgDatagrams if available() else PlainDatagrams


class PythonForwarder:
    """`contract.Forwarder`; make it on the event loop's thread.

    `clock` gives seconds that never go back. Raises OSError when the address cannot be bound.
    """

    def __init__(
        self,
        events: ForwarderEvents,
        host: str,
        port: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        datagrams: Callable[[str, int], Datagrams] | None = None,
    ) -> None:
        check_seam()
        self._events = events
        self._clock = clock
        self._datagrams: Datagrams = (datagrams or best_datagrams())(host, port)
        self._tables = Tables()
        self._loop = asyncio.get_running_loop()
        self._way = PacketWay(self._tables, self._datagrams, events, clock, self._complain)
        self._resender = Resender(self._way.outbox)
        self._probes = 0
        self._closed = False
        self._turns = Turns(self._loop, self._datagrams.sock, self._way.turn, clock)

    @property
    def plane(self) -> Literal["python", "native"]:
        return "python"

    @property
    def thread(self) -> int | None:
        return None

    @property
    def address(self) -> Address:
        host, port = self._datagrams.sock.getsockname()[:2]
        return host, port

    def _complain(self, event: str, error: Exception) -> None:
        self._loop.call_exception_handler({"message": f"forwarder event {event} failed", "exception": error})

    # --- peers -----------------------------------------------------------------------------------

    def add_peer(self, peer: int) -> None:
        refuse_peer(self._tables.peers, peer)
        self._tables.peers[peer] = Peer(peer)

    def set_keys(self, peer: int, profile: SrtpProfile, receive: bytes, send: bytes) -> None:
        entry = self._tables.peers[peer]
        keys = (profile, receive, send)
        if entry.keys == keys:
            return  # a second session with these keys would use its nonces again
        receiving, sending = receiver(profile, receive), sender(profile, send)
        entry.receiver, entry.sender, entry.keys = receiving, sending, keys
        entry.retired.clear()
        entry.opened.clear()
        entry.repeatable = {ssrc for slot in entry.slots if slot.plain_resend for ssrc in slot.ssrcs}
        entry.repeater = repeater(profile, send) if entry.repeatable else None
        self._refresh(entry)

    def set_address(self, peer: int, address: Address | None) -> None:
        entry = self._tables.peers[peer]
        remote = self._datagrams.remote(address) if address else None
        if entry.remote is not None and self._tables.by_source.get(entry.remote.key) is entry:
            del self._tables.by_source[entry.remote.key]
        entry.remote = remote
        if remote is not None:
            earlier = self._tables.by_source.get(remote.key)
            if earlier is not None:  # its NAT mapping went to this peer
                earlier.remote = None
                self._refresh(earlier)
            self._tables.by_source[remote.key] = entry
        self._refresh(entry)

    def remove_peer(self, peer: int) -> None:
        entry = self._tables.peers.pop(peer, None)
        if entry is None:
            return
        for slot in list(entry.slots):
            self.remove_slot(slot.handle)
        for producer in list(entry.producers):
            self.remove_producer(producer.handle)
        if entry.remote is not None and self._tables.by_source.get(entry.remote.key) is entry:
            del self._tables.by_source[entry.remote.key]

    def _refresh(self, peer: Peer) -> None:
        """Keys or address changed: the peer's slots flow with the new ones, or stop."""
        for slot in peer.slots:
            flowing = slot.group is not None
            stop_flow(slot)
            slot.refresh()
            if slot.producer is None:
                continue
            if flowing and slot.ready:
                start_flow(slot)
            else:
                self._await(slot)

    def _await(self, slot: Slot) -> None:
        """Wait for the routed producer's next keyframe."""
        producer = slot.producer
        assert producer is not None
        producer.waiting.add(slot)
        self._ask_for_keyframe(slot, producer)

    def _ask_for_keyframe(self, slot: Slot, producer: Producer) -> None:
        if slot.takes(producer) and slot.params.kind == "video":
            self._events.keyframe_needed(producer.handle)

    # --- producers -------------------------------------------------------------------------------

    def add_producer(self, producer: int, peer: int, params: ProducerParams) -> None:
        entry = self._tables.peers[peer]
        refuse_producer(self._tables.producers, producer, entry.producers, params)
        made = Producer(producer, entry, params)
        self._tables.producers[producer] = made
        entry.producers.add(made)
        if params.ssrc:
            self.bind_ssrc(producer, params.ssrc)
        if params.rtx_ssrc:
            self.bind_ssrc(producer, params.rtx_ssrc, rtx=True)

    def bind_ssrc(self, producer: int, ssrc: int, rtx: bool = False) -> None:
        entry = self._tables.producers[producer]
        peer = entry.peer
        refuse_binding(peer.sources, ssrc, entry)
        bound = entry.rtx_ssrc if rtx else entry.ssrc
        if bound == ssrc:
            return
        if bound:
            del peer.sources[bound]
        peer.sources[ssrc] = entry
        peer.unknown.discard(ssrc)
        if rtx:
            entry.rtx_ssrc = ssrc
            return
        entry.ssrc = ssrc
        for slot in entry.slots:
            stop_flow(slot)
        entry.restart()
        for slot in list(entry.slots):
            self._await(slot)

    def sync(self, producer: int, group: int, timestamp: int) -> None:
        self._tables.producers[producer].sync = Sync(group, timestamp & 0xFFFFFFFF)

    def remove_producer(self, producer: int) -> None:
        entry = self._tables.producers.pop(producer, None)
        if entry is None:
            return
        for slot in list(entry.slots):
            if slot.coming is not None:
                take_over(slot)
            else:
                drop_route(slot)
        for slot in list(entry.coming):
            drop_route(slot)
        entry.peer.producers.discard(entry)
        for ssrc in (entry.ssrc, entry.rtx_ssrc):
            entry.peer.sources.pop(ssrc, None)

    # --- slots -----------------------------------------------------------------------------------

    def add_slot(self, slot: int, peer: int, params: SlotParams) -> None:
        entry = self._tables.peers[peer]
        refuse_slot(self._tables.slots, slot, peer, entry, params)
        made = Slot(slot, entry, params)
        if params.extensions.transport_cc:
            entry.transport = made.transport = entry.transport or TransportHistory()
        if params.repeats:
            entry.repeatable.update(made.ssrcs)
            if entry.repeater is None and entry.keys is not None:
                entry.repeater = repeater(SrtpProfile(entry.keys[0]), entry.keys[2])
        made.refresh()
        self._tables.slots[slot] = made
        entry.slots.add(made)

    def remove_slot(self, slot: int) -> None:
        entry = self._tables.slots.pop(slot, None)
        if entry is None:
            return
        drop_route(entry)
        entry.peer.slots.discard(entry)
        # An SSRC that comes back goes on counting: its numbers are nonces.
        entry.peer.retired[entry.ssrc] = entry.next_sequence
        if entry.params.rtx_ssrc:
            entry.peer.retired[entry.params.rtx_ssrc] = entry.rtx_sequence

    def route(self, slot: int, producer: int | None, hold: bool = False) -> None:
        entry = self._tables.slots[slot]
        if producer is None:
            drop_route(entry)
            return
        source = self._tables.producers[producer]
        if entry.producer is source:
            expect_no_more(entry)  # back to what still feeds it
            return
        if entry.coming is source and hold:
            return
        refuse_route(slot, entry.params, source.params, len(source.slots) + len(source.coming))
        if hold and entry.group is not None:
            expect(entry, source)
        else:
            drop_route(entry)
            set_route(entry, source)
        self._ask_for_keyframe(entry, source)

    def limit(self, slot: int, temporal: int) -> None:
        entry = self._tables.slots[slot]
        refuse_limit(temporal)
        limit_layers(entry, temporal)

    def redundancy(self, slot: int, on: bool) -> None:
        entry = self._tables.slots[slot]
        refuse_redundancy(slot, entry.params)
        set_redundancy(entry, on)

    def probe(self, slot: int, packets: int, padding: int) -> int:
        entry = self._tables.slots[slot]
        if not entry.ready:
            return 0
        padding = max(1, min(padding, MAX_PADDING))
        count = self._resender.probe(entry, min(packets, MAX_PROBE), padding, self._clock())
        self._probes += count
        return count

    def retransmit(self, slot: int, sequences: list[int]) -> int:
        entry = self._tables.slots[slot]
        if not entry.ready:
            return 0
        return self._resender.resend(entry, sequences, self._clock())

    # --- everything else -------------------------------------------------------------------------

    def send(self, address: Address, data: bytes) -> None:
        if self._closed:
            return
        sock = self._datagrams.sock
        try:
            sock.sendto(data, to_socket(sock, address))
        except BlockingIOError:
            self._way.dropped[Drop.NO_ROOM] += 1
        except OSError:
            self._way.dropped[Drop.SEND_ERROR] += 1

    def missing(self, producer: int, sequences: list[int]) -> list[int]:
        entry = self._tables.producers[producer]
        if entry.highest < 0:
            return []
        size = len(entry.cache)
        absent = []
        for number in sequences:
            sequence = near_16(number, entry.highest)
            held = entry.cache[sequence % size]
            if entry.highest - size < sequence <= entry.highest and (
                held is None or held.sequence != sequence
            ):
                absent.append(number)
        return absent

    def transport_sent(self, peer: int, numbers: list[int]) -> list[tuple[float, int]]:
        history = self._tables.peers[peer].transport
        return [(0.0, 0)] * len(numbers) if history is None else history.look_up(numbers)

    def transport_arrived(self, peer: int) -> list[tuple[int, float]]:
        entry = self._tables.peers[peer]
        arrived, entry.arrived = entry.arrived, []
        return arrived

    def producer_state(self, producer: int) -> ProducerState:
        entry = self._tables.producers[producer]
        level, entry.audio_level = entry.audio_level, SILENT
        return ProducerState(
            packets=entry.packets,
            bytes=entry.bytes,
            first=max(entry.first, 0),
            highest=max(entry.highest, 0),
            jitter=int(entry.jitter),
            audio_level=level,
            temporal_bytes=tuple(entry.temporal_bytes),  # type: ignore[arg-type]
        )

    def slot_state(self, slot: int) -> SlotState:
        entry = self._tables.slots[slot]
        settle(entry)
        return SlotState(
            producer=entry.feeding,
            timestamp_offset=entry.timestamp_offset,
            packets=entry.packets,
            bytes=entry.bytes,
            retransmitted=entry.retransmitted,
            last_sequence=entry.next_sequence - 1 & 0xFFFF,
            last_timestamp=max(entry.last_timestamp, 0),
            thinned=entry.thinned + (entry.thinning.dropped if entry.thinning else 0),
        )

    def counters(self) -> PlaneCounters:
        dropped = dict(self._way.dropped)
        dropped[Drop.NO_ROOM] += self._datagrams.no_room
        dropped[Drop.SEND_ERROR] += self._datagrams.send_errors
        return PlaneCounters(
            received=self._way.received,
            received_bytes=self._way.received_bytes,
            sent=self._way.outbox.sent - self._datagrams.no_room - self._datagrams.send_errors,
            sent_bytes=self._way.outbox.sent_bytes - self._datagrams.unsent_bytes,
            dropped={reason.value: count for reason, count in dropped.items()},
            probes=self._probes,
            restored=self._way.restored,
            doubled=self._way.doubled,
        )

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._turns.close()
        self._datagrams.sock.close()
        self._tables.clear()
