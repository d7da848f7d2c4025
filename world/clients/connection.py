"""One WebSocket connection: the socket's events in, whole messages to whoever listens, frames out.

It takes a connection over from aiohttp once the upgrade has been asked for. What a read brings goes to the
listener in the same call: no queue, no task, no future between a step and the world. Once somebody listens,
`world.clients.intake` reads the socket where it can. Frames go straight to
the transport: they are made once for many (`world.clients.frames`), and the transport's buffer is the only
queue (`world.clients.client` bounds it). A socket that falls silent is asked, then cut.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from signaling.messages import MAX_FRAME_BYTES, PlayerMove
from world.clients.client import HARD_BYTES, SOFT_BYTES
from world.clients.intake import Intake
from world.clients.websocket import (
    BINARY,
    CLOSE,
    INTERNAL_ERROR,
    NORMAL,
    PING,
    PONG,
    Failed,
    Reader,
    accept,
    close_code,
    close_frame,
    control_frame,
)
from world.native.wires import WIRES

# Frames up to this size get a proper answer (`too_large`); larger ones end the connection (1009).
MAX_WIRE_BYTES = 2 * MAX_FRAME_BYTES
# Every so often (seconds) we look whether anything was heard: silence twice, and a ping goes out; a third
# time, and the socket is dead.
LOOK_SECONDS = 4.0
PING_AFTER = 2
# A close that the other side does not answer is cut (seconds).
CUT_SECONDS = 2.0
# Messages that wait for a listener; the socket is not read while there are more.
MAX_WAITING = 16
# … nor while they are more bytes than this.
MAX_WAITING_BYTES = MAX_WIRE_BYTES
# Messages that are still looked at after we have closed: the answer to our close may be behind them.
MAX_LATE = 256

_VERSION = "13"
# Between TLS and the socket nothing can be written directly.
_NO_FD = -1
_PING_FRAME = control_frame(PING)

log = logging.getLogger("atrium.world")


def _plain_socket(transport: asyncio.Transport) -> int:
    found = transport.get_extra_info("socket")
    tls = transport.get_extra_info("sslcontext") is not None
    return found.fileno() if found is not None and not tls else _NO_FD


class Connection(asyncio.Protocol):
    """`world.clients.client.Outlet`, and the way in."""

    __slots__ = (
        "_closing",
        "_fd",
        "_held",
        "_http",
        "_intake",
        "_late",
        "_listener",
        "_looking",
        "_loop",
        "_reader",
        "_transport",
        "_waiter",
        "_waiting",
        "over",
        "silent",
        "step",
        "wire",
    )

    def __init__(self, transport: asyncio.Transport, http: RequestHandler) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport = transport
        # So that we are told whenever something waits, and when nothing does any more.
        transport.set_write_buffer_limits(high=0)
        self._fd = _plain_socket(transport)
        self.wire = WIRES.take()
        self._http = http
        self._reader = Reader(MAX_WIRE_BYTES)
        self._listener: Callable[[bytes], None] | None = None
        self.step: Callable[[PlayerMove, float], None] | None = None
        # Who reads our socket in our place.
        self._intake: Intake | None = None
        self._waiting: deque[bytes] = deque()
        self._late = 0
        self._waiter: asyncio.Future[None] | None = None
        self._held = False
        # Looks since something was heard.
        self.silent = 0
        self._closing = False
        self._looking = self._loop.call_later(LOOK_SECONDS, self._look)
        # Done when the connection is over.
        self.over: asyncio.Future[None] = self._loop.create_future()

    @classmethod
    def upgrade(cls, request: web.Request) -> Connection | None:
        """Answer an upgrade request and take the connection over; None when it is none that we speak.

        The handler must wait for `over` before it returns: nothing is sent for it any more.
        """
        headers, transport = request.headers, request.transport
        if (
            transport is None
            or request.method != "GET"
            or headers.get("Upgrade", "").strip().lower() != "websocket"
            or "upgrade" not in [part.strip() for part in headers.get("Connection", "").lower().split(",")]
            or headers.get("Sec-WebSocket-Version") != _VERSION
        ):
            return None
        answer = accept(headers.get("Sec-WebSocket-Key", ""))
        if answer is None:
            return None
        request.protocol.keep_alive(False)
        connection = cls(transport, request.protocol)
        transport.set_protocol(connection)
        transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + answer.encode() + b"\r\n\r\n"
        )
        if not connection.pending():
            connection.resume_writing()
        return connection

    # --- out (world.client.Outlet) -------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        if not self._closing and not self._transport.is_closing():
            self._transport.write(data)

    def offer(self, data: bytes) -> bool:
        transport = self._transport
        if transport.get_write_buffer_size() > SOFT_BYTES:
            return False
        if not self._closing and not transport.is_closing():
            transport.write(data)
        return True

    def pending(self) -> int:
        return self._transport.get_write_buffer_size()

    def pause_writing(self) -> None:
        """Something waits to be written."""
        WIRES.shut(self.wire)

    def resume_writing(self) -> None:
        """Nothing waits."""
        if not self._closing and not self._transport.is_closing():
            WIRES.open(self.wire, self._fd)

    def finish(self) -> None:
        self.close(NORMAL)

    def close(self, code: int) -> None:
        """Close after what was written, with this code. Nothing is heard or said any more."""
        self.write(close_frame(code))
        self._end()

    def cut(self) -> None:
        """End it at once."""
        self._transport.abort()
        self._end()

    def forgotten(self) -> None:
        """Nobody writes here any more."""
        WIRES.release(self.wire)

    def _end(self) -> None:
        if self._closing:
            return
        self._closing = True
        WIRES.shut(self.wire)
        self._read_ourselves()
        self._listener = self.step = None
        self._waiting.clear()
        self._wake()
        self._release()
        self._looking.cancel()
        self._looking = self._loop.call_later(CUT_SECONDS, self._transport.abort)

    # --- in ------------------------------------------------------------------------------------------

    async def receive(self) -> bytes | None:
        """The next message, while nobody listens; None when there are no more."""
        while not self._waiting:
            if self._closing:
                return None
            self._waiter = self._loop.create_future()
            await self._waiter
        message = self._waiting.popleft()
        self._release()
        return message

    def listen(
        self,
        listener: Callable[[bytes], None],
        step: Callable[[PlayerMove, float], None],
        intake: Intake | None,
    ) -> None:
        """From now on every message is the listener's, as it comes; but those which the `intake` knows as
        steps are for `step`, with the loop's time."""
        while self._waiting and not self._closing:
            self._hand(listener, self._waiting.popleft())
        if self._closing:
            return
        self._listener, self.step = listener, step
        self._release()
        if intake is None or self._fd == _NO_FD or self._closing or self._transport.is_closing():
            return
        self._transport.pause_reading()
        if intake.add(self, self._fd, self._reader.amid):
            self._intake = intake
        else:
            self._transport.resume_reading()

    def _read_ourselves(self) -> None:
        if self._intake is not None:
            self._intake.remove(self, self._fd)
            self._intake = None
            if not self._transport.is_closing():
                self._transport.resume_reading()

    def brought(self, data: bytes) -> bool:
        """See world.clients.intake.Source."""
        self.data_received(data)
        return self._reader.amid

    def ended(self) -> None:
        """See world.clients.intake.Source: the transport finds out why."""
        self._read_ourselves()

    def data_received(self, data: bytes) -> None:
        self.silent = 0
        listener = self._listener
        if listener is not None:
            message = self._reader.whole(data)
            if message is not None:
                try:
                    listener(message)
                except Exception:
                    self.not_taken()
                return
        self._reader.feed(data)
        self._read()

    def _read(self) -> None:
        try:
            while not self._held:
                event = self._reader.next()
                if event is None:
                    return
                kind, payload = event
                if kind == CLOSE:
                    self._closed(payload)
                    return
                if self._closing:
                    self._late += 1
                    if self._late > MAX_LATE:
                        self._transport.close()
                        return
                    continue
                if kind <= BINARY:
                    self._message(payload)
                elif kind == PING:
                    if self.pending() > HARD_BYTES:
                        self.cut()
                    self.write(control_frame(PONG, payload))
        except Failed as failed:
            self.close(failed.code)
            # Whatever comes now cannot be read.
            self._transport.close()

    def _message(self, message: bytes) -> None:
        if self._listener is not None:
            self._hand(self._listener, message)
            return
        self._waiting.append(message)
        self._wake()
        if len(self._waiting) >= MAX_WAITING or sum(map(len, self._waiting)) >= MAX_WAITING_BYTES:
            self._held = True
            self._transport.pause_reading()

    def _hand(self, listener: Callable[[bytes], None], message: bytes) -> None:
        try:
            listener(message)
        except Exception:
            self.not_taken()

    def not_taken(self) -> None:
        """Whoever listens has failed with an exception, which is being handled."""
        log.exception("a message could not be taken")
        self.close(INTERNAL_ERROR)

    def _release(self) -> None:
        """There is room again."""
        if self._held:
            self._held = False
            if not self._transport.is_closing():
                self._transport.resume_reading()
            self._read()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _closed(self, payload: bytes) -> None:
        """The peer closes, or has answered our close."""
        self.close(close_code(payload))
        self._transport.close()

    def _look(self) -> None:
        self._reader.rested()
        self.silent += 1
        if self.silent > PING_AFTER:
            self.cut()
            return
        if self.silent == PING_AFTER:
            self.write(_PING_FRAME)
        self._looking = self._loop.call_later(LOOK_SECONDS, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()
        self._looking.cancel()
        if not self.over.done():
            self.over.set_result(None)
        # aiohttp counts its connections.
        self._http.connection_lost(exc)
