"""Packets on their way out of the Python plane: laid side by side, then protected and sent together.

`put` writes a burst, once for each listener, into the cells that it is sent from, with one call per packet:
what that writes is prepared once per burst. `flush` gives everything that a turn has put to libsrtp and to
the system.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from functools import lru_cache
from struct import Struct
from typing import Any

from sfu.forward.contract import Drop
from sfu.forward.datagrams import CELLS, MAX_TAG, TX_CELLS, TX_STARTS, Datagrams, Entry, Run, cut_runs
from sfu.forward.layout import Layout
from sfu.forward.pictures import shifted
from sfu.forward.rows import Rows
from sfu.forward.slots import MAX_SENT_NUMBERS, Slot
from sfu.forward.srtp import ffi, protect
from sfu.forward.tables import Packet
from sfu.rtp.header import FIXED_HEADER
from sfu.rtp.sequence import MASK_32


@lru_cache(4096)
def _writer(before: int, after: int) -> Callable[..., None]:
    """Writes a packet: header fields, so many bytes, a transport-wide number, so many bytes.

    Where there is no number, `before` is -1.
    """
    return Struct(f"!BBHII{after}s" if before < 0 else f"!BBHII{before}sH{after}s").pack_into


class _Tray:
    """Cells of one size, filled from the first on; `contexts` and `lengths` are of the packets there."""

    __slots__ = ("cells", "contexts", "entries", "first", "lengths", "room", "size", "used")

    def __init__(self, size: int, first: int, cells: int) -> None:
        self.size = size
        self.room = size - MAX_TAG  # for a packet that is not yet protected
        self.first = first
        self.cells = cells
        self.clear()

    def clear(self) -> None:
        self.used = 0
        self.contexts: list[Any] = []
        self.lengths: list[int] = []
        self.entries: list[Entry] = []


class Outbox:
    """Sends over `datagrams`; counts what went out, and in `dropped` what libsrtp refused."""

    def __init__(self, datagrams: Datagrams, dropped: dict[Drop, int]) -> None:
        self._datagrams = datagrams
        self._dropped = dropped
        self._tx = datagrams.tx
        # libsrtp reads a packet's length from an int and writes it back: one int per cell.
        sizes = bytearray(4 * TX_CELLS)
        self._sizes = memoryview(sizes).cast("i")
        self._size_owner = ffi.from_buffer("int[]", sizes)
        self._size_pointers = [self._size_owner + i for i in range(TX_CELLS)]
        first, self._trays = 0, []
        for size, cells in CELLS:
            self._trays.append(_Tray(size, first, cells))
            first += cells
        self.sent = self.sent_bytes = 0

    def put(self, rows: Rows, layout: Layout, tag_bytes: int, burst: list[Packet], now: float) -> None:
        """These packets to these listeners, who have one layout."""
        head = layout.head
        lengths = [len(head(one.audio_level, one.orientation)) + len(one.payload) for one in burst]
        tray = self._tray(max(lengths))
        count, total, done = len(burst), len(rows.contexts), 0
        runs = cut_runs(lengths, tag_bytes, self._datagrams.segments)
        while done < total:
            room = (tray.cells - tray.used) // count
            if not room:
                self.flush()
                room = tray.cells // count
            part = rows if not done and room >= total else rows.part(done, done + room)
            self._lay(tray, part, layout, burst, lengths, runs, now)
            done += room
        self.sent += total * count
        self.sent_bytes += total * (sum(lengths) + count * tag_bytes)

    def _tray(self, length: int) -> _Tray:
        """The tray for packets of this length, before they are protected."""
        for tray in self._trays:
            if length <= tray.room:
                return tray
        raise AssertionError(f"a packet of {length} bytes")  # MAX_DATAGRAM and TX_CELL forbid it

    def _lay(
        self,
        tray: _Tray,
        rows: Rows,
        layout: Layout,
        burst: list[Packet],
        lengths: list[int],
        runs: list[Run],
        now: float,
    ) -> None:
        """Write the packets into the tray, one listener's behind the other's."""
        tx, count, remotes = self._tx, len(burst), len(rows.contexts)
        first = tray.first + tray.used
        end = first + remotes * count
        tray.used += remotes * count
        tray.contexts += rows.contexts if count == 1 else [c for c in rows.contexts for _ in burst]
        tray.lengths += lengths * remotes
        tray.entries.append((rows.handles.copy(), first, runs, count))
        numbered = layout.transport_cc_at > 0
        if numbered:
            records = [(now, length) for length in lengths]
            numbers = [history.take(records) for history in rows.histories]
        for place, (sequence, marker, timestamp, level, orientation, payload, _, _) in enumerate(burst):
            top, before, after = layout.parts(level, orientation)
            after += payload
            starts = TX_STARTS[first + place : end : count]
            if not numbered:
                write = _writer(-1, len(after))
                for at, kind, offset, later, ssrc in zip(
                    starts, rows.types, rows.offsets, rows.laters, rows.ssrcs, strict=True
                ):
                    write(
                        tx,
                        at,
                        top,
                        marker | kind,
                        sequence + offset & 0xFFFF,
                        timestamp + later & MASK_32,
                        ssrc,
                        after,
                    )
                continue
            write = _writer(len(before), len(after))
            for at, kind, offset, later, ssrc, kept, number in zip(
                starts, rows.types, rows.offsets, rows.laters, rows.ssrcs, rows.kept, numbers, strict=True
            ):
                own = sequence + offset & 0xFFFF
                carried = number + place & 0xFFFF
                write(
                    tx,
                    at,
                    top,
                    marker | kind,
                    own,
                    timestamp + later & MASK_32,
                    ssrc,
                    before,
                    carried,
                    after,
                )
                if kept is not None:
                    kept[own % MAX_SENT_NUMBERS] = own << 16 | carried
        if any(rows.shifts):
            self._shift(tray, rows, TX_STARTS[first:end:count], burst, lengths)

    def _shift(
        self, tray: _Tray, rows: Rows, starts: list[int], burst: list[Packet], lengths: list[int]
    ) -> None:
        """Continue the picture numbers of those listeners who have seen another source."""
        for at, shift in zip(starts, rows.shifts, strict=True):
            if shift is None:
                continue
            for packet, length in zip(burst, lengths, strict=True):
                if packet.picture is not None:
                    payload = shifted(packet.payload, packet.picture, shift)
                    self._tx[at + length - len(payload) : at + length] = payload
                at += tray.size

    def put_one(
        self, slot: Slot, data: bytes, kind: int, ssrc: int, sequence: int, timestamp: int, number: int
    ) -> None:
        """One packet to one listener. `kind` is marker and payload type, `number` the transport-wide one.

        `data` reaches from the RTP header to the end; what is said here is written into it.
        """
        length = len(data)
        tray = self._tray(length)
        if tray.used == tray.cells:
            self.flush()
        cell, number_at = tray.first + tray.used, slot.layout.transport_cc_at
        tray.used += 1
        before = data[FIXED_HEADER:number_at] if number_at else b""
        after = data[number_at + 2 :] if number_at else data[FIXED_HEADER:]
        write = _writer(len(before) if number_at else -1, len(after))
        rest = (before, number, after) if number_at else (after,)
        write(self._tx, TX_STARTS[cell], data[0], kind, sequence, timestamp, ssrc, *rest)
        tray.contexts.append(slot.context)
        tray.lengths.append(length)
        tray.entries.append(([slot.remote], cell, [(0, [length + slot.tag_bytes])], 1))
        self.sent += 1
        self.sent_bytes += length + slot.tag_bytes

    def flush(self) -> None:
        """Send what was put; what the system does not take now is dropped and counted."""
        for tray in self._trays:
            if tray.used:
                self._protect(tray)
                tray.clear()
        self._datagrams.flush()

    def _protect(self, tray: _Tray) -> None:
        """Protect what lies in the tray, and hand it over to the socket."""
        datagrams, first = self._datagrams, tray.first
        cells = slice(first, first + tray.used)
        self._sizes[cells] = array("i", tray.lengths)
        statuses = map(protect, tray.contexts, datagrams.tx_pointers[cells], self._size_pointers[cells])
        failed = [cell for cell, status in enumerate(statuses, first) if status]
        entries = self._protected(tray, failed) if failed else tray.entries
        datagrams.enqueue(first, self._sizes[cells], entries)

    def _protected(self, tray: _Tray, failed: list[int]) -> list[Entry]:
        """What libsrtp did protect, singly: never a packet that it refused."""
        self._dropped[Drop.PROTECT] += len(failed)
        self.sent -= len(failed)
        single: list[Entry] = []
        for handles, cell, runs, _ in tray.entries:
            lengths = [length for _, run in runs for length in run]
            for handle in handles:
                for length in lengths:
                    if cell in failed:
                        self.sent_bytes -= length
                    else:
                        single.append(([handle], cell, [(0, [length])], 1))
                    cell += 1
        return single
