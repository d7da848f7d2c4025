"""This node among the others: whoever connects here is served, whichever node owns the space.

A space has one owner (`world.nodes.lease`). Clients and their ways to it are `world.nodes.clients`; this
file is what the rest of the program calls the world: what is asked or changed here reaches the owner,
wherever it is, and every node that must know. A single process is the same with leases that nobody
contests.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine, Mapping
from dataclasses import replace
from typing import Literal

import msgspec

from signaling.bus import Bus
from signaling.messages import Closing, Join, Role
from world.clients.client import Outlet
from world.clients.visit import Visit
from world.nodes.clients import NodeClients
from world.nodes.wire import (
    NOTICES_TOPIC,
    Answer,
    CloseDevice,
    FindDevice,
    Notice,
    OpenDevice,
    RemoveGuest,
    decode_answer,
    decode_notice,
    encode,
    owner_topic,
)
from world.records import Seat
from world.running.devices import DeviceOpened, DeviceRefused
from world.running.refusals import NotHere
from world.running.state import InProcessPositions, Position, PositionStore
from world.service import WorldService

DEVICE_SECONDS = 10.0
# What other nodes' spaces look like from outside is asked for at most so often (seconds), for at most so
# many of them.
GLANCE_SECONDS = 1.0
MAX_GLANCES = 4096

log = logging.getLogger("atrium.world")


class WorldNode:
    """What the rest of the program calls the world. Needs the service's own LeaseKeeper."""

    def __init__(self, service: WorldService, bus: Bus, positions: PositionStore | None = None) -> None:
        self.service = service
        self.clients = NodeClients(service, bus)
        self._bus = bus
        self._leases = service.leases
        self._positions = positions if positions is not None else InProcessPositions()
        self._glances: dict[str, tuple[float, Mapping[str, Position]]] = {}
        self._unsubscribe: Callable[[], None] = lambda: None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to serve."""
        self.clients.start()
        self._unsubscribe = self._bus.subscribe(NOTICES_TOPIC, self._heard_notice)
        await self.service.start()

    async def close(self) -> None:
        """Send our clients away with a time to come back, hand spaces with others' clients to them, stop."""
        await self.clients.send_away()
        await self.service.close()
        self._unsubscribe()
        self.clients.close()
        for task in list(self._tasks):
            task.cancel()

    # --- clients -----------------------------------------------------------------------------------

    async def enter(self, server_id: str, seat: Seat, join: Join, outlet: Outlet) -> Visit:
        """Give somebody a seat; see `NodeClients.enter`. Raises Refused."""
        return await self.clients.enter(server_id, seat, join, outlet)

    def end(self, visit: Visit) -> None:
        """The socket is closed."""
        self.clients.end(visit)

    # --- what the rest of the program asks for -------------------------------------------------------

    async def online(self, server_id: str) -> int:
        """How many people are present (devices are not people), wherever the space is owned."""
        if self.service.spaces.get(server_id) is not None:
            return self.service.online(server_id)
        return len(await self._glance(server_id))

    async def people_in(self, server_id: str, zone_id: str) -> Collection[str]:
        """The user ids of those who are in a zone now (devices are not people)."""
        if self.service.spaces.get(server_id) is not None:
            return self.service.people_in(server_id, zone_id)
        people = await self._glance(server_id)
        return frozenset(u for u, position in people.items() if position.current_zone_id == zone_id)

    async def _glance(self, server_id: str) -> Mapping[str, Position]:
        """The people of a space that is not ours, as its owner writes them down."""
        now = self.service.now()
        seen = self._glances.get(server_id)
        if seen is not None and now - seen[0] < GLANCE_SECONDS:
            return seen[1]
        people: Mapping[str, Position] = {}
        try:
            # Without an owner what is written there is left over.
            if await self._leases.whose(server_id) is not None:
                everybody = await self._positions.read(server_id)
                people = {u: p for u, p in everybody.items() if not u.startswith("device-")}
        except ConnectionError:
            if seen is not None:
                people = seen[1]
        self._glances.pop(server_id, None)
        self._glances[server_id] = now, people
        if len(self._glances) > MAX_GLANCES:
            del self._glances[next(iter(self._glances))]
        return people

    async def zones_changed(self, server_id: str) -> None:
        """The server or its zones were edited: its owner reads it again."""
        await self._everywhere(Notice(self._leases.node, "zones_changed", server_id))

    def regions(self) -> list[str]:
        """The regions of the media workers that are alive."""
        return self.service.regions()

    async def server_deleted(self, server_id: str) -> None:
        """The server is gone: everybody in it is told."""
        await self._everywhere(Notice(self._leases.node, "server_deleted", server_id))

    async def remove_user(self, server_id: str, user_id: str, code: str, message: str) -> None:
        """Somebody was kicked, banned, or left the server: their seat and devices are gone at once."""
        await self._everywhere(Notice(self._leases.node, "remove_user", server_id, user_id, code, message))

    async def remove_guest(self, server_id: str, user_id: str) -> bool:
        """A guest was asked to leave: their ticket seats them no more, at no node. False when no such
        guest is there."""
        topic = await self._elsewhere(server_id)
        if topic is None:
            gone = await self.service.remove_guest(server_id, user_id)
        else:
            try:
                gone = not (await self._ask(topic, RemoveGuest(user_id))).code
            except DeviceRefused:
                gone = False
        if gone:
            await self._everywhere(Notice(self._leases.node, "remove_guest", server_id, user_id))
        return gone

    async def role_changed(self, server_id: str, user_id: str, role: Role) -> None:
        """A member was given another role."""
        await self._everywhere(Notice(self._leases.node, "role_changed", server_id, user_id, role=role))

    async def look_changed(self, server_id: str, user_id: str, name: str, avatar: str) -> None:
        """Somebody has another name or avatar."""
        node = self._leases.node
        await self._everywhere(Notice(node, "look_changed", server_id, user_id, name=name, avatar=avatar))

    async def end_devices(self, server_id: str, user_id: str) -> None:
        """Whatever a user's tickets have opened ends."""
        await self._everywhere(Notice(self._leases.node, "end_devices", server_id, user_id))

    def _background(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _everywhere(self, notice: Notice) -> None:
        await self._bus.publish(NOTICES_TOPIC, encode(notice))
        await self._notice(notice)

    def _heard_notice(self, payload: bytes) -> None:
        try:
            notice = decode_notice(payload)
        except msgspec.DecodeError as error:
            log.warning("a notice of another node was not understood: %s", error)
            return
        if notice.node != self._leases.node:
            self._background(self._notice(notice))

    async def _notice(self, notice: Notice) -> None:
        service, server_id = self.service, notice.server_id
        if notice.what == "zones_changed":
            await service.zones_changed(server_id)
            return
        if notice.what == "role_changed":
            for visit in self.clients.of(server_id):
                if visit.seat.user_id == notice.user_id and visit.seat.presence == "walker":
                    visit.seat = replace(visit.seat, role=notice.role)
            await service.role_changed(server_id, notice.user_id, notice.role)
            return
        if notice.what == "look_changed":
            for visit in self.clients.of(server_id):
                if visit.seat.user_id == notice.user_id:
                    visit.seat = replace(visit.seat, name=notice.name, avatar=notice.avatar)
            await service.look_changed(server_id, notice.user_id, notice.name, notice.avatar)
            return
        if notice.what == "end_devices":
            service.end_devices(server_id, notice.user_id)
            return
        if notice.what == "remove_guest":
            service.forget_guest(server_id, notice.user_id)
            return
        # Our clients whose owner is just missing would not be told by anybody.
        for visit in self.clients.of(server_id):
            if visit.way is None:
                if notice.what == "server_deleted":
                    visit.close(Closing("server_deleted", "this server was deleted", None))
                elif visit.seat.user_id == notice.user_id:
                    visit.close(Closing(notice.code, notice.message, None))
        if notice.what == "server_deleted":
            await service.server_deleted(server_id)
        else:
            await service.remove_user(server_id, notice.user_id, notice.code, notice.message)

    # --- devices -------------------------------------------------------------------------------------

    async def open_device(
        self, seat: Seat, server_id: str, sdp: str, direction: Literal["publish", "play"]
    ) -> DeviceOpened:
        """Seat a WHIP publisher or WHEP player; see `world.running.devices`. Raises DeviceRefused."""
        topic = await self._elsewhere(server_id)
        if topic is None:
            try:
                return await self.service.open_device(seat, server_id, sdp, direction)
            except NotHere as error:
                raise DeviceRefused("moving", "this place moves to another machine; try again") from error
        reply = await self._ask(topic, OpenDevice(seat, sdp, direction))
        if reply.code:
            raise DeviceRefused(reply.code, reply.message)
        return DeviceOpened(reply.resource, reply.sdp)

    async def close_device(self, resource: str, user_id: str, server_id: str) -> bool:
        """End a device of this server. False when the user has none of that name."""
        topic = await self._elsewhere(server_id)
        if topic is None:
            return await self.service.close_device(resource, user_id)
        return not (await self._ask(topic, CloseDevice(resource, user_id))).code

    async def has_device(self, resource: str, user_id: str, server_id: str) -> bool:
        """Whether the user has such a device of this server; True while that cannot be known."""
        topic = await self._elsewhere(server_id)
        if topic is None:
            return self.service.has_device(resource, user_id)
        try:
            return not (await self._ask(topic, FindDevice(resource, user_id))).code
        except DeviceRefused:
            return True

    async def _elsewhere(self, server_id: str) -> str | None:
        """Where the owner is asked, if it is another node."""
        if self.service.spaces.get(server_id) is not None:
            return None
        owner = await self._leases.whose(server_id)
        if owner is None or owner.node == self._leases.node:
            return None
        return owner_topic(server_id, owner.epoch) + ".ask"

    async def _ask(self, topic: str, what: OpenDevice | CloseDevice | FindDevice | RemoveGuest) -> Answer:
        try:
            return decode_answer(await self._bus.request(topic, encode(what), DEVICE_SECONDS))
        except (LookupError, TimeoutError, OSError) as error:
            raise DeviceRefused("moving", "this place moves to another machine; try again") from error
