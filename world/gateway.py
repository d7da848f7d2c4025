"""The WebSocket `/ws/{server_id}`: bytes in, messages to the world; the world's frames out.

The first message is `join`. Whatever a client sends that cannot be taken is answered with `error` and
the connection lives on; it ends for reasons that `closing` names. Sockets that fall silent are found by
pings. Frames go straight to the transport: they are made once for many (`world.frames`), and the
transport's buffer is the only queue.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable

from aiohttp import WSMessage, WSMsgType, web
from msgspec import UNSET

from signaling.codec import BadMessage, decode_client
from signaling.context import about
from signaling.messages import MAX_FRAME_BYTES, ClientMessage, Closing, Error, Join
from world.frames import frame
from world.node import WorldNode
from world.records import Seat
from world.refusals import Refused
from world.visit import Visit

JOIN_SECONDS = 10.0
# Pings go out this often (seconds); without a pong within half of it the socket is dead.
PING_SECONDS = 8.0
# After `closing`, a socket that does not take it is cut (seconds).
CUT_SECONDS = 2.0
# Sockets that have not joined yet; more are told to come back.
MAX_UNJOINED = 1000
# … and of one address: a stranger's half-open sockets must not keep others out.
MAX_UNJOINED_PER_ADDRESS = 100
# Wrong messages before `join`.
MAX_UNJOINED_ERRORS = 10
# Frames up to this size get a proper answer (`too_large`); larger ones end the connection (1009).
MAX_WIRE_BYTES = 2 * MAX_FRAME_BYTES

# When those come back who were refused for a reason that passes (ms).
RETRY_MS = {"restarting": 3000, "busy": 3000, "unavailable": 3000, "join_timeout": 5000}

# Proves who is there and gives them their seat; raises Refused.
Authenticate = Callable[[web.Request, str, Join], Awaitable[Seat]]
# Whether a browser page of this request's Origin may connect.
AllowedOrigin = Callable[[web.Request], bool]
# The address that a request counts for.
AddressOf = Callable[[web.Request], str]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = logging.getLogger("atrium.world")


def same_origin(request: web.Request) -> bool:
    """Pages of this very host, and programs that are no browser (they send no Origin)."""
    origin = request.headers.get("Origin")
    return origin is None or origin in (f"http://{request.host}", f"https://{request.host}")


def remote_address(request: web.Request) -> str:
    """The other end of the connection."""
    return request.remote or "unknown"


def gateway_handler(
    world: WorldNode,
    authenticate: Authenticate,
    allowed_origin: AllowedOrigin = same_origin,
    address_of: AddressOf = remote_address,
) -> Handler:
    """The aiohttp handler for `GET /ws/{server_id}`."""
    gateway = _Gateway(world, authenticate, allowed_origin, address_of)
    return gateway.handle


class SocketOutlet:
    """`world.client.Outlet` on an aiohttp WebSocket."""

    def __init__(self, ws: web.WebSocketResponse, transport: asyncio.Transport) -> None:
        self._ws = ws
        self._transport = transport
        self._closing: asyncio.Task[None] | None = None

    def write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)

    def pending(self) -> int:
        return self._transport.get_write_buffer_size()

    def finish(self) -> None:
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self._finish())

    async def finished(self) -> None:
        """Wait for the end of `finish`, if it was called."""
        if self._closing is not None:
            await asyncio.wait([self._closing])

    async def _finish(self) -> None:
        try:
            async with asyncio.timeout(CUT_SECONDS):
                await self._ws.close()
        except (TimeoutError, ConnectionError, RuntimeError):
            self._transport.abort()


class _Gateway:
    def __init__(
        self,
        world: WorldNode,
        authenticate: Authenticate,
        allowed_origin: AllowedOrigin,
        address_of: AddressOf,
    ) -> None:
        self._world = world
        self._authenticate = authenticate
        self._allowed_origin = allowed_origin
        self._address_of = address_of
        # Sockets that have not joined, by address.
        self._unjoined: Counter[str] = Counter()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if not self._allowed_origin(request):
            return _refusal(403, "wrong_origin", "pages of other sites may not connect here")
        address = self._address_of(request)
        if self._unjoined.total() >= MAX_UNJOINED or self._unjoined[address] >= MAX_UNJOINED_PER_ADDRESS:
            self._refused("busy")
            return _refusal(503, "busy", "too many connections are starting; come back in a moment")
        ws = web.WebSocketResponse(
            max_msg_size=MAX_WIRE_BYTES, heartbeat=PING_SECONDS, compress=False, decode_text=False
        )
        if not ws.can_prepare(request).ok:
            return _refusal(426, "websocket_only", "this address speaks WebSocket only")
        self._unjoined[address] += 1
        try:
            await ws.prepare(request)
            transport = request.transport
            if transport is None:
                return ws
            outlet = SocketOutlet(ws, transport)
            visit = await self._join(request, ws, outlet)
        finally:
            self._unjoined[address] -= 1
            if not self._unjoined[address]:
                del self._unjoined[address]
        if visit is None:
            await ws.close()
            return ws
        try:
            with about(visit.session):
                log.info("joined server %s", visit.server_id)
                await self._listen(ws, visit)
                log.info("left server %s", visit.server_id)
        finally:
            self._world.end(visit)
            await outlet.finished()
        return ws

    def _refused(self, code: str) -> None:
        self._world.service.metrics.refused.labels(code).inc()

    # --- joining -------------------------------------------------------------------------------------

    async def _join(
        self, request: web.Request, ws: web.WebSocketResponse, outlet: SocketOutlet
    ) -> Visit | None:
        server_id = request.match_info["server_id"]
        try:
            async with asyncio.timeout(JOIN_SECONDS):
                join = await self._first(ws, outlet)
        except TimeoutError:
            retry = RETRY_MS["join_timeout"]
            outlet.write(frame(Closing("join_timeout", "the first message is `join`", retry)))
            return None
        if join is None:
            return None
        try:
            seat = await self._authenticate(request, server_id, join)
            return await self._world.enter(server_id, seat, join, outlet)
        except Refused as refused:
            self._refused(refused.code)
            outlet.write(frame(Closing(refused.code, refused.message, RETRY_MS.get(refused.code))))
            return None
        except Exception:
            # Storage that does not answer, mostly: they come back by themselves.
            log.exception("somebody could not be seated")
            self._refused("unavailable")
            retry = RETRY_MS["unavailable"]
            outlet.write(frame(Closing("unavailable", "you cannot be seated now; we try again", retry)))
            return None

    async def _first(self, ws: web.WebSocketResponse, outlet: SocketOutlet) -> Join | None:
        """The `join`; None when the socket was closed or only nonsense came."""
        for _ in range(MAX_UNJOINED_ERRORS):
            message = await ws.receive()
            if not _is_data(message):
                return None
            taken = _decode(message)
            if isinstance(taken, Join):
                return taken
            if not isinstance(taken, Error):
                taken = Error("join_first", "the first message is `join`")
            outlet.write(frame(taken))
        outlet.write(frame(Closing("too_many_errors", "the first message is `join`", None)))
        return None

    # --- joined --------------------------------------------------------------------------------------

    async def _listen(self, ws: web.WebSocketResponse, visit: Visit) -> None:
        now = self._world.service.now
        while not visit.closed:
            message = await ws.receive()
            if not _is_data(message):
                return
            taken = _decode(message)
            if isinstance(taken, Error):
                visit.err(taken, now)
            elif not visit.closed:
                visit.take(message.data, taken, now)


def _is_data(message: WSMessage) -> bool:
    return message.type is WSMsgType.TEXT or message.type is WSMsgType.BINARY


def _decode(message: WSMessage) -> ClientMessage | Error:
    try:
        return decode_client(message.data)
    except BadMessage as bad:
        return Error(bad.code, bad.message, bad.ref if bad.ref is not None else UNSET)


def _refusal(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": message}}, status=status)
