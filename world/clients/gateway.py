"""The WebSocket `/ws/{server_id}`: bytes in, messages to the world; the world's frames out.

The first message is `join`. Whatever a client sends that cannot be taken is answered with `error` and
the connection lives on; it ends for reasons that `closing` names. The socket is `world.clients.connection`.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable

from aiohttp import web
from msgspec import UNSET

from signaling.codec import BadMessage, decode_client
from signaling.context import about
from signaling.messages import ClientMessage, Closing, Error, Join, PlayerMove
from signaling.tracing import Value, span
from world.clients.connection import Connection
from world.clients.frames import frame
from world.clients.intake import intake
from world.clients.visit import Visit
from world.nodes.node import WorldNode
from world.records import Seat
from world.running.refusals import Refused

JOIN_SECONDS = 10.0
# Sockets that have not joined yet; more are told to come back.
MAX_UNJOINED = 1000
# … and of one address: a stranger's half-open sockets must not keep others out.
MAX_UNJOINED_PER_ADDRESS = 100
# Wrong messages before `join`.
MAX_UNJOINED_ERRORS = 10

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
        self._intake = intake()
        # Sockets that have not joined, by address.
        self._unjoined: Counter[str] = Counter()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if not self._allowed_origin(request):
            return _refusal(403, "wrong_origin", "pages of other sites may not connect here")
        address = self._address_of(request)
        if self._unjoined.total() >= MAX_UNJOINED or self._unjoined[address] >= MAX_UNJOINED_PER_ADDRESS:
            self._refused("busy")
            return _refusal(503, "busy", "too many connections are starting; come back in a moment")
        connection = Connection.upgrade(request)
        if connection is None:
            return _refusal(426, "websocket_only", "this address speaks WebSocket only")
        self._unjoined[address] += 1
        try:
            visit = await self._join(request, connection)
        except BaseException:
            connection.cut()
            connection.forgotten()
            raise
        finally:
            self._unjoined[address] -= 1
            if not self._unjoined[address]:
                del self._unjoined[address]
        try:
            if visit is None:
                connection.finish()
                await connection.over
            else:
                with about(visit.session):
                    log.info("joined server %s", visit.server_id)
                    connection.listen(self._listener(visit), visit.step, self._intake)
                    await connection.over
                    log.info("left server %s", visit.server_id)
        finally:
            connection.cut()
            if visit is not None:
                self._world.end(visit)
            connection.forgotten()
        return web.Response(status=101)

    def _refused(self, code: str) -> None:
        self._world.service.metrics.refused.labels(code).inc()

    # --- joining -------------------------------------------------------------------------------------

    async def _join(self, request: web.Request, outlet: Connection) -> Visit | None:
        server_id = request.match_info["server_id"]
        try:
            async with asyncio.timeout(JOIN_SECONDS):
                join = await self._first(outlet)
        except TimeoutError:
            retry = RETRY_MS["join_timeout"]
            outlet.write(frame(Closing("join_timeout", "the first message is `join`", retry)))
            return None
        if join is None:
            return None
        try:
            names: dict[str, Value] = {"atrium.server": server_id, "atrium.resumed": join.resume is not None}
            with span("world join", "server", **names):
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

    async def _first(self, outlet: Connection) -> Join | None:
        """The `join`; None when the socket was closed or only nonsense came."""
        for _ in range(MAX_UNJOINED_ERRORS):
            data = await outlet.receive()
            if data is None:
                return None
            taken = _decode(data)
            if isinstance(taken, Join):
                return taken
            if not isinstance(taken, Error):
                taken = Error("join_first", "the first message is `join`")
            outlet.write(frame(taken))
        outlet.write(frame(Closing("too_many_errors", "the first message is `join`", None)))
        return None

    # --- joined --------------------------------------------------------------------------------------

    def _listener(self, visit: Visit) -> Callable[[bytes], None]:
        now = self._world.service.now

        def listener(data: bytes) -> None:
            try:
                message = decode_client(data)
            except BadMessage as bad:
                if not visit.closed:
                    visit.err(_error(bad), now)
                return
            if type(message) is PlayerMove:
                visit.step(message, now())
            elif not visit.closed:
                with about(visit.session):
                    visit.take(data, message, now)

        return listener


def _decode(data: bytes) -> ClientMessage | Error:
    try:
        return decode_client(data)
    except BadMessage as bad:
        return _error(bad)


def _error(bad: BadMessage) -> Error:
    return Error(bad.code, bad.message, bad.ref if bad.ref is not None else UNSET)


def _refusal(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": message}}, status=status)
