"""The owner's side: clients of this node's spaces whose sockets are at other nodes.

`FarOutlet` is `world.clients.client.Outlet` over the Bus: what is written in one turn of the loop (a tick)
leaves as one publish per gateway, in which the same bytes for many clients are there once. How much waits
for a slow client is what its gateway says, so the rules of `world.clients.client` work as for a near one;
the gateway itself cuts one for which too much waits.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine

import msgspec
from msgspec import UNSET

from signaling.bus import Bus
from signaling.codec import BadMessage, decode_client
from signaling.messages import Closing, Error, Join
from world.clients.client import SOFT_BYTES, Client
from world.clients.frames import frame
from world.native.wires import SHUT
from world.nodes.gathering import Gathering
from world.nodes.wire import (
    Answer,
    Came,
    CloseDevice,
    Down,
    Erred,
    FindDevice,
    Finish,
    FromGateway,
    FromOwner,
    RemoveGuest,
    Said,
    Seated,
    Waits,
    Went,
    Write,
    decode_ask,
    decode_up,
    encode,
    node_topic,
    owner_topic,
)
from world.running.devices import DeviceRefused
from world.running.live import LiveSpace
from world.running.refusals import NotHere, Refused
from world.service import WorldService

# A gateway that has said nothing for so long is dead: its clients have lost their connection (seconds).
SILENT_SECONDS = 3.0
# Those whose gateway restarts keep it until they are back, and not for ever (seconds).
MAX_PARK_SECONDS = 60.0
# Clients between two streams, or cut off by an outage, keep their place so long (seconds).
PARK_SECONDS = 5.0
# During an outage of the Bus they keep it; not for ever, if it never ends.
OUTAGE_SECONDS = 600.0
# Gateways of one space; beyond it there is something wrong.
MAX_GATEWAYS = 256
# Clients of one gateway in one space.
MAX_SOCKETS = 20_000

log = logging.getLogger("atrium.world")


class Parts:
    """One batch for a gateway: the same bytes for many sockets once, in order for each socket."""

    def __init__(self) -> None:
        self.items: list[FromOwner] = []
        self._written: dict[int, int] = {}  # id of bytes → place in items; items keep the bytes alive
        self._last: dict[int, int] = {}  # socket → place of what it gets last

    def write(self, socket: int, data: bytes) -> None:
        """Bytes for one socket."""
        place = self._written.get(id(data))
        if place is None or place <= self._last.get(socket, -1):
            place = self._written[id(data)] = len(self.items)
            self.items.append(Write([], data))
        part = self.items[place]
        assert isinstance(part, Write)
        part.sockets.append(socket)
        self._last[socket] = place

    def add(self, item: Seated | Finish) -> None:
        """Something else for one socket."""
        self._last[item.socket] = len(self.items)
        self.items.append(item)


class FarOutlet:
    """`world.clients.client.Outlet` of a socket at another node."""

    __slots__ = ("_gateway", "_socket")
    wire = SHUT

    def __init__(self, gateway: Gateway, socket: int) -> None:
        self._gateway = gateway
        self._socket = socket

    def write(self, data: bytes) -> None:
        self._gateway.write(self._socket, data)

    def offer(self, data: bytes) -> bool:
        if self.pending() > SOFT_BYTES:
            return False
        self._gateway.write(self._socket, data)
        return True

    def pending(self) -> int:
        return self._gateway.waits.get(self._socket, 0)

    def finish(self) -> None:
        self._gateway.finish(self._socket)


class Gateway:
    """One other node as the owner of one space sees it, for one stream."""

    def __init__(self, owner: SpaceOwner, node: str, stream: int, now: float) -> None:
        self.node = node
        self.stream = stream
        self.expected = 0
        self.heard_at = now
        self.waits: dict[int, int] = {}
        self.clients: dict[int, Client | None] = {}  # None: about to be seated
        self.over = False
        self._owner = owner
        self._number = 0
        self._parts = Parts()
        self._gathering = Gathering(self.flush)

    def write(self, socket: int, data: bytes) -> None:
        """See Outlet."""
        if socket in self.clients:
            self._parts.write(socket, data)
            self._gathering.soon()

    def seated(self, socket: int, client: Client, session: str) -> None:
        """The socket's client is seated."""
        self.clients[socket] = client
        self._parts.add(
            Seated(socket, session, client.player.flags, client.player.watch, client.player.showing)
        )
        self._gathering.soon()

    def finish(self, socket: int) -> None:
        """See Outlet."""
        client = self.clients.pop(socket, None)
        if client is not None:
            self.waits.pop(socket, None)
            self._parts.add(Finish(socket, client.closed_code or ""))
            self._gathering.soon()
            self._owner.disconnected(client)

    def refuse(self, socket: int, closing: Closing) -> None:
        """No seat for this one."""
        if socket in self.clients:
            self.write(socket, frame(closing))
            del self.clients[socket]
            self._parts.add(Finish(socket, closing.code))
            self._gathering.soon()

    def flush(self) -> None:
        """Send what was gathered; also when that is nothing, to say that we live."""
        self._gathering.begin()
        if self.over:
            return
        parts, self._parts = self._parts, Parts()
        self._owner.send(self, self._number, parts.items)
        self._number += bool(parts.items)


class SpaceOwner:
    """All gateways of one space that we own."""

    def __init__(self, service: WorldService, bus: Bus, live: LiveSpace) -> None:
        self.live = live
        self.gateways: dict[str, Gateway] = {}
        self._service = service
        self._bus = bus
        self._reach = True
        self._epoch = live.tenure.lease.epoch
        self._tasks: set[asyncio.Task[None]] = set()
        topic = owner_topic(live.record.id, self._epoch)
        self._stop: list[Callable[[], None]] = [
            bus.subscribe(topic, self._take),
            bus.respond(topic + ".ask", self._asked),
        ]

    def close(self, left: bool) -> None:
        """We own the space no more. `left`: by our own will, tell the gateways."""
        for stop in self._stop:
            stop()
        for gateway in self.gateways.values():
            gateway.flush()
            gateway.over = True
            if left:
                self._tell(gateway.node, gateway.stream, left=True)
        self.gateways.clear()

    def look(self, now: float, reach: bool) -> None:
        """Once in a while: gateways that have died, and a sign of life for those that have not. Without
        `reach` nobody can be heard: their clients are told nothing until they begin a new stream."""
        if reach and not self._reach:
            self._service.seats.end_parking(self.live, PARK_SECONDS)
        self._reach = reach
        for node, gateway in list(self.gateways.items()):
            if not reach:
                self._drop(gateway, parked=True)
            elif now - gateway.heard_at > SILENT_SECONDS:
                log.warning("node %s is silent, its clients have lost their connection", node)
                self._drop(gateway, parked=False)
            else:
                gateway.flush()

    def disconnected(self, client: Client) -> None:
        """We have closed this client; its seat is free when the present turn of the loop is over."""
        asyncio.get_running_loop().call_soon(self._service.seats.disconnect, self.live, client)

    def send(self, gateway: Gateway, number: int, items: list[FromOwner]) -> None:
        """Publish one batch."""
        self._tell(gateway.node, gateway.stream, number, items)

    def _tell(
        self,
        node: str,
        stream: int,
        number: int = 0,
        items: list[FromOwner] | None = None,
        again: bool = False,
        left: bool = False,
    ) -> None:
        down = Down(self.live.record.id, self._epoch, stream, number, items or [], again, left)
        self._background(self._bus.publish(node_topic(node), encode(down)))

    def _background(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- what gateways say -------------------------------------------------------------------------

    def _take(self, payload: bytes) -> None:
        try:
            up = decode_up(payload)
        except msgspec.DecodeError as error:
            log.warning("a batch of another node was not understood: %s", error)
            return
        now = self._service.now()
        gateway = self.gateways.get(up.node)
        if gateway is None or gateway.stream != up.stream:
            if up.number or len(self.gateways) >= MAX_GATEWAYS:
                self._tell(up.node, up.stream, again=True)
                return
            if gateway is not None:
                self._drop(gateway, parked=True)
            gateway = self.gateways[up.node] = Gateway(self, up.node, up.stream, now)
        if up.number != gateway.expected:
            self._drop(gateway, parked=True)
            self._tell(up.node, up.stream, again=True)
            return
        gateway.expected += bool(up.items)
        gateway.heard_at = now
        for item in up.items:
            self._item(gateway, item)

    def _item(self, gateway: Gateway, item: FromGateway) -> None:
        match item:
            case Came():
                if item.socket not in gateway.clients and len(gateway.clients) < MAX_SOCKETS:
                    gateway.clients[item.socket] = None
                    self._background(self._seat(gateway, item))
            case Said():
                client = gateway.clients.get(item.socket)
                if client is not None and not client.closed:
                    self._said(client, item.data)
            case Erred():
                client = gateway.clients.get(item.socket)
                if client is not None:
                    ref = UNSET if item.ref is None else item.ref
                    self._service.desk.fail(client, Error(item.code, item.message, ref))
            case Went():
                gateway.waits.pop(item.socket, None)
                client = gateway.clients.pop(item.socket, None)
                if client is not None and item.back:
                    self._service.seats.park(self.live, client, min(item.back, MAX_PARK_SECONDS))
                elif client is not None:
                    self._service.seats.disconnect(self.live, client)
            case Waits():
                gateway.waits = item.bytes

    def _said(self, client: Client, data: bytes) -> None:
        try:
            message = decode_client(data)
        except BadMessage:
            return  # the gateway has looked at it
        self._service.desk.handle(self.live, client, message)

    async def _seat(self, gateway: Gateway, item: Came) -> None:
        outlet, server_id = FarOutlet(gateway, item.socket), self.live.record.id
        try:
            if item.known is not None:
                live, client = await self._service.seats.reseat(server_id, item.seat, item.known, outlet)
            else:
                join = Join(resume=item.resume)
                live, client = await self._service.seats.join(server_id, item.seat, join, outlet)
        except Refused as refused:
            retry = 3000 if refused.code == "restarting" else None
            gateway.refuse(item.socket, Closing(refused.code, refused.message, retry))
            return
        except NotHere:
            return  # the gateway will see it too
        except Exception:
            log.exception("a client of another node could not be seated")
            gateway.refuse(item.socket, Closing("internal", "something failed here; try again", 3000))
            return
        if gateway.over or item.socket not in gateway.clients:
            # It went, or the stream did, while we looked for its place.
            self._service.seats.disconnect(live, client)
            return
        gateway.seated(item.socket, client, live.hearing.links[client.player].session)

    def _drop(self, gateway: Gateway, parked: bool) -> None:
        gateway.over = True
        self.gateways.pop(gateway.node, None)
        for client in gateway.clients.values():
            if client is None:
                continue
            if parked:
                self._service.seats.park(self.live, client, PARK_SECONDS if self._reach else OUTAGE_SECONDS)
            else:
                self._service.seats.disconnect(self.live, client)

    # --- devices -------------------------------------------------------------------------------------

    async def _asked(self, payload: bytes) -> bytes:
        ask = decode_ask(payload)
        if isinstance(ask, CloseDevice):
            done = await self._service.close_device(ask.resource, ask.user_id)
            return encode(Answer(code="" if done else "unknown"))
        if isinstance(ask, FindDevice):
            there = self._service.has_device(ask.resource, ask.user_id)
            return encode(Answer(code="" if there else "unknown"))
        if isinstance(ask, RemoveGuest):
            gone = await self._service.remove_guest(self.live.record.id, ask.user_id)
            return encode(Answer(code="" if gone else "unknown"))
        try:
            opened = await self._service.open_device(ask.seat, self.live.record.id, ask.sdp, ask.direction)
        except DeviceRefused as refused:
            return encode(Answer(code=refused.code, message=refused.message))
        return encode(Answer(opened.resource, opened.sdp))
