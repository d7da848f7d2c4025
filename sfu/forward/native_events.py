"""Events of the native plane: read from its ring when its eventfd is ready, raised on the event loop.

Bounded per turn of the loop, so that a flood of strangers' datagrams delays nobody's commands for long;
the ring itself drops and counts what comes while it is full (plane.c, `raise_event`).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from array import array
from collections.abc import Callable, Mapping
from typing import Any

from sfu.forward.contract import Codec, ForwarderEvents
from sfu.forward.native_link import extension, unpack_name
from sfu.forward.native_tables import NativePeer, NativeProducer
from sfu.rtp.header import FIXED_HEADER, elements

EVENTS_PER_TURN = 256


class Hearing:
    """Raises the events of one plane. What concerns somebody who has gone meanwhile is not raised."""

    def __init__(
        self,
        plane: Any,
        events: ForwarderEvents,
        peers: Mapping[int, NativePeer],
        producers: Mapping[int, NativeProducer],
        after: Callable[[], None],
    ) -> None:
        ffi, lib = extension()
        self._ffi, self._lib = ffi, lib
        self._plane = plane
        self._events = events
        self._peers = peers
        self._producers = producers
        self._after = after
        self._loop = asyncio.get_running_loop()
        self._closed = False
        self.fd: int = lib.plane_event_fd(plane)
        self._raise: dict[int, Callable[[Any, bytes], None]] = {
            lib.EVENT_DATAGRAM: self._datagram,
            lib.EVENT_RTCP: self._rtcp,
            lib.EVENT_UNKNOWN: self._unknown,
            lib.EVENT_STARTED: self._started,
            lib.EVENT_KEYFRAME: self._keyframe,
            lib.EVENT_LOST: self._lost,
            lib.EVENT_CODEC: self._codec,
        }

    def close(self) -> None:
        """Raise nothing more."""
        self._closed = True

    def hear(self) -> None:
        """Raise what waits, at most EVENTS_PER_TURN of it; the rest in the next turn."""
        if self._closed:
            return
        with contextlib.suppress(BlockingIOError):
            os.read(self.fd, 8)
        for _ in range(EVENTS_PER_TURN):
            event = self._lib.plane_next_event(self._plane)
            if event == self._ffi.NULL:
                break
            data = bytes(self._ffi.buffer(event + 1, event.length))
            kind = event.kind
            try:
                self._raise[kind](event, data)
            except Exception as error:  # one bad event must not cost the others theirs
                self._loop.call_exception_handler(
                    {"message": f"forwarder event {kind} failed", "exception": error}
                )
            if self._closed:
                return
            self._lib.plane_done_event(self._plane)
        else:
            self._loop.call_soon(self.hear)
        self._after()

    def _datagram(self, event: Any, data: bytes) -> None:
        self._events.datagram(data, unpack_name(bytes(self._ffi.buffer(event.name))))

    def _rtcp(self, event: Any, data: bytes) -> None:
        if event.handle in self._peers:
            self._events.rtcp(event.handle, data)

    def _started(self, event: Any, data: bytes) -> None:
        if event.handle in self._producers:
            self._events.producer_started(event.handle)

    def _keyframe(self, event: Any, data: bytes) -> None:
        if event.handle in self._producers:
            self._events.keyframe_needed(event.handle)

    def _lost(self, event: Any, data: bytes) -> None:
        if event.handle in self._producers:
            self._events.packets_lost(event.handle, array("H", data).tolist())

    def _codec(self, event: Any, data: bytes) -> None:
        if event.handle in self._producers:
            self._events.codec_changed(event.handle, Codec(event.number))

    def _unknown(self, event: Any, header: bytes) -> None:
        """Raise `unknown_ssrc` with what the packet says of its m-line (RFC 8843 §9.2, RFC 8852)."""
        peer = self._peers.get(event.handle)
        if peer is None or event.number in peer.sources:
            return
        values: dict[int, bytes] = {}
        if header[0] & 0x10:
            extension_at = FIXED_HEADER + 4 * (header[0] & 0x0F)
            found = elements(header, extension_at, len(header))
            values = {i: header[at : at + count] for i, at, count in found}
        mid = rid = b""
        for producer in peer.producers:  # one bundle: an id means the same in all its m-lines
            ids = producer.params.extensions
            mid = mid or values.get(ids.mid, b"")
            rid = rid or values.get(ids.rid, b"") or values.get(ids.repaired_rid, b"")
        texts = (mid.decode("ascii", "replace"), rid.decode("ascii", "replace"))
        self._events.unknown_ssrc(peer.handle, event.number, header[1] & 0x7F, *texts)
