"""The forwarding plane in pure Python: `contract.Forwarder` on the event loop's thread.

`_turn` is the way of a packet, from the socket to the socket; read it first. It runs when the socket is
readable, takes a bounded batch and makes no object per forwarded packet. Everything else in this file
is control: it changes tables (`tables.py`) between turns and never stands on the way.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Hashable
from struct import Struct
from typing import Any, Literal

from sfu.forward import mmsg
from sfu.forward.contract import (
    MAX_DATAGRAM,
    MAX_PEERS,
    MAX_PRODUCERS_PER_PEER,
    MAX_SLOTS_PER_PEER,
    MAX_SLOTS_PER_PRODUCER,
    Address,
    Drop,
    ForwarderEvents,
    PlaneCounters,
    ProducerParams,
    ProducerState,
    SlotParams,
    SlotState,
    SrtpProfile,
    TableFull,
)
from sfu.forward.datagrams import MAX_SEGMENT, RX_CELL, RX_CELLS, TX_CELL, TX_CELLS, Datagrams, to_socket
from sfu.forward.layout import ABSENT
from sfu.forward.resend import Resender
from sfu.forward.srtp import (
    STATUS_AUTH_FAILED,
    STATUS_CIPHER_FAILED,
    STATUS_REPLAYED,
    STATUS_TOO_OLD,
    check_seam,
    ffi,
    protect,
    receiver,
    sender,
    unprotect,
)
from sfu.forward.tables import (
    MAX_SENT_SSRCS,
    NO_JUMP,
    SILENT,
    Packet,
    Peer,
    Producer,
    Slot,
    TransportHistory,
    drop_route,
    start_flow,
    stop_flow,
)
from sfu.rtp import rtx
from sfu.rtp.errors import PacketError
from sfu.rtp.header import FIXED_HEADER, elements, locate
from sfu.rtp.sequence import near_16

# Packets that one turn of the loop aims to send at most: some four milliseconds, then STUN, DTLS and
# commands have their turn.
TURN_PACKETS = 1000
# SSRCs of no producer that are reported per peer; packets of further ones are not even unprotected.
MAX_UNKNOWN_SSRCS = 16
# Sequence numbers named in one `packets_lost`.
MAX_LOST = 64
# A stream that jumps further than this has started anew (MAX_DROPOUT of RFC 3550 §A.1).
MAX_DROPOUT = 3000

_READ_HEADER = Struct("!xBHII").unpack_from
_WRITE_HEADER = Struct("!BHII").pack_into  # from the second byte on
_WRITE_NUMBER = Struct("!H").pack_into

_STATUS_REASON = {
    STATUS_AUTH_FAILED: Drop.AUTH,
    STATUS_CIPHER_FAILED: Drop.AUTH,
    STATUS_REPLAYED: Drop.REPLAY,
    STATUS_TOO_OLD: Drop.REPLAY,
}

# sequence, marker, timestamp, bytes from header to payload, their number, the payload's number
Body = tuple[int, int, int, bytes, int, int]
Run = tuple[int, list[int]]  # first packet of it, protected lengths


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
        self._datagrams: Datagrams = (datagrams or mmsg.MmsgDatagrams)(host, port)
        self._rx = [memoryview(self._datagrams.rx)[i * RX_CELL : (i + 1) * RX_CELL] for i in range(RX_CELLS)]
        self._size = ffi.new("int *")
        self._peers: dict[int, Peer] = {}
        self._by_source: dict[Hashable, Peer] = {}
        self._producers: dict[int, Producer] = {}
        self._slots: dict[int, Slot] = {}
        self._received = self._sent = self._sent_bytes = 0
        self._dropped = dict.fromkeys(Drop, 0)
        self._limit = RX_CELLS
        self._resender = Resender(self._datagrams, self._dropped)
        self._closed = False
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._datagrams.sock, self._turn)

    @property
    def plane(self) -> Literal["python", "native"]:
        return "python"

    @property
    def address(self) -> Address:
        host, port = self._datagrams.sock.getsockname()[:2]
        return host, port

    # --- the way of a packet ---------------------------------------------------------------------

    def _turn(self) -> None:
        """Receive → demultiplex → unprotect → producer → cache → per slot rewrite → protect → send."""
        datagrams = self._datagrams
        dropped = self._dropped
        size = self._size
        raised: list[tuple[Callable[..., None], tuple[Any, ...]]] = []  # until the batch is out
        busy: list[Producer] = []
        now = self._clock()
        received = datagrams.receive(self._limit)
        self._received += received

        for cell in range(received):
            # Demultiplex (RFC 7983): STUN and DTLS from anybody, media from a nominated address only.
            length = datagrams.rx_lengths[cell]
            data = self._rx[cell]
            if length > MAX_DATAGRAM:
                dropped[Drop.OVERSIZED] += 1
                continue
            kind = data[0] if length else 255
            if not 128 <= kind <= 191:
                if kind <= 3 or 20 <= kind <= 63:
                    arguments = bytes(data[:length]), datagrams.source(cell)
                    raised.append((self._events.datagram, arguments))
                else:
                    dropped[Drop.UNKNOWN_KIND] += 1
                continue
            peer = self._by_source.get(datagrams.source_key(cell))
            if peer is None:
                dropped[Drop.UNKNOWN_SOURCE] += 1
                continue
            if length < FIXED_HEADER:
                dropped[Drop.MALFORMED] += 1
                continue
            if 192 <= data[1] <= 223:  # RFC 5761 §4
                raised.append((self._events.rtcp, (peer.handle, bytes(data[:length]))))
                continue

            # Unprotect. An SSRC that nobody knows costs this once, then it is dropped unseen.
            session = peer.receiver
            if session is None:
                dropped[Drop.NO_KEYS] += 1
                continue
            ssrc = int.from_bytes(data[8:12], "big")
            source = peer.sources.get(ssrc)
            if source is None and (ssrc in peer.unknown or len(peer.unknown) >= MAX_UNKNOWN_SSRCS):
                dropped[Drop.UNKNOWN_SSRC] += 1
                continue
            if length < FIXED_HEADER + session.tag_bytes:
                dropped[Drop.MALFORMED] += 1
                continue
            size[0] = length
            status = unprotect(session.context, datagrams.rx_pointers[cell], size)
            if status:
                dropped[_STATUS_REASON.get(status, Drop.MALFORMED)] += 1
                continue
            length = size[0]
            try:
                extension, start, end = locate(data, length)
                found = elements(data, extension, start) if extension else ()
            except PacketError:
                dropped[Drop.MALFORMED] += 1
                continue
            second, number, timestamp, ssrc = _READ_HEADER(data)
            if source is None:
                dropped[Drop.UNKNOWN_SSRC] += 1
                peer.unknown.add(ssrc)
                values = {i: bytes(data[at : at + count]) for i, at, count in found}
                raised.append((self._report_unknown, (peer, ssrc, second & 0x7F, values)))
                continue

            # Its place in the producer's stream. A retransmission takes the place of what was lost.
            payload = bytes(data[start:end])
            if ssrc == source.ssrc and second & 0x7F == source.payload_type:
                newest = source.highest
                if source.first < 0:
                    sequence = source.first = source.highest = number
                    if not source.started:
                        source.started = True
                        raised.append((self._events.producer_started, (source.handle,)))
                else:
                    sequence = newest + ((number - newest + 0x8000) & 0xFFFF) - 0x8000
                    if sequence > newest:
                        source.highest = sequence
                        if sequence > newest + 1:
                            if sequence - newest > MAX_DROPOUT:
                                source.jump = sequence
                            else:
                                lost = range(max(newest + 1, sequence - MAX_LOST), sequence)
                                numbers = [n & 0xFFFF for n in lost]
                                raised.append((self._events.packets_lost, (source.handle, numbers)))
                source.packets += 1
                source.bytes += end - start
                # Interarrival jitter, RFC 3550 §A.8.
                transit = int(now * source.clock_rate) - timestamp & 0xFFFFFFFF
                if source.packets > 1:
                    drift = transit - source.transit & 0xFFFFFFFF
                    source.jitter += (min(drift, 0x100000000 - drift) - source.jitter) / 16
                source.transit = transit
            elif ssrc == source.rtx_ssrc and second & 0x7F == source.rtx_payload_type:
                try:
                    original = rtx.unwrap(payload)
                except PacketError:
                    dropped[Drop.MALFORMED] += 1
                    continue
                if original is None:
                    dropped[Drop.PADDING] += 1
                    continue
                sequence, payload = near_16(original[0], source.highest), original[1]
                if sequence >= source.highest:  # nothing to repair: the original is still to come
                    dropped[Drop.DUPLICATE] += 1
                    continue
            else:
                dropped[Drop.PAYLOAD_TYPE] += 1
                continue
            level = orientation = ABSENT
            if found and source.wants_extensions:
                for identifier, at, count in found:
                    if count == 1 and identifier == source.extensions.audio_level:
                        level = data[at]
                        source.audio_level = min(source.audio_level, level & 0x7F)
                    elif count == 1 and identifier == source.extensions.orientation:
                        orientation = data[at]

            # Remember it. What is older than the ring could be a packet that went out already.
            cache = source.cache
            place = sequence % len(cache)
            held = cache[place]
            if held is not None and held.sequence >= sequence:
                dropped[Drop.DUPLICATE if held.sequence == sequence else Drop.LATE] += 1
                continue
            packet = Packet(sequence, second & 0x80, timestamp, level, orientation, payload, now)
            cache[place] = packet
            if not source.burst:
                busy.append(source)
            source.burst.append(packet)

        # Fan out, burst by burst: packets that came in together leave together (UDP GSO).
        tx = datagrams.tx
        pointers = datagrams.tx_pointers
        cell = 0
        sent = sent_bytes = 0
        failed: list[int] = []
        for source in busy:
            burst, source.burst = source.burst, []
            if source.jump != NO_JUMP:
                self._follow_jump(source, burst, now)
            if source.waiting:
                self._join(source, burst, now)
            oldest = min(packet.sequence for packet in burst)
            latest = max(burst)  # by sequence
            for group in source.groups.values():
                # What all these listeners get alike is made once.
                layout = group.layout
                number_at = layout.transport_cc_at
                bodies: list[Body] = []
                for sequence, marker, timestamp, level, orientation, payload, _ in burst:
                    body = layout.head(level, orientation) + payload
                    bodies.append((sequence, marker, timestamp, body, len(body), len(payload)))
                runs = _runs(bodies, group.tag_bytes, datagrams.segments)
                volume = sum(body[5] for body in bodies)
                wire = sum(body[4] + group.tag_bytes for body in bodies)
                for slot in group.slots:
                    wanted, parts = bodies, runs
                    if oldest < slot.base:  # from before the switch to this source: not for this slot
                        wanted = [body for body in bodies if body[0] >= slot.base]
                        parts = _runs(wanted, group.tag_bytes, datagrams.segments)
                        if not wanted:
                            continue
                    if cell + len(wanted) > TX_CELLS:
                        datagrams.flush()
                        cell = 0
                    # Rewrite and protect in the cell that it is sent from.
                    context, ssrc, payload_type = slot.context, slot.ssrc, slot.payload_type
                    offset, timestamp_offset = slot.offset, slot.timestamp_offset
                    first = cell
                    for sequence, marker, timestamp, body, count, _ in wanted:
                        at = cell * TX_CELL
                        number = sequence + offset & 0xFFFF
                        tx[at : at + count] = body
                        _WRITE_HEADER(
                            tx,
                            at + 1,
                            marker | payload_type,
                            number,
                            timestamp + timestamp_offset & 0xFFFFFFFF,
                            ssrc,
                        )
                        if number_at:
                            _WRITE_NUMBER(tx, at + number_at, slot.transport_number(number, count, now))
                        size[0] = count
                        if protect(context, pointers[cell], size):
                            failed.append(cell - first)
                        cell += 1
                    if failed:  # never send what is not protected
                        dropped[Drop.PROTECT] += len(failed)
                        parts = _without(parts, failed)
                        failed.clear()
                    for start, lengths in parts:
                        datagrams.enqueue(slot.remote, first + start, lengths)
                    following = latest.sequence + offset + 1
                    if following > slot.next_sequence:
                        slot.next_sequence = following
                        slot.last_timestamp = latest.timestamp + timestamp_offset & 0xFFFFFFFF
                        slot.last_at = now
                    if wanted is not bodies:
                        slot.bytes += sum(body[5] for body in wanted) - volume
                        sent_bytes += sum(body[4] + group.tag_bytes for body in wanted) - wire
                    slot.packets += len(wanted)
                    slot.bytes += volume
                    sent += len(wanted)
                    sent_bytes += wire
        datagrams.flush()
        self._sent += sent
        self._sent_bytes += sent_bytes
        if received:
            self._limit = max(1, min(RX_CELLS, TURN_PACKETS * received // max(sent, 1)))
        for event, arguments in raised:
            try:
                event(*arguments)
            except Exception as error:  # one bad event must not cost the others theirs
                message = {"message": f"forwarder event {event.__name__} failed", "exception": error}
                self._loop.call_exception_handler(message)

    def _report_unknown(self, peer: Peer, ssrc: int, payload_type: int, values: dict[int, bytes]) -> None:
        """Raise `unknown_ssrc` with what the packet says of its m-line (RFC 8843 §9.2, RFC 8852)."""
        mid = rid = b""
        for producer in peer.producers:  # one bundle: an id means the same in all its m-lines
            ids = producer.extensions
            mid = mid or values.get(ids.mid, b"")
            rid = rid or values.get(ids.rid, b"") or values.get(ids.repaired_rid, b"")
        texts = (mid.decode("ascii", "replace"), rid.decode("ascii", "replace"))
        self._events.unknown_ssrc(peer.handle, ssrc, payload_type, *texts)

    # --- joining a source ------------------------------------------------------------------------

    def _join(self, source: Producer, burst: list[Packet], now: float) -> None:
        """Let waiting slots begin where a decoder can: at the first keyframe of this burst."""
        for packet in burst:
            if source.is_keyframe(packet.payload):
                for slot in [slot for slot in source.waiting if slot.ready]:
                    slot.begin(packet, now)
                    start_flow(slot)
                return

    def _follow_jump(self, source: Producer, burst: list[Packet], now: float) -> None:
        """The source has started anew far ahead: its listeners' numbers go on without the gap."""
        packet = next(packet for packet in burst if packet.sequence == source.jump)
        source.jump = NO_JUMP
        for group in source.groups.values():
            for slot in group.slots:
                slot.begin(packet, now)

    # --- peers -----------------------------------------------------------------------------------

    def add_peer(self, peer: int) -> None:
        if len(self._peers) >= MAX_PEERS:
            raise TableFull(f"{MAX_PEERS} peers (MAX_PEERS)")
        if peer in self._peers:
            raise ValueError(f"peer {peer} exists")
        self._peers[peer] = Peer(peer)

    def set_keys(self, peer: int, profile: SrtpProfile, receive: bytes, send: bytes) -> None:
        entry = self._peers[peer]
        keys = (profile, receive, send)
        if entry.keys == keys:
            return  # a second session with these keys would use its nonces again
        receiving, sending = receiver(profile, receive), sender(profile, send)
        entry.receiver, entry.sender, entry.keys = receiving, sending, keys
        entry.repeatable.clear()
        entry.retired.clear()
        for slot in entry.slots:
            self._allow_repeat(slot)
        self._refresh(entry)

    def set_address(self, peer: int, address: Address | None) -> None:
        entry = self._peers[peer]
        remote = self._datagrams.remote(address) if address else None
        if entry.remote is not None and self._by_source.get(entry.remote.key) is entry:
            del self._by_source[entry.remote.key]
        entry.remote = remote
        if remote is not None:
            earlier = self._by_source.get(remote.key)
            if earlier is not None:  # its NAT mapping went to this peer
                earlier.remote = None
                self._refresh(earlier)
            self._by_source[remote.key] = entry
        self._refresh(entry)

    def remove_peer(self, peer: int) -> None:
        entry = self._peers.pop(peer, None)
        if entry is None:
            return
        for slot in list(entry.slots):
            self.remove_slot(slot.handle)
        for producer in list(entry.producers):
            self.remove_producer(producer.handle)
        if entry.remote is not None and self._by_source.get(entry.remote.key) is entry:
            del self._by_source[entry.remote.key]

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
        if slot.ready and slot.params.kind == "video":
            self._events.keyframe_needed(producer.handle)

    # --- producers -------------------------------------------------------------------------------

    def add_producer(self, producer: int, peer: int, params: ProducerParams) -> None:
        entry = self._peers[peer]
        if producer in self._producers:
            raise ValueError(f"producer {producer} exists")
        if len(entry.producers) >= MAX_PRODUCERS_PER_PEER:
            raise TableFull(f"{MAX_PRODUCERS_PER_PEER} producers of one peer (MAX_PRODUCERS_PER_PEER)")
        made = Producer(producer, entry, params)
        self._producers[producer] = made
        entry.producers.add(made)
        if params.ssrc:
            self.bind_ssrc(producer, params.ssrc)
        if params.rtx_ssrc:
            self.bind_ssrc(producer, params.rtx_ssrc, rtx=True)

    def bind_ssrc(self, producer: int, ssrc: int, rtx: bool = False) -> None:
        entry = self._producers[producer]
        peer = entry.peer
        owner = peer.sources.get(ssrc)
        if owner is not None and owner is not entry:
            raise ValueError(f"SSRC {ssrc} belongs to producer {owner.handle}")
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
        entry.restart()
        for slot in entry.slots:
            stop_flow(slot)
            self._await(slot)

    def remove_producer(self, producer: int) -> None:
        entry = self._producers.pop(producer, None)
        if entry is None:
            return
        for slot in list(entry.slots):
            drop_route(slot)
        entry.peer.producers.discard(entry)
        for ssrc in (entry.ssrc, entry.rtx_ssrc):
            entry.peer.sources.pop(ssrc, None)

    # --- slots -----------------------------------------------------------------------------------

    def add_slot(self, slot: int, peer: int, params: SlotParams) -> None:
        entry = self._peers[peer]
        if slot in self._slots:
            raise ValueError(f"slot {slot} exists")
        if len(entry.slots) >= MAX_SLOTS_PER_PEER:
            raise TableFull(f"{MAX_SLOTS_PER_PEER} slots of one peer (MAX_SLOTS_PER_PEER)")
        taken = {ssrc for other in entry.slots for ssrc in (other.params.ssrc, other.params.rtx_ssrc) if ssrc}
        for ssrc in (params.ssrc, params.rtx_ssrc):
            if ssrc in taken:
                raise ValueError(f"SSRC {ssrc} is another slot's of peer {peer}")
        if len(taken) + len(entry.retired) >= MAX_SENT_SSRCS - 1:
            raise TableFull(f"{MAX_SENT_SSRCS} SSRCs sent to one peer with one key (MAX_SENT_SSRCS)")
        made = Slot(slot, entry, params)
        if params.extensions.transport_cc and entry.transport is None:
            entry.transport = TransportHistory()
        made.refresh()
        self._slots[slot] = made
        entry.slots.add(made)
        self._allow_repeat(made)

    def _allow_repeat(self, slot: Slot) -> None:
        """A slot without RTX resends the same packet: libsrtp has to allow that for its SSRC."""
        peer = slot.peer
        if slot.plain_resend and peer.sender is not None and slot.ssrc not in peer.repeatable:
            peer.sender.allow_repeat(slot.ssrc)
            peer.repeatable.add(slot.ssrc)

    def remove_slot(self, slot: int) -> None:
        entry = self._slots.pop(slot, None)
        if entry is None:
            return
        drop_route(entry)
        entry.peer.slots.discard(entry)
        # An SSRC that comes back goes on counting: its numbers are nonces.
        entry.peer.retired[entry.ssrc] = entry.next_sequence
        if entry.params.rtx_ssrc:
            entry.peer.retired[entry.params.rtx_ssrc] = entry.rtx_sequence

    def route(self, slot: int, producer: int | None) -> None:
        entry = self._slots[slot]
        if producer is None:
            drop_route(entry)
            return
        source = self._producers[producer]
        if entry.producer is source:
            return
        payload_types = entry.params.payload_types.get(source.params.codec)
        if source.params.kind != entry.params.kind or payload_types is None:
            raise ValueError(f"slot {slot} ({entry.params.kind}) cannot carry {source.params.codec.name}")
        if len(source.slots) >= MAX_SLOTS_PER_PRODUCER:
            raise TableFull(f"{MAX_SLOTS_PER_PRODUCER} slots of one producer (MAX_SLOTS_PER_PRODUCER)")
        drop_route(entry)
        entry.payload_type, repair = payload_types
        entry.rtx_payload_type = repair if entry.params.rtx_ssrc else 0
        entry.producer = source
        source.slots.add(entry)
        self._await(entry)

    def retransmit(self, slot: int, sequences: list[int]) -> int:
        entry = self._slots[slot]
        if not entry.ready:
            return 0
        packets, size = self._resender.resend(entry, sequences, self._clock())
        self._sent += packets
        self._sent_bytes += size
        return packets

    # --- everything else -------------------------------------------------------------------------

    def send(self, address: Address, data: bytes) -> None:
        if self._closed:
            return
        sock = self._datagrams.sock
        try:
            sock.sendto(data, to_socket(sock, address))
        except BlockingIOError:
            self._dropped[Drop.NO_ROOM] += 1
        except OSError:
            self._dropped[Drop.SEND_ERROR] += 1

    def missing(self, producer: int, sequences: list[int]) -> list[int]:
        entry = self._producers[producer]
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
        history = self._peers[peer].transport
        return [(0.0, 0)] * len(numbers) if history is None else [history.look_up(n) for n in numbers]

    def producer_state(self, producer: int) -> ProducerState:
        entry = self._producers[producer]
        level, entry.audio_level = entry.audio_level, SILENT
        return ProducerState(
            packets=entry.packets,
            bytes=entry.bytes,
            first=max(entry.first, 0),
            highest=max(entry.highest, 0),
            jitter=int(entry.jitter),
            audio_level=level,
        )

    def slot_state(self, slot: int) -> SlotState:
        entry = self._slots[slot]
        return SlotState(
            producer=entry.feeding,
            timestamp_offset=entry.timestamp_offset,
            packets=entry.packets,
            bytes=entry.bytes,
            retransmitted=entry.retransmitted,
            last_sequence=entry.next_sequence - 1 & 0xFFFF,
            last_timestamp=max(entry.last_timestamp, 0),
        )

    def counters(self) -> PlaneCounters:
        dropped = dict(self._dropped)
        dropped[Drop.NO_ROOM] += self._datagrams.no_room
        dropped[Drop.SEND_ERROR] += self._datagrams.send_errors
        return PlaneCounters(
            received=self._received,
            sent=self._sent - self._datagrams.no_room - self._datagrams.send_errors,
            sent_bytes=self._sent_bytes - self._datagrams.unsent_bytes,
            dropped={reason.value: count for reason, count in dropped.items()},
        )

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._loop.remove_reader(self._datagrams.sock)
        self._datagrams.sock.close()
        for table in (self._peers, self._by_source, self._producers, self._slots):
            table.clear()


def _runs(bodies: list[Body], tag_bytes: int, segments: int) -> list[Run]:
    """Cut the packets into what one send may carry: equal lengths, the last of them may be shorter."""
    runs: list[Run] = []
    for index, body in enumerate(bodies):
        length = body[4] + tag_bytes
        if runs:
            lengths = runs[-1][1]
            if length <= lengths[0] == lengths[-1] <= MAX_SEGMENT and len(lengths) < segments:
                lengths.append(length)
                continue
        runs.append((index, [length]))
    return runs


def _without(runs: list[Run], failed: list[int]) -> list[Run]:
    """The packets of these runs singly, but for those at the given places."""
    return [
        (start + i, [length])
        for start, lengths in runs
        for i, length in enumerate(lengths)
        if start + i not in failed
    ]
